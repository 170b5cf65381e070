/**
 * What is written to a stream, in small slices. Node tells nothing between the start and the end of one write, so a large
 * buffer handed over at once could not be told from one that is stuck; and no more of it than is useful stands in Node's
 * queues.
 */
import type { Http2Stream } from 'node:http2';

/** Two of them fill a stream's buffer. */
const SLICE = 32_768;

const NOTHING = Buffer.alloc(0);

export class Outflow {
  readonly #stream: Http2Stream;
  readonly #queue: Buffer[] = [];
  /** Bytes of the first in the queue that were handed on. */
  #taken = 0;
  #blocked = false;
  #ending = false;
  #ended = false;
  /** To be told that all has left, in place of ending the stream. */
  #flushed: (() => void) | null = null;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
  }

  /** Something waits for room. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** The end was asked for. */
  get ending(): boolean {
    return this.#ending;
  }

  /** False: `drained` must be called before there is room again. What is written meanwhile waits here. */
  write(chunk: Buffer): boolean {
    if (this.#ending) return true;
    this.#queue.push(chunk);
    return this.#pump();
  }

  /** Ends the stream behind what was written. */
  end(last: Buffer | null): void {
    if (this.#ending) return;
    if (last !== null && last.length > 0) this.#queue.push(last);
    this.#ending = true;
    this.#pump();
  }

  /** The stream has room. True: so has the writer. */
  drained(): boolean {
    this.#blocked = false;
    return this.#pump();
  }

  /** Calls `then` when all that was written has left, in a later turn. Not after `end`. Nothing can be written any more. */
  flush(then: () => void): void {
    this.#ending = true;
    this.#flushed = then;
    this.#pump();
  }

  #pump(): boolean {
    const stream = this.#stream;
    if (this.#ended || stream.closed || stream.destroyed) return true;
    while (this.#queue.length > 0) {
      if (this.#blocked) return false;
      const slice = this.#next();
      if (this.#ending && this.#queue.length === 0 && this.#flushed === null) {
        this.#ended = true;
        stream.end(slice);
        return true;
      }
      if (!stream.write(slice)) this.#blocked = true;
    }
    if (this.#ending) this.#finish();
    return !this.#blocked;
  }

  #finish(): void {
    this.#ended = true;
    const flushed = this.#flushed;
    if (flushed === null) this.#stream.end();
    // An empty write is how Node tells when the stream's turn has come, its head having gone out.
    else this.#stream.write(NOTHING, () => setImmediate(flushed));
  }

  #next(): Buffer {
    const first = this.#queue[0]!;
    const from = this.#taken;
    if (first.length - from > SLICE) {
      this.#taken += SLICE;
      return first.subarray(from, from + SLICE);
    }
    this.#queue.shift();
    this.#taken = 0;
    return from === 0 ? first : first.subarray(from);
  }
}
