/** What running learns of one endpoint beside its breaker: requests in flight, latency, health. Lock-free. */

/** The first word says what the zone is, so that {@link forgetInFlight} finds it among others. */
const HEALTH = 1;
const LATENCY = 2;
const SEEN_AT = 3;
/** One more than the highest slot in use, so that reading the sum costs no more than there are threads. */
const SLOTS_USED = 4;
/** When a measurement on a kept connection came last (low 32 bits of the clock in ms, as all times here); 0: never. */
const MEASURED_AT = 5;
/** When a request went there last only to measure it; 0: never. */
const EXPLORED_AT = 6;
/** Requests that passed it over since then, while it was due. */
const PASSED_OVER = 7;
/** Attempts in a row that told nothing about its latency. */
const UNTOLD = 8;
/** Requests in flight, a word for each thread, by its number. */
const SLOT = 16;

const MAGIC = 0x57656e64;

/** Latency is kept as Int32 microseconds: up to 35 minutes. */
const MICROS = 1000;
const MAX_LATENCY = 0x7fffffff;
/** Time constant of the average in ms: what is that old weighs 1/e. */
const TAU = 10_000;
/** Under load every sample counts at least this much, however soon it follows the last. */
const MIN_WEIGHT = 1 / 16;
/** An average that nothing has refreshed for this long (ms) is due to be measured again. */
const STALE = 60_000;
/** Milliseconds between two requests that go somewhere only to measure it, over all threads. */
const EXPLORE_EVERY = 10_000;
/** Requests that must have passed an endpoint over before one goes there to measure it: what exploring costs, at most. */
const EXPLORE_ONE_IN = 20;
/** So many attempts that told nothing about a stale average make it unknown. */
const FORGOTTEN_AFTER = 20;

export class EndpointState {
  /** Bytes of a zone for threads whose numbers are 0…`threads`. Whole cache lines. */
  static bytes(threads: number): number {
    return (SLOT + Math.ceil((threads + 1) / 16) * 16) * 4;
  }

  static identity(id: string, url: string): string {
    return `endpoint ${id} ${url}`;
  }

  readonly #words: Int32Array;
  readonly #slot: number;
  /**
   * Whether a cold measurement of this thread is to be followed by one on the connection that it made. With many threads
   * a rare request would find a cold connection every time. In vain where that one was not kept.
   */
  #followUp: 'none' | 'wanted' | 'sent' | 'vain' = 'none';

