/**
 * The queue for a connection to one origin: first come, first served, bounded in length and in time. Waiting in it is no
 * fault of the endpoint's: who leaves it in vain fails as `busy`, with the time after which asking again makes sense.
 */
import type { Loop } from '../sockets/loop.ts';
import { Timer } from '../state/wheel.ts';
import type { QueuePlan } from '../types/plan.ts';
import type { Failure, QueueCounts, QueueStats } from '../types/transport.ts';

/** Weight of the newest turn in the average, as TCP smooths its round-trip time (RFC 6298 §2). */
const GAIN = 1 / 8;

/** Something that can stand in one {@link ConnectionQueue}; its deadline is the queue's meanwhile. The links are the queue's. */
export abstract class Waiter extends Timer {
  ahead: Waiter | null = null;
  behind: Waiter | null = null;
  /** On the monotonic clock, when it waited in the queue last. 0: it stands in none. */
  waitsSince = 0;
}

/** A doubly linked list, because a waiter may leave at any time. */
export class ConnectionQueue<W extends Waiter> implements QueueStats {
  waited = 0;
  waitedMs = 0;
  full = 0;
  late = 0;
  readonly #queue: QueuePlan;
  readonly #loop: Loop;
  readonly #counts: QueueCounts | null;
  readonly #crowded: ((queue: QueueStats) => void) | null;
  #first: W | null = null;
  #last: W | null = null;
  #size = 0;
  /** Milliseconds between two turns, averaged; 0 before the first one. */
  #pace = 0;
  /** When a turn came last, or since when somebody waits for one. */
  #turnAt = 0;

  /** `crowded` is called for each one that it refuses, that leaves it too late, or that finds it more than half full. */
  constructor(
    queue: QueuePlan,
    loop: Loop,
    crowded: ((queue: QueueStats) => void) | null = null,
    counts: QueueCounts | null = null,
  ) {
    this.#queue = queue;
    this.#counts = counts;
    this.#loop = loop;
    this.#crowded = crowded;
  }

  get waiting(): number {
    return this.#size;
  }

  /**
   * Puts `waiter` at the end, for as long as one may wait; or says that there is no room. `coming` of those who stand in
   * it have a connection on its way, which is no queue.
   */
  join(waiter: W, coming = 0): Failure | null {
    const ahead = this.#size - coming;
    if (ahead >= this.#queue.max) return this.#refuse();
    const now = this.#loop.clock.monotonic();
    if (this.#size === 0) this.#turnAt = now;
    waiter.waitsSince = now;
    this.#push(waiter);
    this.waited++;
    if (this.#counts !== null) this.#counts.waited.value++;
    this.extend(waiter);
    if (ahead + 1 > this.#queue.max / 2) this.#crowded?.(this);
    return null;
  }

  /** Lets `waiter` wait as long again. */
  extend(waiter: W): void {
    this.#loop.wheel.limit(waiter, this.#queue.wait);
  }

  /** Takes who waits longest out of it: its turn has come. Null where nobody waits. */
  next(): W | null {
    const waiter = this.#first;
    if (waiter !== null) this.turn(waiter);
    return waiter;
  }

  /** The turn of `waiter` has come. */
  turn(waiter: W): void {
    const now = this.#loop.clock.monotonic();
    const since = now - this.#turnAt;
    this.#pace = this.#pace === 0 ? since : this.#pace + (since - this.#pace) * GAIN;
    this.#turnAt = now;
    this.leave(waiter);
  }

  /** `waiter` stands in it no more. False where it did not. */
  leave(waiter: W): boolean {
    if (waiter.waitsSince === 0) return false;
    const ms = this.#loop.clock.monotonic() - waiter.waitsSince;
    this.waitedMs += ms;
    if (this.#counts !== null) this.#counts.waitedSeconds.value += ms / 1000;
    waiter.waitsSince = 0;
    this.#loop.wheel.clear(waiter);
    this.#remove(waiter);
    return true;
  }

  /** `waiter` has waited for as long as one may. */
  expire(waiter: W): Failure {
    const failure = this.failure();
    this.leave(waiter);
    this.late++;
    if (this.#counts !== null) this.#counts.late.value++;
    this.#crowded?.(this);
    return failure;
  }

  /** What waiting in vain is. */
  failure(detail = 'no connection became free in time'): Failure {
    return { reason: 'busy', detail, sent: false, retryAfter: this.#expected() };
  }

  #refuse(): Failure {
    this.full++;
    if (this.#counts !== null) this.#counts.full.value++;
    this.#crowded?.(this);
    return this.failure('the queue for a connection is full');
  }

  /**
   * Milliseconds until those who wait now have had their turn, and one more: by the pace of the turns lately, or slower
   * where the next turn is overdue. After the longest that one may wait they have left the queue at any rate.
   */
  #expected(): number {
    const overdue = this.#size === 0 ? 0 : this.#loop.clock.monotonic() - this.#turnAt;
    return Math.min(Math.max(this.#pace, overdue) * (this.#size + 1), this.#queue.wait);
  }

  #push(waiter: W): void {
    waiter.ahead = this.#last;
    if (this.#last) this.#last.behind = waiter;
    else this.#first = waiter;
    this.#last = waiter;
    this.#size++;
  }

  #remove(waiter: W): void {
    const ahead = waiter.ahead as W | null;
    const behind = waiter.behind as W | null;
    if (ahead) ahead.behind = behind;
    else this.#first = behind;
    if (behind) behind.ahead = ahead;
    else this.#last = ahead;
    waiter.ahead = null;
    waiter.behind = null;
    this.#size--;
  }
}

/** Where nobody ever waited. */
export const NO_QUEUE: QueueStats = Object.freeze({ waiting: 0, waited: 0, waitedMs: 0, full: 0, late: 0 });

/** What several lines are and did together. */
export function sumQueues(owners: Iterable<{ readonly queue: QueueStats }>): QueueStats {
  const sum = { ...NO_QUEUE };
  for (const { queue } of owners) {
    sum.waiting += queue.waiting;
    sum.waited += queue.waited;
    sum.waitedMs += queue.waitedMs;
    sum.full += queue.full;
    sum.late += queue.late;
  }
  return sum;
}
