/**
 * State of one thread that outlives rule sets (src/README.md, "three lifetimes"): forwarders and their pools, key caches.
 * It belongs to an identity. Rule sets that name it hold it; when the last one lets go, it is closed.
 */

interface Held {
  readonly value: object;
  holders: number;
}

/** State that has something to give back has a `close`. */
interface Closable {
  close?(): unknown;
}

export class StateDirectory {
  readonly #held = new Map<string, Held>();

  /** A hold for one rule set: `state` adopts or creates, `release` lets go of all of it, once. */
  hold(): StateHold {
    return new StateHold(this.#held);
  }

  /** Closes everything, when the thread ends. */
  async close(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    await Promise.all(all.map(({ value }) => (value as Closable).close?.()));
  }
}

export class StateHold {
  readonly #held: Map<string, Held>;
  readonly #mine = new Set<string>();

  constructor(held: Map<string, Held>) {
    this.#held = held;
  }

  state<S extends object>(identity: string, create: () => S): S {
    let entry = this.#held.get(identity);
    if (!entry) {
      entry = { value: create(), holders: 0 };
      this.#held.set(identity, entry);
    }
    if (!this.#mine.has(identity)) {
      this.#mine.add(identity);
      entry.holders++;
    }
    return entry.value as S;
  }

  release(): void {
    for (const identity of this.#mine) {
      const entry = this.#held.get(identity);
      if (!entry || --entry.holders > 0) continue;
      this.#held.delete(identity);
      void (entry.value as Closable).close?.();
    }
    this.#mine.clear();
  }
}
