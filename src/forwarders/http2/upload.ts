/** A request's streamed body on its way into a stream, held to its promised length. */
export class Upload {
  /** What is wrong with it, or ''. Nothing of it may go out any more. */
  fault = '';
  finished = false;
  /** Bytes still to come; -1 where that is not known. */
  #missing: number;
  /** The writer waits for room; before the first piece it does. */
  #blocked = true;

  constructor(length: number) {
    this.#missing = length;
  }

  /** False: the writer must wait until {@link unblock} says that it did. */
  write(chunk: Buffer, to: { write(chunk: Buffer): boolean }): boolean {
    if (this.finished || this.fault !== '' || chunk.length === 0) return true;
    if (this.#missing >= 0) {
      this.#missing -= chunk.length;
      if (this.#missing < 0) this.fault = 'the body is longer than its length';
      if (this.fault !== '') return true;
    }
    if (to.write(chunk)) return true;
    this.#blocked = true;
    return false;
  }

  finish(): void {
    this.finished = true;
    if (this.#missing > 0) this.fault = 'the body is shorter than its length';
  }

  /** There is room again. True: the writer waited for it. */
  unblock(): boolean {
    const blocked = this.#blocked;
    this.#blocked = false;
    return blocked;
  }
}
