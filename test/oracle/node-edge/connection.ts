/**
 * One client connection: its requests one after the other, its end, and what to do with a client that stops sending.
 *
 * A client that shuts down its sending side (FIN) while a request is under way is gone, as over our own HTTP/1.1 (see
 * http1/connection.ts). Where the listener says `halfClose`, it gets its answer; when none has begun after a short while,
 * it is sent a `100 Continue`, which every client must be able to skip (RFC 9110 §15.2) and a closed one resets.
 */
import type { Socket } from 'node:net';
import type { ErrorCode } from '../../../src/errors.ts';
import type { Home } from './home.ts';
import type { InboundOwner, NodeInbound } from './inbound.ts';
import { holdReading, resumeReading } from './messages.ts';
import { linger, refuse } from './raw-replies.ts';

/** After this the silence of a half-closed client is tested. Replies made at once never meet the probe. */
const PROBE_AFTER_MS = 200;
/** A reset is back by then, on any line worth waiting for. */
const PROBE_ANSWER_MS = 100;
/**
 * Requests read ahead of their turn before reading stops. Not none: only a socket that is read from tells that its client
 * has left. What one read brought is parsed in any case, so there can be more, but not without bound.
 */
const READ_AHEAD = 64;
const WAITING_MAX = 4096;

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

export class Connection implements InboundOwner {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly home: Home;
  #closing = false;
  #current: NodeInbound | null = null;
  /** The request whose body is coming in, or came last. */
  #receiving: NodeInbound | null = null;
  readonly #waiting: NodeInbound[] = [];
  /** What comes after the replies still owed, where the bytes behind their requests cannot be read. */
  #refusal: ErrorCode | '' = '';
  #lingering = false;
  #over = false;
  #probe: NodeJS.Timeout | null = null;

  constructor(socket: Socket, remoteAddress: string, home: Home) {
    this.socket = socket;
    this.remoteAddress = remoteAddress;
    this.home = home;
    socket.on('end', () => this.#halfClosed());
  }

  /** A reply that begins now is the last. */
  get closing(): boolean {
    return this.#closing || this.home.drain.begun;
  }

  get busy(): boolean {
    return this.#current !== null || (this.#receiving?.bodyPending ?? false);
  }

  /** A request's head is here. Its turn comes when the one before it is answered (RFC 9112 §9.3.2). */
  request(inbound: NodeInbound): void {
    if (this.#over || this.#refusal !== '') return;
    this.#receiving = inbound;
    if (this.#current === null) return this.#start(inbound);
    const waiting = this.#waiting.push(inbound);
    if (waiting > WAITING_MAX) this.socket.destroy();
    else if (waiting >= READ_AHEAD) holdReading(this.socket);
  }

  #start(inbound: NodeInbound): void {
    if (inbound.refusal !== '') return this.#refuse(inbound.refusal);
    this.#current = inbound;
    inbound.accepted = true;
    this.home.accept(inbound);
  }

  /** A reply is written, or will never be. `close`: the client was told that this is the end. */
  finished(inbound: NodeInbound, close: boolean): void {
    if (this.#current !== inbound) return;
    this.#current = null;
    this.#stopProbe();
    if (this.#over) return;
    if (this.socket.destroyed) this.#over = true;
    else if (close || this.#closing || this.home.drain.left === 0) this.#end();
    else if (this.#waiting.length > 0) this.#start(this.#waiting.shift()!);
    else if (this.#refusal !== '') this.#refuse(this.#refusal);
    if (this.#waiting.length === 0) resumeReading(this.socket);
  }

  /** An upgraded connection is no longer this edge's. */
  released(): void {
    this.#over = true;
    this.#current = null;
    this.#stopProbe();
  }

  /** Nobody reads the rest of a request: it is whole now, or longer than is worth discarding. */
  discarded(): void {
    if (this.#lingering) this.socket.destroy();
  }
  overrun(): void {
    if (this.#current === null) this.socket.destroySoon();
    else this.#closing = true;
  }

  /** The socket is closed. */
  closed(): void {
    this.#stopProbe();
    this.#receiving?.connectionClosed();
  }

  /** The time to drain is over. */
  shutDown(): void {
    this.#current?.events.shutDown();
  }

  /** A body took too long. */
  late(): void {
    this.failed('ERR_HTTP_REQUEST_TIMEOUT');
  }

  /** What Node says went wrong with the connection. */
  failed(code: string | undefined): void {
    if (!isRefusable(code)) this.socket.destroy();
    else if (this.#receiving?.bodyPending) this.#bodyFailed(code);
    else this.refuse(refusalOf(code));
  }

  #bodyFailed(code: string): void {
    const inbound = this.#receiving!;
    const left = code === 'HPE_INVALID_EOF_STATE' && !inbound.answered;
    if (left || this.#current === null) this.socket.destroy();
    else inbound.bodyBroke(code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'timeout' : 'malformed');
  }

  /** Refuses what came, after the replies that are owed. */
  refuse(code: ErrorCode): void {
    if (this.#current !== null) this.#refusal = code;
    else if (!this.#over) this.#refuse(code);
  }

  #refuse(code: ErrorCode): void {
    this.#over = true;
    this.#waiting.length = 0;
    refuse(this.socket, code);
  }

  /** A body still on its way would be answered with a reset that can overtake the reply, so the end waits for it. */
  #end(): void {
    this.#over = true;
    this.#waiting.length = 0;
    if (this.#receiving?.bodyPending) {
      this.#lingering = true;
      linger(this.socket);
    } else this.socket.destroySoon();
  }

  #halfClosed(): void {
    const current = this.#current;
    if (current === null || this.#over) return;
    if (!this.home.halfClose) {
      this.#closing = true;
      if (!current.answered) this.socket.destroy();
      return;
    }
    this.#closing = this.#waiting.length === 0;
    this.#probe = setTimeout(() => this.#ask(), PROBE_AFTER_MS);
  }

  #ask(): void {
    if (this.#current === null || this.#current.answering || this.#current.version === '1.0') return;
    this.socket.write(CONTINUE, 'latin1');
    // Nothing reads from a connection whose other side has ended, so only a write can find the reset, even an empty one.
    this.#probe = setTimeout(() => this.socket.write(''), PROBE_ANSWER_MS);
  }

  #stopProbe(): void {
    if (this.#probe === null) return;
    clearTimeout(this.#probe);
    this.#probe = null;
  }
}

/** What the parser cannot read or the client was too slow with; anything else is a broken line. */
function isRefusable(code: string | undefined): code is string {
  return code !== undefined && (code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT');
}

function refusalOf(code: string): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'REQUEST_TIMEOUT' : 'BAD_REQUEST';
}
