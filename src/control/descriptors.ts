/**
 * File descriptors: how many this process may have, whether the settings fit, and a word when there are none left. Node
 * says nothing of that on the way in: the system's queue is emptied by closing what cannot be accepted.
 */
import { readFileSync } from 'node:fs';
import type { Counter } from '../metrics/counters.ts';
import { hasDescriptor } from '../net/descriptors.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Log } from '../types/policy.ts';

/** What the process holds beside connections, generously: files and the admin listener's connections; */
const RESERVE = 80;
/** for each thread, its event loop and pipes; */
const PER_THREAD = 8;
/** for each thread of a listener, its socket, here and there. */
const PER_SOCKET = 2;

/** Milliseconds between two looks. */
const EVERY = 1000;

/** Descriptors this process may have (its soft limit, which Node raises to the hard one), or null where that is not known. */
export function descriptorLimit(): number | null {
  try {
    const found = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    if (found === null) return null;
    return found[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(found[1]);
  } catch {
    return null;
  }
}

/** `limits.connections: auto`, where descriptors suffice. */
const CONNECTIONS = 20_000;

/** Where `auto` comes to less, an operator should know before clients are turned away. */
const FEW = 1_000;

/**
 * The settings with as many connections as the descriptors allow where they say `auto`. Each takes two: the client's, and
 * one to an endpoint. What is written stays, and a warning says that it does not fit.
 */
export function fitConnections(config: WeirConfig, threads: number, log: Log, limit = descriptorLimit()): WeirConfig {
  const sockets = threads * config.listeners.length;
  const places = 2 * sockets;
  const own = RESERVE + PER_THREAD * threads + PER_SOCKET * sockets;
  const fits = Math.max(1, Math.floor(((limit ?? Number.POSITIVE_INFINITY) - own) / places));
  const { connections } = config.limits;
  if (connections === 0) return { ...config, limits: { ...config.limits, connections: automatic(fits, limit, log) } };
  if (connections <= fits) return config;
  const wanted = connections * places + own;
  log.warn(
    { limit, wanted, connections, fits },
    `limits.connections may need ${wanted} file descriptors and the system allows ${limit}: raise that (ulimit -n, LimitNOFILE), or set it to ${fits}`,
  );
  return config;
}

function automatic(fits: number, limit: number | null, log: Log): number {
  if (fits >= CONNECTIONS) return CONNECTIONS;
  const says = `limits.connections is ${fits} for each listener and thread, since the system allows ${limit} file descriptors`;
  if (fits < FEW) log.warn({ limit, connections: fits }, `${says}: raise that (ulimit -n, LimitNOFILE)`);
  else log.info({ limit, connections: fits }, says);
  return fits;
}

/** Checks each second whether a descriptor is available. */
export class DescriptorWatch {
  readonly #log: Log;
  readonly #counter: Counter;
  readonly #timer: NodeJS.Timeout;
  /** As it was when it could last be read, which takes a descriptor. */
  #limit = descriptorLimit();
  #out = false;

  constructor(log: Log, counter: Counter) {
    this.#log = log;
    this.#counter = counter;
    this.#timer = setInterval(() => this.#look(), EVERY).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const out = !hasDescriptor();
    if (out) this.#counter.value++;
    if (out === this.#out) return;
    this.#out = out;
    this.#limit = descriptorLimit() ?? this.#limit;
    if (out) this.#log.error({ limit: this.#limit }, 'out of file descriptors: new connections are closed at once');
    else this.#log.info({}, 'file descriptors are available again');
  }
}
