/** The connections to one origin: the one used last is used first, because it is the least likely to be stale. */
import type { Loop } from '../../sockets/loop.ts';
import type { EndpointPlan, PoolPlan } from '../../types/plan.ts';
import type { Failure, PoolCounts, QueueStats } from '../../types/transport.ts';
import type { DialSettings } from '../dial.ts';
import { ConnectionQueue } from '../queue.ts';
import type { Http1Call } from './call.ts';
import { UpstreamConnection } from './upstream-connection.ts';

export class Pool {
  readonly dial: DialSettings;
  readonly idleFor: number;
  readonly queue: ConnectionQueue<Http1Call>;
  readonly #counts: PoolCounts | null;
  readonly #most: number;
  readonly #idle: UpstreamConnection[] = [];
  #open = 0;
  #closed: PromiseWithResolvers<void> | null = null;

  /** Connections made so far. */
  opened = 0;
  /** Requests put on a connection so far. */
  served = 0;

  constructor(
    endpoint: EndpointPlan,
    plan: PoolPlan,
    loop: Loop,
    crowded?: (queue: QueueStats) => void,
    counts: PoolCounts | null = null,
  ) {
    this.dial = { endpoint, pool: plan, loop, session: undefined };
    this.idleFor = plan.idle;
    this.queue = new ConnectionQueue(plan.queue, loop, crowded, counts);
    this.#counts = counts;
    this.#most = plan.connections;
  }

  countOpened(): void {
    this.opened++;
    if (this.#counts !== null) this.#counts.opened.value++;
  }

  countServed(): void {
    this.served++;
    if (this.#counts !== null) this.#counts.served.value++;
  }

  /** Connections there are, those being made included. */
  get open(): number {
    return this.#open;
  }
  get idle(): number {
    return this.#idle.length;
  }
  get closed(): boolean {
    return this.#closed !== null;
  }

  /** Gives `call` a connection, now or when one is free or made; or says that it cannot even wait for one. */
  acquire(call: Http1Call): Failure | null {
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) {
      if (kept.usable) {
        kept.begin(call);
        return null;
      }
      this.drop(kept);
    }
    if (this.#open < this.#most) {
      this.#connect(call);
      return null;
    }
    call.waited = true;
    return this.queue.join(call);
  }

  /** The connection is in order and free for the next one. */
  release(connection: UpstreamConnection): void {
    const next = this.queue.next();
    if (next) connection.begin(next);
    else if (this.#closed) this.drop(connection);
    else {
      this.#idle.push(connection);
      connection.rest();
    }
  }

  /** The connection is of no more use: ends it, and lets the next in the queue open another. Twice does no harm. */
  drop(connection: UpstreamConnection): void {
    if (!this.#remove(connection)) return;
    const next = this.queue.next();
    if (next) this.#connect(next);
    else this.#settle();
  }

  /** Swaps a stale connection for a new one, for the call that found it so. */
  replace(connection: UpstreamConnection, call: Http1Call): void {
    this.#remove(connection);
    this.#connect(call);
  }

  /** Takes no more calls; resolves when the last connection has ended. */
  close(): Promise<void> {
    if (this.#closed === null) {
      this.#closed = Promise.withResolvers();
      for (const connection of this.#idle.splice(0)) this.#remove(connection);
      this.#settle();
    }
    return this.#closed.promise;
  }

  #connect(call: Http1Call): void {
    call.waited = true;
    this.#open++;
    new UpstreamConnection(this, call);
  }

  #remove(connection: UpstreamConnection): boolean {
    if (connection.dropped) return false;
    connection.dropped = true;
    this.#open--;
    if (connection.idle) {
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
    }
    connection.destroy();
    return true;
  }

  #settle(): void {
    if (this.#open === 0 && this.queue.waiting === 0) this.#closed?.resolve();
  }
}
