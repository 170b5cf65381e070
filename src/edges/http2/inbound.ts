/** One stream of a client, as the exchange sees it. */

import type { ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { ALLOW_USUAL, ERRORS, type ErrorCode, errorBody } from '../../errors.ts';
import { Fields } from '../../fields/fields.ts';
import { grpcErrorHead, isGrpcCall } from '../../grpc.ts';
import { INTERNAL_ERROR, NO_ERROR } from '../../http2-streams/codes.ts';
import { fieldsObject } from '../../http2-streams/fields.ts';
import { Outflow } from '../../http2-streams/outflow.ts';
import { attach, hasSentEnd, reset, type StreamEvents } from '../../http2-streams/stream-events.ts';
import { Timer } from '../../state/wheel.ts';
import { type Inbound, type InboundEvents, NO_BODY, type Peer } from '../../types/transport.ts';
import { ENDING_POLL_MS, LINGER_MS } from './limits.ts';
import { finalHead, hasNoBody, interimFields, trailerFields } from './reply-head.ts';
import { type BodyHome, type BodyOwner, RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';

/** What the streams of all connections of one edge share. Times in milliseconds, 0 for none. */
export interface StreamHome extends BodyHome {
  /** Value of the `Date` field. */
  readonly clock: { readonly text: string };
  /** In which a client must take something of what is sent to it. */
  readonly writeTimeout: number;
}

/** The connection a stream belongs to. */
export interface StreamOwner extends Peer {
  readonly home: StreamHome;
  readonly remoteAddress: string;
  /** The head of a reply is about to be sent. */
  replying(): void;
  /** The stream is over. `early`: it was cut short, and not by us. */
  finished(inbound: Http2Inbound, early: boolean): void;
  /** Not even a reset gets through to the client. */
  stuck(): void;
}

/** What the timer is for: bytes to be taken, the end of the reply to leave, one broken off to, a reset to get through. */
const SENDING = 0;
const ENDING = 1;
const BREAKING = 2;
const RESETTING = 3;

/**
 * Each stream is a message in a frame of its own, so an answer that `close`s ends its stream and leaves the connection
 * and its other streams alone. A reply without a body goes out when it is ended: nothing follows its head.
 */
export class Http2Inbound extends Timer implements Inbound, StreamEvents, BodyOwner {
  events: InboundEvents = NOBODY;
  readonly method: string;
  readonly target: string;
  readonly version = '2';
  readonly headers: Fields;
  readonly remoteAddress: string;
  readonly secure = true;
  readonly bodyLength: number;
  readonly upgrade = '';
  readonly expectsContinue: boolean;
  readonly peer: Peer;
  readonly isGrpc: boolean;
  /** `gone` or `done` was told. */
  over = false;

  readonly #owner: StreamOwner;
  readonly #stream: ServerHttp2Stream;
  readonly #body: RequestBody;
  readonly #outflow: Outflow;
  #phase = SENDING;
  /** Milliseconds for which the end of the reply, or anything of one that was broken off, did not leave. */
  #waited = 0;
  #answering = false;
  #bodyless = false;
  /** Head of a reply without a body, until it is ended. */
  #held: string[] | null = null;
  /** Trailers may follow the body: Node must ask for them before it ends the stream. */
  #trailing = false;
  #trailers: Fields | null = null;
  /** Bytes still to come of a body whose length was promised; -1 where none was. */
  #owed = -1;
  #written = 0;
  #ended = false;
  #broken = false;

  constructor(owner: StreamOwner, stream: ServerHttp2Stream, head: RequestHead) {
    super();
    this.#owner = owner;
    this.#stream = stream;
    this.#outflow = new Outflow(stream);
    this.method = head.method;
    this.target = head.target;
    this.headers = head.headers;
    this.remoteAddress = owner.remoteAddress;
    this.peer = owner;
    this.isGrpc = isGrpcCall(head.method, '2', head.headers);
    this.bodyLength = head.bodyLength;
    this.expectsContinue = head.expectsContinue;
    attach(stream, this);
    this.#body = new RequestBody(this, stream, owner.home);
  }

  /** Answers with a row of the error table, in place of the exchange. */
  refuse(code: ErrorCode): void {
    const { status, message } = ERRORS[code];
    const fields = Fields.from(REFUSAL_FIELDS);
    if (code === 'METHOD_NOT_ALLOWED') fields.addAll(ALLOW_USUAL);
    if (!this.isGrpc) return this.reply(status, fields, errorBody('generic', status, code, message, ''), true);
    this.head(200, grpcErrorHead(status, message, fields), NO_BODY, true);
    this.end(null, null);
  }

  // ── the request's body ─────────────────────────────────────────────────────────────────────────────────────────

  readBody(_whole: boolean): void {
    if (this.over || this.#broken || !this.#body.read()) return;
    if (this.expectsContinue && !this.#answering && !this.#body.whole) this.#interim(100, Fields.empty());
  }
  pauseBody(): void {
    this.#body.pause();
  }
  resumeBody(): void {
    this.#body.resume();
  }

  streamData(chunk: Buffer): void {
    this.#body.data(chunk);
  }
  streamTrailers(trailers: Fields): void {
    this.#body.trailersCame(trailers);
  }
  streamWhole(): void {
    if (!this.#body.whole) this.#body.complete();
  }
  streamCut(): void {
    this.#body.cut();
  }
  streamRead(): void {
    this.#body.handedOn();
  }

  // ── the reply ──────────────────────────────────────────────────────────────────────────────────────────────────

  inform(status: number, headers: Fields): void {
    if (status < 100 || status > 199 || status === 100 || status === 101) return;
    if (!this.#answering) this.#interim(status, headers);
  }

  reply(status: number, headers: Fields, body: string | Buffer, _close: boolean): void {
    const whole = typeof body === 'string' ? Buffer.from(body) : body;
    const head = this.#start(status, headers, whole.length);
    if (head === null) return;
    if (this.#bodyless || whole.length === 0) return this.#finishWith(head);
    this.#respond(head, false);
    this.#written = whole.length;
    this.#finish(whole);
  }

  head(status: number, headers: Fields, length: number, _close: boolean): void {
    const head = this.#start(status, headers, length);
    if (head === null) return;
    if (length === 0 || length === NO_BODY) this.#bodyless = true;
    this.#owed = length;
    this.#trailing = length < 0;
    if (this.#bodyless) {
      this.#held = head;
      return;
    }
    this.#body.untimed();
    this.#respond(head, false);
  }

  write(chunk: Buffer): boolean {
    if (!this.#open || this.#bodyless || chunk.length === 0 || !this.#owes(chunk.length)) return true;
    if (this.#outflow.write(chunk)) return true;
    this.#expectProgress();
    return false;
  }

  end(trailers: Fields | null, last: Buffer | null): void {
    if (!this.#open) return;
    if (this.#held !== null) return this.#finishWith(this.#held);
    if (last !== null && last.length > 0 && !this.#owes(last.length)) return;
    this.#trailers = trailers;
    if (this.#owed <= 0) return this.#finish(last);
    // Less than was promised must not look whole (RFC 9113 §8.1.1).
    if (last !== null) this.#outflow.write(last);
    this.destroy();
  }

  destroy(): void {
    if (this.over || this.#broken) return;
    if (!this.#open || this.#bodyless || this.#isClosed) return this.#break();
    this.#broken = true;
    this.#body.discard();
    this.#phase = BREAKING;
    this.#waited = 0;
    this.#owner.home.wheel.set(this, ENDING_POLL_MS);
    this.#outflow.flush(() => this.#break());
  }

  takeOver(_headers: Fields): { socket: Duplex; early: Buffer } {
    throw new Error('HTTP/2 has no upgrade, so none was offered');
  }

  /** A reply is under way and its end has not been handed over. */
  get #open(): boolean {
    return this.#answering && !this.#ended && !this.#broken && !this.over;
  }

  /** Node has ended the stream; `streamClosed` follows. */
  get #isClosed(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  #interim(status: number, headers: Fields): void {
    const fields = interimFields(headers);
    if (fields === null || this.#broken || this.over || this.#isClosed) return;
    try {
      this.#stream.additionalHeaders(fieldsObject(fields, status));
    } catch {
      this.#break();
    }
  }

  /** The head of the reply, or null where there can be none any more. */
  #start(status: number, headers: Fields, length: number): string[] | null {
    if (this.#answering || this.#broken || this.over) return null;
    const head = finalHead(status, headers, length, this.#owner.home.clock.text);
    // An upstream's control character, say, must neither reach the wire nor take the process along.
    if (head === null) this.#break();
    else this.#owner.replying();
    this.#answering = true;
    this.#bodyless = this.method === 'HEAD' || hasNoBody(status);
    return head;
  }

  #respond(head: string[], last: boolean): void {
    if (this.#isClosed) return;
    const waitForTrailers = this.#trailing && !last;
    if (waitForTrailers) this.#stream.once('wantTrailers', () => this.#sendTrailers());
    try {
      // A list, of which the types do not know yet, keeps the order of fields and repeated names.
      this.#stream.respond(head as unknown as Record<string, string>, { endStream: last, waitForTrailers });
    } catch {
      this.#break();
    }
  }

  #sendTrailers(): void {
    if (this.#broken) return;
    try {
      this.#stream.sendTrailers(fieldsObject(trailerFields(this.#trailers)));
    } catch {
      this.#break();
    }
    // Node hands them on in an immediate of its own, made just now; what was written may be told as flushed before.
    setImmediate(() => {
      this.#trailing = false;
      this.#stopClient();
    });
  }

  #finish(last: Buffer | null): void {
    if (this.#broken) return;
    this.#ended = true;
    this.#outflow.end(last);
    this.#expectProgress();
    this.#body.discard();
  }

  /** A reply without a body. */
  #finishWith(head: string[]): void {
    this.#trailing = false;
    this.#respond(head, true);
    if (this.#broken) return;
    this.#ended = true;
    this.#expectProgress();
    this.#body.discard();
    // Node has ended our side of a HEAD long ago.
    if (this.#stream.writableFinished) this.#stopClient();
  }

  /** Counts what goes out; false where it is more than was promised. */
  #owes(bytes: number): boolean {
    if (this.#owed >= 0) {
      if (bytes > this.#owed) {
        this.destroy();
        return false;
      }
      this.#owed -= bytes;
    }
    this.#written += bytes;
    return true;
  }

  streamDrained(): void {
    if (this.#phase === BREAKING) return this.#flushOn();
    if (this.#broken || this.over) return;
    const free = this.#outflow.drained();
    if (!free || this.#ended) return this.#expectProgress();
    this.#owner.home.wheel.clear(this);
    this.events.drained();
  }

  streamFlushed(): void {
    if (this.#ended && !this.#broken && !this.#trailing) this.#stopClient();
  }

  /** The reply is out, and the rest of the request of no use to anybody (RFC 9113 §8.1). */
  #stopClient(): void {
    if (this.#body.whole || this.#broken || this.over || this.#isClosed) return;
    if (hasSentEnd(this.#stream)) return reset(this.#stream, NO_ERROR);
    const { wheel, writeTimeout } = this.#owner.home;
    this.#phase = ENDING;
    this.#waited += ENDING_POLL_MS;
    if (writeTimeout > 0 && this.#waited > writeTimeout) this.#giveUp();
    else wheel.set(this, ENDING_POLL_MS);
  }

  #expectProgress(): void {
    const { wheel, writeTimeout } = this.#owner.home;
    if (writeTimeout > 0) wheel.set(this, writeTimeout);
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────

  override onTimeout(): void {
    if (this.#phase === RESETTING) this.#owner.stuck();
    else if (this.#phase === ENDING) this.#stopClient();
    else if (this.#phase === BREAKING) this.#waitOn();
    else this.#giveUp();
  }

  /** The client takes nothing. A reset may take its time; for the exchange this is the end. */
  #giveUp(): void {
    this.#break();
    this.#tellGone();
  }

  /** Some of what was written before the reply was broken off has left: the rest has its time again. */
  #flushOn(): void {
    if (this.over) return;
    this.#waited = 0;
    this.#outflow.drained();
  }

  /**
   * The client took nothing since the last look. Looks are counted, not time: where this thread could not run for a
   * second, what the client took meanwhile was not heard of yet.
   */
  #waitOn(): void {
    this.#waited += ENDING_POLL_MS;
    if (this.#waited >= LINGER_MS) this.#giveUp();
    else this.#owner.home.wheel.set(this, ENDING_POLL_MS);
  }

  /** Resets the stream; Node lets what stands before that go out first. `gone` follows when it is closed. */
  #break(): void {
    this.#broken = true;
    if (!this.#isClosed) {
      this.#phase = RESETTING;
      this.#owner.home.wheel.set(this, this.#owner.home.writeTimeout || LINGER_MS);
      reset(this.#stream, INTERNAL_ERROR);
    }
    this.#body.discard();
  }

  #tellGone(): void {
    if (this.over) return;
    this.#body.close();
    this.over = true;
    this.events.gone();
  }

  streamClosed(sent: boolean): void {
    this.#owner.home.wheel.clear(this);
    const done = sent && this.#ended && !this.#broken;
    if (!done) this.#tellGone();
    else if (!this.over) {
      this.#body.close();
      this.over = true;
      this.events.done(this.#written);
    }
    this.#owner.finished(this, !done && !this.#broken);
  }
}

const REFUSAL_FIELDS: readonly string[] = ['content-type', 'application/problem+json', 'cache-control', 'no-store'];

/** Told about requests that are refused here. */
const NOBODY: InboundEvents = Object.freeze({
  bodyData() {},
  bodyEnd() {},
  bodyFailed() {},
  drained() {},
  gone() {},
  shutDown() {},
  done() {},
});
