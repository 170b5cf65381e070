/**
 * Which threads still use a rule set: those that serve it, and those that finish requests that arrived under it. Its
 * shared memory has to be known to the control plane for as long, in case one of them dies. Lock-free.
 */

export class Users {
  /** Every rule set has its own: this zone is never adopted from the one before. */
  static readonly identity = 'rule set users';

  /** Bytes of a zone for threads whose numbers are 0…`threads`. */
  static bytes(threads: number): number {
    return (threads + 1) * 4;
  }

  readonly #words: Int32Array;
  readonly #thread: number;

  /** @param zone {@link Users.bytes} of shared memory, zeroed when new. @param thread number of this thread. */
  constructor(zone: SharedArrayBuffer, thread: number) {
    this.#words = new Int32Array(zone);
    this.#thread = thread;
  }

  /** This thread uses the rule set. To be called before it touches any zone of it. */
  enter(): void {
    Atomics.store(this.#words, this.#thread, 1);
  }

  /** This thread uses it no more: its last request has ended. */
  leave(): void {
    Atomics.store(this.#words, this.#thread, 0);
  }
}

/** Does any thread use the rule set whose users stand in `zone`? */
export function hasUsers(zone: SharedArrayBuffer): boolean {
  const words = new Int32Array(zone);
  for (let i = 0; i < words.length; i++) if (Atomics.load(words, i) !== 0) return true;
  return false;
}
