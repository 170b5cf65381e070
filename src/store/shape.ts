/** How a table of a given capacity is divided. */

/** Slots of one segment of a large table: compacting one takes some tens of microseconds. */
const SEGMENT_SLOTS = 4096;
/** How full a segment may be: beyond this, probes grow long. */
const MAX_LOAD = 0.75;

export interface Shape {
  readonly segments: number;
  /** Of one segment; a power of two. */
  readonly slots: number;
  /** Entries one segment takes. */
  readonly limit: number;
}

/** Keys spread unevenly over segments; six standard deviations of room let `capacity` of them always in. */
export function shapeOf(capacity: number): Shape {
  const largest = Math.floor(SEGMENT_SLOTS * MAX_LOAD);
  if (capacity <= largest)
    return { segments: 1, slots: 2 ** Math.ceil(Math.log2(Math.max(8, capacity / MAX_LOAD + 1))), limit: capacity };
  const average = largest - 6 * Math.sqrt(largest);
  const segments = Math.ceil(capacity / average);
  return { segments, slots: SEGMENT_SLOTS, limit: Math.ceil(capacity / segments + 6 * Math.sqrt(capacity / segments)) };
}
