/**
 * Where a connection's reads go. Node's own way makes and trims an allocation of 64 KiB for every read and passes it
 * through a Readable; filling a block of our own, piece behind piece, saves about 0.7 µs of a request's 7. A byte of a
 * block is written once, so that whoever was given a view may keep it.
 */

/** An idle connection holds one of these, so it is small… */
const SMALL_BLOCK = 16 * 1024;
/** …until a reply fills it: then as much as one read can bring. */
const LARGE_BLOCK = 64 * 1024;

export class ReadBuffer {
  #block: Buffer = Buffer.allocUnsafeSlow(SMALL_BLOCK);
  #used = 0;
  #large = false;

  /** The place for the next read. Asking twice gives the same. */
  next(): Buffer {
    if (this.#block.length - this.#used < this.#block.length >> 2) {
      this.#block = Buffer.allocUnsafeSlow(this.#large ? LARGE_BLOCK : SMALL_BLOCK);
      this.#used = 0;
    }
    return this.#used === 0 ? this.#block : this.#block.subarray(this.#used);
  }

  /** The `size` bytes that were read into `place`, which `next` gave last. */
  take(place: Buffer, size: number): Buffer {
    this.#used += size;
    this.#large = size === place.length;
    return this.#large ? place : place.subarray(0, size);
  }
}
