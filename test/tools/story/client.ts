/** One request on a connection of its own, byte for byte as a story wants it. */
import { WireClient, type WireReply } from '../../contract/edge-wire.ts';
import { type Fields, pairs } from './upstream.ts';

export interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly headers: Fields;
  readonly body: string;
  readonly chunked: boolean;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  /** Lower-case name → value, or values. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
  readonly json: unknown;
  readonly trailers: readonly string[];
  readonly interim: readonly { readonly status: number; readonly headers: object }[];
  /** The transfer broke off. */
  readonly broken: boolean;
}

/** Bytes of a request; text is Latin-1. A body gets its length unless the story frames it itself. */
export function requestBytes(request: Outgoing): string {
  const fields = pairs(request.headers);
  const named = (name: string) => fields.some(([field]) => field.toLowerCase() === name);
  if (request.chunked) fields.push(['transfer-encoding', 'chunked']);
  else if (request.body !== '' && !named('content-length') && !named('transfer-encoding'))
    fields.push(['content-length', String(request.body.length)]);
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  const body = request.chunked ? inChunks(request.body) : request.body;
  return `${request.method} ${request.path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

function inChunks(body: string): string {
  const pieces = body.match(/.{1,3}/gs) ?? [];
  return `${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`;
}

/** Sends `bytes` to `127.0.0.1:port` and reads the reply. */
export async function exchange(port: number, bytes: string): Promise<Answer> {
  const client = await WireClient.connect(port);
  let received = '';
  client.socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  try {
    client.send(bytes);
    return await readAnswer(client, bytes.startsWith('HEAD '), () => received);
  } finally {
    client.close();
  }
}

async function readAnswer(client: WireClient, bodyless: boolean, received: () => string): Promise<Answer> {
  const interim: { status: number; headers: object }[] = [];
  try {
    let reply = await client.reply(bodyless);
    for (; reply.status < 200 && reply.status !== 101; reply = await client.reply(bodyless))
      interim.push({ status: reply.status, headers: fieldsOf(reply.fields) });
    return { ...answerOf(reply), interim, broken: false };
  } catch (error) {
    if (!client.ended && !client.closed) throw error;
    // All that came, head and framing included: what a story may look for in it.
    return { status: 0, headers: {}, body: received(), json: undefined, trailers: [], interim, broken: true };
  }
}

function answerOf(reply: WireReply): Omit<Answer, 'interim' | 'broken'> {
  const { status, fields, body, trailers } = reply;
  return { status, headers: fieldsOf(fields), body, json: jsonOf(body), trailers };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(Buffer.from(body, 'latin1').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Lines of a head → lower-case name → value, or a list where there are several. */
export function fieldsOf(lines: readonly string[]): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    fields[name] = name in fields ? [fields[name]!, value].flat() : value;
  }
  return fields;
}
