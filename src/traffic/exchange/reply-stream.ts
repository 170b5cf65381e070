/** An upstream's reply on its way to the client: held while policies look at its head, then passed on as it comes. */
import { ERRORS, type ErrorCode, type Protocol } from '../../errors.ts';
import type { Fields } from '../../fields/fields.ts';
import { grpcTrailers } from '../../grpc.ts';
import type { Inbound } from '../../types/transport.ts';
import { endsEvent, errorEvent, isEventStream } from './sse.ts';

/** After a piece: send more, wait for the client, or the reply is whole. */
export type Flow = 'more' | 'wait' | 'whole';

/** Nothing is held; never added to. */
const NOTHING: Buffer[] = Object.freeze([]) as unknown as Buffer[];

export class ReplyStream {
  /** Length of the body; -1 where only its end will tell. */
  readonly length: number;
  /** Bytes that came from upstream. */
  received = 0;
  /** The upstream's reply is whole: nothing follows what is held. */
  ended = false;
  readonly #inbound: Inbound;
  #held: Buffer[] = NOTHING;
  #trailers: Fields | null = null;
  #eventStream = false;
  #betweenEvents = true;

  constructor(inbound: Inbound, length: number) {
    this.#inbound = inbound;
    this.length = length;
  }

  hold(chunk: Buffer): void {
    this.received += chunk.length;
    if (this.#held === NOTHING) this.#held = [chunk];
    else this.#held.push(chunk);
  }

  /** The upstream ended while its reply was held. */
  holdEnd(trailers: Fields | null): void {
    this.ended = true;
    this.#trailers = trailers;
  }

  /** The whole body, where it is held whole. */
  takeHeld(): Buffer | null {
    const held = this.#held;
    this.#held = NOTHING;
    return this.ended ? Buffer.concat(held) : null;
  }

  /** Writes the head and what was held. */
  start(status: number, headers: Fields): Flow {
    this.#eventStream = isEventStream(headers);
    this.#inbound.head(status, headers, this.length, false);
    let flow: Flow = 'more';
    for (const chunk of this.#held) flow = this.#write(chunk);
    this.#held = NOTHING;
    if (!this.ended) return flow;
    this.#inbound.end(this.#trailers, null);
    return 'whole';
  }

  /** Passes a piece on; the last one of a known length ends the reply with it. */
  forward(chunk: Buffer): Flow {
    this.received += chunk.length;
    if (this.received !== this.length) return this.#write(chunk);
    this.#inbound.end(null, chunk);
    return 'whole';
  }

  #write(chunk: Buffer): Flow {
    if (this.#eventStream) this.#betweenEvents = endsEvent(chunk);
    return this.#inbound.write(chunk) ? 'more' : 'wait';
  }

  end(trailers: Fields | null): void {
    this.#inbound.end(trailers, null);
  }

  /**
   * The reply cannot go on, for the reason that `code` says: the upstream died in the middle, or Weir must end. The client
   * must not take what it has for the whole. LLM SDKs believe an event stream that ends cleanly, so it gets an error event
   * where one fits, and a broken transfer in any case. gRPC clients believe the status behind the messages, and a broken
   * transfer without one is INTERNAL to them.
   */
  breakOff(code: ErrorCode, protocol: Protocol, requestId: string): void {
    const { status, message } = ERRORS[code];
    if (this.length < 0 && this.#inbound.isGrpc) return this.#inbound.end(grpcTrailers(status, message), null);
    // Behind a length that was told an event could be its very rest, and look like the end.
    const fits = this.#eventStream && this.#betweenEvents && this.length < 0;
    if (fits) this.#inbound.write(errorEvent(protocol, code, requestId));
    this.#inbound.destroy();
  }
}
