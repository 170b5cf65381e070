/**
 * Looks after the traffic threads: does the event loop of each still turn, and how much memory does it take? A thread
 * that spins would keep its share of connections for ever, and one that grows would take the machine along.
 */
import inspector from 'node:inspector';
import { setTimeout as pause } from 'node:timers/promises';
import type { WatchdogConfig } from '../types/config.ts';
import type { Log } from '../types/policy.ts';
import type { ThreadMemory } from './memory.ts';
import type { DeathReason } from './thread.ts';

/** A thread as far as it is looked after. */
export interface Watched {
  readonly number: number;
  /** Goes up whenever its event loop turns. */
  readonly beats: number;
  /** Answered even by most threads that spin; null where it has ended. */
  memory(): Promise<ThreadMemory | null>;
  killed: boolean;
  terminate(why: string, reason: DeathReason): Promise<void>;
}

export interface WatchdogOptions {
  readonly times: Pick<WatchdogConfig, 'unresponsive' | 'replace'>;
  /** Bytes that a thread may have of each. V8 has a bound of its own above that of the heap. */
  readonly most: ThreadMemory;
  /** The threads that are to be looked after, now. */
  readonly threads: () => readonly Watched[];
  readonly log: Log;
  /** Milliseconds on a monotonic clock. */
  readonly monotonic: () => number;
  /** A thread cannot be ended, and memory runs out: nothing here helps any more. */
  readonly onHopeless?: () => void;
  /** Is memory running out? */
  readonly isLow?: () => boolean;
  /** Is a debugger attached? A thread at a breakpoint is not dead. */
  readonly debugging?: () => boolean;
}

interface Seen {
  beats: number;
  /** Milliseconds since its last beat, as far as this thread was there to see. */
  silent: number;
  told: boolean;
  ending: boolean;
  /** The line that it cannot be ended was written. */
  stuck: boolean;
  /** It was above a bound the last time. */
  large: boolean;
  size: ThreadMemory;
  /** It has been asked for its size and has not answered. */
  asked: boolean;
}

/** Milliseconds between two looks, at most. */
const MAX_INTERVAL = 500;

/** Enough for looks that come late on a busy machine, and too little for a thread to be replaced after a long gap. */
const MAX_GAP = 1_000;

/** Milliseconds that V8 gets to end a thread before a line says that it does not. */
const END_PATIENCE = 5_000;

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #interval: number;
  /** What a gap between two looks counts for at most, in milliseconds. */
  readonly #longestGap: number;
  readonly #seen = new WeakMap<Watched, Seen>();
  #last: number;
  #timer: NodeJS.Timeout | null = null;
  /** How often a thread was found not to respond. */
  stalls = 0;
  /** The largest values at the last look, whichever thread had them. */
  memory: ThreadMemory = { heap: 0, buffers: 0 };

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#interval = Math.min(MAX_INTERVAL, options.times.unresponsive / 4);
    this.#longestGap = Math.min(MAX_GAP, options.times.replace / 4);
    this.#last = options.monotonic();
  }

  start(): void {
    this.#last = this.#options.monotonic();
    this.#timer = setInterval(() => void this.look(), this.#interval).unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** Is this thread said not to respond? */
  unresponsive(thread: Watched): boolean {
    return this.#seen.get(thread)?.told ?? false;
  }

  /** One look at every thread. Resolves when their memory is known; what is to be ended is being ended by then. */
  async look(): Promise<void> {
    const now = this.#options.monotonic();
    // A process that was stopped, or whose machine slept, has beats to catch up on as well: such a gap says nothing.
    const passed = Math.min(now - this.#last, this.#longestGap);
    this.#last = now;
    const threads = this.#options.threads();
    for (const thread of threads) this.#listen(thread, passed);
    await Promise.race([
      Promise.all(threads.map((thread) => this.#weigh(thread))),
      pause(this.#interval, undefined, { ref: false }),
    ]);
    const sizes = threads.map((thread) => this.#seenOf(thread).size);
    this.memory = {
      heap: Math.max(0, ...sizes.map(({ heap }) => heap)),
      buffers: Math.max(0, ...sizes.map(({ buffers }) => buffers)),
    };
  }

  #listen(thread: Watched, passed: number): void {
    const { log, times } = this.#options;
    const seen = this.#seenOf(thread);
    const { beats } = thread;
    if (beats !== seen.beats) {
      if (seen.told)
        log.info({ thread: thread.number, ms: Math.round(seen.silent) }, 'a traffic thread responds again');
      seen.beats = beats;
      seen.silent = 0;
      seen.told = false;
      return;
    }
    seen.silent += passed;
    if (!seen.told && seen.silent >= times.unresponsive) {
      seen.told = true;
      this.stalls++;
      log.warn({ thread: thread.number, ms: Math.round(seen.silent) }, 'a traffic thread does not respond');
    }
    if (seen.silent >= times.replace) this.#giveUp(thread, seen);
  }

  #giveUp(thread: Watched, seen: Seen): void {
    const { log, times, isLow, onHopeless, debugging = isDebugging } = this.#options;
    if (!seen.ending) {
      if (debugging()) return;
      this.#end(thread, seen, `did not respond for ${times.replace} ms`, 'unresponsive');
    } else if (!seen.stuck && seen.silent >= times.replace + END_PATIENCE) {
      seen.stuck = true;
      // In native code, or in a loop that V8 compiled without a check for interrupts.
      log.error({ thread: thread.number }, 'a traffic thread cannot be terminated: restart the process');
    }
    if (seen.stuck && isLow?.()) onHopeless?.();
  }

  /** A large moment may be garbage that is about to be collected; two in a row are not. */
  async #weigh(thread: Watched): Promise<void> {
    const seen = this.#seenOf(thread);
    if (seen.asked) return;
    seen.asked = true;
    seen.size = (await thread.memory()) ?? { heap: 0, buffers: 0 };
    seen.asked = false;
    const problem = this.#tooLarge(seen.size);
    if (problem !== null && seen.large && !seen.ending) this.#end(thread, seen, problem, 'memory');
    seen.large = problem !== null;
  }

  #tooLarge({ heap, buffers }: ThreadMemory): string | null {
    const { most } = this.#options;
    if (heap > most.heap) return `took ${mib(heap)} MiB of heap, more than ${mib(most.heap)} MiB`;
    if (buffers > most.buffers) return `took ${mib(buffers)} MiB of buffers, more than ${mib(most.buffers)} MiB`;
    return null;
  }

  #end(thread: Watched, seen: Seen, why: string, reason: DeathReason): void {
    seen.ending = true;
    thread.killed = true;
    void thread.terminate(why, reason);
  }

  #seenOf(thread: Watched): Seen {
    const known = this.#seen.get(thread);
    if (known) return known;
    const flags = { told: false, ending: false, stuck: false, large: false, asked: false };
    const seen = { beats: thread.beats, silent: 0, size: { heap: 0, buffers: 0 }, ...flags };
    this.#seen.set(thread, seen);
    return seen;
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}

function isDebugging(): boolean {
  return inspector.url() !== undefined;
}
