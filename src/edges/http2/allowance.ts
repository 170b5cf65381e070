/** How often a client may do what costs it nothing: a bucket that refills with time. */
export class Allowance {
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  #since: number;

  /** `now`: milliseconds of a monotonic clock, as for {@link take}. */
  constructor(rate: { readonly burst: number; readonly perSecond: number }, now: number) {
    this.#burst = rate.burst;
    this.#perMs = rate.perSecond / 1000;
    this.#left = rate.burst;
    this.#since = now;
  }

  /** False where it was once too often. */
  take(now: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + (now - this.#since) * this.#perMs) - 1;
    this.#since = now;
    return this.#left >= 0;
  }
}
