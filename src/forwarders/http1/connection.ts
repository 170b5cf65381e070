/** One connection to an origin: the reply that is being read from it, and the attempt it carries. */
import { type HeaderList, indexOfHeader, removeFraming } from '../../headers.ts';
import { type ResponseHead, ResponseReader, type ResponseSink } from '../../http1/response-reader.ts';
import type { RuleCode } from '../../http1/rules.ts';
import type { Failure } from '../../types/transport.ts';
import type { DialSettings } from '../dial.ts';
import { isStaleConnection } from '../failure.ts';
import { replyLength } from '../raw-headers.ts';
import type { Attempt, Carrier } from './attempt.ts';
import { faultFailure, lateFailure, lossFailure } from './failures.ts';
import { keptFor } from './keep-alive.ts';
import { REPLY_LIMITS } from './limits.ts';
import { Link } from './link.ts';

/** Whose a connection is. */
export interface Keeper {
  readonly dial: DialSettings;
  /** Milliseconds that a connection may be idle. */
  readonly idleFor: number;
  /** A connection has been made. */
  countOpened(): void;
  /** A request is put on one. */
  countServed(): void;
  /** The connection is in order and free for the next one. */
  release(connection: Connection): void;
  /** It is of no more use and ends. Twice does no harm. */
  drop(connection: Connection): void;
  /** `attempt` found it stale and is to have another one. */
  replace(connection: Connection, attempt: Attempt): void;
}

/**
 * Made for one attempt, kept for others. What it learns of a reply while bytes are fed to the reader is acted on when
 * the reader is done with them, in `settle`: by then it is known whether something follows the reply, and the next
 * request cannot get between a reply and its surplus.
 *
 * Its deadline is for whatever it waits for now: the first byte, the next byte, or another request.
 */
export class Connection extends Link implements Carrier, ResponseSink {
  readonly #pool: Keeper;
  readonly #reader = new ResponseReader(REPLY_LIMITS, this);
  /** Whom it carries, or is being made for. */
  #attempt: Attempt | null;
  /** The pool's: it counts no more. */
  dropped = false;
  #carried = 0;
  /** Milliseconds it may be idle, by what the last reply said. */
  #idleFor: number;
  #keepAliveSeen = '';

  // ── of the present request ──
  #requestWhole = false;
  /** Not a byte of it can have left. */
  #unsent = true;
  #answered = false;
  #headSeen = false;
  #replyWhole = false;
  #trailers: HeaderList | null = null;
  #fault: RuleCode | '' = '';
  /** The reader is at work. */
  #feeding = false;
  /** The reply is, by its receiver. */
  #held = false;

  constructor(pool: Keeper, attempt: Attempt) {
    super(pool.dial);
    this.#pool = pool;
    this.#idleFor = pool.idleFor;
    this.#attempt = attempt;
    attempt.connection = this;
  }

  /** It carries nothing. */
  get resting(): boolean {
    return this.#attempt === null;
  }

  protected override made(failure: Failure | null): void {
    const attempt = this.#attempt!;
    if (failure) this.#fail(attempt, failure);
    else {
      this.#pool.countOpened();
      this.carry(attempt);
    }
  }

  // ── the request ──

  /** Sends `attempt`, whose own the connection is from now on. */
  carry(attempt: Attempt): void {
    const socket = this.socket!;
    this.#attempt = attempt;
    attempt.connection = this;
    this.#answered = false;
    this.#headSeen = false;
    this.#replyWhole = false;
    this.#requestWhole = false;
    this.#pool.countServed();
    this.#reader.begin(attempt.request.method);
    const room = attempt.sendOn(socket);
    // A write that the system refuses at once, as on a connection reset while idle, sent nothing (not so inside TLS).
    this.#unsent = socket.errored !== null && !this.#pool.dial.endpoint.secure;
    if (attempt.bodyWhole) this.sent(room);
    else if (room) this.within(0);
    else this.full();
  }

