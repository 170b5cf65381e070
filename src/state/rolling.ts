/** Two counts over a rolling window, in shared memory. Not safe by itself: callers hold their lock. */

/** A window is this many buckets: what it covers is exact to a twentieth of its length. */
const BUCKETS = 20;
const FIRST = 2;
const SECOND = FIRST + BUCKETS;

export class Rolling {
  /** Bytes in a zone, at an offset that is a multiple of eight. */
  static readonly bytes: number = 8 + 4 * (SECOND + BUCKETS);

  readonly #width: number;
  /** Number of the newest bucket since the epoch. */
  readonly #newest: Float64Array;
  /** Totals of both counts, then their buckets. */
  readonly #counts: Int32Array;

  /** @param window its length in milliseconds; all who share the memory must agree on it. */
  constructor(zone: SharedArrayBuffer, offset: number, window: number) {
    this.#width = window / BUCKETS;
    this.#newest = new Float64Array(zone, offset, 1);
    this.#counts = new Int32Array(zone, offset + 8, SECOND + BUCKETS);
  }

  get first(): number {
    return this.#counts[0]!;
  }

  get second(): number {
    return this.#counts[1]!;
  }

  addFirst(): void {
    this.#counts[FIRST + (this.#newest[0]! % BUCKETS)]!++;
    this.#counts[0]!++;
  }

  addSecond(): void {
    this.#counts[SECOND + (this.#newest[0]! % BUCKETS)]!++;
    this.#counts[1]!++;
  }

  /** Moves the window on to `now`. A thread whose clock is a little behind counts into the newest bucket. */
  roll(now: number): void {
    const tick = Math.floor(now / this.#width);
    const newest = this.#newest[0]!;
    if (tick === newest) return;
    if (tick < newest) {
      // The clock was set back by more than a window: without this it would stand still until time catches up.
      if (newest - tick > BUCKETS) this.#restart(tick);
      return;
    }
    if (tick - newest >= BUCKETS) {
      this.#restart(tick);
      return;
    }
    for (let t = newest + 1; t <= tick; t++) this.#drop(t % BUCKETS);
    this.#newest[0] = tick;
  }

  clear(): void {
    this.#counts.fill(0);
  }

  /** Makes the totals right again after a thread died between two writes. */
  repair(): void {
    const counts = this.#counts;
    let first = 0;
    let second = 0;
    for (let i = 0; i < BUCKETS; i++) {
      first += counts[FIRST + i]!;
      second += counts[SECOND + i]!;
    }
    counts[0] = first;
    counts[1] = second;
  }

  #restart(tick: number): void {
    this.clear();
    this.#newest[0] = tick;
  }

  #drop(bucket: number): void {
    const counts = this.#counts;
    counts[0]! -= counts[FIRST + bucket]!;
    counts[1]! -= counts[SECOND + bucket]!;
    counts[FIRST + bucket] = 0;
    counts[SECOND + bucket] = 0;
  }
}
