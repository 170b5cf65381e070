/** One connection to an origin: the call that is on it, and the reply that is being read. */
import type { Socket } from 'node:net';
import type { Fields } from '../../fields/fields.ts';
import { KEEP_ALIVE } from '../../fields/names.ts';
import { type ResponseHead, ResponseReader, type ResponseSink } from '../../http1/response-reader.ts';
import type { RuleCode } from '../../http1/rules.ts';
import { readsOf, type SocketOwner, StreamSocket } from '../../sockets/stream-socket.ts';
import { Timer } from '../../state/wheel.ts';
import type { Failure } from '../../types/transport.ts';
import { Dial } from '../dial.ts';
import { isStaleConnection } from '../failure.ts';
import { replyLength } from '../raw-headers.ts';
import type { Http1Call } from './call.ts';
import { faultFailure, lateFailure, lossFailure } from './failures.ts';
import { keptFor } from './keep-alive.ts';
import { REPLY_LIMITS } from './limits.ts';
import type { Pool } from './pool.ts';

/** How much of the present request has been sent: not a byte can have left, some may have, all of it has. */
const UNSENT = 0;
const SENDING = 1;
const SENT = 2;

/** How much of its reply has come: nothing, something that is no final head yet, the head, everything. */
const AWAITED = 0;
const BEGUN = 1;
const HEAD = 2;
const WHOLE = 3;

/**
 * Made for one call, kept for others. What it learns of a reply while bytes are fed to the reader is acted on when the
 * reader is done with them, in `settle`: by then it is known whether something follows the reply, and the next request
 * cannot get between a reply and its surplus.
 *
 * Its deadline is for whatever it waits for now: the first byte, the next byte, or another request.
 */
export class UpstreamConnection extends Timer implements ResponseSink, SocketOwner {
  readonly #pool: Pool;
  readonly #reader = new ResponseReader(REPLY_LIMITS, this);
  /** While it is being made. */
  #dial: Dial | null;
  #socket: StreamSocket | null = null;
  /** The call that is on it, or that it is being made for. */
  #call: Http1Call | null;
  /** The pool's: it counts no more. */
  dropped = false;
  /** Calls whose reply was whole. */
  #served = 0;
  /** Milliseconds it may be idle, by what the last reply said. */
  #idleFor: number;
  #keepAliveSeen = '';

  // ── of the present call ──
  #request = UNSENT;
  #reply = AWAITED;
  #trailers: Fields | null = null;
  #fault: RuleCode | '' = '';
  /** The reader is at work. */
  #reading = false;
  /** The receiver of the reply wants no more of it for now. */
  #paused = false;
  /** The other end ended its side while the reply was paused: over TLS that is seen all the same. */
  #endWaits = false;

  constructor(pool: Pool, call: Http1Call) {
    super();
    this.#pool = pool;
    this.#idleFor = pool.idleFor;
    this.#call = call;
    call.connection = this;
    this.#dial = new Dial(pool.dial, (failure, socket) => this.#dialled(failure, socket), readsOf(pool.dial.loop));
  }

  /** Null while it is being made. */
  get socket(): StreamSocket | null {
    return this.#socket;
  }

  /** No call is on it. */
  get idle(): boolean {
    return this.#call === null;
  }

  get usable(): boolean {
    return this.#socket?.usable === true;
  }

  /** While a reply is missing what came before the connection broke may be one. */
  get expectsMore(): boolean {
    return this.#call !== null && this.#request !== UNSENT && this.#reply !== WHOLE;
  }

  get midMessage(): boolean {
    return this.#call !== null && this.#reply !== WHOLE;
  }

