/** What everything on sockets shares in one thread: the clock, the timers, the place for reads, the way to write. */
import { Clock } from '../state/clock.ts';
import { everyUnref, TimerWheel } from '../state/wheel.ts';
import { findNative, type Native } from './native.ts';
import { ReadBlocks } from './reads.ts';
import { Room } from './room.ts';

/** Milliseconds of one tick: how late a deadline may be. Retries wait by it as well, so it is finer than those need. */
const TICK_MS = 10;

/** Something that is done when a callback of the event loop has done all else. */
export interface TurnEnd {
  turnEnded(): void;
}

/**
 * The event loop, as far as sockets know it. Whatever it calls on a socket enters, and leaves when it is done: in between
 * time stands still ({@link Clock}), and what is written is gathered, to go out when it leaves.
 */
export class Loop {
  readonly clock: Clock;
  /** On the monotonic clock: a clock that is set must not time open requests out. Its ticks enter and leave. */
  readonly wheel: TimerWheel;
  readonly reads: ReadBlocks;
  readonly room = new Room();
  /** The short ways to the system; null where this Node has none, and its streams are used throughout. */
  readonly native: Native | null;
  /** Who waits for the end of the turn: the first `#waiting` of these. */
  readonly #ends: (TurnEnd | null)[] = [];
  #waiting = 0;

  constructor(clock: Clock = new Clock(), native: Native | null = findNative(), reads = new ReadBlocks()) {
    this.clock = clock;
    this.native = native;
    this.reads = reads;
    this.wheel = new TimerWheel(TICK_MS, clock.monotonic, (tick, ms) => everyUnref(() => this.within(tick), ms));
  }

  /** A callback begins. Whoever enters leaves, whatever is thrown. */
  enter(): void {
    this.clock.enter();
  }

  /** It is over. The outermost ends the turn. */
  leave(): void {
    try {
      if (this.#waiting > 0 && this.clock.depth === 1) this.#endTurn();
    } finally {
      this.clock.leave();
    }
  }

  within(callback: () => void): void {
    this.enter();
    try {
      callback();
    } finally {
      this.leave();
    }
  }

  /** Calls `end` when the callback under way is done, and where there is none when what runs now is. */
  atTurnEnd(end: TurnEnd): void {
    if (this.clock.depth > 0) this.#ends[this.#waiting++] = end;
    else process.nextTick(endTurn, this, end);
  }

  /** What ends may have others end, and where one throws the others end all the same. */
  #endTurn(): void {
    const ends = this.#ends;
    let i = 0;
    try {
      while (i < this.#waiting) {
        const end = ends[i]!;
        ends[i++] = null;
        end.turnEnded();
      }
    } finally {
      for (; i < this.#waiting; i++) {
        process.nextTick(endTurn, this, ends[i]!);
        ends[i] = null;
      }
      this.#waiting = 0;
    }
  }
}

function endTurn(loop: Loop, end: TurnEnd): void {
  loop.enter();
  try {
    end.turnEnded();
  } finally {
    loop.leave();
  }
}
