/** Ids of requests: what a client is told of a failure, and what log lines here and at upstreams are found by. */

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';
/** `00` to `zz`: most ids are the text of the one before but for these. */
const PAIRS: readonly string[] = Object.freeze([...DIGITS].flatMap((high) => [...DIGITS].map((low) => high + low)));

/**
 * Makes ids that are unique over threads, restarts and machines: `random`, which is the thread's, and a count. Whoever has
 * one can guess those next to it. That is no secret: nothing is found, changed or believed by an id alone. Only where
 * `random` has 72 bits or more does no other thread come upon the same.
 */
export function requestIds(random: Buffer): () => string {
  const prefix = `req_${random.toString('base64url')}`;
  let rounds = 0;
  let pair = 0;
  let start = prefix;
  return () => {
    if (pair === PAIRS.length) {
      pair = 0;
      start = prefix + (++rounds).toString(36);
    }
    return start + PAIRS[pair++]!;
  };
}
