/** The request's body: read whole where a policy needs it or it is small, else streamed by an {@link Upload}. */
import type { Inbound, UpstreamCall } from '../../types/transport.ts';
import type { BodyBudget } from './body-budget.ts';
import { Pieces } from './pieces.ts';
import { Upload } from './upload.ts';

/** A body of known length up to this is taken whole: handing it over in one piece is far cheaper than a stream. */
const SMALL_BODY = 65536;

export class RequestBody {
  /** Bytes a body may have; set by the route. */
  limit = Number.POSITIVE_INFINITY;
  /** Bytes that came from the client. */
  received = 0;
  /** The whole body, from when all of it has come until the head of the reply; null for a streamed one. */
  whole: Buffer | null = null;
  /** 0 none, n known, -1 not known before its end. */
  length: number;
  /** The client is being read until the body is whole. */
  collecting = false;
  readonly #inbound: Inbound;
  readonly #budget: BodyBudget;
  /** Bytes of the whole body that count for the budget. */
  #held = 0;
  /** All of its length was counted when it began. */
  #reserved = false;
  #finished = false;
  #pieces: Pieces | null = null;
  #upload: Upload | null = null;

  constructor(inbound: Inbound, budget: BodyBudget) {
    this.#inbound = inbound;
    this.#budget = budget;
    this.length = inbound.bodyLength;
  }

  /** An attempt can be made without reading the client first. */
  get ready(): boolean {
    return this.length === 0 || this.whole !== null;
  }

  /** All of it has come from the client, or there is none. */
  get arrived(): boolean {
    return this.#finished || this.#inbound.bodyLength === 0;
  }

  get isSmall(): boolean {
    return this.length > 0 && this.length <= SMALL_BODY;
  }

  /** Reads a small body whole although no policy needs it; false where the budget has no room for it. */
  collectSmall(): boolean {
    if (!this.#budget.hasRoomFor(this.length)) return false;
    // Reserved at once: many bodies that begin together must not exceed the budget together.
    this.#hold(this.length);
    this.#reserved = true;
    this.collect();
    return true;
  }

  /** Can all of it be sent again? */
  get resendable(): boolean {
    return this.#upload === null || this.#upload.resendable;
  }

  /** The attempt takes more of it, and the client has sent none. */
  get waits(): boolean {
    return this.#upload?.waits ?? false;
  }

  // ── from the client ──

  /** Reads all of it before anything else is done with it. */
  collect(): void {
    this.collecting = true;
    this.#pieces = new Pieces();
    this.#inbound.readBody(true);
  }

  /** Takes a piece, or says why not: the body exceeds its limit, or this thread holds as many bytes of bodies as it may. */
  take(chunk: Buffer): 'taken' | 'too large' | 'no room' {
    this.received += chunk.length;
    if (this.received > this.limit) return 'too large';
    if (!this.collecting) {
      this.#upload?.piece(chunk);
      return 'taken';
    }
    if (!this.#reserved) {
      this.#hold(chunk.length);
      if (this.#budget.isExceeded) return 'no room';
    }
    this.#pieces!.push(chunk);
    return 'taken';
  }

  /** The client has sent all of it. */
  finish(): void {
    this.#finished = true;
    if (!this.collecting) return this.#upload?.finish();
    this.collecting = false;
    this.replace(this.#pieces!.join());
    this.#pieces = null;
  }

  /** A policy's own version of the body. */
  replace(body: Buffer | null): void {
    this.whole = body;
    this.length = body?.length ?? 0;
  }

  // ── to the upstream ──

  /** `call` gets a streamed body as soon as it asks for it. With `keep`, another attempt may follow. */
  sendTo(call: UpstreamCall, keep: boolean): void {
    if (this.ready) return;
    this.#upload ??= new Upload(this.#inbound, this.#budget);
    this.#upload.sendTo(call, keep);
  }

  /** The attempt takes more of a streamed body. */
  more(): void {
    this.#upload?.more();
  }

  /** The attempt has failed and another follows. */
  detach(): void {
    this.#upload?.detach();
  }

  /** No attempt will follow the present one, which goes on. */
  keepNoMore(): void {
    this.#letGo();
    this.#upload?.keepNoMore();
  }

  /** No attempt takes any more of it: what still comes is dropped. */
  close(): void {
    this.#letGo();
    this.collecting = false;
    this.#pieces = null;
    this.#upload?.close();
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    this.#budget.hold(bytes);
  }

  #letGo(): void {
    this.whole = null;
    this.#budget.release(this.#held);
    this.#held = 0;
  }
}
