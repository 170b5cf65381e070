/**
 * The two ways to count against a limit, on a few numbers in shared memory. Pure but for those numbers; callers hold
 * the lock. Zeroed numbers are a fresh, untouched allowance. Numbers are written in such an order that a thread which
 * dies in between leaves as much used as there was, or more, and never less.
 */
import type { Limit, Taken } from '../types/store.ts';

/** Numbers kept for a key: three of the algorithm's own, then what {@link Shares} goes by. */
export const LIMIT_WIDTH = 6;
/** Milliseconds that the allowance takes to become whole again when all of it is used. */
export const FULL_TIME = 3;
/** When a unit can be taken again (ms since the epoch); in the past where one can. */
export const FREE_AT = 4;
/** Whose key it is: the caller's to write. */
export const SHARER = 5;

/** Rounding must not cost a key its last unit. */
const EPSILON = 1e-6;
/** Clocks of threads differ by less than this (ms); a bucket further ahead comes from a clock that was set back. */
const SKEW = 1000;

/** Takes `cost` units of the allowance at `values[at]…`, or nothing. Refused units do not count. */
export function takeFrom(values: Float64Array, at: number, limit: Limit, cost: number, now: number): Taken {
  return limit.algorithm === 'tokenBucket'
    ? takeTokens(values, at, limit, cost, now)
    : takeSliding(values, at, limit, cost, now);
}

/**
 * Token bucket, kept as a level that drains: [units used, when that was right]. `burst` may be used at once, and it
 * drains at `count` per `per`. Kept in units, so that a changed limit finds what was used and not what was left.
 */
function takeTokens(values: Float64Array, at: number, { count, per, burst }: Limit, cost: number, now: number): Taken {
  const rate = count / per;
  let since = values[at + 1];
  let used = values[at];
  if (now >= since!) {
    used = Math.max(0, used! - (now - since!) * rate);
    since = now;
  } else if (since! - now > SKEW) since = now;
  const allowed = used! + cost <= burst + EPSILON;
  if (allowed) used! += cost;
  values[at + 1] = since!;
  values[at] = used!;
  values[at + FULL_TIME] = burst / rate;
  values[at + FREE_AT] = since! + (used! + 1 - burst - EPSILON) / rate;
  return {
    allowed,
    remaining: Math.max(0, Math.floor(burst - used! + EPSILON)),
    retryAfter: allowed ? 0 : atLeastOne((used! + cost - burst) / rate),
    resetAfter: used! <= EPSILON ? 0 : atLeastOne(used! / rate),
  };
}

/**
 * Sliding window as a weighted count: [number of the current fixed window, count of the one before, its own count].
 * The last `per` milliseconds hold what the current window counted and the overlapping share of the one before; with
 * an even flow that is exact, and it never lets more than `count` through in a fixed window. `burst` has no meaning here.
 */
function takeSliding(values: Float64Array, at: number, { count, per }: Limit, cost: number, now: number): Taken {
  rollSliding(values, at, Math.floor(now / per));
  const into = Math.max(0, now - values[at]! * per);
  const before = values[at + 1]!;
  const used = (before * (per - into)) / per + values[at + 2]!;
  const allowed = used + cost <= count + EPSILON;
  if (allowed) values[at + 2]! += cost;
  const current = values[at + 2]!;
  const left = count - used - (allowed ? cost : 0);
  const resetAfter = current > 0 ? Math.ceil(2 * per - into) : before > 0 ? Math.ceil(per - into) : 0;
  // As if it went back evenly: that keeps keys in order, which is all this is for.
  values[at + FULL_TIME] = (resetAfter * count) / Math.max(count - left, EPSILON);
  values[at + FREE_AT] = left + EPSILON >= 1 ? now : now + slidingWait(count - 1, before, current, per, into);
  return {
    allowed,
    remaining: Math.max(0, Math.floor(left + EPSILON)),
    retryAfter: allowed ? 0 : slidingWait(count - cost, before, current, per, into),
    resetAfter,
  };
}

function rollSliding(values: Float64Array, at: number, window: number): void {
  const stored = values[at]!;
  if (window > stored) {
    values[at] = window;
    values[at + 1] = window === stored + 1 ? values[at + 2]! : 0;
    values[at + 2] = 0;
    // One window ahead is another thread's clock; more is a clock that was set back.
  } else if (stored - window > 1) values[at] = window;
}

/** Milliseconds until no more than `room` units count, `into` ms into the current window. */
function slidingWait(room: number, before: number, current: number, per: number, into: number): number {
  if (room < 0) return Math.ceil(2 * per - into);
  if (current <= room) return atLeastOne(per - ((room - current) * per) / before - into);
  return atLeastOne(2 * per - (room * per) / current - into);
}

function atLeastOne(ms: number): number {
  return Number.isFinite(ms) ? Math.max(1, Math.ceil(ms - EPSILON)) : Number.MAX_SAFE_INTEGER;
}
