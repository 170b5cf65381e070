/** What limits mean, said as plainly as can be, in whole numbers: for comparison only. */
import type { Limit } from '../../src/types/store.ts';

export interface LimitModel {
  advance(ms: number): void;
  /** Would `cost` pass if nothing else came for `ms` more? */
  wouldAllow(cost: number, ms: number): boolean;
  /** Is there any time at which `cost` passes? */
  everAllows(cost: number): boolean;
  take(cost: number): void;
  remaining(): number;
  /** Is the allowance as good as new after `ms`? */
  isWhole(ms: number): boolean;
}

export function modelOf(limit: Limit): LimitModel {
  return limit.algorithm === 'tokenBucket' ? new BucketModel(limit) : new WindowModel(limit);
}

/** Units used, in fractions of 1/per, so that a millisecond drains exactly `count` of them. */
class BucketModel implements LimitModel {
  readonly limit: Limit;
  used = 0;
  constructor(limit: Limit) {
    this.limit = limit;
  }
  after(ms: number): number {
    return Math.max(0, this.used - ms * this.limit.count);
  }
  advance(ms: number): void {
    this.used = this.after(ms);
  }
  wouldAllow(cost: number, ms: number): boolean {
    return this.after(ms) + cost * this.limit.per <= this.limit.burst * this.limit.per;
  }
  everAllows(cost: number): boolean {
    return cost <= this.limit.burst;
  }
  take(cost: number): void {
    this.used += cost * this.limit.per;
  }
  remaining(): number {
    return Math.floor((this.limit.burst * this.limit.per - this.used) / this.limit.per);
  }
  isWhole(ms: number): boolean {
    return this.after(ms) === 0;
  }
}

/** A list of when each unit was taken. */
class WindowModel implements LimitModel {
  readonly limit: Limit;
  readonly taken: number[] = [];
  /** The same instant that the stores under test start at. */
  now = MODEL_START;
  constructor(limit: Limit) {
    this.limit = limit;
  }
  /** Units that count at `at`, times `per`. */
  weight(at: number): number {
    const { per } = this.limit;
    const window = Math.floor(at / per);
    const inWindow = (n: number) => this.taken.filter((time) => Math.floor(time / per) === n).length;
    return inWindow(window) * per + inWindow(window - 1) * (per - (at - window * per));
  }
  advance(ms: number): void {
    this.now += ms;
  }
  wouldAllow(cost: number, ms: number): boolean {
    return this.weight(this.now + ms) + cost * this.limit.per <= this.limit.count * this.limit.per;
  }
  everAllows(cost: number): boolean {
    return cost <= this.limit.count;
  }
  take(cost: number): void {
    for (let i = 0; i < cost; i++) this.taken.push(this.now);
  }
  remaining(): number {
    return Math.max(0, Math.floor((this.limit.count * this.limit.per - this.weight(this.now)) / this.limit.per));
  }
  isWhole(ms: number): boolean {
    return this.weight(this.now + ms) === 0;
  }
}

/** Stores with virtual time start here (ms since the epoch). */
export const MODEL_START = 1_700_000_000_000;
