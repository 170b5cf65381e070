/** Node's own HTTP parser (llhttp, strict) through its public API, on streams in memory: what it makes of the same bytes. */
import http from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Message } from '../../../src/testing/http1/trace.ts';

/** Like a `Trace`, as far as Node tells. */
export interface OracleTrace {
  readonly messages: Message[];
  readonly informed: Message[];
  /** Code of the parser's error, or ''. */
  error: string;
  /** Octets behind a message that hands the connection over. */
  rest: string;
}

/** A connection of which one end is in the test's hands. */
class Wire extends Duplex {
  constructor() {
    super({ autoDestroy: true });
    this.on('error', () => {});
  }
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }
  override _destroy(_error: Error | null, done: (error: Error | null) => void): void {
    done(null);
  }
  // What Node's client asks of a socket.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): void {}
  unref(): void {}
}

const emptyTrace = (): OracleTrace => ({ messages: [], informed: [], error: '', rest: '' });

function follow(incoming: http.IncomingMessage, start: string): Message {
  const message: Message = { start, headers: incoming.rawHeaders, body: '', trailers: null, whole: false };
  incoming.on('data', (chunk: Buffer) => {
    message.body += chunk.toString('latin1');
  });
  incoming.on('end', () => {
    message.whole = incoming.complete;
    if (incoming.rawTrailers.length > 0) message.trailers = incoming.rawTrailers;
  });
  incoming.on('error', () => {});
  return message;
}

/** The connection was handed over: what follows belongs to another protocol. */
function collectRest(trace: OracleTrace, socket: Duplex, head: Buffer): void {
  trace.rest = head.toString('latin1');
  socket.on('data', (chunk: Buffer) => {
    trace.rest += chunk.toString('latin1');
  });
}

const HEAD_MAX = 1 << 20;

/** A server that reads many connections at a time; each has a trace of its own. */
export class RequestOracle {
  readonly #traces = new WeakMap<Duplex, OracleTrace>();
  readonly #server = http.createServer({ insecureHTTPParser: false, maxHeaderSize: HEAD_MAX });

  constructor() {
    const server = this.#server;
    server.maxHeadersCount = 0;
    server.timeout = 0;
    server.on('request', (req, res) => this.#request(req, res));
    server.on('checkExpectation', (req, res) => {
      this.#of(req.socket).error ||= 'EXPECTATION';
      res.writeHead(417).end();
      req.resume();
    });
    server.on('connect', (req, socket, head) => {
      const trace = this.#of(socket);
      const message = follow(req, `${req.method} ${req.url} ${req.httpVersion}`);
      message.whole = true;
      trace.messages.push(message);
      collectRest(trace, socket, head);
    });
    // Not destroyed here: the request before the error still has its end to tell.
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#of(socket).error ||= error.code ?? error.message;
    });
  }

  #of(socket: Duplex): OracleTrace {
    return this.#traces.get(socket)!;
  }

  #request(req: http.IncomingMessage, res: http.ServerResponse): void {
    this.#of(req.socket).messages.push(follow(req, `${req.method} ${req.url} ${req.httpVersion}`));
    res.on('error', () => {});
    res.end();
  }

  /** Feeds every element of `streams` to a connection of its own, end included. */
  async read(streams: readonly Iterable<Buffer>[]): Promise<OracleTrace[]> {
    const wires = streams.map((pieces) => {
      const wire = new Wire();
      this.#traces.set(wire, emptyTrace());
      this.#server.emit('connection', wire);
      for (const piece of pieces) wire.push(piece);
      wire.push(null);
      return wire;
    });
    await settled();
    const traces = wires.map((wire) => this.#of(wire));
    for (const wire of wires) wire.destroy();
    return traces;
  }
}

/** Reads replies with a client. */
export async function readReplies(
  streams: readonly { readonly asked: string; readonly pieces: Iterable<Buffer>; readonly closes: boolean }[],
): Promise<OracleTrace[]> {
  const all = streams.map(({ asked, pieces, closes }) => {
    const wire = new Wire();
    const trace = ask(asked, wire);
    for (const piece of pieces) wire.push(piece);
    if (closes) wire.push(null);
    return { wire, trace };
  });
  await settled();
  const traces = all.map(({ trace }) => structuredClone(trace));
  for (const { wire } of all) wire.destroy();
  return traces;
}

function ask(method: string, wire: Wire): OracleTrace {
  const trace = emptyTrace();
  const request = http.request({
    method,
    path: method === 'CONNECT' ? 'a:80' : '/',
    headers: { host: 'a' },
    insecureHTTPParser: false,
    maxHeaderSize: HEAD_MAX,
    createConnection: () => wire as never,
  });
  request.maxHeadersCount = 0;
  request.on('information', ({ statusCode, rawHeaders }) => {
    trace.informed.push({ start: String(statusCode), headers: rawHeaders, body: '', trailers: null, whole: true });
  });
  request.on('response', (response) => {
    trace.messages.push(follow(response, String(response.statusCode)));
  });
  const handedOver = (response: http.IncomingMessage, socket: Duplex, head: Buffer): void => {
    const message = follow(response, String(response.statusCode));
    message.whole = true;
    trace.messages.push(message);
    collectRest(trace, socket, head);
  };
  request.on('upgrade', handedOver);
  request.on('connect', handedOver);
  request.on('error', (error: NodeJS.ErrnoException) => {
    trace.error ||= error.code ?? error.message;
  });
  request.end();
  return trace;
}

/** Streams in memory need a few turns of the loop to deliver everything; none of them waits for anything else. */
async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await turn();
}
