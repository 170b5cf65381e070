/**
 * The forwarder on Node's HTTP/2: by ALPN to https endpoints, by prior knowledge to plain ones. Many requests share a
 * connection. What an https endpoint would rather have as HTTP/1.1 goes to another forwarder, and so does every upgrade:
 * HTTP/2 has none (RFC 9113 §8.6).
 *
 * `Forwarder` → {@link Origin} (who gets room where) → `UpstreamSession` (a connection) → {@link Http2Call} (one request on
 * one stream).
 */
import { Loop } from '../../sockets/loop.ts';
import type { EndpointPlan } from '../../types/plan.ts';
import type {
  Forwarder,
  ForwarderStats,
  QueueStats,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../../types/transport.ts';
import { NO_QUEUE, sumQueues } from '../queue.ts';
import type { ThreadSettings } from '../settings.ts';
import { Http2Call } from './call.ts';
import { Origin } from './origin.ts';

/** A forwarder that closes `fallback`, which takes upgrades and the requests of origins that choose HTTP/1.1, when it is closed. */
export function createHttp2Forwarder(settings: ThreadSettings, fallback: Forwarder): Forwarder {
  return new Http2Forwarder(settings, fallback);
}

class Http2Forwarder implements Forwarder {
  readonly #settings: ThreadSettings;
  readonly #fallback: Forwarder;
  readonly #loop: Loop;
  readonly #origins = new Map<string, Origin>();
  #closed: Promise<void> | null = null;

  constructor(settings: ThreadSettings, fallback: Forwarder) {
    this.#settings = settings;
    this.#loop = settings.loop ?? new Loop();
    this.#fallback = fallback;
  }

  send(request: UpstreamRequest, to: UpstreamEvents): UpstreamCall {
    if (request.upgrade !== '') return this.#fallback.send(request, to);
    const origin = this.#origins.get(request.endpoint.origin) ?? this.#open(request.endpoint);
    if (origin.prefersHttp1) return this.#fallback.send(request, to);
    const call = new Http2Call(request, to, origin);
    call.start();
    return call;
  }

  stats(): Required<ForwarderStats> {
    const fallback = this.#fallback.stats();
    const { open, idle, upgraded = 0, opened = 0, served = 0 } = fallback;
    const sum = { open, idle, upgraded, opened, served };
    for (const origin of this.#origins.values()) {
      sum.open += origin.open;
      sum.idle += origin.idle;
      sum.opened += origin.opened;
      sum.served += origin.served;
    }
    return { ...sum, ...sumQueues([{ queue: { ...NO_QUEUE, ...fallback } }, ...this.#origins.values()]) };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** The fallback last: who waits for a connection may yet be sent there. */
  async #close(): Promise<void> {
    await Promise.all(Array.from(this.#origins.values(), (origin) => origin.close()));
    await this.#fallback.close();
  }

  #open(endpoint: EndpointPlan): Origin {
    const { pool, crowded, counts } = this.#settings;
    const report = (queue: QueueStats) => crowded?.(endpoint, queue);
    const origin = new Origin(endpoint, pool, this.#loop, this.#fallback, report, counts);
    if (this.#closed !== null) void origin.close();
    this.#origins.set(endpoint.origin, origin);
    return origin;
  }
}
