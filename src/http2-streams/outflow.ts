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
  /** What waits for room; null where nothing ever did. */
  #queue: Buffer[] | null = null;
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
    if (!this.#isDirect(chunk)) return this.#enqueue(chunk);
    if (!this.#stream.write(chunk)) this.#blocked = true;
    return !this.#blocked;
  }

  /** Ends the stream behind what was written. */
  end(last: Buffer | null): void {
    if (this.#ending) return;
    this.#ending = true;
    if (last === null || last.length === 0) this.#pump();
    else if (!this.#isDirect(last)) this.#enqueue(last);
    else {
      this.#ended = true;
      this.#stream.end(last);
    }
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

  /** Nothing stands before `chunk`, and it need not be cut: one that need not pass through the queue. */
  #isDirect(chunk: Buffer): boolean {
    if (chunk.length > SLICE || this.#blocked) return false;
    return (this.#queue === null || this.#queue.length === 0) && this.#isOpen;
  }

  get #isOpen(): boolean {
    return !this.#stream.closed && !this.#stream.destroyed;
  }

  #enqueue(chunk: Buffer): boolean {
    this.#queue ??= [];
    this.#queue.push(chunk);
    return this.#pump();
  }

  #pump(): boolean {
    if (this.#ended || !this.#isOpen) return true;
    const stream = this.#stream;
    const queue = this.#queue;
    while (queue !== null && queue.length > 0) {
      if (this.#blocked) return false;
      const slice = this.#next(queue);
      if (this.#ending && queue.length === 0 && this.#flushed === null) {
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

  #next(queue: Buffer[]): Buffer {
    const first = queue[0]!;
    const from = this.#taken;
    if (first.length - from > SLICE) {
      this.#taken += SLICE;
      return first.subarray(from, from + SLICE);
    }
    queue.shift();
    this.#taken = 0;
    return from === 0 ? first : first.subarray(from);
  }
}
