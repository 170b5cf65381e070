/** The body of one request, from a stream to the exchange. */
import type { ServerHttp2Stream } from 'node:http2';
import type { Fields } from '../../fields/fields.ts';
import type { InboundEvents } from '../../types/transport.ts';
import { UploadClock, type UploadTimes } from '../upload-clock.ts';

/** What is done with pieces of it. */
const HOLD = 0;
const READ = 1;
const DISCARD = 2;

/** Times in milliseconds, 0 for none. */
export interface BodyHome extends UploadTimes {
  readonly headerSize: number;
}

/** Who is told. */
export interface BodyOwner {
  readonly events: InboundEvents;
  /** Nothing may be told any more. */
  readonly over: boolean;
}

export class RequestBody {
  /** All of it has come, read or not. */
  whole: boolean;
  readonly #owner: BodyOwner;
  readonly #stream: ServerHttp2Stream;
  readonly #home: BodyHome;
  /** Null where the request came whole. */
  readonly #clock: UploadClock | null;
  #mode = HOLD;
  #paused = false;
  /** Its end or its failure was told. */
  #told = false;
  /** The stream is closed, and what of it is left unread is nobody's any more. */
  #cut = false;
  #trailers: Fields | null = null;
  #trailersTooLarge = false;

  constructor(owner: BodyOwner, stream: ServerHttp2Stream, home: BodyHome) {
    this.#owner = owner;
    this.#stream = stream;
    this.#home = home;
    this.whole = stream.endAfterHeaders;
    this.#clock = this.whole ? null : new UploadClock(home, () => this.#late());
    this.#clock?.start(0);
  }

  /** False where it was asked for before, or is not wanted any more. */
  read(): boolean {
    if (this.#mode !== HOLD) return false;
    this.#mode = READ;
    if (!this.#paused) this.#flow();
    return true;
  }

  pause(): void {
    if (this.#paused || this.#mode === DISCARD) return;
    this.#paused = true;
    this.#stream.pause();
    this.#clock?.hold();
  }

  resume(): void {
    if (!this.#paused || this.#mode === DISCARD) return;
    this.#paused = false;
    if (this.#mode === READ) this.#flow();
  }

  #flow(): void {
    this.#clock?.run();
    this.#stream.resume();
  }

  data(chunk: Buffer): void {
    this.#clock?.took(chunk.length);
    if (this.#mode === READ && !this.#cut && !this.#told && !this.#owner.over) this.#owner.events.bodyData(chunk);
  }

  trailersCame(trailers: Fields): void {
    this.#trailersTooLarge = trailers.octets > this.#home.headerSize;
    this.#trailers = trailers;
  }

  /** END_STREAM is here. */
  complete(): void {
    this.whole = true;
    this.#clock?.stop();
    if (this.#mode === DISCARD) this.#stream.resume();
  }

  /** All that came was read. */
  handedOn(): void {
    if (this.#mode !== READ || !this.whole || this.#cut || this.#told || this.#owner.over) return;
    if (this.#trailersTooLarge) return this.fail('malformed');
    this.#told = true;
    this.#owner.events.bodyEnd(this.#trailers);
  }

  fail(why: 'malformed' | 'timeout' | 'gone'): void {
    if (this.#told || this.#owner.over || this.#mode !== READ) return;
    this.#told = true;
    this.#owner.events.bodyFailed(why);
  }

  /** Nobody reads the rest. It stays where it is while the stream is open, so that the client cannot send without end. */
  discard(): void {
    this.#mode = DISCARD;
    this.#clock?.stop();
    if (this.whole || this.#cut) this.#stream.resume();
    else this.#stream.pause();
  }

  /** Node tells no end of a stream that holds something unread. */
  cut(): void {
    this.#cut = true;
    this.#stream.resume();
  }

  /** The stream is over. */
  close(): void {
    this.fail('gone');
    this.#clock?.stop();
  }

  /** A reply streams beside it: from now on the call lasts as long as the reply, however seldom the client says something. */
  untimed(): void {
    this.#clock?.stop();
  }

  #late(): void {
    this.fail('timeout');
  }
}
