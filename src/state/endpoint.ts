/** What running learns of one endpoint beside its breaker: requests in flight, latency, health. Lock-free. */

const HEALTH = 1;
const LATENCY = 2;
const SEEN_AT = 3;
/** One more than the highest slot in use, so that reading the sum costs no more than there are threads. */
const SLOTS_USED = 4;
const SLOT = 16;
const SLOTS = 64;

/** Latency is kept as Int32 microseconds: up to 35 minutes. */
const MICROS = 1000;
const MAX_LATENCY = 0x7fffffff;
/** Time constant of the average in ms: what is that old weighs 1/e. */
const TAU = 10_000;
/** Under load every sample counts at least this much, however soon it follows the last. */
const MIN_WEIGHT = 1 / 16;
/** An average that nothing has refreshed for this long (ms) is no longer known, so that a slow endpoint gets another try. */
const STALE = 60_000;

export class EndpointState {
  static readonly bytes: number = (SLOT + SLOTS) * 4;

  static identity(id: string, url: string): string {
    return `endpoint ${id} ${url}`;
  }

  readonly #words: Int32Array;
  readonly #slot: number;

  /** @param zone {@link EndpointState.bytes} of shared memory. @param thread number of this thread. */
  constructor(zone: SharedArrayBuffer, thread: number) {
    this.#words = new Int32Array(zone);
    const slot = thread % SLOTS;
    this.#slot = SLOT + slot;
    let used = Atomics.load(this.#words, SLOTS_USED);
    while (used <= slot) {
      const found = Atomics.compareExchange(this.#words, SLOTS_USED, used, slot + 1);
      if (found === used) break;
      used = found;
    }
  }

  /** Attempts under way over all threads. */
  inFlight(): number {
    const end = SLOT + Atomics.load(this.#words, SLOTS_USED);
    let sum = 0;
    for (let i = SLOT; i < end; i++) sum += Atomics.load(this.#words, i);
    return Math.max(0, sum);
  }

  started(): void {
    Atomics.add(this.#words, this.#slot, 1);
  }

  ended(): void {
    Atomics.sub(this.#words, this.#slot, 1);
  }

  /**
   * Forgets what a dead thread had in flight. Threads whose numbers are equal modulo 64 share a slot: with more than
   * 64 numbers ever given out, a living one's count can be lost with it until its requests end.
   */
  clearThread(thread: number): void {
    Atomics.store(this.#words, SLOT + (thread % SLOTS), 0);
  }

  /** Average time to the head of a reply in ms; 0 where unknown, or not refreshed for a minute before `now`. */
  latency(now?: number): number {
    const micros = Atomics.load(this.#words, LATENCY);
    if (now !== undefined && micros !== 0 && this.#age(now) > STALE) return 0;
    return micros / MICROS;
  }

  /**
   * Takes one measurement into the average, weighted by the time since the last. Two threads at once: both count, and
   * the weights are off by as much as their clocks differ.
   */
  observe(ms: number, now: number): void {
    const sample = Math.max(1, Math.min(Math.round(ms * MICROS), MAX_LATENCY));
    const weight = Math.max(MIN_WEIGHT, 1 - Math.exp(-this.#age(now) / TAU));
    Atomics.store(this.#words, SEEN_AT, now | 0);
    let old = Atomics.load(this.#words, LATENCY);
    for (;;) {
      const next = old === 0 ? sample : Math.max(1, Math.round(old + (sample - old) * weight));
      const found = Atomics.compareExchange(this.#words, LATENCY, old, next);
      if (found === old) return;
      old = found;
    }
  }

  healthy(): boolean {
    return Atomics.load(this.#words, HEALTH) === 0;
  }

  setHealthy(healthy: boolean): void {
    Atomics.store(this.#words, HEALTH, healthy ? 0 : 1);
  }

  /** Milliseconds since the last measurement, by the low 32 bits of the clock: right up to 24 days. */
  #age(now: number): number {
    return Math.max(0, ((now | 0) - Atomics.load(this.#words, SEEN_AT)) | 0);
  }
}
