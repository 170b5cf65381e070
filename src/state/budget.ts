/**
 * The retry budget of one upstream, shared by all threads: retries may be at most a fraction of the requests of the
 * last ten seconds, so that a struggling upstream is not hit with a multiple of its load (Finagle's retry budget).
 */
import { lock, lockBytes, lockWord, markLocks, unlock } from './lock.ts';
import { Rolling } from './rolling.ts';

const WINDOW = 10_000;
const LOCK = lockWord(0);
const WINDOW_AT = lockBytes(1);

export interface BudgetSettings {
  /** Retries as a fraction of requests, 0…1. */
  readonly ratio: number;
  /** Retries a second that are always allowed, so that low traffic can retry at all. */
  readonly minimum: number;
}

export class RetryBudget {
  static readonly bytes: number = WINDOW_AT + Rolling.bytes;

  static identity(upstream: string): string {
    return `budget ${upstream}`;
  }

  readonly #settings: BudgetSettings;
  readonly #thread: number;
  readonly #words: Int32Array;
  /** Requests, then retries. */
  readonly #window: Rolling;

  /** @param zone {@link RetryBudget.bytes} of shared memory. @param thread number of this thread. */
  constructor(zone: SharedArrayBuffer, settings: BudgetSettings, thread: number) {
    this.#settings = settings;
    this.#thread = thread;
    this.#words = markLocks(zone, 1);
    this.#window = new Rolling(zone, WINDOW_AT, WINDOW);
  }

  /** Counts one request (its first attempt). */
  request(now: number): void {
    this.#lock();
    this.#window.roll(now);
    this.#window.addFirst();
    this.#unlock();
  }

  /** Takes one retry out of the budget; false where it is spent. */
  take(now: number): boolean {
    const { ratio, minimum } = this.#settings;
    this.#lock();
    const window = this.#window;
    window.roll(now);
    const allowed = window.second + 1 <= Math.floor(window.first * ratio + (minimum * WINDOW) / 1000 + 1e-9);
    if (allowed) window.addSecond();
    this.#unlock();
    return allowed;
  }

  #lock(): void {
    if (lock(this.#words, LOCK, this.#thread)) this.#window.repair();
  }

  #unlock(): void {
    unlock(this.#words, LOCK, this.#thread);
  }
}
