/** The body of one request, from a stream to the exchange. */
import type { ServerHttp2Stream } from 'node:http2';
import type { Fields } from '../../fields/fields.ts';
import { flow } from '../../http2-streams/stream-events.ts';
import { UploadClock, type UploadTimes } from '../upload-clock.ts';
import type { Http2Inbound } from './inbound.ts';

/*
 * What becomes of the body, in this order:
 *
 *   UNREAD → READING → TOLD → DISCARDED      each may be followed by the last one
 */
/** Nobody has asked for it. */
const UNREAD = 0;
/** Pieces go to the exchange. */
const READING = 1;
/** Its end or its failure was told. */
const TOLD = 2;
/** What is left of it is of no use to anybody. */
const DISCARDED = 3;

/** Times in milliseconds, 0 for none. */
export interface BodyHome extends UploadTimes {
  readonly headerSize: number;
}

export class Http2RequestBody {
  /** All of it has come, read or not. */
  whole: boolean;
  readonly #inbound: Http2Inbound;
  readonly #stream: ServerHttp2Stream;
  readonly #home: BodyHome;
  /** Null where the request came whole. */
  readonly #clock: UploadClock | null;
  #state = UNREAD;
  #paused = false;
  /** The stream is closed, and what of it is left unread is nobody's any more. */
  #cut = false;
  #trailers: Fields | null = null;

  constructor(inbound: Http2Inbound, stream: ServerHttp2Stream, home: BodyHome) {
    this.#inbound = inbound;
    this.#stream = stream;
    this.#home = home;
    this.whole = stream.endAfterHeaders;
    this.#clock = this.whole ? null : new UploadClock(home, () => this.#fail('timeout'));
    this.#clock?.start(0);
  }

  /** False where it was asked for before, or is not wanted any more. */
  read(): boolean {
    if (this.#state !== UNREAD) return false;
    this.#state = READING;
    if (!this.#paused) this.#flow();
    return true;
  }

  pause(): void {
    if (this.#paused || this.#state === DISCARDED) return;
    this.#paused = true;
    this.#stream.pause();
    this.#clock?.hold();
  }

  resume(): void {
    if (!this.#paused || this.#state === DISCARDED) return;
    this.#paused = false;
    if (this.#state !== UNREAD) this.#flow();
  }

  #flow(): void {
    this.#clock?.run();
    flow(this.#stream);
  }

  data(chunk: Buffer): void {
    this.#clock?.took(chunk.length);
    if (this.#isRead) this.#inbound.events.bodyData(chunk);
  }

  /** The exchange still hears of it. */
  get #isRead(): boolean {
    return this.#state === READING && !this.#cut && !this.#inbound.over;
  }

  trailersCame(trailers: Fields): void {
    this.#trailers = trailers;
  }

  /** END_STREAM is here. */
  complete(): void {
    this.whole = true;
    this.#clock?.stop();
    if (this.#state === DISCARDED) flow(this.#stream);
  }

  /** All that came was read. */
  handedOn(): void {
    if (!this.whole || !this.#isRead) return;
    if (this.#trailers !== null && this.#trailers.octets > this.#home.headerSize) return this.#fail('malformed');
    this.#state = TOLD;
    this.#inbound.events.bodyEnd(this.#trailers);
  }

  #fail(why: 'malformed' | 'timeout' | 'gone'): void {
    if (this.#state !== READING || this.#inbound.over) return;
    this.#state = TOLD;
    this.#inbound.events.bodyFailed(why);
  }

  /** Nobody reads the rest. It stays where it is while the stream is open, so that the client cannot send without end. */
  discard(): void {
    this.#state = DISCARDED;
    this.#clock?.stop();
    if (this.whole || this.#cut) flow(this.#stream);
    else this.#stream.pause();
  }

  /** Node tells no end of a stream that holds something unread. */
  cut(): void {
    this.#cut = true;
    flow(this.#stream);
  }

  /** The stream is over. */
  close(): void {
    this.#fail('gone');
    this.#clock?.stop();
  }

  /** A reply streams beside it: from now on the call lasts as long as the reply, however seldom the client says something. */
  untimed(): void {
    this.#clock?.stop();
  }
}
