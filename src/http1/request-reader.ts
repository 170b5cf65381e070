/** Requests from a client's connection, one after the other (RFC 9112 §3 and §6). */

import { isToken } from '../fields/chars.ts';
import { Fields } from '../fields/fields.ts';
import { CHUNKED, connectionOptions, framingFault, OPTION_UPGRADE, persists, saidLength } from './framing.ts';
import {
  CHUNK_LINE,
  ENDED,
  FINISH,
  HEAD,
  type HeadLimits,
  LENGTH,
  MessageReader,
  type MessageSink,
  type ReaderState,
} from './reader.ts';
import { RequestLine } from './request-line.ts';
import type { RuleCode } from './rules.ts';
import { isHost } from './target.ts';

export type { HeadLimits } from './reader.ts';

/** The head of a request, judged. */
export interface RequestHead {
  readonly method: string;
  /** As sent: origin, absolute, asterisk or authority form, whichever fits the method. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** As they came: order, case, duplicates; values without the space around them. Belongs to the sink. */
  readonly headers: Fields;
  /** Octets of the body, 0 where there is none, -1 where it is chunked. */
  readonly bodyLength: number;
  /** The client can send another request on this connection (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** The client waits for a 100 before it sends the body. Never of HTTP/1.0, never without a body. */
  readonly expectsContinue: boolean;
  /** Lower-case protocol of a request that may be upgraded: one token, named by `Connection`, no body; else ''. */
  readonly upgrade: string;
}

export interface RequestSink extends MessageSink {
  head(head: RequestHead): void;
}

/** A proxy adds its Host, what it forwards, an id and Via. */
const SPARE_LINES = 7;

/**
 * Reads requests: push bytes as they come, in any pieces. A request without a body ends within the push that brought
 * its head, paused or not. What follows it is kept until {@link RequestReader.next}.
 */
export class RequestReader extends MessageReader {
  readonly #sink: RequestSink;
  readonly #line = new RequestLine();
  #keepAlive = true;
  /** The last valid Host: on one connection it hardly ever changes. */
  #host = '';

  constructor(limits: HeadLimits, to: RequestSink) {
    super(limits, to, SPARE_LINES);
    this.#sink = to;
    this.startHead();
  }

  override get state(): ReaderState {
    return this.mode === HEAD && this.#line.untouched ? 'idle' : super.state;
  }

  /**
   * The exchange is over: reads the next request, beginning with what is kept. Nothing happens before the end of the
   * request, nor behind one after which the connection closes (RFC 9112 §9.6).
   */
  next(): void {
    if (this.mode !== ENDED || !this.#keepAlive) return;
    this.#line.reset();
    this.startHead();
    if (this.backlog.size > 0) this.run();
  }

  protected scanHead(bytes: Buffer, at: number, end: number): number {
    const line = this.#line;
    let i = at;
    if (!line.done) {
      i = line.scan(bytes, i, end, this.limits.targetBytes);
      this.code = line.code;
      if (!line.done) return i;
    }
    i = this.fields.scan(bytes, i, end, this.limits.fields);
    this.code = this.fields.code;
    return i;
  }

  protected unread(end: number): number {
    return this.#line.done ? this.fields.unread(end) : this.#line.unread(end);
  }

  protected moved(by: number): void {
    if (this.#line.done) this.fields.moved(by);
    else this.#line.moved(by);
  }

  /** Where not even the request line fits, its target is at fault (RFC 9110 §15.5.15), and no field. */
  protected override tooLarge(): RuleCode {
    return this.#line.done ? 'head-too-large' : 'target-too-long';
  }

  protected headRead(): void {
    const fault = this.#fault();
    if (fault !== '') {
      this.refuse(fault);
      return;
    }
    const options = connectionOptions(this.fields);
    if (options < 0) {
      this.refuse('bad-connection');
      return;
    }
    const said = saidLength(this.fields);
    if (said > 0) this.startBody(LENGTH, said);
    else if (said === CHUNKED) this.startBody(CHUNK_LINE, 0);
    else this.startBody(FINISH, 0);
    this.#sink.head(this.#judge(options, said === CHUNKED || said > 0 ? said : 0));
  }

  #fault(): RuleCode | '' {
    const { fields } = this;
    const { old, method } = this.#line;
    const fault = framingFault(fields, old);
    if (fault !== '') return fault;
    if (fields.hosts > 1) return 'two-hosts';
    if (fields.hosts === 0) {
      if (!old) return 'no-host';
    } else if (!this.#isHost(fields.value(fields.host))) return 'bad-host';
    if (method === 'CONNECT' && (fields.encodings > 0 || fields.lengths > 0)) return 'connect-with-body';
    return this.#expectation();
  }

  #isHost(value: string): boolean {
    if (value === this.#host) return value !== '';
    if (!isHost(value)) return false;
    // A copy: a part of the head's string would keep all of it in memory while the connection idles.
    this.#host = Buffer.from(value, 'latin1').toString('latin1');
    return true;
  }

  /** An expectation in HTTP/1.0 is ignored (RFC 9110 §10.1.1). */
  #expectation(): RuleCode | '' {
    const { expects, expect } = this.fields;
    if (expects === 0 || this.#line.old) return '';
    return expects > 1 || this.fields.value(expect).toLowerCase() !== '100-continue' ? 'unknown-expectation' : '';
  }

  #judge(options: number, bodyLength: number): RequestHead {
    const { fields } = this;
    const { method, target, old } = this.#line;
    this.#keepAlive = method !== 'CONNECT' && persists(options, old);
    return {
      method,
      target,
      version: old ? '1.0' : '1.1',
      headers: Fields.read(fields),
      bodyLength,
      keepAlive: this.#keepAlive,
      expectsContinue: fields.expects > 0 && bodyLength !== 0 && !old,
      upgrade: (options & OPTION_UPGRADE) !== 0 && bodyLength === 0 && !old ? this.#upgrade() : '',
    };
  }

  /** HTTP/1.0 has no upgrade, and one behind a body is an offer we decline (RFC 9110 §7.8). */
  #upgrade(): string {
    const { upgrades, upgrade } = this.fields;
    if (upgrades !== 1) return '';
    const protocol = this.fields.value(upgrade);
    return isToken(protocol) ? protocol.toLowerCase() : '';
  }

  protected ended(): void {}

  /** What follows a request waits for `next`. */
  protected unexpected(): number {
    return 0;
  }
}
