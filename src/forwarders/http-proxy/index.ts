/**
 * The `http-proxy` forwarder: http-proxy 1.18.1 behind guards, each for a fault of it that nobody mends. It gets no Node
 * request or reply: an attempt stands in for its `req`, and for the stream it pipes upstream. Upgrades do not go through
 * it, because it passes on any 101: they are made as by the `http` forwarder.
 */
import type { Socket } from 'node:net';
import type HttpProxy from 'http-proxy';
import { Loop } from '../../sockets/loop.ts';
import type { EndpointPlan, PoolPlan } from '../../types/plan.ts';
import type {
  Forwarder,
  ForwarderStats,
  QueueStats,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../../types/transport.ts';
import { Upgrades } from '../http1/upgrades.ts';
import { sumQueues } from '../queue.ts';
import type { ThreadSettings } from '../settings.ts';
import { ProxyAttempt, type ProxyHost } from './attempt.ts';
import { loadHttpProxy } from './load.ts';
import { Target } from './target.ts';

/** A forwarder on http-proxy, which is loaded by this call and not before. It ignores `pool.http2`. */
export function createHttpProxyForwarder(settings: ThreadSettings): Forwarder {
  return new HttpProxyForwarder(settings);
}

class HttpProxyForwarder implements Forwarder, ProxyHost<Target> {
  readonly pool: PoolPlan;
  readonly loop: Loop;
  readonly ready = new WeakSet<Socket>();
  readonly #settings: ThreadSettings;
  readonly #proxy: HttpProxy;
  readonly #targets = new Map<string, Target>();
  readonly #underWay = new Set<ProxyAttempt<Target>>();
  readonly #upgrades: Upgrades;
  #closed: Promise<void> | null = null;
  #settle: (() => void) | null = null;

  constructor(settings: ThreadSettings) {
    this.pool = settings.pool;
    this.loop = settings.loop ?? new Loop();
    this.#settings = settings;
    this.#upgrades = new Upgrades(settings, this.loop);
    this.#proxy = createProxy();
  }

  send(request: UpstreamRequest, to: UpstreamEvents): UpstreamCall {
    if (request.upgrade !== '') return this.#upgrades.send(request, to);
    const target = this.#targets.get(request.endpoint.origin) ?? this.#open(request.endpoint);
    const attempt = new ProxyAttempt(request, to, this, target);
    this.#underWay.add(attempt);
    if (this.#closed) attempt.refuse('the forwarder is closed');
    else attempt.start();
    return attempt;
  }

  web(attempt: ProxyAttempt<Target>, target: Target): void {
    const options = { ...target.options, buffer: attempt } as unknown as HttpProxy.ServerOptions;
    this.#proxy.web(attempt as never, UNUSED_REPLY as never, options, onProxyError as never);
  }

  over(attempt: ProxyAttempt<Target>): void {
    this.#underWay.delete(attempt);
    if (this.#closed) this.#settleWhenIdle();
  }

  stats(): ForwarderStats & QueueStats {
    const sum = { open: 0, idle: 0, upgraded: this.#upgrades.open };
    for (const target of this.#targets.values()) {
      sum.open += target.open;
      sum.idle += target.idle;
    }
    return { ...sum, ...sumQueues(this.#targets.values()) };
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all([this.#upgrades.close(), this.#closeTargets()]).then(() => {});
    return this.#closed;
  }

  #closeTargets(): Promise<void> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      for (const target of this.#targets.values()) target.destroyIdle();
      this.#settleWhenIdle();
    });
  }

  #settleWhenIdle(): void {
    if (this.#underWay.size > 0) return;
    for (const target of this.#targets.values()) target.agent.destroy();
    this.#settle?.();
  }

  #open(endpoint: EndpointPlan): Target {
    const { pool, crowded, counts } = this.#settings;
    const target = new Target(endpoint, pool, this.loop, (queue) => crowded?.(endpoint, queue), counts);
    this.#targets.set(endpoint.origin, target);
    return target;
  }
}

/**
 * All its passes but the one that sends are dropped: `deleteLength` takes the framing off a DELETE or OPTIONS with a
 * chunked body and sends the body on, as a second request that nobody checked; the others have nothing to do here.
 */
function createProxy(): HttpProxy {
  const proxy = loadHttpProxy().createProxyServer({}) as HttpProxy & { webPasses: { readonly name: string }[] };
  proxy.webPasses = proxy.webPasses.filter((pass) => pass.name === 'stream');
  proxy.on('proxyRes', (reply, attempt) => (attempt as unknown as ProxyAttempt<Target>).onReply(reply));
  return proxy;
}

function onProxyError(error: Error, attempt: ProxyAttempt<Target>): void {
  attempt.onError(error);
}

/** http-proxy looks at two fields of a reply that it leaves alone (`selfHandleResponse`). */
const UNUSED_REPLY = Object.freeze({ headersSent: false, finished: false });
