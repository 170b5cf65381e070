/**
 * A bounded hash table in shared memory, exact across threads: fingerprints with an expiry, and a few numbers beside
 * each. Open addressing with linear probing in segments of a few thousand slots, each with its own lock; what has
 * expired is reclaimed by compacting one segment when that is full. What is alive is given up only where a {@link Room}
 * says so.
 *
 * Zone: lock header · one cache line a segment (lock, used, soonest expiry, refused, evicted) · epoch and seed ·
 * slots of four words (fingerprint, expiry) · numbers. A slot whose first word is 0 is empty; that word is written
 * last, so a thread that dies while inserting leaves an empty slot or an expired entry. An entry that moves is copied
 * before its old place is freed, its numbers first, so a death there leaves at worst the same entry twice. Whoever takes
 * over the lock of a dead thread mends that before anything else.
 */
import { lock, lockBytes, lockWord, markLocks, unlock } from '../state/lock.ts';
import { Fingerprint } from './fingerprint.ts';
import type { Room } from './room.ts';
import { type Shape, shapeOf } from './shape.ts';

/** Expiry is kept in steps of this many ms after the zone's epoch: 31 bits of them are almost seven years. */
const TICK = 100;
/** Segments of a large table that are read to tell how full it is. */
const READ_SEGMENTS = 64;

const NEVER = 0x7fffffff;

const USED = 1;
const SOONEST = 2;
const REFUSED = 3;
const SEEDED = 4;
const EVICTED = 5;
const HEAD_BYTES = 64;

export interface TableStats {
  /** Entries alive now. */
  readonly used: number;
  /** Entries that always find room. */
  readonly capacity: number;
  /** Times that an entry found none. */
  readonly refused: number;
  /** Entries that were alive and gave up their place to a new one. */
  readonly evicted: number;
}

export class Table {
  /** Bytes of the zone of a table of `capacity` entries with `width` numbers each. */
  static bytes(capacity: number, width: number): number {
    const { segments, slots } = shapeOf(capacity);
    return lockBytes(segments) + HEAD_BYTES + segments * slots * (16 + width * 8);
  }

  /** `width` numbers for each slot: those of slot s start at s × width. Only to be touched inside a claim. */
  readonly values: Float64Array;
  readonly capacity: number;

  readonly #shape: Shape;
  readonly #width: number;
  readonly #thread: number;
  readonly #room: Room | null;
  readonly #words: Int32Array;
  readonly #slots: Int32Array;
  readonly #fingerprint: Fingerprint;
  readonly #epoch: number;
  #claimed = 0;
  #fresh = false;

