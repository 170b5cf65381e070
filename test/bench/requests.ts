/** Ready-made requests: whole heads and bodies as bytes, so that a round only writes them. */
import { createHmac, randomBytes } from 'node:crypto';
import { GET_PATH, KEY_ID, POST_PATH, type Region, SECRET } from './rules.ts';

/** A client address and the region that serves it. */
export interface Client {
  readonly address: string;
  readonly region: Region;
}

/** What a round sends: `messages[i]` must be answered by `regions[i]`. */
export interface Batch {
  readonly messages: readonly Buffer[];
  readonly regions: readonly Region[];
}

/** One request as text fields, before it is bytes; tests and checks change single fields of it. */
export interface Draft {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const BODY_BYTES = 1024;

/** A Messages API call of exactly {@link BODY_BYTES} bytes. */
export const BODY = padded({ model: 'claude-sonnet', max_tokens: 256, messages: [{ role: 'user', content: '' }] });

function padded(call: { messages: { role: string; content: string }[]; model: string; max_tokens: number }): string {
  call.messages[0]!.content = 'x'.repeat(BODY_BYTES - JSON.stringify(call).length);
  return JSON.stringify(call);
}

/** base64 of HMAC-SHA256 over `{timestamp}{nonce}{body}`. */
export function sign(timestamp: string, nonce: string, body: string, secret = SECRET): string {
  return createHmac('sha256', secret).update(timestamp).update(nonce).update(body).digest('base64');
}

/** A signed POST of 1 KB. `timestamp` in Unix seconds. Carries what the header rule must take away, too. */
export function signedPost(client: Client, timestamp: number, nonce: string): Draft {
  const headers = {
    ...common(client),
    'Content-Type': 'application/json',
    Cookie: 'session=0123456789abcdef; theme=dark',
    'X-Internal-Debug': '1',
    'X-Key-Id': KEY_ID,
    'X-Timestamp': String(timestamp),
    'X-Nonce': nonce,
    'X-Signature': sign(String(timestamp), nonce, BODY),
  };
  return { method: 'POST', path: POST_PATH, headers, body: BODY };
}

/** A plain GET; its answer has 1 KB. */
export function plainGet(client: Client): Draft {
  return { method: 'GET', path: GET_PATH, headers: common(client), body: '' };
}

function common(client: Client): Record<string, string> {
  return {
    Host: 'relay.example.com',
    'User-Agent': 'weir-bench/1',
    Accept: 'application/json',
    'X-Forwarded-For': client.address,
  };
}

/** The draft as it goes on the wire. */
export function toBytes(draft: Draft): Buffer {
  let head = `${draft.method} ${draft.path} HTTP/1.1\r\n`;
  for (const name of Object.keys(draft.headers)) head += `${name}: ${draft.headers[name]}\r\n`;
  if (draft.body !== '') head += `Content-Length: ${Buffer.byteLength(draft.body)}\r\n`;
  return Buffer.from(`${head}\r\n${draft.body}`, 'latin1');
}

/** 96 random bits in hex: as many as a careful client sends. */
export function nonce(): string {
  return randomBytes(12).toString('hex');
}

/** `count` signed POSTs, each with its own nonce and signature, timestamps of `now` (ms since the epoch). */
export function signedBatch(count: number, clients: readonly Client[], now: number): Batch {
  const timestamp = Math.floor(now / 1000);
  const chosen = Array.from({ length: count }, (_, i) => clients[i % clients.length]);
  return {
    messages: chosen.map((client) => toBytes(signedPost(client!, timestamp, nonce()))),
    regions: chosen.map((client) => client!.region),
  };
}

/** `count` GETs that ask for all of `paths` in turn, in an order that is not theirs. */
export function pathsBatch(count: number, clients: readonly Client[], paths: readonly string[]): Batch {
  const step = 7919; // a prime, so that every path has its turn
  const at = (i: number): Client => clients[i % clients.length]!;
  return {
    messages: Array.from({ length: count }, (_, i) =>
      toBytes({ ...plainGet(at(i)), path: paths[(i * step) % paths.length]! }),
    ),
    regions: Array.from({ length: count }, (_, i) => at(i).region),
  };
}

/** `count` GETs; those of one client share their bytes. */
export function plainBatch(count: number, clients: readonly Client[]): Batch {
  const bytes = clients.map((client) => toBytes(plainGet(client)));
  return {
    messages: Array.from({ length: count }, (_, i) => bytes[i % bytes.length]!),
    regions: Array.from({ length: count }, (_, i) => clients[i % clients.length]!.region),
  };
}
