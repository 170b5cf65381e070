/**
 * A store as one policy uses it: what happens when it cannot answer is the policy's own setting, never an accident.
 * A lost store is logged (at most every ten seconds) and counted; nothing is let through silently.
 */

import type { Log } from '../types/policy.ts';
import { type Limit, type Store, StoreError, type Taken } from '../types/store.ts';
import { createMemoryStore, type MemoryStore } from './memory.ts';
import { DEFAULT_NONCES } from './nonces.ts';

/** `deny` refuses, `allow` lets pass unchecked, `local` checks against this process alone. */
export type OnStoreError = 'deny' | 'allow' | 'local';

/**
 * What `once` found. The request must be refused where it is `lost`, because nothing is known, and where it is `unknown`,
 * because it may have been used before the store began to remember.
 */
export type Seen = 'new' | 'seen' | 'unknown' | 'lost';

/** The part of a policy's environment that is needed here. */
export interface GuardHost {
  readonly name: string;
  readonly thread: number;
  readonly store: Store;
  readonly log: Log;
  now(): number;
  zone(identity: string, bytes: number): SharedArrayBuffer;
  counter(family: string): { value: number };
}

/** Entries of the table behind `local`, shared by all policies of the process. Untouched memory costs nothing. */
const LOCAL_NONCES = DEFAULT_NONCES;
const LOCAL_LIMITS = 65_536;
const LOG_EVERY = 10_000;
/**
 * Timestamps may be whole seconds (ms). The local table is made with the rules, and requests may come in that same second;
 * what was used before it was made the store has taken, and the store is asked first.
 */
const TIMESTAMP_STEP = 1_000;

export class StoreGuard {
  readonly #host: GuardHost;
  readonly #mode: OnStoreError;
  readonly #local: MemoryStore | null;
  readonly #errors: { value: number };
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unknownLoggedAt = Number.NEGATIVE_INFINITY;

  constructor(host: GuardHost, mode: OnStoreError, uses: 'once' | 'take') {
    this.#host = host;
    this.#mode = mode;
    this.#errors = host.counter('weir_store_errors_total');
    this.#local = mode === 'local' ? openLocal(host, uses) : null;
  }

  /**
   * `Store.once`, with a lost store answered as the policy says. Never throws a `StoreError`. `madeAt`: when the key was
   * made (ms since the epoch), so that it cannot have been used before; infinite where that is not to matter.
   */
  once(key: string, ttl: number, madeAt: number): Seen | Promise<Seen> {
    if (!this.#host.store.remembers(madeAt)) return this.unknown(madeAt);
    try {
      const answer = this.#host.store.once(key, ttl);
      if (typeof answer === 'boolean') return this.#found(answer, key);
      return answer.then(
        (first) => this.#found(first, key),
        (error) => this.#onceWithout(error, key, ttl, madeAt),
      );
    } catch (error) {
      return this.#onceWithout(error, key, ttl, madeAt);
    }
  }

  /** `Store.take`, likewise; null means that nothing is known and the request must be refused. */
  take(key: string, limit: Limit, cost: number): Taken | null | Promise<Taken | null> {
    try {
      const answer = this.#host.store.take(key, limit, cost, this.#host.name);
      if ('allowed' in answer) return answer;
      return answer.then(
        (taken) => taken,
        (error) => this.#takeWithout(error, key, limit, cost),
      );
    } catch (error) {
      return this.#takeWithout(error, key, limit, cost);
    }
  }

  /** What was used while the store could not answer is known to the local table alone. */
  #found(first: boolean, key: string): Seen {
    return first && !this.#local?.hasUsed(key) ? 'new' : 'seen';
  }

  #onceWithout(error: unknown, key: string, ttl: number, madeAt: number): Seen {
    this.#note(error);
    if (this.#mode === 'allow') return 'new';
    if (this.#local?.remembers(madeAt + TIMESTAMP_STEP) === false) return this.unknown(madeAt);
    const answer = this.#locally((local) => local.once(key, ttl));
    return answer === null ? 'lost' : answer ? 'new' : 'seen';
  }

  #takeWithout(error: unknown, key: string, limit: Limit, cost: number): Taken | null {
    this.#note(error);
    if (this.#mode === 'allow') return { allowed: true, remaining: limit.burst, retryAfter: 0, resetAfter: 0 };
    return this.#locally((local) => local.take(key, limit, cost, this.#host.name));
  }

  /** What the local table says, or null where there is none or it is full too. */
  #locally<R>(ask: (local: MemoryStore) => R): R | null {
    if (this.#local === null) return null;
    try {
      return ask(this.#local);
    } catch (error) {
      this.#note(error);
      return null;
    }
  }

  /** Says, to the log too, that what was made then may have been used, and `why` nobody knows. */
  unknown(madeAt: number, why = 'before the store began to remember'): Seen {
    const now = this.#host.now();
    if (Math.abs(now - this.#unknownLoggedAt) >= LOG_EVERY) {
      this.#unknownLoggedAt = now;
      const fields = { policy: this.#host.name, signedAt: new Date(madeAt).toISOString() };
      this.#host.log.warn(fields, `a request was signed ${why}, so it may be a replay`);
    }
    return 'unknown';
  }

  #note(error: unknown): void {
    if (!(error instanceof StoreError)) throw error;
    this.#errors.value++;
    const now = this.#host.now();
    if (Math.abs(now - this.#loggedAt) < LOG_EVERY) return;
    this.#loggedAt = now;
    const fields = { policy: this.#host.name, reason: error.reason, onStoreError: this.#mode, err: error.message };
    this.#host.log.warn(fields, 'the store cannot answer');
  }
}

function openLocal(host: GuardHost, uses: 'once' | 'take'): MemoryStore {
  return createMemoryStore({
    zone: (identity, bytes) => host.zone(identity, bytes),
    now: () => host.now(),
    thread: host.thread,
    name: `local ${uses}`,
    nonces: uses === 'once' ? LOCAL_NONCES : 0,
    limits: uses === 'take' ? LOCAL_LIMITS : 0,
  });
}
