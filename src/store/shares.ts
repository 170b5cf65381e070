/**
 * Who gives up places where a table of limits is full. Every policy that has keys in a segment has an equal share of it.
 * One below its share takes places from the policy with the most keys; one that has used its share up, from its own keys
 * alone, so that no policy can take room from another that needs it. Whoever gives up keys gives up those whose
 * allowance is the nearest to whole: those that forgetting forgives least.
 *
 * A key that is spent, so that its next request would be refused, is never given up for another key of its own policy:
 * else who has many keys could win back those it has used up. It goes only where its policy has more than its share and
 * another needs the room.
 */
import { FREE_AT, FULL_TIME, LIMIT_WIDTH, SHARER } from './limits.ts';
import type { FullSegment, Room } from './room.ts';

/** What spent keys score above the others, which score 0…1 for none of the allowance used to all of it. */
const SPENT = 2;
/** To look at a segment costs as much as a hundred calls, so one key in so many goes each time. */
const AT_ONCE = 1 / 128;
/** Milliseconds for which it is believed that a policy has nothing to give up in a segment, so that asking stays cheap. */
const BELIEVED = 100;

const NONE: readonly number[] = Object.freeze([]);

export class Shares implements Room {
  /** Index into `counts` by whose key it is. Both are of use during one call only. */
  readonly #indices = new Map<number, number>();
  readonly #counts: number[] = [];
  /** Those to be given up, the fullest first, and their scores. */
  readonly #slots: number[] = [];
  readonly #scores: number[] = [];

  /** When a policy was last found to have nothing to give up, by segment and policy. */
  readonly #spentAt = new Map<number, number>();

  /** Looks at every key of the segment: some hundred microseconds where it is in no cache. */
  victims(segment: FullSegment, sharer: number, now: number): readonly number[] {
    const which = (segment.from / (segment.to - segment.from)) * 2 ** 32 + (sharer >>> 0);
    const spentAt = this.#spentAt.get(which);
    if (spentAt !== undefined && Math.abs(now - spentAt) < BELIEVED) return NONE;
    this.#choose(segment, sharer, now);
    if (this.#slots.length === 0) this.#spentAt.set(which, now);
    return this.#slots;
  }

  #choose(segment: FullSegment, sharer: number, now: number): void {
    this.#count(segment, sharer);
    const counts = this.#counts;
    const own = 0;
    const share = segment.used / counts.length;
    const from = counts[own]! >= share ? own : this.#largest();
    const most = Math.max(1, Math.floor(segment.used * AT_ONCE));
    if (from === own) this.#pick(segment, this.#sharerAt(own), now, most, SPENT);
    // Down to its share and no further.
    else this.#pick(segment, this.#sharerAt(from), now, Math.min(most, Math.ceil(counts[from]! - share)), Infinity);
  }

  /** Counts the keys of each policy; the one that needs room stands first. */
  #count({ slots, values, from, to }: FullSegment, sharer: number): void {
    this.#indices.clear();
    this.#counts.length = 0;
    let index = this.#indexOf(sharer);
    let last = sharer;
    for (let slot = from; slot < to; slot++) {
      if (slots[slot * 4] === 0) continue;
      const whose = values[slot * LIMIT_WIDTH + SHARER]!;
      if (whose !== last) {
        index = this.#indexOf(whose);
        last = whose;
      }
      this.#counts[index]!++;
    }
  }

  /** Leaves up to `most` keys of one policy with the lowest scores, all below `limit`. */
  #pick(
    { slots, values, from, to, tick, tickMs }: FullSegment,
    sharer: number,
    now: number,
    most: number,
    limit: number,
  ) {
    this.#slots.length = 0;
    this.#scores.length = 0;
    for (let slot = from; slot < to; slot++) {
      const at = slot * LIMIT_WIDTH;
      if (slots[slot * 4] === 0 || values[at + SHARER] !== sharer) continue;
      const left = Math.max(0, slots[slot * 4 + 3]! - tick) * tickMs;
      const used = left === 0 ? 0 : Math.min(1, left / values[at + FULL_TIME]!);
      const score = values[at + FREE_AT]! > now ? used + SPENT : used;
      const worst = this.#scores.length < most ? limit : this.#scores[most - 1]!;
      if (score < worst) this.#insert(slot, score, most);
    }
  }

  #insert(slot: number, score: number, most: number): void {
    const scores = this.#scores;
    const slots = this.#slots;
    let i = scores.length < most ? scores.length : most - 1;
    for (; i > 0 && scores[i - 1]! > score; i--) {
      scores[i] = scores[i - 1]!;
      slots[i] = slots[i - 1]!;
    }
    scores[i] = score;
    slots[i] = slot;
  }

  #indexOf(sharer: number): number {
    const known = this.#indices.get(sharer);
    if (known !== undefined) return known;
    const index = this.#counts.push(0) - 1;
    this.#indices.set(sharer, index);
    return index;
  }

  #sharerAt(index: number): number {
    for (const [sharer, at] of this.#indices) if (at === index) return sharer;
    throw new RangeError(`no sharer ${index}`);
  }

  #largest(): number {
    let largest = 0;
    for (let i = 1; i < this.#counts.length; i++) if (this.#counts[i]! > this.#counts[largest]!) largest = i;
    return largest;
  }
}
