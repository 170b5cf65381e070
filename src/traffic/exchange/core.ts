/** What the exchanges of one thread share: the current rule set, the clock, the timers, and where records go. */

import type { Logged } from '../../log/json-bytes.ts';
import type { CidrSet } from '../../net/address.ts';
import type { TimerWheel } from '../../state/wheel.ts';
import type { PassHeadersConfig } from '../../types/config.ts';
import type { Log } from '../../types/policy.ts';
import type { ConnectCause } from '../../types/transport.ts';
import type { ClientDirectory, KnownClient } from '../rules/regions.ts';
import type { Route, RuleSet } from '../rules/rules.ts';
import type { Endpoint } from '../rules/upstream.ts';
import { Tunnels } from '../tunnels/tunnels.ts';
import type { AccessLog } from './access.ts';
import type { BodyBudget } from './body-budget.ts';
import type { PassingNames } from './request-head.ts';

/** What a thread can run out of. */
export type Resource = ConnectCause | 'bodies';

/** A rule set in use, from its commit until the last request that arrived under it has ended. */
export class Generation {
  readonly rules: RuleSet;
  readonly clients: ClientDirectory;
  readonly #dispose: () => void;
  #inFlight = 0;
  #retired = false;

  /** `dispose` runs once, when nothing can use this generation any more. */
  constructor(rules: RuleSet, clients: ClientDirectory, dispose: () => void) {
    this.rules = rules;
    this.clients = clients;
    this.#dispose = dispose;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  enter(): void {
    this.#inFlight++;
  }

  leave(): void {
    this.#inFlight--;
    this.#disposeIfIdle();
  }

  /** A newer one has taken its place. */
  retire(): void {
    this.#retired = true;
    this.#disposeIfIdle();
  }

  /** Empty fact slots for one request. */
  facts(): string[] {
    return this.rules.factCount === 0 ? NO_FACTS : new Array<string>(this.rules.factCount).fill('');
  }

  #disposeIfIdle(): void {
    if (this.#retired && this.#inFlight === 0) this.#dispose();
  }
}

const NO_FACTS: string[] = Object.freeze([]) as unknown as string[];

/** What an exchange leaves behind for metrics and the access log. */
export interface Finished {
  readonly id: string;
  readonly route: string;
  readonly revision: string;
  /** Where route and revision are kept as the access log writes them. */
  readonly routeLogged: Logged;
  readonly method: string;
  readonly path: string;
  readonly replyStatus: number;
  /** Code of the error table, or ''. */
  readonly code: string;
  readonly client: KnownClient;
  /** Of the last attempt; null where there was none. */
  readonly lastEndpoint: Endpoint | null;
  readonly attempts: number;
  /** Why the last attempt failed, such as `timeout` or `connect: refused`; '' where it did not. */
  readonly failure: string;
  readonly bytesOut: number;
  /** Milliseconds, monotonic. */
  readonly startedAt: number;
  /** Milliseconds the last attempt took to answer; -1 where it did not. */
  readonly firstByte: number;
}

/** Fields that pass although they are dropped by default, by who sends them: lower-case names, null for none. */
export interface Passing {
  readonly trusted: PassingNames;
  readonly anyone: PassingNames;
}

/** What the settings say as {@link Core} looks it up. What passes from anyone passes from trusted proxies too. */
export function passingNames({ fromAnyone, fromTrusted }: PassHeadersConfig = NOTHING_PASSES): Passing {
  const trusted = [...fromAnyone, ...fromTrusted];
  return {
    trusted: trusted.length === 0 ? null : new Set(trusted),
    anyone: fromAnyone.length === 0 ? null : new Set(fromAnyone),
  };
}

const NOTHING_PASSES: PassHeadersConfig = { fromAnyone: [], fromTrusted: [] };

export interface CoreOptions {
  readonly trusted: CidrSet;
  readonly passing: Passing;
  /** What `Via` calls this process: a name no other has (RFC 9110 §7.6.3). */
  readonly pseudonym: string;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly access: AccessLog | null;
  /** Bytes a buffered body may have where the route does not say. */
  readonly bodyMax: number;
  /** Milliseconds that a policy may keep a request waiting. */
  readonly policyTimeout: number;
  readonly bodies: BodyBudget;
  now(): number;
  /** Milliseconds, monotonic, fractional. */
  monotonic(): number;
  random(): number;
  newId(): string;
  /** There is no more of what a connection to an endpoint needs, or no room for another body. */
  exhausted(resource: Resource): void;
}

export class Core {
  readonly trusted: CidrSet;
  readonly passing: Passing;
  readonly pseudonym: string;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly bodyMax: number;
  readonly policyTimeout: number;
  readonly bodies: BodyBudget;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly newId: () => string;
  readonly exhausted: (resource: Resource) => void;
  readonly tunnels = new Tunnels();
  /** The time to drain is over: what still arrives is refused. */
  over = false;
  readonly #access: AccessLog | null;
  #generation: Generation;
  #inFlight = 0;

  constructor(options: CoreOptions, generation: Generation) {
    this.trusted = options.trusted;
    this.passing = options.passing;
    this.pseudonym = options.pseudonym;
    this.wheel = options.wheel;
    this.log = options.log;
    this.bodyMax = options.bodyMax;
    this.policyTimeout = options.policyTimeout;
    this.bodies = options.bodies;
    this.now = options.now;
    this.monotonic = options.monotonic;
    this.random = options.random;
    this.newId = options.newId;
    this.exhausted = options.exhausted;
    this.#access = options.access;
    this.#generation = generation;
  }

  /** Requests under way in this thread, whatever their generation. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get generation(): Generation {
    return this.#generation;
  }

  /** The generation that a request arriving now belongs to. */
  enter(): Generation {
    this.#inFlight++;
    this.#generation.enter();
    return this.#generation;
  }

  /** From now on requests arrive under `generation`. */
  commit(generation: Generation): void {
    const old = this.#generation;
    this.#generation = generation;
    old.retire();
  }

  /** The end of a request: metrics, the access log, and its hold on its rule set. */
  ended(x: Finished, route: Route | null, generation: Generation, bytesIn: number): void {
    this.#inFlight--;
    const duration = this.monotonic() - x.startedAt;
    const metrics = route?.metrics ?? generation.rules.unrouted;
    metrics.count(x.replyStatus, duration / 1000);
    if (this.#access !== null) this.#access.write(x, bytesIn, duration, this.now());
    generation.leave();
  }
}
