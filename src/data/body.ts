/** The request's body on its way through: whole where a policy or its size says so, else streamed as it comes. */
import type { UpstreamCall } from '../types/transport.ts';

/** A body of known length up to this is taken whole: handing it over in one piece is far cheaper than a stream. */
const SMALL_BODY = 65536;

/** What of a streamed body is kept so that it can be sent again. */
const KEPT_FOR_RETRY = 262144;

export class RequestBody {
  /** Bytes a body may have; set by the route. */
  limit = Number.POSITIVE_INFINITY;
  /** Bytes that came from the client. */
  received = 0;
  /** The whole body once it is here; null before, and for streamed ones. */
  whole: Buffer | null = null;
  /** 0 none, n known, -1 not known before its end. */
  length: number;
  collecting = false;
  #finished: boolean;
  #pieces: Buffer[] = [];
  /** What was streamed is still all in `#pieces`. */
  #complete = true;

  constructor(length: number) {
    this.length = length;
    this.#finished = length === 0;
  }

  /** Nothing more to wait for before an attempt is made. */
  get ready(): boolean {
    return this.#finished || this.whole !== null;
  }

  get isSmall(): boolean {
    return this.length > 0 && this.length <= SMALL_BODY;
  }

  /** Can the body, as far as it has come, be sent once more? */
  get resendable(): boolean {
    return this.whole !== null || this.#complete;
  }

  collect(): void {
    this.collecting = true;
  }

  /** Takes a piece; false where the body outgrows its limit. */
  take(chunk: Buffer): boolean {
    this.received += chunk.length;
    if (this.received > this.limit) return false;
    if (this.collecting) this.#pieces.push(chunk);
    else this.#keep(chunk);
    return true;
  }

  #keep(chunk: Buffer): void {
    if (!this.#complete) return;
    if (this.received > KEPT_FOR_RETRY) {
      this.#complete = false;
      this.#pieces = [];
    } else this.#pieces.push(chunk);
  }

  finish(): void {
    this.#finished = true;
    if (!this.collecting) return;
    this.whole = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    this.length = this.whole.length;
    this.#pieces = [];
    this.collecting = false;
  }

  /** A policy's own version of the body. */
  replace(body: Buffer | null): void {
    this.whole = body;
    this.length = body?.length ?? 0;
    this.#finished = true;
  }

  /** Gives a new attempt what came of a streamed body before it was made. */
  resend(call: UpstreamCall): void {
    if (this.whole !== null || this.length === 0) return;
    for (const piece of this.#pieces) call.write(piece);
    if (this.#finished) call.finish();
  }
}
