/**
 * Node's request and response as this edge wants them: body chunks handed on as the parser finds them, without the
 * stream in between, and heads written as they are. What is used of Node's inner workings is all in this file.
 */

import http from 'node:http';
import type { Socket } from 'node:net';

/** Who is told about one request and its response. */
export interface MessageEvents {
  /** A piece of the request's body. False: no more for now; `readOn` asks again. */
  requestChunk(chunk: Buffer): boolean;
  /** The request has come whole. */
  requestComplete(): void;
  responseDrained(): void;
  /** The response is flushed, or will never be. */
  responseClosed(): void;
}

export class Request extends http.IncomingMessage {
  to: MessageEvents | null = null;
  /** An upgrade was asked for and not taken: Node's parser then drops what stands behind the request in the same read. */
  upgradeIgnored = false;

  constructor(socket: Socket) {
    super(socket);
    // The body is taken, if not as a stream: else Node sets that going when the response is done, and drops the rest.
    (this as unknown as { _consuming: boolean })._consuming = true;
  }

  /** What Node's parser calls with each piece of the body, and with null at its end. */
  override push(chunk: Buffer | null): boolean {
    if (this.to === null) return true;
    if (chunk !== null) return this.to.requestChunk(chunk);
    this.to.requestComplete();
    return true;
  }

  stopReading(): void {
    this.socket.pause();
  }

  /** Asks the socket for more; Node's own `_read` knows when the connection as a whole is held back. */
  readOn(): void {
    if (this.socket !== null && !this.socket.destroyed) this._read(0);
  }
}

/** Node looks here for `Expect` and `TE` alone, and would fold all fields into an object for it: this edge reads both. */
Object.defineProperty(Request.prototype, 'headers', { value: Object.freeze({}), writable: true });

export class Response extends http.ServerResponse<Request> {
  declare _header: string | null;
  declare _headerSent: boolean;
  declare _hasBody: boolean;
  declare writableFinished: boolean;
  to: MessageEvents | null = null;
  #drains = false;

  tell(to: MessageEvents): void {
    this.to = to;
    this.on('close', onClose);
  }

  /**
   * Takes a head that is complete and valid, as `writeHead` would have made it. It goes out with the first piece of the
   * body, or with `sendHead`. `chunked`: pieces are written as chunks. `bodyless`: none may follow.
   */
  useHead(head: string, chunked: boolean, bodyless: boolean): void {
    this._header = head;
    this._headerSent = false;
    this._hasBody = !bodyless;
    this.chunkedEncoding = chunked;
  }

  sendHead(): void {
    if (!this._headerSent) this.flushHeaders();
  }

  /** The next time there is room, `responseDrained` is called. */
  awaitDrain(): void {
    if (this.#drains) return;
    this.#drains = true;
    this.on('drain', onDrain);
  }
}

// One function each for all requests: listeners made per request would be closures on the hot path.

function onClose(this: Response): void {
  this.to!.responseClosed();
}
function onDrain(this: Response): void {
  this.to!.responseDrained();
}

/** Holds a connection's parser back, and lets it go on: what Node itself does with pipelined requests it has no room for. */
export function holdReading(socket: Socket): void {
  (socket as Parsed)._paused = true;
  socket.pause();
}

export function resumeReading(socket: Socket): void {
  const parsed = socket as Parsed;
  if (!parsed._paused) return;
  parsed._paused = false;
  parsed.parser?.resume();
  socket.resume();
}

interface Parsed extends Socket {
  _paused?: boolean;
  parser?: { resume(): void } | null;
}