  /**
   * @param seed random bytes from a cryptographic source; used by the first thread to open the zone.
   * @param now milliseconds since the epoch.
   * @param room what gives up its place where there is none; null: nothing does.
   */
  constructor(
    zone: SharedArrayBuffer,
    capacity: number,
    width: number,
    thread: number,
    seed: (bytes: number) => Uint8Array,
    now: number,
    room: Room | null = null,
  ) {
    this.capacity = capacity;
    this.#room = room;
    this.#shape = shapeOf(capacity);
    this.#width = width;
    this.#thread = thread;
    const { segments, slots } = this.#shape;
    this.#words = markLocks(zone, segments);
    const head = lockBytes(segments);
    this.#slots = new Int32Array(zone, head + HEAD_BYTES, segments * slots * 4);
    this.values = new Float64Array(zone, head + HEAD_BYTES + segments * slots * 16, segments * slots * width);
    const epoch = new Float64Array(zone, head, 1);
    const key = new Int32Array(zone, head + 8, 4);
    // Drawn outside the lock, because drawing can fail.
    const random = Atomics.load(this.#words, lockWord(0) + SEEDED) === 0 ? seed(16) : null;
    if (lock(this.#words, lockWord(0), thread)) this.#repair(0);
    if (random !== null && this.#words[lockWord(0) + SEEDED] === 0) {
      new Uint8Array(zone, head + 8, 16).set(random);
      epoch[0] = now - TICK;
      this.#words[lockWord(0) + SEEDED] = 1;
    }
    this.#fingerprint = new Fingerprint(key);
    this.#epoch = epoch[0]!;
    unlock(this.#words, lockWord(0), thread);
  }

  /**
   * Finds the entry of `key` or makes room for one, and holds its segment's lock until {@link release}. Returns the
   * slot, or -1 where there is no room (nothing is held then). {@link fresh} says whether it is new.
   * @param sharer whose entry a new one is, for {@link Room}.
   */
  claim(key: string, now: number, sharer = 0): number {
    this.#fingerprint.of(key);
    const segment = this.#segmentOf(this.#fingerprint.words[2]!);
    const line = lockWord(segment);
    if (lock(this.#words, line, this.#thread)) this.#repair(segment);
    this.#claimed = line;
    let slot = this.#find(segment, now);
    if (slot < 0 && (this.#compact(segment, now) || this.#evict(segment, sharer, now))) slot = this.#find(segment, now);
    if (slot >= 0) return slot;
    this.#words[line + REFUSED]!++;
    unlock(this.#words, line, this.#thread);
    return -1;
  }

  /** Is the entry of `key` there and alive? */
  has(key: string, now: number): boolean {
    this.#fingerprint.of(key);
    const segment = this.#segmentOf(this.#fingerprint.words[2]!);
    const line = lockWord(segment);
    if (Atomics.load(this.#words, line + USED) === 0) return false;
    if (lock(this.#words, line, this.#thread)) this.#repair(segment);
    const alive = this.#isAlive(segment, this.#tickOf(now));
    unlock(this.#words, line, this.#thread);
    return alive;
  }

  /** When its memory was made (ms since the epoch): it has no entry of what was before. */
  get madeAt(): number {
    return this.#epoch + TICK;
  }

  /** Was the entry just claimed not there before, or expired? Its numbers are 0 then. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** Ends a claim: the entry lives until `until` (ms since the epoch). */
  release(slot: number, until: number): void {
    const tick = Math.min(Math.ceil((until - this.#epoch) / TICK), NEVER);
    const line = this.#claimed;
    this.#slots[slot * 4 + 3] = tick;
    if (tick < this.#words[line + SOONEST]!) this.#words[line + SOONEST] = tick;
    unlock(this.#words, line, this.#thread);
  }

  /** Ends a claim of an entry that was there before and stays as it was. */
  leave(): void {
    unlock(this.#words, this.#claimed, this.#thread);
  }

  /**
   * Counts without locks, for metrics. A segment of which nothing has expired knows its number. Of the others at most
   * {@link READ_SEGMENTS} are read, and stand for the rest: keys spread evenly, and a large table would cost the main
   * thread a tenth of a second.
   */
  stats(now: number): TableStats {
    const tick = this.#tickOf(now);
    const unsure: number[] = [];
    let used = 0;
    let refused = 0;
    let evicted = 0;
    for (let segment = 0; segment < this.#shape.segments; segment++) {
      const line = lockWord(segment);
      refused += this.#words[line + REFUSED]!;
      evicted += this.#words[line + EVICTED]!;
      if (this.#words[line + USED] === 0) continue;
      if (this.#words[line + SOONEST]! > tick) used += this.#words[line + USED]!;
      else unsure.push(segment);
    }
    return { used: used + this.#estimate(unsure, tick), capacity: this.capacity, refused, evicted };
  }

  /** Entries alive in all of `segments`. */
  #estimate(segments: readonly number[], tick: number): number {
    const step = Math.max(1, Math.ceil(segments.length / READ_SEGMENTS));
    let alive = 0;
    let read = 0;
    for (let i = 0; i < segments.length; i += step, read++) alive += this.#alive(segments[i]!, tick);
    return read === 0 ? 0 : Math.round((alive * segments.length) / read);
  }

  #alive(segment: number, tick: number): number {
    const { slots } = this.#shape;
    const end = (segment + 1) * slots * 4;
    let alive = 0;
    for (let at = segment * slots * 4; at < end; at += 4)
      if (this.#slots[at] !== 0 && this.#slots[at + 3]! > tick) alive++;
    return alive;
  }

  #tickOf(now: number): number {
    return Math.floor((now - this.#epoch) / TICK);
  }

  #segmentOf(word: number): number {
    const { segments } = this.#shape;
    return segments === 1 ? 0 : Math.floor(((word >>> 0) / 0x1_0000_0000) * segments);
  }

  /** The slot of the current fingerprint in a segment; else one for it, in place of an expired entry or in an empty slot. */
  #find(segment: number, now: number): number {
    const { slots } = this.#shape;
    const table = this.#slots;
    const f0 = this.#fingerprint.words[0];
    const f1 = this.#fingerprint.words[1]!;
    const f2 = this.#fingerprint.words[2];
    const base = segment * slots;
    const tick = this.#tickOf(now);
    let expired = -1;
    for (let i = f1 & (slots - 1); ; i = (i + 1) & (slots - 1)) {
      const at = (base + i) * 4;
      if (table[at] === 0) return expired >= 0 ? this.#put(expired) : this.#insert(segment, base + i);
      const dead = table[at + 3]! <= tick;
      if (table[at] === f0 && table[at + 1] === f1 && table[at + 2] === f2) {
        if (dead) return this.#put(base + i);
        this.#fresh = false;
        return base + i;
      }
      if (dead && expired < 0) expired = base + i;
    }
  }

  /** The current fingerprint, in a segment. */
  #isAlive(segment: number, tick: number): boolean {
    const { slots } = this.#shape;
    const table = this.#slots;
    const [f0, f1, f2] = this.#fingerprint.words;
    for (let i = f1! & (slots - 1); ; i = (i + 1) & (slots - 1)) {
      const at = (segment * slots + i) * 4;
      if (table[at] === 0) return false;
      if (table[at] === f0 && table[at + 1] === f1 && table[at + 2] === f2) return table[at + 3]! > tick;
    }
  }

  #insert(segment: number, slot: number): number {
    const line = lockWord(segment);
    if (this.#words[line + USED]! >= this.#shape.limit) return -1;
    if (this.#words[line + USED]!++ === 0) this.#words[line + SOONEST] = NEVER;
    return this.#put(slot);
  }

  /**
   * Writes the current fingerprint, already expired until `release` says otherwise. In place of an expired entry the
   * slot is never empty for a moment: were this thread to die then, what was pushed past it would be out of reach.
   */
  #put(slot: number): number {
    const table = this.#slots;
    const words = this.#fingerprint.words;
    const at = slot * 4;
    table[at + 3] = 0;
    table[at + 1] = words[1]!;
    table[at + 2] = words[2]!;
    this.values.fill(0, slot * this.#width, (slot + 1) * this.#width);
    table[at] = words[0]!;
    this.#fresh = true;
    return slot;
  }

  /** Drops what has expired from a segment; false where nothing has. */
  #compact(segment: number, now: number): boolean {
    const { slots } = this.#shape;
    const line = lockWord(segment);
    const tick = this.#tickOf(now);
    if (this.#words[line + SOONEST]! > tick) return false;
    const base = segment * slots;
    const before = this.#words[line + USED]!;
    // Backwards, so that what a removal moves has been looked at before. Only what it moves from the segment's start
    // to its end has not; an expired entry among that waits for the next time.
    for (let i = slots - 1; i >= 0; i--) {
      const at = (base + i) * 4;
      while (this.#slots[at] !== 0 && this.#slots[at + 3]! <= tick) this.#remove(segment, i);
    }
    this.#words[line + SOONEST] = this.#soonest(segment);
    return this.#words[line + USED]! < before;
  }

  /** Forgets entries that are alive, where {@link Room} names some; false where it does not. */
  #evict(segment: number, sharer: number, now: number): boolean {
    if (this.#room === null) return false;
    const { slots } = this.#shape;
    const line = lockWord(segment);
    const from = segment * slots;
    const tick = this.#tickOf(now);
    const used = this.#words[line + USED]!;
    const full = {
      slots: this.#slots,
      values: this.values,
      from: from!,
      to: from + slots,
      used,
      tick: tick!,
      tickMs: TICK,
    };
    // Expired, they are like any other that is: wherever this thread may die, no number of theirs is taken for good.
    for (const slot of this.#room.victims(full, sharer, now)) {
      if (this.#slots[slot * 4 + 3]! > tick) this.#words[line + EVICTED]!++;
      this.#slots[slot * 4 + 3] = 0;
      this.#words[line + SOONEST] = 0;
    }
    return this.#compact(segment, now);
  }

  #soonest(segment: number): number {
    const { slots } = this.#shape;
    const end = (segment + 1) * slots * 4;
    let soonest = NEVER;
    for (let at = segment * slots * 4; at < end; at += 4)
      if (this.#slots[at] !== 0 && this.#slots[at + 3]! < soonest) soonest = this.#slots[at + 3]!;
    return soonest;
  }

  /** Frees slot `hole` of a segment by moving back what was pushed past it (Knuth 6.4, algorithm R). */
  #remove(segment: number, hole: number): void {
    const mask = this.#shape.slots - 1;
    const base = segment * this.#shape.slots;
    const table = this.#slots;
    for (let i = (hole + 1) & mask; table[(base + i) * 4] !== 0; i = (i + 1) & mask) {
      const home = table[(base + i) * 4 + 1]! & mask;
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      this.#move(base + i, base + hole);
      hole = i;
    }
    table[(base + hole) * 4] = 0;
    this.#words[lockWord(segment) + USED]!--;
  }

  /** The numbers first: the entry is found in its new place from the moment its fingerprint stands there. */
  #move(from: number, to: number): void {
    this.values.copyWithin(to * this.#width, from * this.#width, (from + 1) * this.#width);
    this.#slots.copyWithin(to * 4, from * 4, from * 4 + 4);
  }

  /** After a thread died in this segment: an entry may be there twice, and its count may be off. */
  #repair(segment: number): void {
    const { slots } = this.#shape;
    const base = segment * slots;
    const line = lockWord(segment);
    this.#words[line + SOONEST] = 0;
    for (let i = 0; i < slots; i++) while (this.#isSecond(base, i)) this.#remove(segment, i);
    let used = 0;
    for (let i = 0; i < slots; i++) if (this.#slots[(base + i) * 4] !== 0) used++;
    this.#words[line + USED] = used;
  }

  /** Does the entry in slot `i` of a segment stand in an earlier place as well, where it is found first? */
  #isSecond(base: number, i: number): boolean {
    const table = this.#slots;
    const mask = this.#shape.slots - 1;
    const at = (base + i) * 4;
    if (table[at] === 0) return false;
    for (let j = table[at + 1]! & mask; j !== i; j = (j + 1) & mask) {
      const other = (base + j) * 4;
      if (table[other] === 0) return false;
      if (table[other] === table[at] && table[other + 1] === table[at + 1] && table[other + 2] === table[at + 2])
        return true;
    }
    return false;
  }
}
