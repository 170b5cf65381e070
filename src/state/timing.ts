/** The clock and the timers of one thread: everything that waits on a socket waits on this wheel. */
import { Clock } from './clock.ts';
import { everyUnref, TimerWheel } from './wheel.ts';

/** Milliseconds of one tick: how late a deadline may be. Retries wait by it as well, so it is finer than those need. */
const TICK_MS = 10;

export interface Timing {
  readonly clock: Clock;
  /** On the monotonic clock: a clock that is set must not time open requests out. */
  readonly wheel: TimerWheel;
}

/** A wheel on `clock`, whose ticks are callbacks of that clock. */
export function createTiming(clock: Clock = new Clock()): Timing {
  const wheel = new TimerWheel(TICK_MS, clock.monotonic, (tick, ms) => everyUnref(() => clock.within(tick), ms));
  return { clock, wheel };
}
