/**
 * The memory that counters live in. It is shared: another thread reads it without asking, and it outlives the thread that
 * counts. Only that thread writes, so plain stores do; a reader sees each aligned 8-byte cell whole, if a little late.
 */

/** Cells of a block: 64 KB. */
const BLOCK = 8192;

/** Hands out runs of cells that are 0, and takes them back. */
export class CellMemory {
  readonly #free = new Map<number, Float64Array[]>();
  #block = new SharedArrayBuffer(0);
  #used = 0;

  /** `length` cells side by side, at most a block. */
  take(length: number): Float64Array {
    const freed = this.#free.get(length)?.pop();
    if (freed !== undefined) return freed;
    let end = this.#used + length * Float64Array.BYTES_PER_ELEMENT;
    if (end > this.#block.byteLength) {
      this.#block = new SharedArrayBuffer(BLOCK * Float64Array.BYTES_PER_ELEMENT);
      end = length * Float64Array.BYTES_PER_ELEMENT;
    }
    const cells = new Float64Array(this.#block, end - length * Float64Array.BYTES_PER_ELEMENT, length);
    this.#used = end;
    return cells;
  }

  /** Cells that nobody reads any more: they may be given to somebody else. */
  give(cells: Float64Array): void {
    cells.fill(0);
    const freed = this.#free.get(cells.length);
    if (freed) freed.push(cells);
    else this.#free.set(cells.length, [cells]);
  }
}
