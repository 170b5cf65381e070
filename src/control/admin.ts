/** The admin listener: probes, metrics, status, effective config, reload. Apart from traffic, and it never crashes. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { ERRORS, type ErrorCode, errorBody, WeirError } from '../errors.ts';
import { http } from '../net/node-http.ts';
import type { BoundSocket } from '../net/sockets.ts';
import type { AdminConfig } from '../types/config.ts';
import type { Log } from '../types/policy.ts';
import { AdminConnections } from './admin-connections.ts';
import { EXPOSITION_TYPE } from './exposition.ts';
import { hasToken, isFromWebPage, isOwnHost } from './guard.ts';
import { Gzip } from './gzip.ts';
import { listenProblem } from './ports.ts';
import type { ReloadResult } from './reload.ts';
import type { BoundAddress } from './thread.ts';

/** What the listener shows and does. */
export interface AdminSource {
  /** '' where traffic can come, else why not. */
  unready(): string;
  /** Prometheus text. */
  metrics(): Promise<string>;
  status(): object;
  /** What may be shown of settings and plan: values from the environment as they are written. */
  config(): object;
  reload(): Promise<ReloadResult>;
  /** The last net: takes secrets out of a page. */
  redact?(page: string): string;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Page {
  readonly method: 'GET' | 'POST';
  /** Probes come without a token, and by any name. */
  readonly open: boolean;
  answer(): Answer | Promise<Answer>;
}

/** Bytes of a request body that are read and ignored. */
const MAX_BODY = 64 * 1024;

/** Connections kept at once; one more displaces another. */
const MAX_CONNECTIONS = 256;

/** Milliseconds in which a client whose connection was accepted before another process took over can get its answer. */
const LEAVE_GRACE = 1_000;

/** Connections that may wait to be accepted. */
const BACKLOG = 511;

export class AdminServer {
  readonly #config: AdminConfig;
  readonly #log: Log;
  readonly #pages: ReadonlyMap<string, Page>;
  readonly #redact: (text: string) => string;
  readonly #server: Server;
  readonly #connections: AdminConnections;
  readonly #gzip = new Gzip();
  #leaving = false;

  /** `patience`: milliseconds a client may take over its head; over the whole request twice as long. */
  constructor(config: AdminConfig, source: AdminSource, log: Log, patience = 5_000) {
    this.#config = config;
    this.#log = log;
    this.#pages = pagesOf(source);
    this.#redact = (page) => source.redact?.(page) ?? page;
    this.#server = http.createServer(
      {
        // A slow or stuck client loses its connection soon, and before that to any newcomer (admin-connections.ts).
        headersTimeout: patience,
        requestTimeout: patience * 2,
        keepAliveTimeout: 5_000,
        connectionsCheckingInterval: Math.ceil(patience / 5),
        maxHeaderSize: 16_384,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#connections = new AdminConnections(this.#server, MAX_CONNECTIONS);
    // Neither reading nor writing for this long: the socket is destroyed, whatever it was in the middle of.
    this.#server.setTimeout(60_000);
  }

  /** On `socket`, or without one on its own address. @throws {WeirError} where the address is not available. */
  listen(socket: BoundSocket | null = null): Promise<BoundAddress> {
    const { host, port } = this.#config;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(new WeirError(`admin: ${listenProblem(host, port, error)}`)));
      const listening = (): void => {
        const { address, port: bound } = this.#server.address() as AddressInfo;
        this.#server.on('error', (error) => this.#log.error({ err: error }, 'admin listener'));
        resolve({ address, port: bound });
      };
      if (socket) this.#server.listen(socket.native, BACKLOG, listening);
      else this.#server.listen({ host, port, backlog: BACKLOG }, listening);
    });
  }

