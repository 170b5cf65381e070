/**
 * Active health probes: one GET at a time to each endpoint of an upstream with `health`, from the main thread. What
 * they find goes into the endpoint's shared state, where every traffic thread reads it.
 */

import type { ClientRequest, RequestOptions } from 'node:http';
import { isIP } from 'node:net';
import { isOurs } from '../forwarders/connect-failure.ts';
import { http, https } from '../net/node-http.ts';
import type { EndpointPlan, HealthPlan } from '../types/plan.ts';
import type { Log } from '../types/policy.ts';

/** An endpoint and where its health is kept. */
export interface HealthTarget {
  readonly endpoint: EndpointPlan;
  /** null: no probes; the endpoint counts as healthy. */
  readonly health: HealthPlan | null;
  setHealthy(healthy: boolean): void;
}

export interface HealthOptions {
  readonly log: Log;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
  /** An endpoint's health has changed, and has been set. */
  readonly onChange?: () => void;
}

/** Probes spread by up to this fraction of their interval, so that many machines do not beat in step. */
const JITTER = 0.1;
/** Milliseconds within which the first probe is sent. */
const FIRST_WITHIN = 1000;

export class HealthProber {
  readonly #options: HealthOptions;
  #probes: ReadonlyMap<string, Probe> = new Map();

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** Probes these targets from now on and no others. What is known about an endpoint is kept while its URL stays. */
  follow(targets: readonly HealthTarget[]): void {
    const next = new Map<string, Probe>();
    for (const target of targets) {
      const key = `${target.endpoint.id} ${target.endpoint.url}`;
      const known = this.#probes.get(key);
      if (target.health === null) target.setHealthy(true);
      else next.set(key, this.#continue(known, target, target.health));
    }
    const kept = new Set(next.values());
    for (const probe of this.#probes.values()) if (!kept.has(probe)) probe.stop();
    this.#probes = next;
  }

  close(): void {
    this.follow([]);
  }

  /** Endpoints found unhealthy, by id. */
  unhealthy(): string[] {
    return [...this.#probes.values()].filter((probe) => !probe.healthy).map((probe) => probe.id);
  }

  #continue(known: Probe | undefined, target: HealthTarget, health: HealthPlan): Probe {
    if (known?.isFor(health)) {
      known.report(target);
      return known;
    }
    return new Probe(target, health, known?.healthy ?? true, this.#options);
  }
}

class Probe {
  readonly id: string;
  healthy: boolean;
  readonly #health: HealthPlan;
  readonly #options: HealthOptions;
  #target: HealthTarget;
  /** Results in a row that speak against what is believed. */
  #against = 0;
  #timer: NodeJS.Timeout;
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(target: HealthTarget, health: HealthPlan, healthy: boolean, options: HealthOptions) {
    this.id = target.endpoint.id;
    this.#target = target;
    this.#health = health;
    this.#options = options;
    this.healthy = healthy;
    target.setHealthy(healthy);
    this.#timer = setTimeout(() => void this.#run(), options.random() * Math.min(health.every, FIRST_WITHIN));
  }

  isFor(health: HealthPlan): boolean {
    return JSON.stringify(health) === JSON.stringify(this.#health);
  }

  /** The same endpoint under a newer rule set: its state may be another object. */
  report(target: HealthTarget): void {
    this.#target = target;
    target.setHealthy(this.healthy);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#cancel();
  }

  async #run(): Promise<void> {
    const { every } = this.#health;
    const wait = every * (1 + JITTER * (this.#options.random() - 0.5) * 2);
    const due = performance.now() + wait;
    const problem = await this.#ask();
    if (this.#stopped) return;
    if (problem !== null) this.#judge(problem);
    this.#timer = setTimeout(() => void this.#run(), Math.max(0, due - performance.now()));
  }

  /** '' where the endpoint answered well in time, else what went wrong; null where it could not even be asked. */
  #ask(): Promise<string | null> {
    const { endpoint } = this.#target;
    return new Promise((resolve) => {
      let request: ClientRequest | null = null;
      const end = (problem: string | null): void => {
        clearTimeout(timer);
        // The status is the answer; a body that trickles must not hold the next probe.
        request?.destroy();
        resolve(problem);
      };
      const timer = setTimeout(end, this.#health.timeout, `no answer within ${this.#health.timeout} ms`);
      this.#cancel = () => end('cancelled');
      try {
        request = (endpoint.secure ? https : http).get(probeOptions(endpoint, this.#health));
      } catch (error) {
        return end((error as Error).message);
      }
      request.on('error', (error) => end(isOurs(error) ? null : error.message || error.name));
      request.on('response', (response) => {
        response.on('error', () => {});
        const status = response.statusCode ?? 0;
        end(status >= 200 && status < 300 ? '' : `status ${status}`);
      });
    });
  }

  #judge(problem: string): void {
    const good = problem === '';
    this.#against = good === this.healthy ? 0 : this.#against + 1;
    if (this.#against < (good ? this.#health.healthy : this.#health.unhealthy)) return;
    this.#against = 0;
    this.healthy = good;
    this.#target.setHealthy(good);
    if (good) this.#options.log.info({ endpoint: this.id }, 'endpoint is healthy again');
    else this.#options.log.warn({ endpoint: this.id, problem }, 'endpoint is unhealthy');
    this.#options.onChange?.();
  }
}

function probeOptions(endpoint: EndpointPlan, health: HealthPlan): RequestOptions & { servername?: string } {
  // URLs bracket IPv6 addresses; sockets and certificates do not.
  const host = endpoint.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: endpoint.port,
    path: `${endpoint.basePath}${health.path}`,
    agent: false,
    headers: { host: endpoint.authority, 'user-agent': 'weir-health', connection: 'close' },
    ...(endpoint.secure && isIP(host) === 0 && { servername: host }),
  };
}
