/**
 * How many bytes of request bodies one thread holds: those that policies need whole, and what is kept so that a retry can
 * send it again. Any client can make Weir hold some, before it has said who it is; without a bound a few of them would
 * bring the thread to its limit of memory, at which it is replaced with all its connections.
 */
export class BodyBudget {
  readonly #most: number;
  #held = 0;

  /** @param most bytes; what comes in pieces is copied once when it is whole, so twice as much may be held for a moment. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes that are held. */
  get held(): number {
    return this.#held;
  }

  /** Is more held than there is room for? */
  get isExceeded(): boolean {
    return this.#held > this.#most;
  }

  /**
   * Is there room for `bytes` that Weir can do without: a copy in case of a retry, a small body in one piece? Half of the
   * budget is reserved for bodies that a policy needs.
   */
  hasRoomFor(bytes: number): boolean {
    return this.#held + bytes <= this.#most / 2;
  }

  hold(bytes: number): void {
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}