  /** Another process answers new connections from now on. Those that are open here get one more reply. */
  leave(): void {
    this.#leaving = true;
    // Not the `close` of Node's http server: that cuts connections whose request is on its way.
    NetServer.prototype.close.call(this.#server);
  }

  /** Ends open connections too: nobody waits for the admin listener, unless a probe may be on its way to it. */
  async close(): Promise<void> {
    if (this.#leaving) await this.#connections.ended(LEAVE_GRACE);
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that breaks off is its own business.
    request.on('error', () => {});
    response.on('error', () => {});
    const { socket } = request;
    const refused = await bodyProblem(request);
    if (response.destroyed) return;
    this.#connections.answering(socket);
    response.once('close', () => this.#connections.answered(socket));
    let answer: Answer;
    try {
      answer = await this.#compressed(request, this.#redacted(refused ?? (await this.#answer(request))));
    } catch (error) {
      this.#log.error({ err: error, url: request.url }, 'admin request failed');
      answer = problem('INTERNAL');
    }
    if (this.#leaving) response.setHeader('connection', 'close');
    send(request, response, answer);
  }

  #redacted(answer: Answer): Answer {
    return { ...answer, body: this.#redact(String(answer.body)) };
  }

  /** A scrape of many routes is megabytes of text, and a tenth of that compressed. */
  async #compressed(request: IncomingMessage, answer: Answer): Promise<Answer> {
    if (answer.type !== EXPOSITION_TYPE) return answer;
    const body = await this.#gzip.of(String(answer.body), String(request.headers['accept-encoding'] ?? ''));
    if (body === null) return { ...answer, headers: { vary: 'accept-encoding' } };
    return { ...answer, body, headers: { vary: 'accept-encoding', 'content-encoding': 'gzip' } };
  }

  #answer(request: IncomingMessage): Answer | Promise<Answer> {
    const page = this.#pages.get(pathOf(request));
    if (!page?.open) {
      if (!isOwnHost(request.headers, this.#config))
        return problem('FORBIDDEN', 403, 'This host name is not served here.');
      if (!hasToken(request.headers, this.#config))
        return { ...problem('TOKEN_INVALID'), headers: { 'www-authenticate': 'Bearer' } };
    }
    if (!page) return problem('NOT_FOUND', 404, 'There is no such page on the admin listener.');
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (method !== page.method) return { ...problem('METHOD_NOT_ALLOWED'), headers: { allow: allowed(page) } };
    if (page.method === 'POST' && isFromWebPage(request.headers))
      return problem('FORBIDDEN', 403, 'Web pages may not do this.');
    return page.answer();
  }
}

function pagesOf(source: AdminSource): ReadonlyMap<string, Page> {
  const get = (answer: Page['answer'], open = false): Page => ({ method: 'GET', open, answer });
  return new Map<string, Page>([
    ['/livez', get(() => text(200, 'alive\n'), true)],
    ['/readyz', get(() => readiness(source.unready()), true)],
    ['/metrics', get(async () => ({ status: 200, type: EXPOSITION_TYPE, body: await source.metrics() }))],
    ['/api/v1/status', get(() => json(200, source.status()))],
    ['/api/v1/config', get(() => json(200, source.config()))],
    ['/api/v1/reload', { method: 'POST', open: false, answer: async () => reloadAnswer(await source.reload()) }],
  ]);
}

function readiness(unready: string): Answer {
  return unready === '' ? text(200, 'ready\n') : text(503, `${unready}\n`);
}

/** 200 with the revision in use; 422 with every problem where the rules on disk were refused. */
function reloadAnswer(result: ReloadResult): Answer {
  if (result.ok) return json(200, { revision: result.revision, problems: result.problems });
  const { revision, problems } = result;
  const title = 'The rules on disk are refused; the last good ones stay in use.';
  const body = { type: 'about:blank', title, status: 422, code: 'RULES_REFUSED', revision, problems };
  return { ...json(422, body), type: 'application/problem+json' };
}

function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

function json(status: number, value: object): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(value, null, 2)}\n` };
}

function problem(
  code: ErrorCode,
  status: number = ERRORS[code].status,
  message: string = ERRORS[code].message,
): Answer {
  const body = errorBody('generic', status, code, message, randomUUID());
  return { status, type: 'application/problem+json', body };
}

function allowed(page: Page): string {
  return page.method === 'GET' ? 'GET, HEAD' : page.method;
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** Reads the body to its end, since nothing here takes one; too much of it is refused. Null where all is well or over. */
function bodyProblem(request: IncomingMessage): Promise<Answer | null> {
  return new Promise((resolve) => {
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY) resolve({ ...problem('PAYLOAD_TOO_LARGE'), headers: { connection: 'close' } });
    });
    request.once('end', () => resolve(null));
    request.once('close', () => resolve(null));
  });
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return;
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? '' : answer.body);
}
