/**
 * A small region server that answers like the Claude Messages API: what `weir demo` puts behind Weir and what the
 * tests talk to. It is no part of the proxy and never started by `weir serve`.
 *
 * `POST /v1/messages`, `/2024-03/messages`, `/2024-03/chat`: a message, plain or streamed. `GET /v1/user`, `/v3/user`:
 * who answered and which header fields arrived. `GET /healthz`. Demo only: `POST /__demo/fail` breaks it (see
 * failure.ts), `GET /__demo/stats` counts. A broken sample still answers `/healthz`, because a server that passes its
 * health check and fails at its work is what breakers are for.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorBody } from '../errors.ts';
import { nextMode, parseObject, readSwitch, type Switch } from './failure.ts';
import { composeAnswer, eventsOf, eventText, messageOf } from './message.ts';

export interface SampleOptions {
  /** What it says it is: `us`, `eu`, `asia`. */
  readonly region: string;
  /** 0: any free one. */
  readonly port: number;
  readonly host: string;
  /** Name of the endpoint it stands for; the region where none is given. */
  readonly name?: string;
  /** Milliseconds between the events of a stream; 20 by default, so that streaming can be seen. */
  readonly pause?: number;
}

/** Counts since the start. `__demo` requests are not counted. */
export interface SampleStats {
  requests: number;
  health: number;
  /** Messages begun, streamed ones included. */
  messages: number;
  streams: number;
  /** Replies whose client left before their end. */
  aborted: number;
  /** Requests that the failure switch spoilt. */
  spoilt: number;
}

export interface SampleServer {
  readonly region: string;
  readonly port: number;
  /** `http://host:port` */
  readonly url: string;
  readonly stats: Readonly<SampleStats>;
  /** As `POST /__demo/fail` would. Throws on a mode that is none. */
  fail(mode: string, times?: number): void;
  /** Breaks what is open and stops. */
  close(): Promise<void>;
}

/** The largest body taken: the real API's limit. */
const MAX_BODY = 32 * 1024 * 1024;

const MESSAGE_PATHS: readonly string[] = ['/v1/messages', '/2024-03/messages', '/2024-03/chat'];
const USER_PATHS: readonly string[] = ['/v1/user', '/v3/user'];

/** Starts a sample and resolves when it listens. Rejects with the system's error, `EADDRINUSE` for one. */
export async function startSample(options: SampleOptions): Promise<SampleServer> {
  const sample = new RegionServer(options);
  await sample.listen();
  return sample;
}

class RegionServer implements SampleServer {
  readonly region: string;
  port: number;
  readonly stats: SampleStats = { requests: 0, health: 0, messages: 0, streams: 0, aborted: 0, spoilt: 0 };
  readonly #options: SampleOptions;
  readonly #name: string;
  readonly #server: Server;
  /** Replies that the failure switch broke: their end is not the client's doing. */
  readonly #brokenHere = new WeakSet<ServerResponse>();
  #switch: Switch = { mode: 'ok', left: 0 };

  constructor(options: SampleOptions) {
    this.#options = options;
    this.region = options.region;
    this.port = options.port;
    this.#name = options.name ?? options.region;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  get url(): string {
    return `http://${this.#options.host}:${this.port}`;
  }

  listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen({ host: this.#options.host, port: this.port }, () => {
      this.port = (this.#server.address() as AddressInfo).port;
      resolve();
    });
    return promise;
  }

  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    return promise;
  }

  fail(mode: string, times?: number): void {
    const wish = readSwitch(JSON.stringify({ mode, times }));
    if (!wish) throw new TypeError(`no failure mode: ${mode}`);
    this.#switch = wish;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url!.split('?', 1)[0]!;
    const id = `req_${randomBytes(9).toString('hex')}`;
    response.setHeader('request-id', id);
    if (path.startsWith('/__demo/')) return this.#control(path, request, response, id);
    this.stats.requests++;
    response.once('close', () => {
      if (!response.writableFinished && !this.#brokenHere.has(response)) this.stats.aborted++;
    });
    if (path === '/healthz') {
      this.stats.health++;
      return sendJson(response, 200, { ok: true });
    }
    if (USER_PATHS.includes(path)) return this.#user(path, request, response, id);
    if (MESSAGE_PATHS.includes(path)) return this.#message(request, response, id);
    sendError(response, 404, 'Not found', id);
  }

  #control(path: string, request: IncomingMessage, response: ServerResponse, id: string): void {
    if (path === '/__demo/stats') return sendJson(response, 200, { endpoint: this.#name, ...this.stats });
    if (path !== '/__demo/fail' || request.method !== 'POST') return sendError(response, 404, 'Not found', id);
    readBody(request, (body) => {
      const wish = body === null ? undefined : readSwitch(body);
      if (!wish) return sendError(response, 400, 'mode: "ok", "hang", "reset", "truncate" or a status as "500"', id);
      this.#switch = wish;
      sendJson(response, 200, { endpoint: this.#name, mode: wish.mode });
    });
  }

  #user(path: string, request: IncomingMessage, response: ServerResponse, id: string): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') return sendNotAllowed(response, 'GET, HEAD', id);
    const who = { region: this.region, endpoint: this.#name, path, headers: request.headers };
    this.#answer(response, id, (cut) => sendJson(response, 200, who, cut));
  }

  #message(request: IncomingMessage, response: ServerResponse, id: string): void {
    if (request.method !== 'POST') return sendNotAllowed(response, 'POST', id);
    readBody(request, (body) => {
      if (body === null) return sendError(response, 413, 'Request exceeds the maximum size', id);
      const asked = parseObject(body);
      if (!asked) return sendError(response, 400, 'The request body is not valid JSON', id);
      if (!Array.isArray(asked.messages)) return sendError(response, 400, 'messages: Field required', id);
      this.#answer(response, id, (cut) => this.#say(asked, response, cut));
    });
  }

  #say(asked: Record<string, unknown>, response: ServerResponse, cut: boolean): void {
    this.stats.messages++;
    const who = `the ${this.region} region (${this.#name})`;
    const answer = composeAnswer(asked, who, `msg_${randomBytes(9).toString('hex')}`);
    if (asked.stream !== true) return sendJson(response, 200, messageOf(answer), cut);
    this.stats.streams++;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    sendSlowly(response, eventsOf(answer).map(eventText), this.#options.pause ?? 20, cut);
  }

  /** Answers with `well`, or as the failure switch says; `cut` asks it to break off in the middle. */
  #answer(response: ServerResponse, id: string, well: (cut: boolean) => void): void {
    const mode = nextMode(this.#switch);
    if (mode === 'ok') return well(false);
    this.stats.spoilt++;
    if (typeof mode === 'number') return sendError(response, mode, `${this.#name} was told to fail`, id);
    if (mode === 'hang') return; // nothing is ever sent: the client has to give up
    this.#brokenHere.add(response);
    if (mode === 'truncate') well(true);
    else response.socket?.resetAndDestroy();
  }
}

/** Calls back with the body's text, or with null where it is larger than {@link MAX_BODY}. Not at all if it breaks off. */
function readBody(request: IncomingMessage, use: (body: string | null) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
  });
  request.on('end', () => use(size > MAX_BODY ? null : Buffer.concat(chunks).toString()));
  request.on('error', () => {});
}

/** Writes `parts` one by one, waiting `pause` ms between them; the client's leaving stops it. `cut`: only three. */
function sendSlowly(response: ServerResponse, parts: readonly string[], pause: number, cut: boolean): void {
  const last = cut ? 3 : parts.length;
  let next = 0;
  const step = () => {
    if (next === last) return void (cut ? response.destroy() : response.end());
    response.write(parts[next++]);
    timer = setTimeout(step, pause);
  };
  let timer: NodeJS.Timeout | undefined;
  response.once('close', () => clearTimeout(timer));
  step();
}

/** `cut`: the head promises the whole body, and half of it follows. */
function sendJson(response: ServerResponse, status: number, value: object, cut = false): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  if (cut) response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  else response.end(body);
}

function sendNotAllowed(response: ServerResponse, allow: string, id: string): void {
  response.setHeader('allow', allow);
  sendError(response, 405, 'Method Not Allowed', id);
}

/** An error in the shape of the Claude API. */
function sendError(response: ServerResponse, status: number, message: string, id: string): void {
  if (status === 429) response.setHeader('retry-after', '1');
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(errorBody('anthropic', status, '', message, id));
}
