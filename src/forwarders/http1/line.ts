/** Who waits for a connection, first come first served; a doubly linked list, because a waiter may leave at any time. */
import { Timed } from '../deadlines.ts';

/** Something that can stand in one {@link Line}. The links are the line's. */
export abstract class Waiter extends Timed {
  ahead: Waiter | null = null;
  behind: Waiter | null = null;
  /** On the monotonic clock, when it stood in line last. 0: it stands in none. */
  waitsSince = 0;
}

export class Line<W extends Waiter> {
  #first: W | null = null;
  #last: W | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(waiter: W, now: number): void {
    waiter.waitsSince = now;
    waiter.ahead = this.#last;
    if (this.#last) this.#last.behind = waiter;
    else this.#first = waiter;
    this.#last = waiter;
    this.#size++;
  }

  /** Who waits longest; null where nobody does. */
  get first(): W | null {
    return this.#first;
  }

  /** `waiter` must stand in this line. */
  remove(waiter: W): void {
    const ahead = waiter.ahead as W | null;
    const behind = waiter.behind as W | null;
    if (ahead) ahead.behind = behind;
    else this.#first = behind;
    if (behind) behind.ahead = ahead;
    else this.#last = ahead;
    waiter.ahead = null;
    waiter.behind = null;
    waiter.waitsSince = 0;
    this.#size--;
  }
}
