/**
 * The store: state that must be exact across threads (memory) or machines (redis). Every call is one atomic step and
 * answers at once where it can, so that callers on the request path await only what is really asynchronous.
 */

/** The store cannot answer: lost, frozen or full. What that means is the policy's to say (`onStoreError`). */
export class StoreError extends Error {
  readonly reason: 'full' | 'unavailable';
  constructor(reason: 'full' | 'unavailable', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.reason = reason;
  }
}

/** A rate: `count` units per `per` milliseconds. `burst` is how many may come at once. */
export interface Limit {
  readonly algorithm: 'tokenBucket' | 'slidingWindow';
  readonly count: number;
  readonly per: number;
  readonly burst: number;
}

/** What `take` found. */
export interface Taken {
  readonly allowed: boolean;
  /** Whole units left after this call. */
  readonly remaining: number;
  /** Milliseconds until the same cost would pass; 0 where it passed. */
  readonly retryAfter: number;
  /** Milliseconds until the allowance is whole again. */
  readonly resetAfter: number;
}

export interface Store {
  /**
   * True the first time `key` is seen within `ttl` milliseconds, over all who share the store.
   * @throws {StoreError} (or rejects with it)
   */
  once(key: string, ttl: number): boolean | Promise<boolean>;
  /**
   * Would {@link once} know a key that was used at `time` (ms since the epoch)? A store that ends with its process knows
   * nothing of what was before it.
   */
  remembers(time: number): boolean;
  /**
   * Takes `cost` units of `key`'s allowance, or none of it where that is not enough.
   * @param sharer whose key it is, where those who use the store have shares of its room: the policy's name.
   * @throws {StoreError} (or rejects with it)
   */
  take(key: string, limit: Limit, cost: number, sharer?: string): Taken | Promise<Taken>;
  /** Gives back what it holds. No call may follow. */
  close(): void | Promise<void>;
}
