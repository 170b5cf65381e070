/**
 * Coarse timers for thousands of deadlines behind one timer of Node's: a hashed wheel of intrusive lists (Varghese &
 * Lauck), so that putting a timer on, moving it and taking it off touch a few pointers and allocate nothing. It sleeps
 * until the next slot that holds something.
 */

/**
 * What can be put on a wheel: extend it, or hold one. The fields belong to the wheel.
 */
export abstract class Timer {
  /** Neighbours in the wheel's list; null while off. */
  timerNext: Timer | null = null;
  timerPrev: Timer | null = null;
  /** Tick at which it is due. */
  timerTick = 0;

  /** Called once when the time is over; the timer is off by then and may be put on again. */
  abstract onTimeout(): void;
}

class Sentinel extends Timer {
  onTimeout(): void {}
  constructor() {
    super();
    this.timerNext = this;
    this.timerPrev = this;
  }
}

/** Calls `tick` every `ms` until the function it returns is called. Must not keep the process alive. */
export type Schedule = (tick: () => void, ms: number) => () => void;

/** On Node's timers. */
export const everyUnref: Schedule = (tick, ms) => {
  const interval = setInterval(tick, ms).unref();
  return () => clearInterval(interval);
};

/** Slots of the wheel; a power of two. Deadlines more than one turn ahead are passed over once a turn. */
const SLOTS = 512;

export class TimerWheel {
  readonly #resolution: number;
  readonly #now: () => number;
  readonly #schedule: Schedule;
  readonly #slots: Timer[] = [];
  /** What is due in the current `advance`. A field, so that a throwing `onTimeout` loses none of the others. */
  readonly #due: Timer = new Sentinel();
  readonly #onTick = (): void => this.advance(this.#now());
  #tick: number;
  #size = 0;
  #stop: (() => void) | null = null;
  /** Tick at which `advance` is called next; Infinity where it is not. */
  #wakesAt = Number.POSITIVE_INFINITY;

  /**
   * @param resolution milliseconds of one tick. A timer fires not before its time and at most a tick after it, give
   * or take how late the loop is.
   * @param now any clock in milliseconds; a monotonic one (`performance.now`) is best.
   */
  constructor(resolution: number, now: () => number, schedule: Schedule = everyUnref) {
    this.#resolution = resolution;
    this.#now = now;
    this.#schedule = schedule;
    this.#tick = Math.floor(now() / resolution);
    for (let i = 0; i < SLOTS; i++) this.#slots.push(new Sentinel());
  }

  /** Timers on the wheel. */
  get size(): number {
    return this.#size;
  }

  /** Puts `timer` on, or moves it, to fire after `delay` milliseconds. */
  set(timer: Timer, delay: number): void {
    const due = Math.ceil((this.#now() + Math.max(0, delay)) / this.#resolution);
    const tick = due > this.#tick ? due : this.#tick + 1;
    if (tick < this.#wakesAt) this.#wakeAt(tick);
    if (timer.timerNext !== null) {
      // Moved to later, as idle timers always are, it stays in its list and is filed anew when its old time comes.
      if (tick >= timer.timerTick && timer.timerTick > this.#tick) {
        timer.timerTick = tick;
        return;
      }
      unlink(timer);
    } else this.#size++;
    timer.timerTick = tick;
    append(this.#slots[tick & (SLOTS - 1)]!, timer);
  }

  /** As `set`, for what a setting limits: 0 or less is no limit, and takes `timer` off. */
  limit(timer: Timer, ms: number): void {
    if (ms > 0) this.set(timer, ms);
    else this.clear(timer);
  }

  /** Takes `timer` off; nothing happens where it is not on. */
  clear(timer: Timer): void {
    if (timer.timerNext === null) return;
    unlink(timer);
    this.#size--;
  }

  /** Is it on, waiting to fire? */
  isSet(timer: Timer): boolean {
    return timer.timerNext !== null;
  }

  /** Fires what is due at `now`. The interval calls it; tests with virtual time do so themselves. */
  advance(now: number): void {
    const target = Math.floor(now / this.#resolution);
    const from = Math.max(this.#tick + 1, target - SLOTS + 1);
    if (target > this.#tick) this.#tick = target;
    for (let tick = from; tick <= target; tick++) this.#collect(this.#slots[tick & (SLOTS - 1)]!);
    try {
      this.#fire();
    } finally {
      if (this.#size === 0) this.close();
      else this.#wakeAt(this.#nextTick());
    }
  }

  /** Sleeps until another timer is put on. What is on stays on. */
  close(): void {
    this.#stop?.();
    this.#stop = null;
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }

  /** `tick` or a turn of the wheel from now, whichever comes first. */
  #wakeAt(tick: number): void {
    const now = this.#now();
    this.#stop?.();
    this.#wakesAt = Math.min(tick, Math.floor(now / this.#resolution) + SLOTS);
    const ms = Math.ceil(this.#wakesAt * this.#resolution - now);
    this.#stop = this.#schedule(this.#onTick, Math.max(1, ms));
  }

  /** The next tick whose slot holds something, now where one that is due was kept from firing by another's error. */
  #nextTick(): number {
    const next = this.#tick + 1;
    if (this.#due.timerNext !== this.#due) return next;
    for (let tick = next; tick < next + SLOTS; tick++) {
      const slot = this.#slots[tick & (SLOTS - 1)]!;
      if (slot.timerNext !== slot) return tick;
    }
    return next + SLOTS;
  }

  #collect(slot: Timer): void {
    let timer = slot.timerNext!;
    while (timer !== slot) {
      const next = timer.timerNext!;
      if (timer.timerTick <= this.#tick) {
        unlink(timer);
        append(this.#due, timer);
      } else if (this.#slots[timer.timerTick & (SLOTS - 1)] !== slot) {
        unlink(timer);
        append(this.#slots[timer.timerTick & (SLOTS - 1)]!, timer);
      }
      timer = next;
    }
  }

  #fire(): void {
    for (let timer = this.#due.timerNext!; timer !== this.#due; timer = this.#due.timerNext!) {
      unlink(timer);
      this.#size--;
      timer.onTimeout();
    }
  }
}

function append(list: Timer, timer: Timer): void {
  const last = list.timerPrev!;
  timer.timerPrev = last;
  timer.timerNext = list;
  last.timerNext = timer;
  list.timerPrev = timer;
}

function unlink(timer: Timer): void {
  timer.timerPrev!.timerNext = timer.timerNext;
  timer.timerNext!.timerPrev = timer.timerPrev;
  timer.timerNext = null;
  timer.timerPrev = null;
}
