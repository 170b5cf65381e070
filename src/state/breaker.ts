/**
 * The failure-rate breaker of one endpoint, exact across threads: its window, state and half-open leases live in a
 * shared zone; its settings do not, so that a reload can change limits and keep the counts.
 *
 * closed ──(rate reached)──▶ open ──(openFor over)──▶ half-open ──(all probes succeed)──▶ closed
 *                             ▲──────────────(a probe fails)─────────┘
 *
 * `enter` gives a permit; exactly one of `success`, `failure` and `cancel` hands it back. A permit names the
 * generation it was given in, and every change of state starts a new one: what an attempt of an older generation
 * reports counts nothing, so a late result from before the breaker opened is never taken for a probe's.
 *
 * A half-open probe is decided at the head of its reply, by `judge`: a stream may last for minutes, and the endpoint has
 * answered. `judge` trades the permit for another one, for the rest of the reply.
 */
import { lock, lockBytes, lockWord, markLocks, unlock } from './lock.ts';
import { Rolling } from './rolling.ts';

/** Milliseconds, counts, and a fraction 0…1. */
export interface BreakerSettings {
  readonly window: number;
  /** Results in the window below which the breaker stays closed. */
  readonly minRequests: number;
  /** The breaker opens when failures ÷ results is at least this. */
  readonly failureRate: number;
  readonly openFor: number;
  /** Attempts let through half-open, and successes that close it. At most {@link MAX_PROBES}. */
  readonly probes: number;
  /** A half-open lease not handed back within this time is free again. */
  readonly lease: number;
}

export type BreakerState = 'closed' | 'open' | 'halfOpen';

/** A change of state, told once, by the thread that made it. */
export interface BreakerChange {
  readonly to: BreakerState;
  /**
   * `rate`: too many failures in the window; `probe`: one failed; `time`: it was open long enough; `probes`: enough of them
   * succeeded; `force`: by hand.
   */
  readonly cause: 'rate' | 'probe' | 'time' | 'probes' | 'force';
  /** Results in the window when it opened by their rate; else 0. */
  readonly successes: number;
  readonly failures: number;
}

export const MAX_PROBES = 64;

const CLOSED = 0;
const OPEN = 1;
const HALF_OPEN = 2;
const NAMES: readonly BreakerState[] = ['closed', 'open', 'halfOpen'];
const CODES: Readonly<Record<BreakerState, number>> = { closed: CLOSED, open: OPEN, halfOpen: HALF_OPEN };

/** A permit is (generation + 1) × SERIALS + serial of the lease, 0 for none: never 0. */
const SERIALS = 4096;
/** In place of a lease's serial: the rest of a reply whose probe has succeeded. */
const JUDGED = SERIALS - 1;
/** Generations are counted modulo this. */
const GENERATIONS = 2 ** 29;

const LOCK = lockWord(0);
/**
 * generation << 2 | state, read without the lock. Written when all that a new state needs is written, so that a change of
 * state is whole or has not happened.
 */
const STATE = LOCK + 1;
const SUCCESSES = LOCK + 2;
const SERIAL = LOCK + 3;
/** Serial of each lease, 0 where free. */
const LEASES_AT = lockBytes(1);
/** Float64: when the breaker opened, then when each lease was given. */
const TIMES_AT = LEASES_AT + MAX_PROBES * 4;
const WINDOW_AT = TIMES_AT + (MAX_PROBES + 1) * 8;

export class Breaker {
  static readonly bytes: number = WINDOW_AT + Rolling.bytes;

  /** What the zone's content means: another endpoint, URL or window length starts afresh. */
  static identity(endpointId: string, url: string, window: number): string {
    return `breaker ${endpointId} ${url} ${window}`;
  }

  readonly #settings: BreakerSettings;
  readonly #probes: number;
  readonly #thread: number;
  readonly #words: Int32Array;
  readonly #leases: Int32Array;
  readonly #openedAt: Float64Array;
  readonly #leasedAt: Float64Array;
  readonly #window: Rolling;
  /** Is called after a change that this thread made, without the lock. */
  onChange: ((change: BreakerChange) => void) | null = null;
  /** Made under the lock and not told yet. */
  #change: BreakerChange | null = null;

