/** The connections to one origin, and the requests that wait for room on one. */
import type { EndpointPlan, PoolPlan } from '../../types/plan.ts';
import type { Failure, Forwarder } from '../../types/transport.ts';
import type { Deadlines } from '../deadlines.ts';
import type { DialSettings } from '../dial.ts';
import { HTTP1_FOR_MS, STREAMS_ASSUMED } from './limits.ts';
import { type SessionOwner, UpstreamSession } from './session.ts';

/** A request, as far as its origin knows it. */
export interface Waiter {
  /** Milliseconds on the monotonic clock at which it began to wait. */
  readonly waitsSince: number;
  /** There is no room on a connection now. */
  wait(): void;
  /** There is room on this connection. */
  ride(session: UpstreamSession): void;
  /** The origin speaks HTTP/1.1. */
  fallBack(): void;
  fail(failure: Failure): void;
}

export class Origin implements SessionOwner {
  readonly dial: DialSettings;
  readonly deadlines: Deadlines;
  readonly idleFor: number;
  /** For origins that choose HTTP/1.1. */
  readonly fallback: Forwarder;
  /** Connections made, requests put on one, and milliseconds waited, so far. */
  opened = 0;
  served = 0;
  waitedMs = 0;
  readonly #most: number;
  /** Those that take streams, or will; the oldest is filled first, so that the others can become idle. */
  readonly #sessions = new Set<UpstreamSession>();
  /** Those that still carry streams and take no more. */
  readonly #retired = new Set<UpstreamSession>();
  readonly #waiting = new Set<Waiter>();
  /** Streams that a connection will probably take. */
  #roomy = STREAMS_ASSUMED;
  #http1Until = 0;
  #closed: PromiseWithResolvers<void> | null = null;

  constructor(endpoint: EndpointPlan, plan: PoolPlan, deadlines: Deadlines, fallback: Forwarder) {
    this.dial = { endpoint, pool: plan, deadlines, protocols: ['h2', 'http/1.1'], session: undefined };
    this.deadlines = deadlines;
    this.idleFor = plan.idle;
    this.fallback = fallback;
    this.#most = plan.connections;
  }

  get open(): number {
    return this.#sessions.size + this.#retired.size;
  }
  get idle(): number {
    let count = 0;
    for (const session of this.#sessions) if (session.idle) count++;
    return count;
  }
  get waiting(): number {
    return this.#waiting.size;
  }
  get closed(): boolean {
    return this.#closed !== null;
  }
  /** It chose HTTP/1.1 not long ago. */
  get prefersHttp1(): boolean {
    return performance.now() < this.#http1Until;
  }

  /** Gives `waiter` a stream, now or when there is room for one. */
  board(waiter: Waiter): void {
    if (this.prefersHttp1) return waiter.fallBack();
    for (const session of this.#sessions) {
      if (!session.hasRoom) continue;
      this.served++;
      return waiter.ride(session);
    }
    this.#waiting.add(waiter);
    waiter.wait();
    this.#grow();
  }

  /** `waiter` waits no more. */
  leave(waiter: Waiter): void {
    if (!this.#waiting.delete(waiter)) return;
    this.waitedMs += performance.now() - waiter.waitsSince;
    this.#settle();
  }

  room(session: UpstreamSession): void {
    this.#roomy = Math.max(1, session.streamsMax);
    while (session.hasRoom && this.#waiting.size > 0) {
      this.served++;
      this.#next().ride(session);
    }
    if (this.#waiting.size > 0) this.#grow();
    else if (this.#closed !== null && session.idle) session.end();
  }

  choseHttp1(session: UpstreamSession): void {
    this.#sessions.delete(session);
    this.useHttp1();
    this.#settle();
  }

  /** From now on, for a while, and for all who wait, it is HTTP/1.1. */
  useHttp1(): void {
    this.#http1Until = performance.now() + HTTP1_FOR_MS;
    while (this.#waiting.size > 0) this.#next().fallBack();
  }

  gone(session: UpstreamSession, failure: Failure | null): void {
    const wasNew = this.#sessions.delete(session);
    if (session.lost) this.#retired.delete(session);
    else if (wasNew) this.#retired.add(session);
    // Those who wait have others to wait for, or nothing. Whoever comes next tries again.
    if (failure !== null && this.#sessions.size === 0) while (this.#waiting.size > 0) this.#next().fail(failure);
    else if (failure === null) this.#grow();
    this.#settle();
  }

  /** Takes no more attempts; resolves when the last connection has ended. */
  close(): Promise<void> {
    if (this.#closed === null) {
      this.#closed = Promise.withResolvers();
      for (const session of [...this.#sessions]) if (session.idle) session.end();
      this.#settle();
    }
    return this.#closed.promise;
  }

  #next(): Waiter {
    const waiter = this.#waiting.values().next().value!;
    this.#waiting.delete(waiter);
    this.waitedMs += performance.now() - waiter.waitsSince;
    return waiter;
  }

  /** Makes another connection where those being made will not have room for all who wait. */
  #grow(): void {
    let room = 0;
    for (const session of this.#sessions) if (session.making) room += this.#roomy;
    while (room < this.#waiting.size && this.#sessions.size < this.#most) {
      this.opened++;
      this.#sessions.add(new UpstreamSession(this));
      room += this.#roomy;
    }
  }

  #settle(): void {
    if (this.#closed === null) return;
    if (this.#waiting.size === 0) for (const session of [...this.#sessions]) if (session.making) session.end();
    if (this.open === 0 && this.#waiting.size === 0) this.#closed.resolve();
  }
}
