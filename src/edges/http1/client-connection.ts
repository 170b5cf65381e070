/**
 * One client connection: its requests one after the other, its end, and what to do with a client that stops sending.
 *
 * A client that shuts down its sending side (FIN) while a request is under way is gone, as in nginx: most have closed
 * altogether, which looks the same, and an upstream must not work for nobody. Only an answer that is whole already still
 * goes out. Where the listener says `halfClose`, such a client gets its answer: see {@link HalfClosed}.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Fields } from '../../fields/fields.ts';
import { type HeadLimits, type RequestHead, RequestReader, type RequestSink } from '../../http1/request-reader.ts';
import type { RuleCode } from '../../http1/rules.ts';
import type { Loop } from '../../sockets/loop.ts';
import { type SocketOwner, StreamSocket } from '../../sockets/stream-socket.ts';
import type { Accept } from '../../types/transport.ts';
import { Deadline, type Phase, type Times } from './deadline.ts';
import { HalfClosed } from './half-closed.ts';
import type { DateClock } from './heads.ts';
import { Http1Inbound } from './inbound.ts';
import { AHEAD_MAX, DISCARD_MAX } from './limits.ts';
import { rowRefusal, ruleRefusal } from './refusals.ts';
import type { Http1RequestBody } from './request-body.ts';

/** What the connections of one edge share. */
export interface Home extends Times {
  readonly accept: Accept;
  readonly loop: Loop;
  readonly date: DateClock;
  readonly limits: HeadLimits;
  /** Milliseconds in which a client must take something; 0 for no limit. */
  readonly writeTimeout: number;
  readonly secure: boolean;
  /** A client that has shut down its sending side is waited for. */
  readonly halfClose: boolean;
  /** The connection is closed, or an upgrade took it. */
  left(connection: ClientConnection): void;
}

/** How much longer the connection lasts: requests may follow, or the reply under way or the next one is the last… */
const OPEN = 0;
const LAST = 1;
/** …or our side is ended, what comes is discarded, and the client has a moment to end its own; or it is gone. */
const ENDED = 2;
const GONE = 3;

/** Who works on what came: nobody; the reader, on what the socket brought, or on what waited behind another request. */
const OUTSIDE = 0;
const TAKING = 1;
const REPLAYING = 2;

/** What is done with what comes: read; kept, while nobody wants it; or no longer read, only discarded within a bound. */
const READ = 0;
const KEEP = 1;
const DISCARD = 2;

export class ClientConnection implements RequestSink, SocketOwner {
  readonly remoteAddress: string;
  readonly secure: boolean;
  readonly socket: StreamSocket;
  known: object | null = null;
  /** What a client sent before it was gone is of no use. */
  readonly expectsMore = false;
  readonly #home: Home;
  readonly #reader: RequestReader;
  readonly #deadline: Deadline;
  /** The client has ended its side, and is waited for. */
  #halfClosed: HalfClosed | null = null;
  #current: Http1Inbound | null = null;
  #life = OPEN;
  #reading = OUTSIDE;
  #input = READ;
  /** A reply and its request are over, and the next one may be read. */
  #turnOver = false;
  /** The client has ended its side. */
  #clientEnded = false;
  #discarded = 0;

  constructor(socket: Socket, remoteAddress: string, home: Home) {
    this.#home = home;
    this.remoteAddress = remoteAddress;
    this.secure = home.secure;
    this.#reader = new RequestReader(home.limits, this);
    this.#deadline = new Deadline(home, (phase) => this.#late(phase));
    this.socket = new StreamSocket(home.loop, socket, this, home.secure, home.writeTimeout);
    this.socket.accept();
  }

  get midMessage(): boolean {
    return this.#current?.bodyPending === true;
  }

  /** A reply that begins now is the last. */
  get closing(): boolean {
    return this.#life !== OPEN || this.#home.drain.begun;
  }

  get date(): string {
    return this.#home.date.text;
  }

  // ── what the socket says ───────────────────────────────────────────────────────────────────────────────────────

