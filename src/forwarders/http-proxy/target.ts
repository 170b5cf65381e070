/** One endpoint, as http-proxy wants to know it, and the connections of Node's agent to it. */

import type { Agent, AgentOptions } from 'node:http';
import { isIP } from 'node:net';
import type HttpProxy from 'http-proxy';
import { http, https } from '../../net/node-http.ts';
import type { Loop } from '../../sockets/loop.ts';
import type { EndpointPlan, PoolPlan } from '../../types/plan.ts';
import type { QueueCounts, QueueStats } from '../../types/transport.ts';
import { bare } from '../dial.ts';
import { ConnectionQueue } from '../queue.ts';
import type { Beginner, Places } from './places.ts';

export class Target implements Places {
  readonly agent: Agent;
  readonly options: HttpProxy.ServerOptions;
  readonly queue: ConnectionQueue<Beginner>;
  readonly #most: number;
  /** Requests that have a connection, or are about to. */
  #taken = 0;
  #releasing = false;

  constructor(
    endpoint: EndpointPlan,
    pool: PoolPlan,
    loop: Loop,
    crowded: (queue: QueueStats) => void,
    counts?: QueueCounts,
  ) {
    const hostname = bare(endpoint.hostname);
    this.agent = createAgent(endpoint, hostname, pool);
    this.options = optionsFor(endpoint, hostname, this.agent);
    this.queue = new ConnectionQueue(pool.queue, loop, crowded, counts);
    this.#most = pool.connections;
  }

  get open(): number {
    return count(this.agent.sockets) + this.idle;
  }
  get idle(): number {
    return count(this.agent.freeSockets);
  }

  take(): boolean {
    if (this.#taken >= this.#most) return false;
    this.#taken++;
    return true;
  }

  /** In a loop, not by recursion: who is let in may end at once, and let in the next. */
  release(): void {
    this.#taken--;
    if (this.#releasing) return;
    this.#releasing = true;
    while (this.#taken < this.#most) {
      const next = this.queue.next();
      if (next === null) break;
      this.#taken++;
      next.begin();
    }
    this.#releasing = false;
  }

  destroyIdle(): void {
    const { freeSockets } = this.agent;
    for (const name in freeSockets) for (const socket of freeSockets[name]!) socket.destroy();
  }
}

function optionsFor(endpoint: EndpointPlan, hostname: string, agent: Agent): HttpProxy.ServerOptions {
  const protocol = endpoint.secure ? 'https:' : 'http:';
  return {
    // An object, for http-proxy puts a string through url.parse (DEP0169).
    target: { protocol, host: hostname, hostname, port: String(endpoint.port), path: '' } as never,
    agent,
    selfHandleResponse: true,
    // Else it puts every request's target through url.parse, only for us to put back what that changed.
    toProxy: true,
  };
}

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
  if (!endpoint.secure) return new http.Agent(options);
  return new https.Agent({ ...options, servername: isIP(hostname) ? '' : hostname });
}

function count(lists: NodeJS.ReadOnlyDict<unknown[]>): number {
  let sum = 0;
  for (const name in lists) sum += lists[name]!.length;
  return sum;
}
