/** How long nonces are remembered, and how many requests a second a store of a given size therefore holds. */

/** Clocks of machines that share a store may differ by this (ms): a nonce outlives its timestamp by as much. */
export const NONCE_SKEW = 5_000;

/** Room for 5,000 requests a second with the default window of five minutes, however far ahead their clocks are. */
export const DEFAULT_NONCES = 3 * 2 ** 20;

/** The most that a store may be told to hold. */
export const MOST_NONCES = 2 ** 26;

/** Longest life of a nonce in ms: that of one whose timestamp is as far ahead as `window` (ms) lets it be. */
export function nonceLife(window: number): number {
  return 2 * window + NONCE_SKEW;
}

/** Requests a second that `nonces` entries hold for good where each lives for `life` ms. */
export function sustainedRate(nonces: number, life: number): number {
  return Math.floor((nonces * 1000) / life);
}