  received(bytes: Buffer, lent: boolean): void {
    if (this.#input === DISCARD) return this.#discard(bytes.length);
    this.#deadline.took(bytes.length);
    this.#reading = TAKING;
    this.#reader.push(bytes, lent);
    this.#reading = OUTSIDE;
    this.#settle();
  }

  ended(): void {
    this.#clientEnded = true;
    if (!this.#home.halfClose) this.#closeNext();
    if (!this.#over) this.#settle();
  }

  drained(): void {
    this.#current?.drained();
  }

  flushed(): void {
    this.#current?.flushed();
  }

  turnEnded(): void {
    this.#current?.turnEnded();
  }

  stalled(): void {
    this.socket.destroy();
  }

  closed(): void {
    this.#life = GONE;
    this.#stopClocks();
    const current = this.#current;
    this.#current = null;
    current?.lost();
    this.#home.left(this);
  }

  // ── what the reader says ───────────────────────────────────────────────────────────────────────────────────────

  head(head: RequestHead): void {
    if (this.#over) return;
    if (head.method === 'CONNECT') return this.#refuse(rowRefusal('METHOD_NOT_ALLOWED', this.date));
    const inbound = new Http1Inbound(this, head, this.#reading === REPLAYING ? '' : webSocket(head));
    this.#current = inbound;
    this.#home.accept(inbound);
    if (inbound.bodyPending && inbound.holdsBody) this.#pauseReader();
  }

  data(chunk: Buffer): void {
    if (!this.#over) this.#current!.piece(chunk);
  }

  end(trailers: Fields | null): void {
    if (this.#over) return;
    const current = this.#current!;
    current.whole(trailers);
    if (current.over) this.#turn();
  }

  refused(code: RuleCode): void {
    if (this.#over) return;
    if (this.#current === null) return this.#refuse(ruleRefusal(code, this.date));
    this.#breakBody(this.#current, 'malformed');
  }

  // ── what the request says ──────────────────────────────────────────────────────────────────────────────────────

  pauseBody(): void {
    if (this.#current?.bodyPending) this.#pauseReader();
  }

  resumeBody(): void {
    if (this.#input !== KEEP) return;
    this.#input = READ;
    if (this.#reading !== OUTSIDE) return this.#reader.resume();
    this.#reading = TAKING;
    this.#reader.resume();
    this.#reading = OUTSIDE;
    this.#settle();
  }

  overrun(inbound: Http1RequestBody): void {
    this.#closeNext();
    this.#input = DISCARD;
    if (inbound.over) this.#end();
  }

  finished(inbound: Http1RequestBody, close: boolean): void {
    if (this.#over || this.#current !== inbound) return;
    if (close || this.#life === LAST) return this.#end();
    if (!inbound.bodyPending) this.#turn();
    this.#settle();
  }

  broken(reset: boolean): void {
    if (this.#over) return;
    if (reset) this.socket.reset();
    else this.#end();
  }

  cut(): void {
    this.socket.destroy();
  }

  release(head: string | null): { socket: Duplex; early: Buffer } {
    this.#life = GONE;
    this.#current = null;
    this.#stopClocks();
    if (head === null) this.socket.destroy();
    else this.socket.text(head);
    const socket = this.socket.detach();
    this.#home.left(this);
    return { socket, early: this.#reader.takeRest() };
  }

  // ── in between ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** The edge drains: without a request the connection is kept for the grace, and the next reply is the last. */
  drain(): void {
    if (this.#over || this.#current !== null) return;
    if (this.#deadline.phase === 'idle') this.#idle();
  }

  /** The time to drain is over: what is under way ends with an answer of ours, or breaks. */
  shutDown(): void {
    if (this.#current?.over === false) this.#current.events.shutDown();
  }

  #turn(): void {
    this.#current = null;
    this.#turnOver = true;
  }

  /** After whatever happened: which deadline holds now, and is there more to read? */
  #settle(): void {
    if (this.#reading !== OUTSIDE) return;
    while (this.#turnOver && !this.#over) this.#next();
    if (this.#over) return;
    const current = this.#current;
    if (current === null) this.#between();
    else if (this.#clientEnded) this.#behindEnd(current);
    else if (current.bodyPending) this.#deadline.body(this.#input === KEEP);
    else this.#deadline.none();
    if (!this.#over) this.#throttle();
  }

  #next(): void {
    this.#turnOver = false;
    if (this.#life === LAST) return this.#end();
    this.#deadline.none();
    this.#reading = REPLAYING;
    this.#reader.next();
    this.#reading = OUTSIDE;
  }

  #between(): void {
    if (this.#reader.state !== 'idle') {
      if (this.#clientEnded) this.#refuse(rowRefusal('BAD_REQUEST', this.date));
      else this.#deadline.head();
    } else if (this.#life === LAST || this.#clientEnded) this.#end();
    else this.#idle();
  }

  #idle(): void {
    const { left } = this.#home.drain;
    if (left > 0) this.#deadline.idle(left);
    else this.#end();
  }

  /** The client has ended its side, and a request is under way. */
  #behindEnd(current: Http1Inbound): void {
    this.#deadline.none();
    if (current.over) this.#end();
    else if (current.answered) this.#closeNext();
    else if (!this.#home.halfClose || current.upgrade !== '' || !this.#isWhole(current)) this.socket.destroy();
    else {
      if (!current.bodyPending && this.#reader.buffered === 0) this.#closeNext();
      this.#halfClosed ??= new HalfClosed(this.socket, this.#home.loop.wheel);
      this.#halfClosed.wait(current);
    }
  }

  /** Can what is missing of a request be among what is kept? */
  #isWhole(current: Http1Inbound): boolean {
    if (!current.bodyPending) return true;
    if (this.#input !== KEEP) return false;
    return current.bodyLength < 0 || current.received + this.#reader.buffered >= current.bodyLength;
  }

  /** Reading stops while much is kept. */
  #throttle(): void {
    if (this.#reader.buffered > AHEAD_MAX) this.socket.pause();
    else this.socket.resume();
  }

  #pauseReader(): void {
    if (this.#input === READ) this.#input = KEEP;
    this.#deadline.hold();
    this.#reader.pause();
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #late(phase: Phase): void {
    if (phase === 'idle') this.#end();
    else if (phase === 'head') this.#refuse(rowRefusal('REQUEST_TIMEOUT', this.date));
    else if (phase === 'body') this.#bodyLate(this.#current!);
    else this.socket.destroy();
  }

  /** While a reply streams beside its request, the call lasts as long as that; what follows has a time of its own. */
  #bodyLate(current: Http1Inbound): void {
    if (current.answering && !current.answered) this.#deadline.none();
    else this.#breakBody(current, 'timeout');
  }

  /** The rest of a body cannot be read, so nothing behind it can. */
  #breakBody(current: Http1Inbound, why: 'malformed' | 'timeout'): void {
    this.#closeNext();
    this.#input = DISCARD;
    if (current.over) this.#end();
    else if (!current.answered) current.bodyBroke(why);
  }

  #refuse(reply: string): void {
    this.socket.text(reply);
    this.#end();
  }

  /** The reply under way, or the next one, is the last. */
  #closeNext(): void {
    if (this.#life === OPEN) this.#life = LAST;
  }

  /** Ends our side, and gives the client a moment to read what was sent and to end its own. */
  #end(): void {
    if (this.#over) return;
    this.#life = ENDED;
    this.#input = DISCARD;
    this.#discarded = 0;
    this.#current = null;
    this.#stopClocks();
    this.socket.end();
    this.#deadline.linger();
    this.socket.resume();
  }

  /** Nothing more is handed over or answered here. */
  get #over(): boolean {
    return this.#life >= ENDED;
  }

  #stopClocks(): void {
    this.#deadline.none();
    this.#halfClosed?.stop();
  }

  #discard(bytes: number): void {
    this.#discarded += bytes;
    if (this.#discarded <= DISCARD_MAX) return;
    if (this.#over) this.socket.destroy();
    else this.socket.pause();
  }
}

/** Only WebSocket is an upgrade here, in the form of RFC 6455 §4.1; RFC 9110 §7.8 lets every other one be ignored. */
function webSocket(head: RequestHead): string {
  return head.upgrade === 'websocket' && head.method === 'GET' ? 'websocket' : '';
}