  /** The request is whole, as far as this side goes. */
  sent(room: boolean): void {
    this.#requestWhole = true;
    if (!room) this.full();
    else if (!this.#headSeen) this.within(this.#attempt!.request.timeouts.firstByte);
  }

  /** The socket takes no more for now. With a reply on its way only that one's deadline counts: it need not be read. */
  full(): void {
    if (this.stalling || this.#headSeen) return;
    this.within(0);
    this.watchStall(this.#attempt!.request.timeouts.send);
  }

  protected override drained(): void {
    const attempt = this.#attempt;
    if (attempt === null) return;
    if (this.#requestWhole) this.sent(true);
    else attempt.askForMore();
  }

  protected override get listens(): boolean {
    return this.#attempt !== null && !this.#unsent && !this.#replyWhole;
  }

  protected override stalled(): void {
    if (this.#attempt) this.#fail(this.#attempt, lateFailure('the upstream takes no more of the request'));
  }

  override onTimeout(): void {
    const attempt = this.#attempt;
    if (attempt === null) this.#pool.drop(this);
    else if (this.#headSeen) this.#fail(attempt, lateFailure('the reply stopped'));
    else if (this.socket!.writableLength > 0) this.stalled();
    else this.#fail(attempt, lateFailure('no reply came'));
  }

  // ── the reply ──

  protected override bytes(chunk: Buffer): void {
    if (this.#attempt === null) {
      // On an idle connection nothing may come (RFC 9112 §9.2).
      this.#pool.drop(this);
      return;
    }
    this.#answered = true;
    this.#feeding = true;
    this.#reader.push(chunk);
    this.#settle();
  }

  informed(status: number, headers: HeaderList): void {
    // A 100 is for whoever expects one, and no request of ours does.
    if (status === 100) return;
    removeFraming(headers);
    this.#attempt?.to.informed(status, headers);
  }

  head(head: ResponseHead): void {
    const attempt = this.#attempt;
    if (attempt === null) return;
    if (head.status === 101) {
      this.#fault = 'unsolicited';
      return;
    }
    this.#headSeen = true;
    this.unwatchStall();
    this.#heedKeepAlive(head.headers);
    attempt.to.head(head.status, head.headers, lengthOf(head, attempt.request.method));
    if (attempt.paused && this.#attempt === attempt) this.hold();
  }

  data(chunk: Buffer): void {
    this.#attempt?.to.data(chunk);
  }

  end(trailers: HeaderList | null): void {
    this.#replyWhole = true;
    this.#trailers = trailers;
  }

  refused(code: RuleCode): void {
    this.#fault = code;
  }

  #heedKeepAlive(headers: HeaderList): void {
    const at = indexOfHeader(headers, 'keep-alive');
    const value = at < 0 ? '' : headers[at + 1]!;
    if (value === this.#keepAliveSeen) return;
    this.#keepAliveSeen = value;
    this.#idleFor = Math.min(this.#pool.idleFor, keptFor(value));
  }

  /** Stops the reply, if there is one already; whoever holds it may take as long as he likes. */
  hold(): void {
    if (!this.#headSeen || this.#held) return;
    this.#held = true;
    this.within(0);
    this.#reader.pause();
    this.socket?.pause();
  }

  goOn(): void {
    if (!this.#held) return;
    this.#letGo();
    if (this.#feeding) {
      this.#reader.resume();
      return;
    }
    this.#feeding = true;
    this.#reader.resume();
    this.#settle();
  }

  #letGo(): void {
    this.#held = false;
    this.socket?.resume();
  }

  /** Nobody waits for the reply any more. If it is here already the connection stays good, else it ends. */
  abandon(): void {
    this.#attempt = null;
    if (!this.#headSeen) this.#pool.drop(this);
    else if (this.#held) this.goOn();
    else if (!this.#feeding) this.#pool.drop(this);
  }

  /** Draws the conclusions when the reader is done with what it was given. */
  #settle(): void {
    this.#feeding = false;
    if (this.dropped) return;
    const attempt = this.#attempt;
    if (this.#replyWhole && this.#headSeen) this.#finish(attempt);
    else if (attempt === null) this.#pool.drop(this);
    else if (this.#fault !== '') this.#fail(attempt, faultFailure(this.#fault, this.#headSeen));
    else if (this.#headSeen && !this.#held) this.within(attempt.request.timeouts.idle);
  }

  #finish(attempt: Attempt | null): void {
    const trailers = this.#trailers;
    this.#attempt = null;
    attempt?.end();
    this.#trailers = null;
    this.#carried++;
    if (this.#held) this.#letGo();
    if (this.#reusable()) this.#pool.release(this);
    else this.#pool.drop(this);
    attempt?.to.end(trailers);
  }

  /** A reply that came before its request was whole leaves a rest behind that nobody will send. */
  #reusable(): boolean {
    return (
      this.#requestWhole &&
      this.#fault === '' &&
      this.#idleFor > 0 &&
      this.#reader.reusable &&
      this.usable &&
      this.socket!.errored === null &&
      this.socket!.writableLength === 0
    );
  }

  /** Waits for another request. */
  rest(): void {
    this.within(this.#idleFor);
  }

  // ── ends ──

  protected override finished(): void {
    if (this.#attempt === null || !this.#answered) {
      this.lost(null);
      return;
    }
    this.#feeding = true;
    this.#reader.finish();
    this.#settle();
  }

  protected override lost(error: Error | null): void {
    const attempt = this.#attempt;
    if (attempt === null) this.#pool.drop(this);
    else if (this.#mayRetry(attempt, error)) {
      this.#attempt = null;
      this.#pool.replace(this, attempt);
    } else this.#fail(attempt, lossFailure(error, this.#headSeen, !this.#unsent));
  }

  /**
   * A kept connection may be closed by its other end at any time (RFC 9112 §9.3.1). What was sent on it just then is
   * sent again, where it is whole and either may be made twice or never left: on a new connection, so only once.
   */
  #mayRetry(attempt: Attempt, error: Error | null): boolean {
    return (
      this.#carried > 0 &&
      !this.#answered &&
      attempt.held &&
      (this.#unsent || attempt.repeatable) &&
      (error === null || isStaleConnection(error))
    );
  }

  #fail(attempt: Attempt, failure: Failure): void {
    this.#attempt = null;
    attempt.end();
    this.#pool.drop(this);
    attempt.to.failed(failure);
  }
}

/** As a reply's own head tells it: that of a HEAD or a 304 speaks of a body that does not come. */
function lengthOf(head: ResponseHead, method: string): number {
  if (method === 'HEAD' || head.status === 304) return replyLength(head.status, head.headers);
  return head.bodyLength;
}
