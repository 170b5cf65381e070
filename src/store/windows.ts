/**
 * For how long what was signed with a secret is remembered. Policies that share a secret share its nonces, and a reload may
 * change a `window`: a nonce that was remembered for a short window must not pass again under a longer one. So all who
 * have the secret remember for the longest window in use; and where a longer one comes, what was signed before that is
 * held to the shorter one, since older nonces may be forgotten already.
 *
 * Zone: lock header · four words a bucket. Secrets fall into buckets by their fingerprint. Two in one bucket share what is
 * said here, which is as strict as one alone or stricter. Numbers are written in such an order that a thread which dies in
 * between leaves them so, too.
 */
import { lock, lockBytes, lockWord, markLocks, unlock } from '../state/lock.ts';

const BUCKETS = 4096;
/** Windows are kept in steps of this many ms: 31 bits of them are almost seven years. */
const TICK = 100;
const LONGEST = 0x7fffffff;

/** The window that is remembered for, rounded up; 0: nobody has come yet. */
const WINDOW = 0;
/** What was signed until UNTIL passes only where it is not older than this. */
const HELD = 1;
/** Seconds since the epoch, as the 32 bits of an unsigned number. */
const UNTIL = 2;
/** When somebody with the window came last, likewise. */
const SEEN = 3;

export class Windows {
  static readonly identity = 'signature windows';
  static readonly bytes: number = lockBytes(1) + BUCKETS * 16;

  readonly #words: Int32Array;
  readonly #thread: number;

  /** @param zone {@link Windows.bytes} of shared memory, zeroed when new. @param thread number of this thread. */
  constructor(zone: SharedArrayBuffer, thread: number) {
    this.#words = markLocks(zone, 1);
    this.#thread = thread;
  }

  /** The bucket of a secret, by 32 bits of its fingerprint. */
  bucketOf(fingerprint: number): number {
    return lockBytes(1) / 4 + (fingerprint & (BUCKETS - 1)) * 4;
  }

  /**
   * For how long (ms) somebody with this `window` (ms) must remember what was signed now. A longer window counts until
   * nobody has come with it for as long as it is.
   */
  use(bucket: number, window: number, now: number): number {
    const mine = Math.min(Math.ceil(window / TICK), LONGEST);
    const words = this.#words;
    const longest = Atomics.load(words, bucket + WINDOW);
    if (longest === mine) {
      if (Atomics.load(words, bucket + SEEN) !== seconds(now)) Atomics.store(words, bucket + SEEN, seconds(now));
    } else if (longest < mine || now - this.#time(bucket + SEEN) > longest * TICK) this.#change(bucket, mine, now);
    return Math.max(mine, Atomics.load(words, bucket + WINDOW)) * TICK;
  }

  /** Is what was signed at `time` (ms since the epoch) remembered if it was used? To be asked after {@link use}. */
  remembers(bucket: number, time: number, now: number): boolean {
    if (time > this.#time(bucket + UNTIL)) return true;
    return now - time <= Atomics.load(this.#words, bucket + HELD) * TICK;
  }

  #change(bucket: number, mine: number, now: number): void {
    const words = this.#words;
    lock(words, lockWord(0), this.#thread);
    const old = words[bucket + WINDOW]!;
    if (old !== 0 && old < mine) {
      const binds = now - this.#time(bucket + UNTIL) <= mine * TICK;
      Atomics.store(words, bucket + HELD, binds ? Math.min(words[bucket + HELD]!, old) : old);
      // Whose clock is ahead may have signed later than now. A second more, for those who asked just before.
      const until = now + old * TICK + 1000;
      Atomics.store(words, bucket + UNTIL, seconds(binds ? Math.max(until, this.#time(bucket + UNTIL)) : until));
    }
    const stillInUse = old > mine && now - this.#time(bucket + SEEN) <= old * TICK;
    if (!stillInUse) {
      Atomics.store(words, bucket + SEEN, seconds(now));
      Atomics.store(words, bucket + WINDOW, mine);
    }
    unlock(words, lockWord(0), this.#thread);
  }

  /** Ms since the epoch of a word of seconds. */
  #time(word: number): number {
    return (Atomics.load(this.#words, word) >>> 0) * 1000;
  }
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000) | 0;
}