  /** @param zone {@link Breaker.bytes} of shared memory, zeroed when new. @param thread number of this thread. */
  constructor(zone: SharedArrayBuffer, settings: BreakerSettings, thread: number) {
    this.#settings = settings;
    this.#probes = Math.max(1, Math.min(settings.probes, MAX_PROBES));
    this.#thread = thread;
    this.#words = markLocks(zone, 1);
    this.#leases = new Int32Array(zone, LEASES_AT, MAX_PROBES);
    this.#openedAt = new Float64Array(zone, TIMES_AT, 1);
    this.#leasedAt = new Float64Array(zone, TIMES_AT + 8, MAX_PROBES);
    this.#window = new Rolling(zone, WINDOW_AT, settings.window);
  }

  /** What a request coming now would meet: an open breaker whose time is over counts as half-open. */
  state(now: number): BreakerState {
    const state = this.#state();
    if (state !== OPEN) return NAMES[state]!;
    return this.retryAfter(now) > 0 ? 'open' : 'halfOpen';
  }

  /** Would `enter` let a request through now? Consumes nothing. */
  available(now: number): boolean {
    return this.#state() === CLOSED || this.retryAfter(now) === 0;
  }

  /** A permit for one attempt, or 0 where it is refused. Half-open, the permit is a lease on one probe. */
  enter(now: number): number {
    const word = Atomics.load(this.#words, STATE);
    if ((word & 3) === CLOSED) return permitOf(word, 0);
    this.#lock();
    const permit = this.#enterLocked(now);
    this.#unlock();
    return permit;
  }

  /**
   * The head of the reply is here, and says whether the endpoint is well. That is a probe's whole result: it counts now,
   * and its lease ends. Returns the permit for the rest of the reply, of which only a failure still counts, as that of
   * an ordinary request. Any other permit is returned as it is and counts at its end.
   */
  judge(permit: number, good: boolean, now: number): number {
    const serial = permit % SERIALS;
    if (serial === 0 || serial === JUDGED) return permit;
    this.#lock();
    const current = this.#isCurrent(permit);
    if (current) this.#judge(serial, now, good);
    this.#unlock();
    return current && good ? permit - serial + JUDGED : 0;
  }

  /** The attempt went well. */
  success(permit: number, now: number): void {
    this.#report(permit, now, true);
  }

  /** The attempt failed in a way that counts. */
  failure(permit: number, now: number): void {
    this.#report(permit, now, false);
  }

  /** The attempt was not made, or says nothing about the endpoint: gives a half-open lease back, counts nothing. */
  cancel(permit: number, _now: number): void {
    const serial = permit % SERIALS;
    if (serial === 0 || serial === JUDGED || !this.#isCurrent(permit)) return;
    this.#lock();
    if (this.#isCurrent(permit)) this.#giveBack(serial);
    this.#unlock();
  }

  /** Milliseconds until a request may be let through; 0 if now. */
  retryAfter(now: number): number {
    if (this.#state() === CLOSED) return 0;
    this.#lock();
    const wait = this.#waitLocked(now);
    this.#unlock();
    return wait;
  }

  /** Successes and failures in the window. */
  counts(now: number): { readonly successes: number; readonly failures: number } {
    this.#lock();
    this.#window.roll(now);
    const counts = { successes: this.#window.first, failures: this.#window.second };
    this.#unlock();
    return counts;
  }

  /** Puts the breaker into a state by hand: the `given:` of rule tests. */
  force(state: BreakerState, now: number): void {
    this.#lock();
    this.#become(CODES[state], now, 'force');
    this.#unlock();
  }

  #state(): number {
    return Atomics.load(this.#words, STATE) & 3;
  }

  #isCurrent(permit: number): boolean {
    return Math.floor(permit / SERIALS) === (Atomics.load(this.#words, STATE) >> 2) + 1;
  }

  #enterLocked(now: number): number {
    if (this.#state() === OPEN && this.#openLeft(now) === 0) this.#become(HALF_OPEN, now, 'time');
    // A reload may have lowered `probes` below what has already succeeded.
    else if (this.#state() === HALF_OPEN && this.#words[SUCCESSES]! >= this.#probes)
      this.#become(CLOSED, now, 'probes');
    const word = this.#words[STATE]!;
    if ((word & 3) === CLOSED) return permitOf(word, 0);
    if ((word & 3) === OPEN || this.#leaseLeft(now) > 0) return 0;
    return permitOf(word, this.#lease(now));
  }

  #report(permit: number, now: number, good: boolean): void {
    if (permit % SERIALS === JUDGED) {
      if (!good) this.#breakOff(permit, now);
      return;
    }
    if (permit === 0 || !this.#isCurrent(permit)) return;
    this.#lock();
    if (this.#isCurrent(permit)) {
      if (this.#state() === CLOSED) this.#count(now, good);
      else this.#judge(permit % SERIALS, now, good);
    }
    this.#unlock();
  }

  /**
   * The reply of a probe that had succeeded broke off. Closed since, the breaker counts a failure like any other; while
   * it waits for more probes to succeed, one has failed after all; in any later generation it is old news.
   */
  #breakOff(permit: number, now: number): void {
    this.#lock();
    const since = ((this.#words[STATE]! >> 2) + 1 - Math.floor(permit / SERIALS)) & (GENERATIONS - 1);
    if (since === 0) this.#become(OPEN, now, 'probe');
    else if (since === 1 && this.#state() === CLOSED) this.#count(now, false);
    this.#unlock();
  }

  #count(now: number, good: boolean): void {
    const window = this.#window;
    const { minRequests, failureRate } = this.#settings;
    window.roll(now);
    if (good) window.addFirst();
    else window.addSecond();
    const failures = window.second;
    if (failures === 0) return;
    const total = window.first + failures;
    if (total >= minRequests && failures >= failureRate * total) this.#become(OPEN, now, 'rate');
  }

  /** A probe's lease may have expired before its result came; the result is good evidence all the same. */
  #judge(serial: number, now: number, good: boolean): void {
    this.#giveBack(serial);
    if (!good) this.#become(OPEN, now, 'probe');
    else if (++this.#words[SUCCESSES]! >= this.#probes) this.#become(CLOSED, now, 'probes');
  }

  /** Starts a generation. The window is emptied last: a thread that dies before that has forgotten no failure. */
  #become(state: number, now: number, cause: BreakerChange['cause']): void {
    const [successes, failures] = cause === 'rate' ? [this.#window.first, this.#window.second] : [0, 0];
    this.#change = { to: NAMES[state]!, cause, successes, failures };
    const generation = ((this.#words[STATE]! >> 2) + 1) % GENERATIONS;
    this.#openedAt[0] = now;
    this.#leases.fill(0);
    this.#words[SUCCESSES] = 0;
    this.#words[SERIAL] = 0;
    Atomics.store(this.#words, STATE, (generation << 2) | state);
    this.#window.clear();
  }

  #waitLocked(now: number): number {
    const state = this.#state();
    if (state === CLOSED) return 0;
    return state === OPEN ? this.#openLeft(now) : this.#leaseLeft(now);
  }

  #openLeft(now: number): number {
    // Set back, the clock must not keep the breaker open until it catches up.
    if (this.#openedAt[0]! > now + this.#settings.openFor) this.#openedAt[0] = now;
    return Math.max(0, this.#openedAt[0]! + this.#settings.openFor - now);
  }

  /** Milliseconds until a lease can be given. Probes that succeeded keep their place: no more than needed get through. */
  #leaseLeft(now: number): number {
    let places = this.#probes - this.#words[SUCCESSES]!;
    if (places <= 0) return 0;
    let soonest = this.#settings.lease;
    for (let i = 0; i < MAX_PROBES; i++) {
      const left = this.#leases[i] === 0 ? 0 : this.#lifeOf(i, now);
      if (left === 0) continue;
      places--;
      if (left < soonest) soonest = left;
    }
    return places > 0 ? 0 : soonest;
  }

  #lifeOf(lease: number, now: number): number {
    const age = Math.abs(now - this.#leasedAt[lease]!);
    return Math.max(0, this.#settings.lease - age);
  }

  #lease(now: number): number {
    const serial = (this.#words[SERIAL]! % (JUDGED - 1)) + 1;
    this.#words[SERIAL] = serial;
    let i = 0;
    while (i < MAX_PROBES - 1 && this.#leases[i] !== 0 && this.#lifeOf(i, now) > 0) i++;
    this.#leasedAt[i] = now;
    this.#leases[i] = serial;
    return serial;
  }

  #giveBack(serial: number): void {
    const i = this.#leases.indexOf(serial);
    if (serial !== 0 && i >= 0) this.#leases[i] = 0;
  }

  #lock(): void {
    if (lock(this.#words, LOCK, this.#thread)) this.#window.repair();
  }

  #unlock(): void {
    unlock(this.#words, LOCK, this.#thread);
    const change = this.#change;
    if (change === null) return;
    this.#change = null;
    this.onChange?.(change);
  }
}

function permitOf(word: number, serial: number): number {
  return ((word >> 2) + 1) * SERIALS + serial;
}
