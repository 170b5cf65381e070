/** Bounds of this edge that no setting changes, and how the settings bound a message. */
import type { HeadLimits } from '../../http1/reader.ts';

/** Bytes read ahead of their turn (a body nobody reads yet, pipelined requests) before reading stops. */
export const AHEAD_MAX = 65_536;

/** Bytes of an unread request body that are discarded so that the client can read the answer; then the line is cut. */
export const DISCARD_MAX = 1_048_576;

/** Milliseconds after which the silence of a half-closed client is tested. Quick replies never meet the probe. */
export const PROBE_AFTER_MS = 200;

/** Milliseconds for a reset to come back, on any line worth waiting for. */
export const PROBE_ANSWER_MS = 100;

const CHUNK_LINE_MAX = 1_024;

/** Octets that a field takes on average in a head of nothing but tiny ones. */
const FIELD_MIN = 8;

/** What a message may take where a head may take `headerSize` octets. */
export function messageLimits(headerSize: number): HeadLimits {
  return {
    headBytes: headerSize,
    // One limit is one setting: a target that fits into the head is not too long, and one that does not is a 414.
    targetBytes: headerSize,
    fields: Math.ceil(headerSize / FIELD_MIN),
    trailerBytes: headerSize,
    chunkLineBytes: CHUNK_LINE_MAX,
  };
}
