/** The rule set that a thread makes beside the one in use: at most one, from the question until it is taken or given up. */
import { SlicedRun, type Steps } from '../../slices.ts';
import type { Generation } from '../exchange/core.ts';

export interface PreparingOptions {
  /** Every question is answered, once: `problem` says why there is no rule set, null that it waits to be taken. */
  prepared(id: number, problem: string | null): void;
  /** Milliseconds, monotonic. */
  now(): number;
  /** Runs `next` when the requests that wait have had their turn. */
  later(next: () => void): void;
  /** Are requests under way? */
  busy(): boolean;
}

interface Prepared {
  readonly id: number;
  readonly generation: Generation;
}

export class Preparing {
  readonly #options: PreparingOptions;
  #running: { readonly id: number; readonly run: SlicedRun<Generation> } | null = null;
  #prepared: Prepared | null = null;
  #closed = false;

  constructor(options: PreparingOptions) {
    this.#options = options;
  }

  /** Whatever was being made or waits to be taken gives way. */
  begin(id: number, steps: Steps<Generation>): void {
    this.#giveUp('newer rules came');
    const { prepared, now, later, busy } = this.#options;
    if (this.#closed) return prepared(id, 'the thread is ending');
    const over = (problem: string | null): void => {
      this.#running = null;
      prepared(id, problem);
    };
    const run = new SlicedRun<Generation>(steps, {
      now,
      later,
      busy,
      done: (generation) => {
        this.#prepared = { id, generation };
        over(null);
      },
      failed: (error) => over(error.message),
    });
    this.#running = { id, run };
  }

  /** What was prepared under this id, once; null where there is none. */
  take(id: number): Generation | null {
    if (this.#prepared?.id !== id) return null;
    const { generation } = this.#prepared;
    this.#prepared = null;
    return generation;
  }

  abandon(id: number): void {
    if (this.#running?.id === id || this.#prepared?.id === id) this.#giveUp('the rules were given up');
  }

  /** Makes no more. */
  close(): void {
    this.#closed = true;
    this.#giveUp('the thread is ending');
  }

  #giveUp(why: string): void {
    const running = this.#running;
    this.#running = null;
    this.#prepared?.generation.retire();
    this.#prepared = null;
    if (running === null) return;
    running.run.cancel();
    this.#options.prepared(running.id, why);
  }
}
