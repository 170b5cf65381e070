/** How much of a reply's frame is taken; bodies have no limit here. */
import type { HeadLimits } from '../../http1/request-reader.ts';

export const REPLY_LIMITS: HeadLimits = Object.freeze({
  headBytes: 64 * 1024,
  targetBytes: 0,
  fields: 1000,
  trailerBytes: 16 * 1024,
  chunkLineBytes: 4096,
});
