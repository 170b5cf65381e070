/** Replies from an upstream's connection (RFC 9112 §4 and §6.3). */
import { Fields } from '../fields/fields.ts';
import {
  CHUNKED,
  connectionOptions,
  framingFault,
  OPTION_CLOSE,
  OPTION_UPGRADE,
  persists,
  saidLength,
  UNSAID,
} from './framing.ts';
import {
  CHUNK_LINE,
  ENDED,
  FINISH,
  type HeadLimits,
  IDLE,
  LENGTH,
  MessageReader,
  type MessageSink,
  UNTIL_CLOSE,
} from './reader.ts';
import type { RuleCode } from './rules.ts';
import { StatusLine } from './status-line.ts';

/** Replies of 1xx before a final one. Nothing holds them back where a client reads slowly. */
export const INFORMED_MAX = 64;

/** The head of a final reply, judged. */
export interface ResponseHead {
  readonly status: number;
  /** As they came: order, case, duplicates; values without the space around them. Belongs to the sink. */
  readonly headers: Fields;
  /** Octets of the body, 0 where there is none, -1 where its end comes with the chunks or the connection. */
  readonly bodyLength: number;
  /** The upstream keeps the connection open behind this reply (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
}

export interface ResponseSink extends MessageSink {
  /** A reply of 1xx but 101; the final one follows. */
  informed(status: number, headers: Fields): void;
  head(head: ResponseHead): void;
}

/**
 * Reads one reply after each {@link ResponseReader.begin}: push bytes as they come, in any pieces. A reply without a
 * body ends within the push that brought its head, paused or not. A 101, and a 2xx to CONNECT, end at once: the rest is
 * not HTTP and is had from `takeRest`.
 */
export class ResponseReader extends MessageReader {
  readonly #sink: ResponseSink;
  readonly #line = new StatusLine();
  #method = '';
  #informed = 0;
  #options = 0;
  #keepAlive = false;
  #tunnel = false;
  #surplus = 0;
  #finished = false;

  constructor(limits: HeadLimits, to: ResponseSink) {
    super(limits, to, 0);
    this.#sink = to;
  }

  /** After the end: the connection may carry another request. */
  get reusable(): boolean {
    return this.mode === ENDED && this.#keepAlive && this.#surplus === 0 && !this.#finished;
  }

  /** A request with this method was sent. HEAD and CONNECT change what a reply looks like (RFC 9112 §6.3). */
  begin(method: string): void {
    if (this.mode !== IDLE && this.mode !== ENDED) return;
    this.#method = method;
    this.#informed = 0;
    if (this.mode === ENDED && !this.reusable) this.refuse('unsolicited');
    else this.#expectHead();
  }

  /** The connection has ended. A body that runs until then is whole; anything else that is under way is not. */
  finish(): void {
    this.#finished = true;
    if (this.drained) this.settle();
  }

  /** Applies the end of the connection once everything before it is read. */
  protected override settle(): void {
    if (!this.#finished || this.mode === IDLE || this.mode >= FINISH) return;
    if (this.mode !== UNTIL_CLOSE) this.refuse('truncated');
    else {
      this.mode = FINISH;
      this.run();
    }
  }

  #expectHead(): void {
    this.#line.reset();
    this.startHead();
  }

  protected scanHead(bytes: Buffer, at: number, end: number): number {
    const line = this.#line;
    let i = at;
    if (!line.done) {
      i = line.scan(bytes, i, end);
      this.code = line.code;
      if (!line.done) return i;
    }
    i = this.fields.scan(bytes, i, end, this.limits.fields);
    this.code = this.fields.code;
    return i;
  }

  protected unread(end: number): number {
    return this.#line.done ? this.fields.unread(end) : end;
  }

  protected moved(by: number): void {
    if (this.#line.done) this.fields.moved(by);
  }

  protected headRead(): void {
    const { status, old } = this.#line;
    const fault = this.#fault(status, old);
    if (fault !== '') {
      this.refuse(fault);
      return;
    }
    if (status < 200 && status !== 101) this.#inform(status);
    else this.#final(status, old);
  }

  #inform(status: number): void {
    const headers = Fields.read(this.fields);
    if (++this.#informed > INFORMED_MAX) {
      this.refuse('too-many-informed');
      return;
    }
    this.#expectHead();
    this.#sink.informed(status, headers);
  }

  #fault(status: number, old: boolean): RuleCode | '' {
    const { fields } = this;
    const fault = framingFault(fields, old);
    if (fault !== '') return fault;
    const said = saidLength(fields);
    if ((status < 200 || status === 204) && said !== UNSAID && said !== 0) return 'body-not-allowed';
    const options = connectionOptions(fields);
    if (options < 0) return 'bad-connection';
    this.#options = options;
    return status < 200 ? this.#informedFault(status, old) : '';
  }

  #informedFault(status: number, old: boolean): RuleCode | '' {
    if (old) return 'informed-in-old-version';
    if (status !== 101) return (this.#options & OPTION_CLOSE) !== 0 ? 'informed-and-closed' : '';
    return this.fields.upgrades === 1 && (this.#options & OPTION_UPGRADE) !== 0 ? '' : 'bad-upgrade';
  }

  /** RFC 9112 §6.3, in its order. */
  #final(status: number, old: boolean): void {
    const said = saidLength(this.fields);
    this.#tunnel = status === 101 || (this.#method === 'CONNECT' && status < 300);
    const bodiless = this.#tunnel || this.#method === 'HEAD' || status === 204 || status === 304;
    this.#keepAlive = !this.#tunnel && persists(this.#options, old);
    let bodyLength = -1;
    if (bodiless || said === 0) {
      bodyLength = 0;
      this.startBody(FINISH, 0);
    } else if (said === CHUNKED) this.startBody(CHUNK_LINE, 0);
    else if (said === UNSAID) {
      this.#keepAlive = false;
      this.startBody(UNTIL_CLOSE, 0);
    } else {
      bodyLength = said;
      this.startBody(LENGTH, said);
    }
    this.#sink.head({ status, headers: Fields.read(this.fields), bodyLength, keepAlive: this.#keepAlive });
  }

  protected ended(surplus: number): void {
    this.#surplus = surplus;
  }

  /** What comes without a request cannot be told from an answer to the next one: the connection is given up. */
  protected unexpected(octets: number): number {
    if (this.#tunnel && this.mode === ENDED) return 0;
    this.refuse('unsolicited');
    return octets;
  }
}
