/** Tokens that were verified, so that a client's second request costs no signature. */
import type { Keys } from './keys.ts';

export interface Verified {
  /** Milliseconds since the epoch: from then on the token has expired, leeway included. */
  readonly until: number;
  /** What verified it: with other keys it has to be verified again. */
  readonly keys: Keys;
  /** Values of the policy's facts, in their order. */
  readonly facts: readonly string[];
}

/**
 * Bounded: two generations of at most `size` tokens. A full young one becomes the old one, and what is asked for again
 * moves back; the rest is forgotten together, at no cost per token.
 */
export class TokenCache {
  readonly #size: number;
  #young = new Map<string, Verified>();
  #old = new Map<string, Verified>();

  constructor(size: number) {
    this.#size = size;
  }

  /** What is known of `token`, if it still holds with `keys` at `now`. */
  get(token: string, keys: Keys, now: number): Verified | undefined {
    let found = this.#young.get(token);
    if (found === undefined) {
      found = this.#old.get(token);
      if (found === undefined) return undefined;
      this.#old.delete(token);
      this.put(token, found);
    }
    if (found.keys === keys && now < found.until) return found;
    this.#young.delete(token);
    return undefined;
  }

  put(token: string, verified: Verified): void {
    if (this.#young.size >= this.#size) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(token, verified);
  }

  /** Tokens remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
