/** The connections to one origin: the one used last is used first, because it is the least likely to be stale. */
import type { EndpointPlan, PoolPlan } from '../../types/plan.ts';
import type { Deadlines } from '../deadlines.ts';
import type { DialSettings } from '../dial.ts';
import type { Attempt, Dispatcher } from './attempt.ts';
import { Connection, type Keeper } from './connection.ts';
import { Line } from './line.ts';

export class Pool implements Dispatcher, Keeper {
  readonly dial: DialSettings;
  readonly #deadlines: Deadlines;
  readonly idleFor: number;
  readonly #most: number;
  readonly #idle: Connection[] = [];
  readonly #line = new Line<Attempt>();
  #open = 0;
  #closed: PromiseWithResolvers<void> | null = null;

  /** Connections made so far. */
  opened = 0;
  /** Requests put on a connection so far. */
  served = 0;
  /** Milliseconds that requests stood in line, those who left it in vain included. */
  waitedMs = 0;

  constructor(endpoint: EndpointPlan, plan: PoolPlan, deadlines: Deadlines) {
    this.dial = { endpoint, pool: plan, deadlines, session: undefined };
    this.#deadlines = deadlines;
    this.idleFor = plan.idle;
    this.#most = plan.connections;
  }

  /** Connections there are, those being made included. */
  get open(): number {
    return this.#open;
  }
  get idle(): number {
    return this.#idle.length;
  }
  get waiting(): number {
    return this.#line.size;
  }
  get closed(): boolean {
    return this.#closed !== null;
  }

  /** Gives `attempt` a connection, now or when one is free or made. */
  board(attempt: Attempt): void {
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) {
      if (kept.usable) {
        kept.carry(attempt);
        return;
      }
      this.drop(kept);
    }
    if (this.#open < this.#most) this.#connect(attempt);
    else {
      attempt.waited = true;
      this.#line.push(attempt, performance.now());
      this.#deadlines.set(attempt, attempt.request.timeouts.firstByte);
    }
  }

  /** `attempt` stands in line no more. */
  leaveLine(attempt: Attempt): void {
    if (attempt.waitsSince === 0) return;
    this.waitedMs += performance.now() - attempt.waitsSince;
    this.#deadlines.clear(attempt);
    this.#line.remove(attempt);
  }

  /** The connection is in order and free for the next one. */
  release(connection: Connection): void {
    const next = this.#next();
    if (next) connection.carry(next);
    else if (this.#closed) this.drop(connection);
    else {
      this.#idle.push(connection);
      connection.rest();
    }
  }

  /** The connection is of no more use: ends it, and lets the next in line open another. Twice does no harm. */
  drop(connection: Connection): void {
    if (!this.#remove(connection)) return;
    const next = this.#next();
    if (next) this.#connect(next);
    else this.#settle();
  }

  /** Swaps a stale connection for a new one, for the attempt that found it so. */
  replace(connection: Connection, attempt: Attempt): void {
    this.#remove(connection);
    this.#connect(attempt);
  }

  /** Takes no more attempts; resolves when the last connection has ended. */
  close(): Promise<void> {
    if (this.#closed === null) {
      this.#closed = Promise.withResolvers();
      for (const connection of this.#idle.splice(0)) this.#remove(connection);
      this.#settle();
    }
    return this.#closed.promise;
  }

  #connect(attempt: Attempt): void {
    attempt.waited = true;
    this.#open++;
    new Connection(this, attempt);
  }

  #remove(connection: Connection): boolean {
    if (connection.dropped) return false;
    connection.dropped = true;
    this.#open--;
    if (connection.resting) {
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
    }
    connection.destroy();
    return true;
  }

  #next(): Attempt | null {
    const attempt = this.#line.first;
    if (attempt) this.leaveLine(attempt);
    return attempt;
  }

  #settle(): void {
    if (this.#open === 0 && this.#line.size === 0) this.#closed?.resolve();
  }
}
