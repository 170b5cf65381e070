/**
 * The memory that counters live in. It is shared: another thread reads it without asking, and it outlives the thread that
 * counts. Only that thread writes, so plain stores do; a reader sees each aligned 8-byte cell whole, if a little late.
 */

/** Cells of a block: 64 KB. */
const BLOCK = 8192;

/**
 * `length` cells side by side, from `start` of a block. Whoever counts writes through the block: a view for each of twenty
 * thousand series would be an object more in the way of every request, and in no cache.
 */
export interface Cells {
  readonly block: Float64Array;
  readonly start: number;
  readonly length: number;
}

/** A view of these cells alone, for others. */
export function viewOf({ block, start, length }: Cells): Float64Array {
  return block.subarray(start, start + length);
}

/** Hands out runs of cells that are 0, and takes them back. */
export class CellMemory {
  readonly #free = new Map<number, Cells[]>();
  #block = new Float64Array(new SharedArrayBuffer(0));
  #used = 0;

  /** `length` cells side by side, at most a block. */
  take(length: number): Cells {
    const freed = this.#free.get(length)?.pop();
    if (freed !== undefined) return freed;
    if (this.#used + length > this.#block.length) {
      this.#block = new Float64Array(new SharedArrayBuffer(BLOCK * Float64Array.BYTES_PER_ELEMENT));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return { block: this.#block, start, length };
  }

  /** Cells that nobody reads any more: they may be given to somebody else. */
  give(cells: Cells): void {
    cells.block.fill(0, cells.start, cells.start + cells.length);
    const freed = this.#free.get(cells.length);
    if (freed) freed.push(cells);
    else this.#free.set(cells.length, [cells]);
  }
}
