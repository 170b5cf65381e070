/** What the connections of one edge know of its end. */
export class Drain {
  readonly #now: () => number;
  #until = Number.POSITIVE_INFINITY;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** `grace`: milliseconds that connections without a request are kept. Only the first call counts. */
  begin(grace: number): void {
    if (!this.begun) this.#until = this.#now() + grace;
  }

  get begun(): boolean {
    return this.#until !== Number.POSITIVE_INFINITY;
  }

  /** Milliseconds that a connection without a request still has; Infinity while nothing ends. */
  get left(): number {
    return this.begun ? Math.max(0, this.#until - this.#now()) : Number.POSITIVE_INFINITY;
  }
}
