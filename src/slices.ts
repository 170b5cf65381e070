/** Long work on a thread that has other things to do: in steps, a slice of them at a time. */

/** Work that may be put off at every `yield`. Its `finally` runs when it is given up, too. */
export type Steps<T> = Generator<void, T, void>;

/** Milliseconds of a slice: what whoever waits for the thread waits longer. One step that takes more is not cut. */
const SLICE_MS = 4;
/**
 * The same while somebody waits: a request takes several turns of the event loop, and waits for a slice in each. Shorter
 * ones would only add turns, each of which costs some microseconds.
 */
const BUSY_SLICE_MS = 0.25;

/** Runs all `steps` at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

export interface Slicing<T> {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Runs `next` when what waits for the thread has had its turn. */
  later(next: () => void): void;
  /** Is there anybody who waits for the thread now? Slices are short then. */
  busy?(): boolean;
  /** All is done. Of `done` and `failed` one is called, once, and neither after `cancel`. */
  done(result: T): void;
  failed(error: Error): void;
}

/** Runs `steps` in slices, the first one later. */
export class SlicedRun<T> {
  readonly #steps: Steps<T>;
  readonly #slicing: Slicing<T>;
  #over = false;

  constructor(steps: Steps<T>, slicing: Slicing<T>) {
    this.#steps = steps;
    this.#slicing = slicing;
    this.#later();
  }

  /** Gives up what is left. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#steps.return(undefined as never);
  }

  #later(): void {
    this.#slicing.later(() => this.#go());
  }

  #go(): void {
    if (this.#over) return;
    let last: IteratorResult<void, T>;
    try {
      last = this.#slice();
    } catch (error) {
      this.#over = true;
      this.#slicing.failed(error as Error);
      return;
    }
    if (!last.done) return this.#later();
    this.#over = true;
    this.#slicing.done(last.value);
  }

  #slice(): IteratorResult<void, T> {
    const end = this.#slicing.now() + (this.#slicing.busy?.() ? BUSY_SLICE_MS : SLICE_MS);
    let step = this.#steps.next();
    while (!step.done && this.#slicing.now() < end) step = this.#steps.next();
    return step;
  }
}
