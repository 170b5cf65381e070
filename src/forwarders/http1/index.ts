/**
 * The forwarder on our own HTTP/1.1 and plain sockets: one pool of kept connections for each origin, one request at a
 * time on each, no pipelining, no redirects, no decompression. An upgrade has a connection of its own, outside the pool.
 *
 * `Forwarder` → {@link Pool} (who gets which connection) → `UpstreamConnection` (the socket, and the reply on it) →
 * {@link Http1Call} (one request, and whoever asked for it).
 */
import { Loop } from '../../sockets/loop.ts';
import type { EndpointPlan } from '../../types/plan.ts';
import type {
  Forwarder,
  ForwarderStats,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../../types/transport.ts';
import { sumQueues } from '../queue.ts';
import type { ThreadSettings } from '../settings.ts';
import { Http1Call } from './call.ts';
import { Pool } from './pool.ts';
import { Upgrades } from './upgrades.ts';

/** A forwarder on sockets of our own. It ignores `pool.http2`. */
export function createHttp1Forwarder(settings: ThreadSettings): Forwarder {
  return new Http1Forwarder(settings);
}

class Http1Forwarder implements Forwarder {
  readonly #settings: ThreadSettings;
  readonly #loop: Loop;
  readonly #pools = new Map<string, Pool>();
  readonly #upgrades: Upgrades;
  #closed: Promise<void> | null = null;

  constructor(settings: ThreadSettings) {
    this.#settings = settings;
    this.#loop = settings.loop ?? new Loop();
    this.#upgrades = new Upgrades(settings, this.#loop);
  }

  send(request: UpstreamRequest, to: UpstreamEvents): UpstreamCall {
    if (request.upgrade !== '') return this.#upgrades.send(request, to);
    const pool = this.#pools.get(request.endpoint.origin) ?? this.#open(request.endpoint);
    const call = new Http1Call(request, to, pool);
    call.start();
    return call;
  }

  stats(): Required<ForwarderStats> {
    const { open: upgraded, opened } = this.#upgrades;
    const sum = { open: 0, idle: 0, upgraded, opened, served: opened };
    for (const pool of this.#pools.values()) {
      sum.open += pool.open;
      sum.idle += pool.idle;
      sum.opened += pool.opened;
      sum.served += pool.served;
    }
    return { ...sum, ...sumQueues(this.#pools.values()) };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#upgrades, ...this.#pools.values()].map((one) => one.close()));
  }

  #open(endpoint: EndpointPlan): Pool {
    const { pool: plan, crowded, counts } = this.#settings;
    const pool = new Pool(endpoint, plan, this.#loop, (queue) => crowded?.(endpoint, queue), counts);
    if (this.#closed) void pool.close();
    this.#pools.set(endpoint.origin, pool);
    return pool;
  }
}
