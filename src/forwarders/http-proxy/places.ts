/** How many requests may be at an endpoint at once, as an attempt knows it. */
import type { ConnectionQueue, Waiter } from '../queue.ts';

export interface Places {
  /** Those for whom there is no connection now. */
  readonly queue: ConnectionQueue<Beginner>;
  /** Takes a connection for one more; false where all are taken. */
  take(): boolean;
  /** Gives it to who waits longest. */
  release(): void;
}

/** Something that waits for a connection. */
export interface Beginner extends Waiter {
  /** It has one. Never throws. */
  begin(): void;
}
