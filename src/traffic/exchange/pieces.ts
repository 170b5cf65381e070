/**
 * Pieces of a body in order. Small ones are copied behind one another: a body in chunks of one octet would otherwise
 * cost an object and a write for each, and a small piece would hold the whole block that it was read into.
 */

/** Smaller pieces are copied, but for the first: most small bodies are one piece. */
const SMALL = 4096;
const BLOCK = 8192;

export class Pieces {
  /** All that was sealed. */
  readonly list: Buffer[] = [];
  #begun = false;
  #block: Buffer | null = null;
  /** What is not sealed yet: octets of the block from `#from` up to `#used`. */
  #from = 0;
  #used = 0;

  /** Puts a piece behind the others. True: it was copied and is not in the list before {@link seal}. */
  push(chunk: Buffer): boolean {
    if (chunk.length >= SMALL || !this.#begun) {
      this.#begun = true;
      this.seal();
      this.list.push(chunk);
      return false;
    }
    if (this.#block === null || this.#used + chunk.length > BLOCK) this.#open();
    this.#used += chunk.copy(this.#block!, this.#used);
    return true;
  }

  #open(): void {
    this.seal();
    this.#block = Buffer.allocUnsafeSlow(BLOCK);
    this.#from = 0;
    this.#used = 0;
  }

  /** What was copied becomes a piece of the list. The rest of its block takes what comes next. */
  seal(): void {
    if (this.#used === this.#from) return;
    this.list.push(this.#block!.subarray(this.#from, this.#used));
    this.#from = this.#used;
  }

  /** Everything in one buffer, copied only where it was several. */
  join(): Buffer {
    this.seal();
    return this.list.length === 1 ? this.list[0]! : Buffer.concat(this.list);
  }

  /** Forgets the first `count` pieces of the list. */
  drop(count: number): void {
    this.list.splice(0, count);
  }

  clear(): void {
    this.list.length = 0;
    this.#block = null;
    this.#from = 0;
    this.#used = 0;
  }
}
