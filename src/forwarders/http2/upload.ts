/** A request's streamed body: kept until there is somewhere to send it, and held to its promised length. */
export class Upload {
  /** What is wrong with it, or ''. Nothing of it may go out any more. */
  fault = '';
  finished = false;
  /** Bytes still to come; -1 where that is not known. */
  #owed: number;
  readonly #early: Buffer[] = [];
  #to: { write(chunk: Buffer): boolean } | null = null;
  #blocked = false;

  constructor(length: number) {
    this.#owed = length;
  }

  /** False: the writer must wait until {@link unblock} says that it did. */
  write(chunk: Buffer): boolean {
    if (this.finished || this.fault !== '' || chunk.length === 0) return true;
    if (this.#owed >= 0) {
      this.#owed -= chunk.length;
      if (this.#owed < 0) this.fault = 'the body is longer than its length';
      if (this.fault !== '') return true;
    }
    if (this.#to === null) this.#early.push(chunk);
    else if (this.#to.write(chunk)) return true;
    this.#blocked = true;
    return false;
  }

  finish(): void {
    this.finished = true;
    if (this.#owed > 0) this.fault = 'the body is shorter than its length';
  }

  /** Sends what came so far, and from now on what comes. True: there is room for more. */
  sendTo(to: { write(chunk: Buffer): boolean }): boolean {
    this.#to = to;
    let free = true;
    for (const chunk of this.#early.splice(0)) free = to.write(chunk);
    return free;
  }

  /** There is room again. True: the writer was told to wait. */
  unblock(): boolean {
    const blocked = this.#blocked;
    this.#blocked = false;
    return blocked;
  }
}