  #dialled(failure: Failure | null, socket: Socket | null): void {
    this.#dial = null;
    const call = this.#call!;
    if (socket === null) return this.#fail(call, failure!);
    const { loop, endpoint } = this.#pool.dial;
    this.#socket = new StreamSocket(loop, socket, this, endpoint.secure, 0);
    this.#pool.countOpened();
    this.begin(call);
    this.#socket?.begin();
  }

  // ── the request ──

  /** Sends `call`, whose own the connection is from now on. */
  begin(call: Http1Call): void {
    const socket = this.#socket!;
    this.#call = call;
    call.connection = this;
    this.#reply = AWAITED;
    this.#request = UNSENT;
    this.#pool.countServed();
    this.#reader.begin(call.request.method);
    socket.patience = call.request.timeouts.send;
    call.sendOn(socket);
    // A write that the system refuses at once, as on a connection reset while idle, sent nothing (not so inside TLS).
    if (socket.errored === null || socket.secure) this.#request = SENDING;
    if (call.bodyWhole) this.sent();
    else this.#within(0);
  }

  /** The request is whole, as far as this side goes. */
  sent(): void {
    if (this.#request === SENDING) this.#request = SENT;
    if (this.#socket!.full) this.full();
    else if (this.#reply < HEAD) this.#within(this.#call!.request.timeouts.firstByte);
  }

  /** The socket takes no more for now, and watches that it does not stay so. */
  full(): void {
    if (this.#reply < HEAD) this.#within(0);
  }

  drained(): void {
    const call = this.#call;
    if (call === null) return;
    if (call.bodyWhole) this.sent();
    else call.askForMore();
  }

  /** Nobody asks for it here. */
  flushed(): void {}

  turnEnded(): void {
    const call = this.#call;
    if (call?.bodyWhole === true && this.#socket?.full === true) this.full();
  }

  stalled(): void {
    if (this.#call !== null) this.#fail(this.#call, lateFailure('the upstream takes no more of the request'));
  }

  override onTimeout(): void {
    const call = this.#call;
    if (call === null) this.#pool.drop(this);
    else if (this.#reply >= HEAD) this.#fail(call, lateFailure('the reply stopped'));
    else if (this.#socket!.unsent > 0) this.stalled();
    else this.#fail(call, lateFailure('no reply came'));
  }

  /** Expires in `ms` from now; 0 never. */
  #within(ms: number): void {
    this.#pool.dial.loop.wheel.limit(this, ms);
  }

  // ── the reply ──

  received(chunk: Buffer, lent: boolean): void {
    // On an idle connection nothing may come (RFC 9112 §9.2).
    if (this.#call === null) return this.#pool.drop(this);
    if (this.#reply === AWAITED) this.#reply = BEGUN;
    this.#reading = true;
    this.#reader.push(chunk, lent);
    this.#settle();
  }

  informed(status: number, headers: Fields): void {
    // A 100 is for whoever expects one, and no request of ours does.
    if (status === 100) return;
    headers.dropFraming();
    this.#call?.to.informed(status, headers);
  }

  head(head: ResponseHead): void {
    const call = this.#call;
    if (call === null) return;
    if (head.status === 101) {
      this.#fault = 'unsolicited';
      return;
    }
    this.#reply = HEAD;
    // With a reply on its way only that one's deadline counts: it need not read the rest of the request.
    this.#socket!.forgive();
    this.#heedKeepAlive(head.headers);
    call.to.head(head.status, head.headers, lengthOf(head, call.request.method));
    if (call.paused && this.#call === call) this.pause();
  }

  data(chunk: Buffer): void {
    this.#call?.to.data(chunk);
  }

  end(trailers: Fields | null): void {
    if (this.#reply === HEAD) this.#reply = WHOLE;
    this.#trailers = trailers;
  }

  refused(code: RuleCode): void {
    this.#fault = code;
  }

  #heedKeepAlive(headers: Fields): void {
    const at = headers.find(KEEP_ALIVE);
    const value = at < 0 ? '' : headers.value(at);
    if (value === this.#keepAliveSeen) return;
    this.#keepAliveSeen = value;
    this.#idleFor = Math.min(this.#pool.idleFor, keptFor(value));
  }

  /** Stops the reply, if there is one already; whoever holds it may take as long as he likes. */
  pause(): void {
    if (this.#reply < HEAD || this.#paused) return;
    this.#paused = true;
    this.#within(0);
    this.#reader.pause();
    this.#socket!.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket?.resume();
    if (this.#reading) return this.#reader.resume();
    this.#reading = true;
    this.#reader.resume();
    this.#settle();
  }

  /** Nobody waits for the reply any more. If it is here already the connection stays good, else it ends. */
  abandon(): void {
    this.#call = null;
    if (this.#reply < HEAD) this.#pool.drop(this);
    else if (this.#paused) this.resume();
    else if (!this.#reading) this.#pool.drop(this);
  }

  /** Draws the conclusions when the reader is done with what it was given. */
  #settle(): void {
    if (this.#endWaits && !this.#paused) {
      this.#endWaits = false;
      this.#reader.finish();
    }
    this.#reading = false;
    if (this.dropped) return;
    const call = this.#call;
    if (this.#reply === WHOLE) this.#finish(call);
    else if (call === null) this.#pool.drop(this);
    else if (this.#fault !== '') this.#fail(call, faultFailure(this.#fault, this.#reply >= HEAD));
    else if (this.#reply === HEAD && !this.#paused) this.#within(call.request.timeouts.idle);
  }

  #finish(call: Http1Call | null): void {
    const trailers = this.#trailers;
    this.#call = null;
    call?.end();
    this.#trailers = null;
    this.#served++;
    if (this.#paused) {
      this.#paused = false;
      this.#socket!.resume();
    }
    if (this.#reusable) this.#pool.release(this);
    else this.#pool.drop(this);
    call?.to.end(trailers);
  }

  /** A reply that came before its request was whole leaves a rest behind that nobody will send. */
  get #reusable(): boolean {
    return (
      this.#request === SENT &&
      this.#fault === '' &&
      this.#idleFor > 0 &&
      this.#reader.reusable &&
      this.usable &&
      this.#socket!.empty
    );
  }

  /** Waits for another request. */
  rest(): void {
    this.#within(this.#idleFor);
  }

  // ── ends ──

  ended(): void {
    if (this.dropped) return;
    if (this.#call === null || this.#reply === AWAITED) return this.#lost(null);
    this.#endWaits = true;
    if (this.#paused) return;
    this.#reading = true;
    this.#settle();
  }

  closed(error: Error | null): void {
    if (!this.dropped && !this.#endWaits) this.#lost(error);
  }

  #lost(error: Error | null): void {
    const call = this.#call;
    if (call === null) this.#pool.drop(this);
    else if (this.#mayRetry(call, error)) {
      this.#call = null;
      this.#pool.replace(this, call);
    } else this.#fail(call, lossFailure(error, this.#reply >= HEAD, this.#request !== UNSENT));
  }

  /**
   * A kept connection may be closed by its other end at any time (RFC 9112 §9.3.1). What was sent on it just then is
   * sent again, where it is whole and either may be made twice or never left: on a new connection, so only once.
   */
  #mayRetry(call: Http1Call, error: Error | null): boolean {
    return (
      this.#served > 0 &&
      this.#reply === AWAITED &&
      call.held &&
      (this.#request === UNSENT || call.repeatable) &&
      (error === null || isStaleConnection(error))
    );
  }

  #fail(call: Http1Call, failure: Failure): void {
    this.#call = null;
    call.end();
    this.#pool.drop(this);
    call.to.failed(failure);
  }

  /** Ends it, made or not, and tells nothing any more. The pool does not count it then. */
  destroy(): void {
    this.#pool.dial.loop.wheel.clear(this);
    this.#dial?.cancel();
    this.#dial = null;
    this.#socket?.destroy();
  }
}

/** As a reply's own head tells it: that of a HEAD or a 304 speaks of a body that does not come. */
export function lengthOf(head: ResponseHead, method: string): number {
  if (method === 'HEAD' || head.status === 304) return replyLength(head.status, head.headers);
  return head.bodyLength;
}
