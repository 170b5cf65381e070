/** The connections to one origin, and the requests that wait for room on one. */
import type { Loop } from '../../sockets/loop.ts';
import type { EndpointPlan, PoolPlan } from '../../types/plan.ts';
import type { Failure, Forwarder, PoolCounts, QueueStats } from '../../types/transport.ts';
import type { DialSettings } from '../dial.ts';
import { ConnectionQueue } from '../queue.ts';
import type { Http2Call } from './call.ts';
import { HTTP1_FOR_MS, STREAMS_ASSUMED } from './limits.ts';
import { type SessionOwner, UpstreamSession } from './session.ts';

export class Origin implements SessionOwner {
  readonly dial: DialSettings;
  readonly loop: Loop;
  readonly idleFor: number;
  /** For origins that choose HTTP/1.1. */
  readonly fallback: Forwarder;
  /** Those who wait for a place on a connection, or for the first connection. */
  readonly queue: ConnectionQueue<Http2Call>;
  /** Connections made, and requests put on one, so far. */
  opened = 0;
  served = 0;
  readonly #counts: PoolCounts | null;
  readonly #most: number;
  /** Those that take streams, or will; the oldest is filled first, so that the others can become idle. */
  readonly #sessions = new Set<UpstreamSession>();
  /** Those that still have streams and take no more. */
  readonly #retired = new Set<UpstreamSession>();
  /** Streams that a connection will probably take. */
  #streamsExpected = STREAMS_ASSUMED;
  #http1Until = 0;
  #closed: PromiseWithResolvers<void> | null = null;

  constructor(
    endpoint: EndpointPlan,
    plan: PoolPlan,
    loop: Loop,
    fallback: Forwarder,
    crowded?: (queue: QueueStats) => void,
    counts: PoolCounts | null = null,
  ) {
    this.dial = { endpoint, pool: plan, loop, protocols: ['h2', 'http/1.1'], session: undefined };
    this.loop = loop;
    this.idleFor = plan.idle;
    this.fallback = fallback;
    this.#most = plan.connections;
    this.#counts = counts;
    this.queue = new ConnectionQueue(plan.queue, loop, crowded, counts);
  }

  get open(): number {
    return this.#sessions.size + this.#retired.size;
  }
  get idle(): number {
    let count = 0;
    for (const session of this.#sessions) if (session.idle) count++;
    return count;
  }
  get closed(): boolean {
    return this.#closed !== null;
  }
  /** All its connections are still being made: whoever waits then does not wait for another request to end. */
  get connecting(): boolean {
    for (const session of this.#sessions) if (!session.making) return false;
    return this.#sessions.size > 0;
  }
  /** It chose HTTP/1.1 not long ago. */
  get prefersHttp1(): boolean {
    return this.loop.clock.monotonic() < this.#http1Until;
  }

  /** Gives `call` a stream, now or when there is room for one; or says that it cannot even wait for one. */
  acquire(call: Http2Call): Failure | null {
    if (this.prefersHttp1) {
      call.delegate();
      return null;
    }
    for (const session of this.#sessions) {
      if (!session.hasRoom) continue;
      this.#countServed();
      call.send(session);
      return null;
    }
    const refusal = this.queue.join(call, this.#streamsComing());
    if (refusal !== null) return refusal;
    call.enqueued();
    this.#grow();
    return null;
  }

  /** `call` waits no more. */
  leave(call: Http2Call): void {
    if (this.queue.leave(call)) this.#settle();
  }

  available(session: UpstreamSession): void {
    this.#streamsExpected = Math.max(1, session.streamsMax);
    while (session.hasRoom) {
      const call = this.queue.next();
      if (call === null) break;
      this.#countServed();
      call.send(session);
    }
    if (this.queue.waiting > 0) this.#grow();
    else if (this.#closed !== null && session.idle) session.end();
  }

  choseHttp1(session: UpstreamSession): void {
    this.#sessions.delete(session);
    this.useHttp1();
    this.#settle();
  }

  /** From now on, for a while, and for all who wait, it is HTTP/1.1. */
  useHttp1(): void {
    this.#http1Until = this.loop.clock.monotonic() + HTTP1_FOR_MS;
    for (let call = this.queue.next(); call !== null; call = this.queue.next()) call.delegate();
  }

  gone(session: UpstreamSession, failure: Failure | null): void {
    const wasNew = this.#sessions.delete(session);
    if (session.lost) this.#retired.delete(session);
    else if (wasNew) this.#retired.add(session);
    // Those who wait have others to wait for, or nothing. Whoever comes next tries again.
    if (failure !== null && this.#sessions.size === 0) this.#failAll(failure);
    else if (failure === null) this.#grow();
    this.#settle();
  }

  #failAll(failure: Failure): void {
    for (let call = this.queue.next(); call !== null; call = this.queue.next()) call.fail(failure);
  }

  /** Takes no more calls; resolves when the last connection has ended. */
  close(): Promise<void> {
    if (this.#closed === null) {
      this.#closed = Promise.withResolvers();
      for (const session of [...this.#sessions]) if (session.idle) session.end();
      this.#settle();
    }
    return this.#closed.promise;
  }

  /**
   * Connections that may still be made. None where one takes no streams at all for now (RFC 9113 §6.5.2): another would
   * not either, nor the next; its SETTINGS will say when it does.
   */
  get #spare(): number {
    for (const session of this.#sessions) if (session.closedToAll) return 0;
    return this.#most - this.#sessions.size;
  }

  /** Requests for which there will be room on the connections that are being made, or can be. */
  #streamsComing(): number {
    let connections = this.#spare;
    for (const session of this.#sessions) if (session.making) connections++;
    return connections * this.#streamsExpected;
  }

  /** Makes another connection where those being made will not have room for all who wait. */
  #grow(): void {
    let streams = 0;
    for (const session of this.#sessions) if (session.making) streams += this.#streamsExpected;
    for (let spare = this.#spare; streams < this.queue.waiting && spare > 0; spare--) {
      this.opened++;
      if (this.#counts !== null) this.#counts.opened.value++;
      this.#sessions.add(new UpstreamSession(this));
      streams += this.#streamsExpected;
    }
  }

  #countServed(): void {
    this.served++;
    if (this.#counts !== null) this.#counts.served.value++;
  }

  #settle(): void {
    if (this.#closed === null) return;
    if (this.queue.waiting === 0) for (const session of [...this.#sessions]) if (session.making) session.end();
    if (this.open === 0 && this.queue.waiting === 0) this.#closed.resolve();
  }
}
