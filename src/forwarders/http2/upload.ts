/** The body of a request on its way into a stream; a streamed one is held to its promised length. */
import type { Http2Stream } from 'node:http2';
import { Outflow } from '../../http2-streams/outflow.ts';

export class Http2Upload {
  /** What is wrong with it, or ''. Nothing of it may go out any more. */
  fault = '';
  readonly #outflow: Outflow;
  /** Bytes still to come; -1 where that is not known. */
  #missing: number;
  #finished = false;
  /** The writer waits for room; before the first piece it does. */
  #blocked = true;

  /** `length`: what was promised of a streamed body, -1 for nothing. */
  constructor(stream: Http2Stream, length: number) {
    this.#outflow = new Outflow(stream);
    this.#missing = length;
  }

  /** A body that is not streamed. */
  whole(body: Buffer): void {
    this.#finished = true;
    this.#outflow.end(body);
  }

  /** False: the writer must wait until {@link unblock} says that it did. */
  write(chunk: Buffer): boolean {
    if (this.#finished || this.fault !== '' || chunk.length === 0) return true;
    if (this.#missing >= 0) {
      this.#missing -= chunk.length;
      if (this.#missing < 0) this.fault = 'the body is longer than its length';
      if (this.fault !== '') return true;
    }
    if (this.#outflow.write(chunk)) return true;
    this.#blocked = true;
    return false;
  }

  /** The end of a streamed body. False where it came before. */
  finish(): boolean {
    if (this.#finished) return false;
    this.#finished = true;
    if (this.#missing > 0) this.fault = 'the body is shorter than its length';
    else this.#outflow.end(null);
    return true;
  }

  /** The stream has room. True: so has the writer, and more of the body is to come. */
  drained(): boolean {
    return this.#outflow.drained() && !this.#outflow.ending;
  }

  /** There is room again. True: the writer waited for it. */
  unblock(): boolean {
    const blocked = this.#blocked;
    this.#blocked = false;
    return blocked;
  }
}