  /**
   * @param zone {@link EndpointState.bytes} of shared memory.
   * @param thread number of this thread: no living thread may share it.
   * @throws {RangeError} where the zone has no room for that number.
   */
  constructor(zone: SharedArrayBuffer, thread: number) {
    this.#words = new Int32Array(zone);
    this.#slot = SLOT + thread;
    if (this.#slot >= this.#words.length) throw new RangeError(`no room for thread ${thread} in an endpoint's state`);
    Atomics.store(this.#words, 0, MAGIC);
    let used = Atomics.load(this.#words, SLOTS_USED);
    while (used <= thread) {
      const found = Atomics.compareExchange(this.#words, SLOTS_USED, used, thread + 1);
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
   * Average time to the head of a reply in ms; 0 where unknown. One that no kept connection has refreshed for a minute
   * is still the best guess there is; {@link explore} says when it is due to be measured again.
   */
  latency(): number {
    return Atomics.load(this.#words, LATENCY) / MICROS;
  }

  /**
   * Takes one measurement into the average, weighted by the time since the last. Two threads at once: both count, and
   * the weights are off by as much as their clocks differ.
   * @param cold the time includes making a connection, or waiting for one. Such a measurement stands in while there is
   * no fresh one from a kept connection, and gives way to the first.
   */
  observe(ms: number, now: number, cold = false): void {
    if (Atomics.load(this.#words, UNTOLD) !== 0) Atomics.store(this.#words, UNTOLD, 0);
    const fresh = this.#isFresh(now);
    if (cold && fresh) return;
    if (!cold) this.#followUp = 'none';
    else if (this.#followUp === 'none') this.#followUp = 'wanted';
    else if (this.#followUp === 'sent') this.#followUp = 'vain';
    const sample = Math.max(1, Math.min(Math.round(ms * MICROS), MAX_LATENCY));
    const weight = cold || fresh ? Math.max(MIN_WEIGHT, 1 - Math.exp(-this.#since(SEEN_AT, now) / TAU)) : 1;
    Atomics.store(this.#words, SEEN_AT, stamp(now));
    if (!cold) Atomics.store(this.#words, MEASURED_AT, stamp(now));
    let old = Atomics.load(this.#words, LATENCY);
    for (;;) {
      const next = old === 0 ? sample : Math.max(1, Math.round(old + (sample - old) * weight));
      const found = Atomics.compareExchange(this.#words, LATENCY, old, next);
      if (found === old) return;
      old = found;
    }
  }

  /**
   * An attempt ended that told nothing about latency: it failed, or was refused without any work. An average that was
   * good once must not draw requests to an endpoint that only fails now: after a minute and twenty of these in a row it
   * is unknown.
   */
  untold(now: number): void {
    if (Atomics.load(this.#words, LATENCY) === 0 || this.#since(SEEN_AT, now) <= STALE) return;
    if (Atomics.add(this.#words, UNTOLD, 1) + 1 < FORGOTTEN_AFTER) return;
    Atomics.store(this.#words, UNTOLD, 0);
    Atomics.store(this.#words, MEASURED_AT, 0);
    Atomics.store(this.#words, LATENCY, 0);
  }

  /**
   * To be asked when a request is about to pass this endpoint over for faster ones: true where it should go here after
   * all, to measure it. That is so where the average is not fresh: at once if it has never been explored, else once in
   * {@link EXPLORE_EVERY} and after {@link EXPLORE_ONE_IN} requests, of all threads together; and where the answer was
   * cold, once more by the thread that has the connection now.
   */
  explore(now: number): boolean {
    if (this.#isFresh(now)) return false;
    if (this.#followsUp(now)) return true;
    const last = Atomics.load(this.#words, EXPLORED_AT);
    if (last !== 0) {
      if (Atomics.add(this.#words, PASSED_OVER, 1) + 1 < EXPLORE_ONE_IN) return false;
      if (this.#since(EXPLORED_AT, now) < EXPLORE_EVERY) return false;
    }
    if (Atomics.compareExchange(this.#words, EXPLORED_AT, last, stamp(now)) !== last) return false;
    Atomics.store(this.#words, PASSED_OVER, 0);
    return true;
  }

  /** Once the reply has ended, its connection is free, and for a while it will be kept. */
  #followsUp(now: number): boolean {
    if (this.#followUp !== 'wanted' || Atomics.load(this.#words, this.#slot) > 0) return false;
    const soon = this.#since(SEEN_AT, now) < EXPLORE_EVERY;
    this.#followUp = soon ? 'sent' : 'none';
    return soon;
  }

  healthy(): boolean {
    return Atomics.load(this.#words, HEALTH) === 0;
  }

  setHealthy(healthy: boolean): void {
    Atomics.store(this.#words, HEALTH, healthy ? 0 : 1);
  }

  #isFresh(now: number): boolean {
    return Atomics.load(this.#words, MEASURED_AT) !== 0 && this.#since(MEASURED_AT, now) <= STALE;
  }

  /**
   * Milliseconds between a time kept here and `now`, by the low 32 bits of the clock. A clock that was set back, or more
   * than 24 days, read as a long time, too.
   */
  #since(word: number, now: number): number {
    return Math.abs(((now | 0) - Atomics.load(this.#words, word)) | 0);
  }
}

/**
 * Forgets what a dead thread had in flight at the endpoint whose state this zone is; other zones are left alone. To be
 * called only after that thread has ended, and before another gets its number.
 */
export function forgetInFlight(zone: SharedArrayBuffer, thread: number): void {
  if (zone.byteLength <= (SLOT + thread) * 4) return;
  const words = new Int32Array(zone);
  if (Atomics.load(words, 0) === MAGIC) Atomics.store(words, SLOT + thread, 0);
}

/** `now` as it is kept: 0 stands for never. */
function stamp(now: number): number {
  return now | 0 || 1;
}
