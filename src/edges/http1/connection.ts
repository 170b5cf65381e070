/**
 * One client connection: its requests one after the other, its end, and what to do with a client that stops sending.
 *
 * A client that shuts down its sending side (FIN) while a request is under way is gone, as in nginx: most have closed
 * altogether, which looks the same, and an upstream must not work for nobody. Only an answer that is whole already still
 * goes out. Where the listener says `halfClose`, such a client gets its answer: see {@link HalfClosed}.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HeaderList } from '../../headers.ts';
import { type HeadLimits, type RequestHead, RequestReader, type RequestSink } from '../../http1/request-reader.ts';
import type { RuleCode } from '../../http1/rules.ts';
import type { Clock } from '../../state/clock.ts';
import type { Accept } from '../../types/transport.ts';
import { Deadline, type Phase, type Times } from './deadline.ts';
import { HalfClosed } from './half-closed.ts';
import type { DateClock } from './heads.ts';
import { Http1Inbound } from './inbound.ts';
import { AHEAD_MAX, DISCARD_MAX } from './limits.ts';
import { Output } from './output.ts';
import { rowRefusal, ruleRefusal } from './refusals.ts';
import type { InboundOwner, RequestBody } from './request-body.ts';
import { detach, readOn, type SocketEvents } from './socket-events.ts';

/** What the connections of one edge share. */
export interface Home extends Times {
  readonly accept: Accept;
  readonly clock: Clock;
  readonly date: DateClock;
  readonly limits: HeadLimits;
  /** Milliseconds in which a client must take something; 0 for no limit. */
  readonly writeTimeout: number;
  readonly secure: boolean;
  /** A client that has shut down its sending side is waited for. */
  readonly halfClose: boolean;
  /** The connection is closed, or an upgrade took it. */
  left(connection: Connection): void;
}

export class Connection implements RequestSink, InboundOwner, SocketEvents {
  readonly remoteAddress: string;
  readonly secure: boolean;
  readonly output: Output;
  readonly #socket: Socket;
  readonly #home: Home;
  readonly #reader: RequestReader;
  readonly #deadline: Deadline;
  /** The client has ended its side, and is waited for. */
  #halfClosed: HalfClosed | null = null;
  #current: Http1Inbound | null = null;
  /** In the reader: what was made of it is looked at when it returns. */
  #reading = false;
  /** The connection ends with the reply under way, or with the next one. */
  #closing = false;
  /** A reply and its request are over, and the next one may be read. */
  #turnOver = false;
  /** The request that is read now was waiting behind another one. */
  #pipelined = false;
  #readerPaused = false;
  /** Nothing is read from the socket for now. */
  #full = false;
  /** The client has ended its side. */
  #ended = false;
  /** What comes is no longer read, only discarded within a bound. */
  #deaf = false;
  #discarded = 0;
  /** Nothing more is handed over or answered here. */
  #over = false;

