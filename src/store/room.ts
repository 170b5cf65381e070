/** How a table that is full is asked what may be forgotten. */

/** A segment in which there is no room. */
export interface FullSegment {
  /** Four words a slot: the first 0 where it is empty, the last the step of the clock at which the entry expires. */
  readonly slots: Int32Array;
  readonly values: Float64Array;
  /** Its slots are `from`…`to` - 1. */
  readonly from: number;
  readonly to: number;
  /** Entries in it. */
  readonly used: number;
  /** The clock now, in steps of `tickMs` milliseconds. */
  readonly tick: number;
  readonly tickMs: number;
}

/** Says which entries give up their places for new ones. Without one none does. */
export interface Room {
  /**
   * Slots of entries of the segment to be forgotten; none: there is no room. Of use until the next call.
   * @param sharer whose the new entry is.
   */
  victims(segment: FullSegment, sharer: number, now: number): readonly number[];
}
