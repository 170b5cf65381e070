/** What the tests of src/state and of metrics run in worker threads. */
import { HistogramSeries } from '../metrics/counters.ts';
import { Breaker, type BreakerSettings } from '../state/breaker.ts';
import { RetryBudget } from '../state/budget.ts';
import { EndpointState } from '../state/endpoint.ts';
import { lock, lockWord, markLocks, unlock } from '../state/lock.ts';

/** Adds to a plain counter under the lock. */
export function countUnderLock({ zone, times }: { zone: SharedArrayBuffer; times: number }, index: number): void {
  const words = markLocks(zone, 1);
  const word = lockWord(0);
  for (let i = 0; i < times; i++) {
    lock(words, word, index + 1);
    words[word + 1]!++;
    unlock(words, word, index + 1);
  }
}

/** Takes the lock, leaves the guarded count half done, says so, and never comes back. */
export function dieInside({ zone, thread }: { zone: SharedArrayBuffer; thread: number }): void {
  const words = markLocks(zone, 1);
  lock(words, lockWord(0), thread);
  Atomics.store(words, lockWord(0) + 2, 1);
  Atomics.notify(words, lockWord(0) + 2);
  for (;;);
}

interface BreakerJob {
  readonly zone: SharedArrayBuffer;
  readonly settings: BreakerSettings;
  readonly times: number;
  readonly now: number;
}

/** Reports `times` failures and twice as many successes. */
export function reportOutcomes({ zone, settings, times, now }: BreakerJob, index: number): void {
  const breaker = new Breaker(zone, settings, index + 1);
  for (let i = 0; i < times; i++) {
    breaker.success(breaker.enter(now), now);
    breaker.failure(breaker.enter(now), now);
    breaker.success(breaker.enter(now), now);
  }
}

/** Reports `times` failures; gives how many attempts were let through. */
export function fail({ zone, settings, times, now }: BreakerJob, index: number): number {
  const breaker = new Breaker(zone, settings, index + 1);
  let entered = 0;
  for (let i = 0; i < times; i++) {
    const permit = breaker.enter(now);
    if (permit !== 0) entered++;
    breaker.failure(permit, now);
  }
  return entered;
}

/** Tries to enter `times` times and reports nothing. */
export function enterOnly({ zone, settings, times, now }: BreakerJob, index: number): number {
  const breaker = new Breaker(zone, settings, index + 1);
  let entered = 0;
  for (let i = 0; i < times; i++) if (breaker.enter(now) !== 0) entered++;
  return entered;
}

/** Counts `times` requests, then takes retries until the budget is spent; gives how many it got. */
export function spendBudget({ zone, times, now }: BreakerJob, index: number): number {
  const budget = new RetryBudget(zone, { ratio: 0.2, minimum: 1 }, index + 1);
  for (let i = 0; i < times; i++) budget.request(now);
  let taken = 0;
  for (let i = 0; i < times; i++) if (budget.take(now)) taken++;
  return taken;
}

/** Starts `times` attempts and ends all but one of them. */
export function attempts({ zone, times, now }: BreakerJob, index: number): void {
  const endpoint = new EndpointState(zone, index + 1);
  for (let i = 0; i < times; i++) {
    endpoint.started();
    endpoint.observe(20, now + i);
  }
  for (let i = 1; i < times; i++) endpoint.ended();
}

/** Observes in `cells` of a histogram until word 0 of `stop` is set, and then once more at least. */
export function observe({ cells, stop }: { readonly cells: Float64Array; readonly stop: Int32Array }): void {
  const histogram = new HistogramSeries({ open: () => cells }, '', '', {});
  do for (let i = 0; i < 100; i++) histogram.observe(0.0005);
  while (Atomics.load(stop, 0) === 0);
}
