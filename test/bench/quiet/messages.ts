/** What goes over the quiet sockets: requests like those of the rounds, and the replies of their upstream. */
import { type Batch, type Client, plainBatch, plainGet, signedBatch, toBytes } from '../requests.ts';
import { REGIONS, type Region } from '../rules.ts';

/** What is measured. Of event streams the figures are for each event. */
export const LOAD_TITLES = {
  get: 'GET 1 KB',
  heads: 'GET 1 KB, heads of curl, browser, SDK',
  five: 'five rules, signed POST 1 KB',
  'five-log': 'the same, access log on',
  events: 'one event of a stream',
} as const;

export type LoadName = keyof typeof LOAD_TITLES;
export const LOAD_NAMES = Object.keys(LOAD_TITLES) as LoadName[];

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes of every reply's body and of every signed request's. */
export const BODY_BYTES = 1024;

/** Ports that stand for the upstreams; nothing ever reaches the system. */
export const PORTS: Readonly<Record<Region, number>> = { us: 1, eu: 2, asia: 3 };

const CURL = { 'User-Agent': 'curl/8.5.0', Accept: '*/*' };

const BROWSER = {
  Connection: 'keep-alive',
  'sec-ch-ua': '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-US,en;q=0.9',
  Cookie: 'session=0123456789abcdef; theme=dark',
};

const SDK = {
  Accept: 'application/json',
  'User-Agent': 'Anthropic/JS 1.11.0',
  'X-Stainless-Lang': 'js',
  'X-Stainless-Package-Version': '1.11.0',
  'X-Stainless-OS': 'Linux',
  'X-Stainless-Arch': 'x64',
  'X-Stainless-Runtime': 'node',
  'X-Stainless-Runtime-Version': 'v26.10.0',
  'X-Stainless-Retry-Count': '0',
  'anthropic-version': '2023-06-01',
  'x-api-key': 'sk-ant-REDACTED',
  'Accept-Encoding': 'gzip, deflate',
};

const HEADS = [CURL, BROWSER, SDK];

/** `count` GETs, as curl, a browser and an SDK send them in turn, from behind a proxy that names the client. */
function variedBatch(count: number, clients: readonly Client[]): Batch {
  const messages = clients.map((client, i) => {
    const { headers, ...draft } = plainGet(client);
    const { Host, 'X-Forwarded-For': forwarded } = headers;
    return toBytes({ ...draft, headers: { Host: Host!, ...HEADS[i % 3], 'X-Forwarded-For': forwarded! } });
  });
  const at = (i: number): number => i % clients.length;
  return {
    messages: Array.from({ length: count }, (_, i) => messages[at(i)]!),
    regions: Array.from({ length: count }, () => 'us'),
  };
}

function batch(load: LoadName, count: number, clients: readonly Client[]): Batch {
  if (isSigned(load)) return signedBatch(count, clients, Date.now());
  return load === 'heads' ? variedBatch(count, clients) : plainBatch(count, clients);
}

/** Are its requests signed, so that five rules apply? */
export function isSigned(load: LoadName): boolean {
  return load === 'five' || load === 'five-log';
}

/** `count` requests for `load`, each in memory of its own. */
export function requests(load: LoadName, count: number, clients: readonly Client[]): Bytes[] {
  const { messages } = batch(load, count, clients);
  const copies = new Map<Buffer, Bytes>();
  return messages.map((message) => {
    const copy = copies.get(message) ?? new Uint8Array(message);
    copies.set(message, copy);
    return copy;
  });
}

function bytesOf(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function reply(region: Region): Bytes {
  const frame = JSON.stringify({ region, text: '' });
  const body = JSON.stringify({ region, text: 'x'.repeat(BODY_BYTES - frame.length) });
  return bytesOf(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nserver: bench\r\nx-powered-by: bench\r\n` +
      `x-region: ${region}\r\ncontent-length: ${BODY_BYTES}\r\n\r\n${body}`,
  );
}

/** The reply of each port's upstream. */
export const REPLIES: ReadonlyMap<number, Bytes> = new Map(REGIONS.map((region) => [PORTS[region], reply(region)]));

export const STREAM_HEAD = bytesOf(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n',
);

const EVENT =
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" and so"}}\n\n';

/** One event as one chunk. */
export const STREAM_CHUNK = bytesOf(`${EVENT.length.toString(16)}\r\n${EVENT}\r\n`);
