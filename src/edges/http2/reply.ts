/** The reply on one stream of a client, from its head to the close of the stream. */

import type { ServerHttp2Stream, ServerStreamResponseOptions } from 'node:http2';
import type { Fields } from '../../fields/fields.ts';
import { INTERNAL_ERROR, NO_ERROR } from '../../http2-streams/codes.ts';
import { fieldsObject } from '../../http2-streams/fields.ts';
import { Outflow } from '../../http2-streams/outflow.ts';
import { hasSentEnd, reset } from '../../http2-streams/stream-events.ts';
import { Timer } from '../../state/wheel.ts';
import { NO_BODY } from '../../types/transport.ts';
import type { Http2Inbound, StreamHome } from './inbound.ts';
import { ENDING_POLL_MS, LINGER_MS } from './limits.ts';
import { finalHead, hasNoBody, interimFields, trailerFields } from './reply-head.ts';
import {
  ABANDONED,
  BREAKING,
  CLOSED,
  CLOSING,
  ENDING,
  HELD,
  RESETTING,
  SENDING,
  STOPPING,
  TRAILING,
  WAITING,
} from './reply-states.ts';

/** Options of `respond`: the head alone, a body behind it, a body and trailers. */
const HEAD_ONLY = Object.freeze({ endStream: true, waitForTrailers: false });
const WITH_BODY = Object.freeze({ endStream: false, waitForTrailers: false });
const WITH_TRAILERS = Object.freeze({ endStream: false, waitForTrailers: true });

export class Http2Reply extends Timer {
  readonly #inbound: Http2Inbound;
  readonly #stream: ServerHttp2Stream;
  readonly #home: StreamHome;
  #state = WAITING;
  /** Made with the first piece of a body. */
  #outflow: Outflow | null = null;
  /** The head of a reply that is held. */
  #head: string[] | null = null;
  #trailers: Fields | null = null;
  /** Bytes still to come of a body whose length was promised; -1 where none was, so that trailers may follow. */
  #remaining = -1;
  #written = 0;
  /** Milliseconds for which its end, or anything of one that was broken off, did not leave. */
  #stalled = 0;

  constructor(inbound: Http2Inbound, stream: ServerHttp2Stream, home: StreamHome) {
    super();
    this.#inbound = inbound;
    this.#stream = stream;
    this.#home = home;
  }

  /** Nothing of it has been decided. */
  get waiting(): boolean {
    return this.#state === WAITING;
  }
  /** It did not end well, and never will. */
  get broken(): boolean {
    return this.#state >= BREAKING && this.#state < CLOSED;
  }
  /** `gone` or `done` was told. */
  get over(): boolean {
    return this.#state >= ABANDONED;
  }

  // ── what the exchange says ─────────────────────────────────────────────────────────────────────────────────────