  constructor(socket: Socket, remoteAddress: string, home: Home) {
    this.#socket = socket;
    this.#home = home;
    this.remoteAddress = remoteAddress;
    this.secure = home.secure;
    this.output = new Output(socket, home.secure, home.wheel, home.writeTimeout, () => this.#current?.flushed());
    this.#reader = new RequestReader(home.limits, this);
    this.#deadline = new Deadline(home, (phase) => this.#late(phase));
  }

  /** A reply that begins now is the last. */
  get closing(): boolean {
    return this.#closing || this.#home.drain.begun;
  }

  get date(): string {
    return this.#home.date.text;
  }

  // ── what the socket says ───────────────────────────────────────────────────────────────────────────────────────

  received(bytes: Buffer): boolean {
    const { clock } = this.#home;
    clock.enter();
    try {
      return this.#take(bytes);
    } finally {
      clock.leave();
    }
  }

  #take(bytes: Buffer): boolean {
    if (this.#deaf) this.#discard(bytes.length);
    else {
      this.#deadline.took(bytes.length);
      this.#reading = true;
      this.#reader.push(bytes);
      this.#reading = false;
      this.#settle();
    }
    return !this.#full;
  }

  ended(): void {
    this.#ended = true;
    if (!this.#home.halfClose) this.#closing = true;
    if (!this.#over) this.#settle();
  }

  drained(): void {
    this.output.drained();
    this.#current?.drained();
  }

  closed(): void {
    this.#over = true;
    this.#stopClocks();
    this.output.stop();
    const current = this.#current;
    this.#current = null;
    current?.lost();
    this.#home.left(this);
  }

  // ── what the reader says ───────────────────────────────────────────────────────────────────────────────────────

  head(head: RequestHead): void {
    if (this.#over) return;
    if (head.method === 'CONNECT') return this.#refuse(rowRefusal('METHOD_NOT_ALLOWED', this.date));
    const inbound = new Http1Inbound(this, head, this.#pipelined ? '' : webSocket(head));
    this.#current = inbound;
    this.#home.accept(inbound);
    if (inbound.bodyPending && inbound.holdsBody) this.#pauseReader();
  }

  data(chunk: Buffer): void {
    if (!this.#over) this.#current!.piece(chunk);
  }

  end(trailers: HeaderList | null): void {
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
    if (!this.#readerPaused || this.#deaf) return;
    this.#readerPaused = false;
    const outermost = !this.#reading;
    this.#reading = true;
    this.#reader.resume();
    if (!outermost) return;
    this.#reading = false;
    this.#settle();
  }

  overrun(inbound: RequestBody): void {
    this.#closing = true;
    this.#deaf = true;
    if (inbound.over) this.#end();
  }

  finished(inbound: RequestBody, close: boolean): void {
    if (this.#over || this.#current !== inbound) return;
    if (close || this.#closing) return this.#end();
    if (!inbound.bodyPending) this.#turn();
    this.#settle();
  }

  broken(reset: boolean): void {
    if (this.#over) return;
    if (!reset) this.#end();
    else if (this.secure)
      this.#socket.destroy(); // without the end that TLS has of its own
    else this.#socket.resetAndDestroy();
  }

  cut(): void {
    this.#socket.destroy();
  }

  release(head: string | null): { socket: Duplex; early: Buffer } {
    const socket = this.#socket;
    this.#over = true;
    this.#current = null;
    this.#stopClocks();
    if (head === null) socket.destroy();
    else this.output.text(head);
    this.output.flush();
    this.output.stop();
    detach(socket);
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
    if (this.#reading) return;
    while (this.#turnOver && !this.#over) this.#next();
    if (this.#over) return;
    const current = this.#current;
    if (current === null) this.#between();
    else if (this.#ended) this.#behindEnd(current);
    else if (current.bodyPending) this.#deadline.body(this.#readerPaused);
    else this.#deadline.none();
    if (!this.#over) this.#throttle();
  }

  #next(): void {
    this.#turnOver = false;
    if (this.#closing) return this.#end();
    this.#deadline.none();
    this.#reading = true;
    this.#pipelined = this.#reader.buffered > 0;
    this.#reader.next();
    this.#pipelined = false;
    this.#reading = false;
  }

  #between(): void {
    if (this.#reader.state !== 'idle') {
      if (this.#ended) this.#refuse(rowRefusal('BAD_REQUEST', this.date));
      else this.#deadline.head();
    } else if (this.#closing || this.#ended) this.#end();
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
    else if (current.answered) this.#closing = true;
    else if (!this.#home.halfClose || current.upgrade !== '' || !this.#isWhole(current)) this.#socket.destroy();
    else {
      if (!current.bodyPending && this.#reader.buffered === 0) this.#closing = true;
      this.#halfClosed ??= new HalfClosed(this.#socket, this.output, this.#home.wheel);
      this.#halfClosed.wait(current);
    }
  }

  /** Can what is missing of a request be among what is kept? */
  #isWhole(current: Http1Inbound): boolean {
    if (!current.bodyPending) return true;
    if (!this.#readerPaused) return false;
    return current.bodyLength < 0 || current.received + this.#reader.buffered >= current.bodyLength;
  }

  /** Reading stops while much is kept. */
  #throttle(): void {
    if (this.#reader.buffered > AHEAD_MAX) this.#full = true;
    else this.#readOn();
  }

  #readOn(): void {
    if (!this.#full) return;
    this.#full = false;
    readOn(this.#socket);
  }

  #pauseReader(): void {
    this.#readerPaused = true;
    this.#deadline.hold();
    this.#reader.pause();
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #late(phase: Phase): void {
    if (phase === 'idle') this.#end();
    else if (phase === 'head') this.#refuse(rowRefusal('REQUEST_TIMEOUT', this.date));
    else if (phase === 'body') this.#bodyLate(this.#current!);
    else this.#socket.destroy();
  }

  /** While a reply streams beside its request, the call lasts as long as that; what follows has a time of its own. */
  #bodyLate(current: Http1Inbound): void {
    if (current.answering && !current.answered) this.#deadline.none();
    else this.#breakBody(current, 'timeout');
  }

  /** The rest of a body cannot be read, so nothing behind it can. */
  #breakBody(current: Http1Inbound, why: 'malformed' | 'timeout'): void {
    this.#closing = true;
    this.#deaf = true;
    if (current.over) this.#end();
    else if (!current.answered) current.bodyBroke(why);
  }

  #refuse(reply: string): void {
    this.output.text(reply);
    this.#end();
  }

  /** Ends our side, and gives the client a moment to read what was sent and to end its own. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#deaf = true;
    this.#discarded = 0;
    this.#current = null;
    this.#stopClocks();
    this.output.flush();
    this.#socket.end();
    this.#deadline.linger();
    this.#readOn();
  }

  #stopClocks(): void {
    this.#deadline.none();
    this.#halfClosed?.stop();
  }

  #discard(bytes: number): void {
    this.#discarded += bytes;
    if (this.#discarded <= DISCARD_MAX) return;
    if (this.#over) this.#socket.destroy();
    else this.#full = true;
  }
}

/** Only WebSocket is an upgrade here, in the form of RFC 6455 §4.1; RFC 9110 §7.8 lets every other one be ignored. */
function webSocket(head: RequestHead): string {
  return head.upgrade === 'websocket' && head.method === 'GET' ? 'websocket' : '';
}
