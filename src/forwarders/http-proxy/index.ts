/**
 * The `http-proxy` forwarder: http-proxy 1.18.1 behind guards, each for a fault of it that nobody mends. It gets no Node
 * request or reply: an attempt stands in for its `req`, and for the stream it pipes upstream.
 */
import { Agent, type AgentOptions } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type HttpProxy from 'http-proxy';
import type { EndpointPlan, PoolPlan } from '../../types/plan.ts';
import type {
  Forwarder,
  ForwarderSettings,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../../types/transport.ts';
import { Deadlines } from '../deadlines.ts';
import { bare } from '../dial.ts';
import { ProxyAttempt, type ProxyHost } from './attempt.ts';
import { loadHttpProxy } from './load.ts';

/** A forwarder on http-proxy, which is loaded by this call and not before. It ignores `pool.http2`. */
export function createHttpProxyForwarder(settings: ForwarderSettings): Forwarder {
  return new HttpProxyForwarder(settings.pool);
}

/** One endpoint: what http-proxy wants to know of it, and its connections. */
interface Target {
  readonly agent: Agent;
  readonly options: HttpProxy.ServerOptions;
}

class HttpProxyForwarder implements Forwarder, ProxyHost<Target> {
  readonly pool: PoolPlan;
  readonly deadlines = new Deadlines();
  readonly ready = new WeakSet<Socket>();
  readonly #proxy: HttpProxy;
  readonly #targets = new Map<string, Target>();
  readonly #underWay = new Set<ProxyAttempt<Target>>();
  #closed: Promise<void> | null = null;
  #settle: (() => void) | null = null;

  constructor(pool: PoolPlan) {
    this.pool = pool;
    this.#proxy = createProxy();
  }

  send(request: UpstreamRequest, to: UpstreamEvents): UpstreamCall {
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

  stats(): { open: number; idle: number; waiting: number } {
    const sum = { open: 0, idle: 0, waiting: 0 };
    for (const { agent } of this.#targets.values()) {
      const idle = count(agent.freeSockets);
      sum.open += count(agent.sockets) + idle;
      sum.idle += idle;
      sum.waiting += countWaiting(agent.requests);
    }
    return sum;
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#settle = resolve;
      for (const { agent } of this.#targets.values()) destroyIdle(agent);
      this.#settleWhenIdle();
    });
    return this.#closed;
  }

  #settleWhenIdle(): void {
    if (this.#underWay.size > 0) return;
    for (const { agent } of this.#targets.values()) agent.destroy();
    this.#settle?.();
  }

  #open(endpoint: EndpointPlan): Target {
    const hostname = bare(endpoint.hostname);
    const agent = createAgent(endpoint, hostname, this.pool);
    const protocol = endpoint.secure ? 'https:' : 'http:';
    const options: HttpProxy.ServerOptions = {
      // An object, for http-proxy puts a string through url.parse (DEP0169).
      target: { protocol, host: hostname, hostname, port: String(endpoint.port), path: '' } as never,
      agent,
      selfHandleResponse: true,
      // Else it puts every request's target through url.parse, only for us to put back what that changed.
      toProxy: true,
    };
    const target = { agent, options };
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

/** Without an agent http-proxy closes each connection. The certificate must be the endpoint's, whatever `Host` says. */
function createAgent(endpoint: EndpointPlan, hostname: string, pool: PoolPlan): Agent {
  const options: AgentOptions & { servername?: string } = {
    keepAlive: true,
    keepAliveMsecs: 60_000,
    maxSockets: pool.connections,
    maxFreeSockets: pool.connections,
    scheduling: 'lifo',
    timeout: pool.idle,
  };
  if (!endpoint.secure) return new Agent(options);
  return new SecureAgent({ ...options, servername: isIP(hostname) ? '' : hostname });
}

function count(lists: NodeJS.ReadOnlyDict<unknown[]>): number {
  let sum = 0;
  for (const name in lists) sum += lists[name]!.length;
  return sum;
}

/** A request that was cancelled stays in the agent's line until its turn comes. */
function countWaiting(lists: NodeJS.ReadOnlyDict<readonly { readonly destroyed?: boolean }[]>): number {
  let sum = 0;
  for (const name in lists) for (const request of lists[name]!) if (!request.destroyed) sum++;
  return sum;
}

function destroyIdle(agent: Agent): void {
  for (const name in agent.freeSockets) for (const socket of agent.freeSockets[name]!) socket.destroy();
}
