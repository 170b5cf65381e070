/**
 * A spin lock on one Int32 word of shared memory, for critical sections of a microsecond or less.
 *
 * The word holds who owns it, whether a thread sleeps on it, and a sequence number that every acquisition raises:
 * ```
 * bits 0…11 owner (0 = free, 4095 = orphaned) · bit 12 sleepers · bits 13…30 sequence
 * ```
 * A thread may die inside (`worker.terminate()`, out of memory). Two things bring the lock back:
 * - the control plane calls {@link releaseLocks} for the dead thread, and the next thread to come takes over at once;
 * - without that, a waiter that saw the same acquisition through {@link STEAL_AFTER} time-outs of its own takes it
 *   over. It counts its own time-outs, not the clock, so that a suspended process steals nothing when it wakes.
 * Either way `lock` answers true, and the caller must repair what the dead thread may have left half done. Sections
 * are therefore written so that every prefix of them is repairable.
 */

const OWNER = 0xfff;
const ORPHAN = 0xfff;
const SLEEPERS = 1 << 12;
const SEQUENCE_ONE = 1 << 13;
const SEQUENCE = 0x7fffe000;

/** Looks at the word before going to sleep: about a microsecond, the length of the longest usual section. */
const SPINS = 60;
/** Milliseconds of one sleep. */
const SLEEP = 10;
/** Time-outs on one acquisition before it is taken for dead: 1 s, some 50,000 times the longest section. */
export const STEAL_AFTER = 100;

/** Owner of locks taken by code that does not know its thread number: never released by {@link releaseLocks}. */
export const ANONYMOUS = -1;
const ANONYMOUS_OWNER = 4094;

const MAGIC = 0x57656972;
/** Words between two locks of a zone: one cache line, so that neighbours do not slow one another down. */
const LINE = 16;

/** Bytes that the locks of a zone take at its start. */
export function lockBytes(count: number): number {
  return (count + 1) * LINE * 4;
}

/** Word of lock `n` in a zone laid out by {@link markLocks}. The 15 words after it are the caller's. */
export function lockWord(n: number): number {
  return (n + 1) * LINE;
}

/**
 * Notes in the zone's first words that it holds `count` locks, so that {@link releaseLocks} finds them in any zone.
 * Every thread that opens the zone calls it; all write the same.
 */
export function markLocks(zone: SharedArrayBuffer, count: number): Int32Array {
  const words = new Int32Array(zone);
  Atomics.store(words, 1, count);
  Atomics.store(words, 0, MAGIC);
  return words;
}

/** Takes the lock. True where its last owner died inside: repair before anything else. */
export function lock(words: Int32Array, index: number, thread: number): boolean {
  const owner = ownerOf(thread);
  const seen = Atomics.load(words, index);
  if ((seen & OWNER) === 0 && Atomics.compareExchange(words, index, seen, held(seen, owner)) === seen) return false;
  return lockSlowly(words, index, owner);
}

/** Gives the lock back and wakes one sleeper. Does nothing where the lock was taken over meanwhile. */
export function unlock(words: Int32Array, index: number, thread: number): void {
  const owner = ownerOf(thread);
  let seen = Atomics.load(words, index);
  while ((seen & OWNER) === owner) {
    const found = Atomics.compareExchange(words, index, seen, seen & SEQUENCE);
    if (found === seen) {
      if (seen & SLEEPERS) Atomics.notify(words, index, 1);
      return;
    }
    seen = found;
  }
}

/**
 * Orphans every lock that a dead thread held in a zone (zones without locks are left alone), so that the next thread
 * takes it over without waiting. To be called only after that thread has ended, and before another gets its number.
 * Returns how many it held.
 */
export function releaseLocks(zone: SharedArrayBuffer, thread: number): number {
  if (zone.byteLength < LINE * 4) return 0;
  const words = new Int32Array(zone);
  const owner = ownerOf(thread);
  if (Atomics.load(words, 0) !== MAGIC || owner === ANONYMOUS_OWNER) return 0;
  let released = 0;
  for (let n = Atomics.load(words, 1) - 1; n >= 0; n--) if (orphan(words, lockWord(n), owner)) released++;
  return released;
}

/** A waiter may take the lock over at any moment: only a compare-and-swap never orphans a living owner's lock. */
function orphan(words: Int32Array, index: number, owner: number): boolean {
  let seen = Atomics.load(words, index);
  while ((seen & OWNER) === owner) {
    const found = Atomics.compareExchange(words, index, seen, seen | ORPHAN);
    if (found === seen) {
      Atomics.notify(words, index);
      return true;
    }
    seen = found;
  }
  return false;
}

function ownerOf(thread: number): number {
  return thread < 0 ? ANONYMOUS_OWNER : (thread % 4093) + 1;
}

function held(seen: number, owner: number): number {
  return ((seen + SEQUENCE_ONE) & SEQUENCE) | (seen & SLEEPERS) | owner;
}

function lockSlowly(words: Int32Array, index: number, owner: number): boolean {
  let spins = 0;
  let slept = 0;
  let timeouts = 0;
  let last = -1;
  for (;;) {
    const seen = Atomics.load(words, index);
    const holder = seen & OWNER;
    if (holder === 0 || holder === ORPHAN || (timeouts >= STEAL_AFTER && seen === last)) {
      // Who slept cannot know whether others still do, so it wakes one more when it leaves.
      if (Atomics.compareExchange(words, index, seen, held(seen, owner) | slept) === seen) return holder !== 0;
      continue;
    }
    if (spins++ < SPINS) continue;
    const marked = seen | SLEEPERS;
    if (seen !== marked && Atomics.compareExchange(words, index, seen, marked) !== seen) continue;
    if (marked !== last) {
      last = marked;
      timeouts = 0;
    }
    slept = SLEEPERS;
    if (Atomics.wait(words, index, marked, SLEEP) === 'timed-out') timeouts++;
  }
}
