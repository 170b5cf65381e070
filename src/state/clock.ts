/**
 * The clock of one thread. Reading the system's clock takes about 50 ns, and a request asks for the time a dozen times;
 * within one callback of the event loop the answer is always the same for all that anybody does with it.
 *
 * So the socket layer brackets its callbacks with {@link Clock.enter} and {@link Clock.leave}, and in between each of the
 * two clocks is read at most once. Outside (in promises, `nextTick`, anything that does not enter) every call reads
 * afresh, so that a reading is never older than the callback that it is asked for in.
 */
export class Clock {
  readonly #wall: () => number;
  readonly #steady: () => number;
  /** Callbacks entered and not left. */
  #depth = 0;
  /** What was read within the present callback; negative before that. */
  #now = -1;
  #monotonic = -1;

  /** Both in milliseconds: since the epoch, and of a clock that nobody sets. */
  constructor(wall: () => number = Date.now, steady: () => number = () => performance.now()) {
    this.#wall = wall;
    this.#steady = steady;
  }

  /** Callbacks entered and not left. */
  get depth(): number {
    return this.#depth;
  }

  /** A callback begins. Whoever enters leaves, whatever is thrown. */
  enter(): void {
    this.#depth++;
  }

  /** The callback is over, and what it read with it. */
  leave(): void {
    if (--this.#depth > 0) return;
    this.#now = -1;
    this.#monotonic = -1;
  }

  /** Runs `callback` between {@link enter} and {@link leave}. */
  within(callback: () => void): void {
    this.enter();
    try {
      callback();
    } finally {
      this.leave();
    }
  }

  /** Milliseconds since the epoch. A function of its own, to be handed on. */
  readonly now = (): number => {
    if (this.#depth === 0) return this.#wall();
    if (this.#now < 0) this.#now = this.#wall();
    return this.#now;
  };

  /** Milliseconds of a clock that nobody sets, fractional. */
  readonly monotonic = (): number => {
    if (this.#depth === 0) return this.#steady();
    if (this.#monotonic < 0) this.#monotonic = this.#steady();
    return this.#monotonic;
  };
}
