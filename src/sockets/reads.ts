/**
 * Where reads go. Node's own way makes an allocation of 64 KiB for every read, trims it and passes it through a Readable.
 * Here the connections of a thread share one block: what a read brings is copied out of it, so that an idle connection
 * holds no memory for its next read. One that fills the block has more to come, and reads into blocks of its own,
 * uncopied, for as long as it fills them.
 */

/** As much as one read can bring. */
const BLOCK = 64 * 1024;

export class ReadBlocks {
  /** Where everybody reads who has no block; what stands in it counts only until the next read. */
  readonly #shared = Buffer.allocUnsafeSlow(BLOCK);
  #next: Buffer | undefined = this.#shared;

  /**
   * The place for the next read: of whoever called {@link moveOn} just now, undefined where it stays as it is; or of a new
   * connection. A function of its own, as Node's `onread` takes one.
   */
  readonly place = (): Buffer => {
    const next = this.#next;
    this.#next = this.#shared;
    return next as Buffer; // Node leaves the place alone where this is none; its types leave that out
  };

  /** The `size` octets that were read into `place`: the receiver's to keep, nobody writes there again. */
  take(size: number, place: Buffer): Buffer {
    if (place !== this.#shared) return size === place.length ? place : place.subarray(0, size);
    const bytes = Buffer.allocUnsafe(size);
    place.copy(bytes, 0, 0, size);
    return bytes;
  }

  /** Where the connection that has just read reads next. Node asks for it at once. */
  moveOn(size: number, place: Buffer): void {
    if (size === place.length) this.#next = Buffer.allocUnsafeSlow(BLOCK);
    else this.#next = place === this.#shared ? undefined : this.#shared;
  }
}
