/** Bytes that came before their time: pushed while the reader is paused or waits for `next`. */

/** Pieces up to this size are copied together, or a drip of single bytes would cost an object for each. */
const SMALL = 1024;
const BLOCK = 8192;

export class Backlog {
  /** Bytes inside. */
  size = 0;
  readonly #pieces: Buffer[] = [];
  /** The last piece where it is our own block, and how much of the block is used. */
  #block: Buffer | null = null;
  #used = 0;

  /** Puts bytes behind the others. Large ones are kept as they are, uncopied. */
  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.size += bytes.length;
    if (bytes.length > SMALL) {
      this.#pieces.push(bytes);
      this.#block = null;
      return;
    }
    if (this.#block === null || this.#used + bytes.length > BLOCK) this.#openBlock();
    const block = this.#block!;
    const from = this.#used;
    this.#used += bytes.copy(block, from);
    const last = this.#pieces.length - 1;
    if (from === 0) this.#pieces.push(block.subarray(0, this.#used));
    else this.#pieces[last] = block.subarray(this.#used - this.#pieces[last]!.length - bytes.length, this.#used);
  }

  #openBlock(): void {
    this.#block = Buffer.allocUnsafeSlow(BLOCK);
    this.#used = 0;
  }

  /** Puts back what was left of the bytes that `shift` gave, or that were never inside. */
  unshift(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.size += bytes.length;
    if (this.#pieces.length === 0) this.#block = null;
    this.#pieces.unshift(bytes);
  }

  /** The first piece, or null. */
  shift(): Buffer | null {
    const bytes = this.#pieces.shift();
    if (bytes === undefined) return null;
    this.size -= bytes.length;
    if (this.#pieces.length === 0) this.#block = null;
    return bytes;
  }

  /** Everything inside as one buffer, copied where it was several. */
  takeAll(): Buffer {
    const all = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    this.clear();
    return all;
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#block = null;
    this.size = 0;
  }
}
