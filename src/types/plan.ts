/**
 * The plan: the validated, resolved, plain-data form of a rule set. Structured-cloneable, so it crosses to the traffic
 * threads as it is; every name in it resolves, every unit is a number (milliseconds, bytes, fractions).
 */
import type { Protocol } from '../errors.ts';

/** A value that must not be shown: logs, `status` and `config` print `***`, and the revision does not depend on it. */
export interface Secret {
  readonly secret: string;
}

/** Where something stands in the YAML, for messages and `explain`. Lines and columns start at 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Plan {
  /** Twelve hex digits over the plan with secrets masked and entries that refer to the environment as written. */
  readonly revision: string;
  readonly regions: readonly RegionPlan[];
  readonly upstreams: readonly UpstreamPlan[];
  readonly policies: readonly PolicyPlan[];
  /** In the order written: files sorted by name, then top to bottom. */
  readonly routes: readonly RoutePlan[];
  readonly tests: readonly TestPlan[];
}

export interface RegionPlan {
  readonly name: string;
  /** ISO 3166-1 alpha-2, upper case. */
  readonly countries: readonly string[];
  /** AF AN AS EU NA OC SA */
  readonly continents: readonly string[];
  /** Clients of no other region belong here. At most one region says so. */
  readonly default: boolean;
  readonly place: Place;
}

/** One narrowing step of endpoint choice. */
export type ChooseStep = 'region' | 'latency' | 'weight' | 'leastBusy' | 'hash';

/** What a breaker can count as an endpoint's failure. */
export type FailureKind = 'connect' | 'timeout' | 'truncated' | 'reset' | '5xx' | number;

export interface UpstreamPlan {
  readonly name: string;
  readonly protocol: Protocol;
  readonly forwarder: 'http' | 'http-proxy';
  readonly endpoints: readonly EndpointPlan[];
  readonly choose: readonly ChooseStep[];
  /** Regions tried, in order, when the client's own has nothing to offer. */
  readonly fallback: readonly string[];
  readonly pool: PoolPlan;
  readonly timeouts: TimeoutsPlan;
  readonly breaker: BreakerPlan | null;
  readonly retry: RetryPlan | null;
  readonly health: HealthPlan | null;
  readonly place: Place;
}

export interface EndpointPlan {
  readonly name: string;
  /** `upstream/name`: what logs, metrics and tests call it. */
  readonly id: string;
  readonly upstream: string;
  /** '' where the endpoint serves every region. */
  readonly region: string;
  /** As written, without a trailing slash. */
  readonly url: string;
  /** `http://host:port`: what a pool connects to. */
  readonly origin: string;
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** `host` or `host:port` as it goes into the Host field. */
  readonly authority: string;
  /** Path prefix of the URL, '' or `/prefix` without a trailing slash. */
  readonly basePath: string;
  /** 0 takes no traffic by weight; 1 by default. */
  readonly weight: number;
  readonly place: Place;
}

/** All times in milliseconds. */
export interface PoolPlan {
  /** For each endpoint and traffic thread. */
  readonly connections: number;
  readonly queue: QueuePlan;
  readonly idle: number;
  readonly connect: number;
  readonly tlsHandshake: number;
  readonly http2: boolean;
}

/** The queue for a connection where all are in use. */
export interface QueuePlan {
  /** Requests that may wait at once, for each endpoint and traffic thread. */
  readonly max: number;
  /** Milliseconds that one may wait. */
  readonly wait: number;
}

/** All in milliseconds. */
export interface TimeoutsPlan {
  readonly send: number;
  readonly firstByte: number;
  readonly idle: number;
  readonly total: number;
}

export interface BreakerPlan {
  readonly window: number;
  readonly minRequests: number;
  /** 0…1 */
  readonly failureRate: number;
  readonly openFor: number;
  readonly probes: number;
  readonly failures: readonly FailureKind[];
}

export interface RetryPlan {
  /** Attempts in all, the first one included. */
  readonly attempts: number;
  readonly on: readonly ('connect' | 'busy' | 'timeout' | 'reset' | '5xx' | number)[];
  readonly backoffMin: number;
  readonly backoffMax: number;
  /** Retries as a fraction of requests, 0…1. */
  readonly budget: number;
  /** Repeat what may have been acted on, although its method must not be repeated (RFC 9110 §9.2.2). */
  readonly unsafe: boolean;
}

export interface HealthPlan {
  readonly path: string;
  readonly every: number;
  readonly timeout: number;
  readonly healthy: number;
  readonly unhealthy: number;
  /** 0…1: with a smaller share of healthy endpoints than this, all are used; 0 never. */
  readonly panic: number;
}

/** `config` has the shape the kind's own `resolve` gave it; only the kind knows it. */
export interface PolicyPlan<C = unknown> {
  readonly name: string;
  readonly kind: string;
  readonly config: C;
  readonly place: Place;
}

export interface MatchPlan {
  /** Lower case; exact, `*.example.com`, or `*`. */
  readonly hosts: readonly string[];
  readonly path: string;
  /** Upper case; empty = any. GET implies HEAD. */
  readonly methods: readonly string[];
  /** Lower-case name → exact value, or `*` for "is there". */
  readonly headers: Readonly<Record<string, string>>;
  /** ISO codes; empty = any. */
  readonly countries: readonly string[];
}

export interface RoutePlan {
  readonly name: string;
  readonly match: MatchPlan;
  /** Names of policies in the order they run. */
  readonly use: readonly string[];
  /** Weighted upstreams; one for a plain route; empty where `reply` answers. */
  readonly to: readonly { readonly upstream: string; readonly weight: number }[];
  readonly reply: ReplyPlan | null;
  /** Bytes a buffered body may have; null = the process limit. */
  readonly bodyMax: number | null;
  readonly onDisconnect: { readonly action: 'cancel' } | { readonly action: 'drain'; readonly for: number };
  /** `map`: upstream error statuses become JSON bodies with a code. */
  readonly errors: 'pass' | 'map';
  /** Shape of the errors Weir itself makes on this route. */
  readonly protocol: Protocol;
  readonly place: Place;
}

export interface ReplyPlan {
  readonly status: number;
  /** Flat, as written. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** One entry of a `tests:` block, as written but checked. */
export interface TestPlan {
  readonly name: string;
  readonly given: {
    readonly breakers: Readonly<Record<string, 'open' | 'closed' | 'halfOpen'>>;
    /** ISO 8601; the clock is stopped at this time. */
    readonly now?: string;
  };
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly address: string;
    /** Overrides what the address would say. */
    readonly country: string;
  };
  readonly expect: {
    readonly route?: string;
    readonly status?: number;
    readonly policy?: string;
    readonly endpoint?: string;
    readonly path?: string;
    readonly code?: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly place: Place;
}
