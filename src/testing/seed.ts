/**
 * Where chance in tests comes from. Each run has another seed, which `npm test` prints and a failure names;
 * `FUZZ_SEED=n` plays one again.
 */
import { randomInt } from 'node:crypto';

/** The seed of this run, an integer from 0 below 2³¹. */
export const SEED: number = seedOf(process.env.FUZZ_SEED);

/** What plays this run again: part of the names of tests that do not print it themselves. */
export const SEED_NOTE = `FUZZ_SEED=${SEED}`;

/**
 * The seed that was asked for, or one by chance.
 * @throws {Error} where it is no integer: a typo must not pass for a run of that seed.
 */
function seedOf(given: string | undefined): number {
  if (given === undefined || given === '') return randomInt(2 ** 31 - 1);
  const seed = Number(given);
  if (!Number.isSafeInteger(seed)) throw new Error(`FUZZ_SEED is an integer, not ${given}`);
  return seed;
}
