/**
 * Where reads go. Node's own way makes an allocation of 64 KiB for every read, trims it and passes it through a Readable.
 * Here the connections of a thread share one block: what a read brings is lent to its receiver, who copies what it keeps. So
 * an idle connection holds no memory for its next read, and a head that is whole is never copied. One that fills the block
 * in the middle of a message has more to come, and reads into blocks of its own, uncopied, for as long as it fills them.
 */

/** As much as one read can bring. */
const BLOCK = 64 * 1024;

/** Views of the shared block are kept by the low bits of their length: the same heads come again and again. */
const VIEWS = 64;

/** No head, no text and no chunk has such an octet. */
const SPOILT = 0x01;

export class ReadBlocks {
  /** Where everybody reads who has no block; what stands in it counts only until the next read. */
  readonly #shared = Buffer.allocUnsafeSlow(BLOCK);
  readonly #views = new Array<Buffer | null>(VIEWS).fill(null);
  readonly #spoils: boolean;
  #next: Buffer | undefined = this.#shared;

  /** `spoils`: what was lent is written over when its time is over, so that a test sees who kept it. */
  constructor(spoils = false) {
    this.#spoils = spoils;
  }

  /**
   * The place for the next read: of whoever called {@link moveOn} just now, undefined where it stays as it is; or of a new
   * connection. A function of its own, as Node's `onread` takes one.
   */
  readonly place = (): Buffer => {
    const next = this.#next;
    this.#next = this.#shared;
    return next as Buffer; // Node leaves the place alone where this is none; its types leave that out
  };

  /** The `size` octets that were read into `place`: the receiver's to keep, unless they are {@link lends lent}. */
  take(size: number, place: Buffer): Buffer {
    if (place !== this.#shared) return size === place.length ? place : place.subarray(0, size);
    const known = this.#views[size % VIEWS];
    if (known?.length === size) return known;
    const view = place.subarray(0, size);
    this.#views[size % VIEWS] = view;
    return view;
  }

  /** Do octets that were read there count only until the receiver returns? */
  lends(place: Buffer): boolean {
    return place === this.#shared;
  }

  /** Where the connection that has just read reads next: `more` is to come at once. Node asks for it at once. */
  moveOn(size: number, place: Buffer, more: boolean): void {
    if (this.#spoils && place === this.#shared) place.fill(SPOILT, 0, size);
    if (more) this.#next = Buffer.allocUnsafeSlow(BLOCK);
    else this.#next = place === this.#shared ? undefined : this.#shared;
  }
}
