/** An upstream that plays a script, and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Header fields as stories write them; a list stands for several fields of one name. */
export type Fields = Readonly<Record<string, string | number | readonly string[] | null>>;

/** One reply. By default 200 with the upstream's name as its body. */
export interface Script {
  readonly status?: number;
  readonly headers?: Fields;
  readonly body?: string;
  readonly json?: unknown;
  /** 1xx answers before the reply. */
  readonly interim?: readonly { readonly status: number; readonly headers?: Fields }[];
  readonly trailers?: Fields;
  /** Frames the body in chunks; without it by its length, unless there are trailers. */
  readonly chunked?: boolean;
  /** Ends the connection instead of the reply, or in the middle of its body. */
  readonly dies?: 'before' | 'body';
  /** Falls silent there instead. */
  readonly hangs?: 'before' | 'body';
  /** Bytes (latin1) written as they are; then the connection ends. */
  readonly raw?: string;
}

/** One request as it arrived. */
export interface Seen {
  readonly upstream: string;
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value… */
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export class ScriptedUpstream {
  readonly name: string;
  readonly #server: Server;
  readonly #seen: (request: Seen) => void;
  #scripts: readonly Script[] = [{}];
  #next = 0;

  constructor(name: string, seen: (request: Seen) => void) {
    this.name = name;
    this.#seen = seen;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.keepAliveTimeout = 0;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Replies from now on: in turn, the last one again and again. */
  play(script: Script | readonly Script[]): void {
    this.#scripts = Array.isArray(script) ? script : [script];
    this.#next = 0;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const script = this.#scripts[Math.min(this.#next++, this.#scripts.length - 1)]!;
    const { method = '', url: path = '', rawHeaders } = request;
    response.on('error', () => {});
    let body = '';
    try {
      for await (const chunk of request.setEncoding('latin1')) body += chunk;
    } catch {
      return;
    }
    this.#seen({ upstream: this.name, method, path, rawHeaders, body });
    reply(this.name, script, response);
  }
}

function reply(name: string, script: Script, response: ServerResponse): void {
  const { socket } = response;
  if (script.hangs === 'before') return;
  if (script.dies === 'before') return void socket?.destroy();
  if (script.raw !== undefined) return void socket?.end(Buffer.from(script.raw, 'latin1'));
  for (const { status, headers } of script.interim ?? []) inform(response, status, headers);
  const body = Buffer.from(script.json === undefined ? (script.body ?? name) : JSON.stringify(script.json));
  const headers = flat(script.headers);
  if (script.json !== undefined) headers.push('content-type', 'application/json');
  if (script.trailers) headers.push('trailer', Object.keys(script.trailers).join(', '));
  else if (!script.chunked) headers.push('content-length', String(body.length));
  response.writeHead(script.status ?? 200, headers);
  const half = body.subarray(0, body.length >> 1);
  if (script.hangs === 'body') return void response.write(half);
  if (script.dies === 'body') return void response.write(half, () => socket?.destroy());
  response.write(body);
  if (script.trailers) response.addTrailers(pairs(script.trailers));
  response.end();
}

function inform(response: ServerResponse, status: number, headers?: Fields): void {
  const lines = pairs(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  response.socket?.write(`HTTP/1.1 ${status} Interim\r\n${lines.join('')}\r\n`);
}

/** Fields one by one; those that are null are left out. */
export function pairs(fields: Fields = {}): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((one): [string, string] => [name, String(one)]),
  );
}

function flat(fields?: Fields): string[] {
  return pairs(fields).flat();
}
