/** Waits until what is being written has been written. */
import { debounced } from './debounce.ts';

/** Milliseconds between an event and the look that it causes, so that a burst of events causes few. */
const QUIET = 25;

/** Milliseconds that something may go on changing before that is told. */
const PATIENCE = 10_000;

/** What was seen in one look. Two with the same mark have seen the same. */
export interface Look {
  readonly mark: string;
}

export interface StillnessOptions<L extends Look> {
  /** Looks at what is watched. Never rejects. */
  readonly look: () => Promise<L>;
  /** Milliseconds between two looks that see the same, for it to be still. */
  readonly settle: number;
  /** It stands still, and is not what was told or taken last. */
  readonly onStill: (seen: L) => void;
  /** It has changed from look to look for a long time. Called once until it stands still. */
  readonly onRestless: (before: L, now: L) => void;
  /** Milliseconds of any origin that never go back. */
  readonly now: () => number;
}

/**
 * Tells of a change when two looks that lie `settle` apart have seen the same. What never stands still is never told: to
 * take it after some time would be to take it half written.
 */
export class Stillness<L extends Look> {
  readonly #options: StillnessOptions<L>;
  readonly #soon: { readonly trigger: () => void; readonly cancel: () => void };
  /** Of the last look that was told or taken. */
  #told = '';
  #last: L | null = null;
  /** Since when looks have seen the same as the last one. */
  #stillSince = 0;
  /** Since when it is not known to be still; null where it is. */
  #restlessSince: number | null = null;
  #complained = false;
  #looking = false;
  #again = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StillnessOptions<L>) {
    this.#options = options;
    this.#soon = debounced(() => void this.#look(), Math.min(QUIET, options.settle));
  }

  /**
   * A look for somebody who takes what it sees, still or not: that is no change any more, and what was told before is one
   * again. The first one is the beginning.
   */
  async take(): Promise<L> {
    const told = this.#told;
    const seen = await this.#options.look();
    // Where something was told meanwhile nobody knows which of the two is used last.
    if (this.#told === told) this.#told = seen.mark;
    else this.again();
    return seen;
  }

  /** What was told last could not be used: it is told again once it stands still. */
  again(): void {
    this.#told = '';
    this.trigger();
  }

  /** It may have changed. */
  trigger(): void {
    if (!this.#closed) this.#soon.trigger();
  }

  /** Nothing is told from now on. A look that is under way is not waited for. */
  close(): void {
    this.#closed = true;
    this.#soon.cancel();
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    this.#again = this.#looking;
    if (this.#looking) return;
    this.#looking = true;
    clearTimeout(this.#timer);
    const seen = await this.#options.look();
    this.#looking = false;
    if (this.#closed) return;
    this.#judge(seen);
    if (this.#again) this.#soon.trigger();
    this.#again = false;
  }

  #judge(seen: L): void {
    const now = this.#options.now();
    const before = this.#last;
    // An event that changed nothing that counts.
    if (before === null && seen.mark === this.#told) return;
    this.#last = seen;
    this.#restlessSince ??= now;
    if (before?.mark !== seen.mark) {
      this.#stillSince = now;
      if (before) this.#complain(before, seen, now - this.#restlessSince);
    }
    const left = this.#options.settle - (now - this.#stillSince);
    // A timer may fire a part of a millisecond early.
    if (left >= 1 || before === null) this.#timer = setTimeout(() => void this.#look(), Math.max(1, left));
    else this.#still(seen);
  }

  #still(seen: L): void {
    this.#last = null;
    this.#restlessSince = null;
    this.#complained = false;
    if (seen.mark === this.#told) return;
    this.#told = seen.mark;
    this.#options.onStill(seen);
  }

  #complain(before: L, seen: L, restless: number): void {
    if (this.#complained || restless < PATIENCE + this.#options.settle) return;
    this.#complained = true;
    this.#options.onRestless(before, seen);
  }
}