  inform(status: number, headers: Fields): void {
    if (this.#state !== WAITING) return;
    const fields = interimFields(headers);
    if (fields === null || this.#isClosed) return;
    try {
      this.#stream.additionalHeaders(fieldsObject(fields, status));
    } catch {
      this.#break();
    }
  }

  /** Head and body at once. */
  whole(status: number, headers: Fields, body: Buffer): void {
    const head = this.#begin(status, headers, body.length);
    if (head === null) return;
    if (body.length === 0 || this.#isBodyless(status)) return this.#finishWith(head);
    this.#state = SENDING;
    this.#remaining = 0;
    this.#written = body.length;
    this.#respond(head, WITH_BODY);
    this.#finish(body);
  }

  /** `length` as `Inbound.head` has it. */
  head(status: number, headers: Fields, length: number): void {
    const head = this.#begin(status, headers, length);
    if (head === null) return;
    if (this.#isBodyless(status) || length === 0 || length === NO_BODY) {
      this.#state = HELD;
      this.#head = head;
      return;
    }
    this.#state = SENDING;
    this.#remaining = length;
    this.#inbound.body.untimed();
    this.#respond(head, length < 0 ? WITH_TRAILERS : WITH_BODY);
  }

  write(chunk: Buffer): boolean {
    if (this.#state !== SENDING || chunk.length === 0 || !this.#count(chunk.length)) return true;
    if (this.#out.write(chunk)) return true;
    this.#expectProgress();
    return false;
  }

  end(trailers: Fields | null, last: Buffer | null): void {
    if (this.#state === HELD) return this.#finishWith(this.#head!);
    if (this.#state !== SENDING) return;
    if (last !== null && last.length > 0 && !this.#count(last.length)) return;
    this.#trailers = trailers;
    if (this.#remaining <= 0) return this.#finish(last);
    // Less than was promised must not look whole (RFC 9113 §8.1.1).
    if (last !== null) this.#out.write(last);
    this.destroy();
  }

  destroy(): void {
    if (this.#state >= BREAKING) return;
    if (this.#state !== SENDING || this.#isClosed) return this.#break();
    this.#state = BREAKING;
    this.#inbound.body.discard();
    this.#stalled = 0;
    this.#home.wheel.set(this, ENDING_POLL_MS);
    this.#out.flush(() => this.#break());
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────

  get #out(): Outflow {
    this.#outflow ??= new Outflow(this.#stream);
    return this.#outflow;
  }

  /** Node has ended the stream; its last event follows. */
  get #isClosed(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  #isBodyless(status: number): boolean {
    return this.#inbound.method === 'HEAD' || hasNoBody(status);
  }

  /** The head of the reply, or null where there can be none any more. */
  #begin(status: number, headers: Fields, length: number): string[] | null {
    if (this.#state !== WAITING) return null;
    const head = finalHead(status, headers, length, this.#home.clock.text);
    // An upstream's control character, say, must neither reach the wire nor take the process along.
    if (head === null) this.#break();
    else this.#inbound.owner.replying();
    return head;
  }

  #respond(head: string[], options: ServerStreamResponseOptions): void {
    if (this.#isClosed) return;
    try {
      // A list, of which the types do not know yet, keeps the order of fields and repeated names.
      this.#stream.respond(head as unknown as Record<string, string>, options);
    } catch {
      this.#break();
    }
  }

  /** Counts what goes out; false where it is more than was promised. */
  #count(bytes: number): boolean {
    if (this.#remaining >= 0) {
      if (bytes > this.#remaining) {
        this.destroy();
        return false;
      }
      this.#remaining -= bytes;
    }
    this.#written += bytes;
    return true;
  }

  #finish(last: Buffer | null): void {
    if (this.#state >= BREAKING) return;
    this.#state = this.#remaining < 0 ? TRAILING : ENDING;
    this.#out.end(last);
    this.#expectProgress();
    this.#inbound.body.discard();
  }

  /** A reply without a body. */
  #finishWith(head: string[]): void {
    this.#respond(head, HEAD_ONLY);
    if (this.#state >= BREAKING) return;
    this.#state = ENDING;
    this.#expectProgress();
    this.#inbound.body.discard();
    // Node has ended our side of a HEAD long ago.
    if (this.#stream.writableFinished) this.#stopClient();
  }

  // ── what the stream says ───────────────────────────────────────────────────────────────────────────────────────

  sendTrailers(): void {
    if (this.#state !== TRAILING) return;
    try {
      this.#stream.sendTrailers(fieldsObject(trailerFields(this.#trailers)));
    } catch {
      this.#break();
    }
    // Node hands them on in an immediate of its own, made just now; what was written may be told as flushed before.
    setImmediate(trailersSent, this);
  }

  trailersSent(): void {
    if (this.#state !== TRAILING) return;
    this.#state = ENDING;
    this.#stopClient();
  }

  drained(): void {
    if (this.#state > BREAKING) return;
    const free = this.#out.drained();
    // Some of what was written has left: the rest has its time again.
    if (this.#state === BREAKING) this.#stalled = 0;
    else if (!free || this.#state !== SENDING) this.#expectProgress();
    else {
      this.#home.wheel.clear(this);
      this.#inbound.events.drained();
    }
  }

  flushed(): void {
    if (this.#state === ENDING) this.#stopClient();
  }

  /** The stream is over. `sent`: END_STREAM had gone out. `unsent`: octets that Node had and did not send. */
  closed(sent: boolean, unsent: number): void {
    this.#home.wheel.clear(this);
    const broken = this.broken;
    const done = sent && !broken && this.#state >= TRAILING;
    if (!done) this.#tellGone();
    else {
      this.#inbound.body.close();
      this.#state = CLOSED;
      this.#inbound.events.done(this.#written);
    }
    this.#state = CLOSED;
    this.#inbound.owner.finished(this.#inbound, !done && !broken, unsent);
  }

  /** The reply is out, and the rest of the request of no use to anybody (RFC 9113 §8.1). */
  #stopClient(): void {
    if (this.#inbound.body.whole || this.#state >= BREAKING || this.#isClosed) return;
    if (hasSentEnd(this.#stream)) return reset(this.#stream, NO_ERROR);
    const { wheel, writeTimeout } = this.#home;
    this.#state = STOPPING;
    this.#stalled += ENDING_POLL_MS;
    if (writeTimeout > 0 && this.#stalled > writeTimeout) this.#giveUp();
    else wheel.set(this, ENDING_POLL_MS);
  }

  // ── deadlines, and the end of those that miss them ─────────────────────────────────────────────────────────────

  #expectProgress(): void {
    const { wheel, writeTimeout } = this.#home;
    if (writeTimeout > 0) wheel.set(this, writeTimeout);
  }

  override onTimeout(): void {
    switch (this.#state) {
      case STOPPING:
        return this.#stopClient();
      case BREAKING:
        return this.#awaitFlush();
      case RESETTING:
      case ABANDONED:
        return this.#inbound.owner.stuck();
      default:
        return this.#giveUp();
    }
  }

  /** The client takes nothing. A reset may take its time; for the exchange this is the end. */
  #giveUp(): void {
    this.#break();
    this.#tellGone();
  }

  /**
   * The client took nothing since the last look. Looks are counted, not time: where this thread could not run for a
   * second, what the client took meanwhile was not heard of yet.
   */
  #awaitFlush(): void {
    this.#stalled += ENDING_POLL_MS;
    if (this.#stalled >= LINGER_MS) this.#giveUp();
    else this.#home.wheel.set(this, ENDING_POLL_MS);
  }

  /** Resets the stream; Node lets what stands before that go out first. `gone` follows when it is closed. */
  #break(): void {
    if (this.#state > BREAKING) return;
    this.#state = CLOSING;
    if (!this.#isClosed) {
      this.#state = RESETTING;
      this.#home.wheel.set(this, this.#home.writeTimeout || LINGER_MS);
      reset(this.#stream, INTERNAL_ERROR);
    }
    this.#inbound.body.discard();
  }

  #tellGone(): void {
    if (this.#state >= ABANDONED) return;
    this.#inbound.body.close();
    this.#state = ABANDONED;
    this.#inbound.events.gone();
  }
}

function trailersSent(reply: Http2Reply): void {
  reply.trailersSent();
}
