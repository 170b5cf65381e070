/**
 * fast-check with the seed of this run (seed.ts). Tests take it from here, so that one number plays all of them again; a
 * failure prints the seed, and the smallest case it could find.
 */
import fc from 'fast-check';
import { SEED } from './seed.ts';

// fast-check takes 32 bits.
fc.configureGlobal({ seed: SEED | 0 });

export default fc;
