/**
 * Deadlines of everything a forwarder has under way, in one intrusive list behind one timer: setting one is two field
 * writes, where a timer of its own would cost each request an object and a place in Node's timer lists.
 */

/** How close together two looks at the list may be, in milliseconds: bounds the cost when thousands are open. */
const SHORTEST_NAP = 5;

/** Something that must happen in time. Belongs to one {@link Deadlines}. */
export abstract class Timed {
  /** On the monotonic clock; Infinity where none is set. For {@link Deadlines} only, as are the links. */
  deadline = Number.POSITIVE_INFINITY;
  before: Timed | null = null;
  after: Timed | null = null;

  /** The deadline passed; it is no longer set. */
  abstract expired(): void;
}

/**
 * Uses the monotonic clock, not the wall clock that policies share: a clock set forward by an hour must not time every
 * open request out. Its timer never keeps the process alive; the sockets do that.
 */
export class Deadlines {
  #first: Timed | null = null;
  #timer: NodeJS.Timeout | null = null;
  #wakesAt = Number.POSITIVE_INFINITY;

  /** `entry` expires in `ms` from now, whatever was set before. 0 or less: never. */
  set(entry: Timed, ms: number): void {
    if (!(ms > 0)) {
      this.clear(entry);
      return;
    }
    const now = performance.now();
    if (entry.deadline === Number.POSITIVE_INFINITY) this.#link(entry);
    entry.deadline = now + ms;
    if (entry.deadline < this.#wakesAt) this.#wake(entry.deadline, ms);
  }

  clear(entry: Timed): void {
    if (entry.deadline === Number.POSITIVE_INFINITY) return;
    entry.deadline = Number.POSITIVE_INFINITY;
    if (entry.before) entry.before.after = entry.after;
    else this.#first = entry.after;
    if (entry.after) entry.after.before = entry.before;
    entry.before = null;
    entry.after = null;
  }

  #link(entry: Timed): void {
    entry.after = this.#first;
    if (this.#first) this.#first.before = entry;
    this.#first = entry;
  }

  #wake(at: number, inMs: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#wakesAt = at;
    this.#timer = setTimeout(this.#look, Math.ceil(inMs)).unref();
  }

  /** The timer is left alone when a deadline is cleared, so most looks find nothing and only plan the next one. */
  #look = (): void => {
    this.#timer = null;
    this.#wakesAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const due: Timed[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (let entry = this.#first; entry; entry = entry.after) {
      if (entry.deadline <= now) due.push(entry);
      else if (entry.deadline < next) next = entry.deadline;
    }
    if (next !== Number.POSITIVE_INFINITY) this.#wake(next, Math.max(SHORTEST_NAP, next - now));
    // A late look finds several: they expire in the order they were due.
    due.sort((a, b) => a.deadline - b.deadline);
    for (const entry of due) {
      // What the others before it did may have ended it, or given it another deadline.
      if (entry.deadline > now) continue;
      this.clear(entry);
      entry.expired();
    }
  };
}
