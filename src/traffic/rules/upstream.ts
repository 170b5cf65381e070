/** Upstreams at run time: what config says (the plan) beside what running learns (state), never mixed. */
import { Line } from '../../fields/line.ts';
import { Logged } from '../../log/json-bytes.ts';
import type { CounterSet, Meters } from '../../metrics/counters.ts';
import { Breaker, type BreakerChange } from '../../state/breaker.ts';
import { RetryBudget } from '../../state/budget.ts';
import { EndpointState } from '../../state/endpoint.ts';
import type { BreakerPlan, EndpointPlan, FailureKind, UpstreamPlan } from '../../types/plan.ts';
import type { Log } from '../../types/policy.ts';
import type { FailureReason, Forwarder } from '../../types/transport.ts';
import { Levels } from './levels.ts';

/** What became of one attempt, as metrics call it. */
export type Outcome = 'ok' | 'error' | FailureReason | 'aborted';

const OUTCOMES = Object.freeze([
  'ok',
  'error',
  'connect',
  'busy',
  'timeout',
  'reset',
  'truncated',
  'protocol',
  'aborted',
] as const satisfies readonly Outcome[]);

/** Index of each outcome in its endpoint's counters. */
const INDEX = Object.freeze(Object.fromEntries(OUTCOMES.map((outcome, i) => [outcome, i]))) as Readonly<
  Record<Outcome, number>
>;

const BY_OUTCOME = Object.freeze({ label: 'outcome', values: OUTCOMES });

export class Endpoint {
  readonly plan: EndpointPlan;
  /** `Host` as its requests have it. */
  readonly host: Line;
  readonly breaker: Breaker | null;
  readonly state: EndpointState;
  /** How the access log writes its id. */
  readonly logged = new Logged();
  /** The last failure that its breaker counted in this thread: for the log, when it opens. */
  lastFailure = '';
  readonly #meters: Meters;
  #outcomes: CounterSet | null = null;

  constructor(plan: EndpointPlan, breaker: Breaker | null, state: EndpointState, meters: Meters) {
    this.plan = plan;
    this.host = Line.kept('host', plan.authority);
    this.breaker = breaker;
    this.state = state;
    this.#meters = meters;
  }

  /** An attempt has ended. */
  count(outcome: Outcome): void {
    this.#outcomes ??= this.#counters();
    this.#outcomes.add(INDEX[outcome]);
  }

  #counters(): CounterSet {
    const labels = { upstream: this.plan.upstream, endpoint: this.plan.id };
    return this.#meters.counterSet('weir_upstream_attempts_total', labels, BY_OUTCOME);
  }
}

/** What upstreams need of the thread they run in. */
export interface UpstreamHost {
  /** Number of this thread. */
  readonly thread: number;
  /** The highest number that a thread has. */
  readonly threads: number;
  readonly meters: Meters;
  readonly log: Log;
  zone(identity: string, bytes: number): SharedArrayBuffer;
  forwarder(plan: UpstreamPlan): Forwarder;
}

/** Retries that a quiet upstream may have each second, so that a budget of a fraction does not mean none. */
const RETRIES_PER_SECOND_FLOOR = 1;

export class Upstream {
  readonly plan: UpstreamPlan;
  readonly endpoints: readonly Endpoint[];
  readonly levels: Levels;
  readonly forwarder: Forwarder;
  readonly budget: RetryBudget | null;

  constructor(plan: UpstreamPlan, host: UpstreamHost) {
    this.plan = plan;
    this.endpoints = plan.endpoints.map((endpoint) => createEndpoint(endpoint, plan, host));
    this.levels = new Levels(this.endpoints, plan);
    this.forwarder = host.forwarder(plan);
    this.budget = plan.retry
      ? new RetryBudget(
          host.zone(RetryBudget.identity(plan.name), RetryBudget.bytes),
          { ratio: plan.retry.budget, minimum: RETRIES_PER_SECOND_FLOOR },
          host.thread,
        )
      : null;
  }

  /** Does the breaker count a reply with this status? */
  countsStatus(status: number): boolean {
    return this.plan.breaker !== null && statusListed(this.plan.breaker.failures, status);
  }

  /** Does the breaker count an attempt that failed this way? */
  countsFailure(reason: FailureReason): boolean {
    const failures = this.plan.breaker?.failures;
    return failures !== undefined && COUNTED_AS[reason].some((kind) => failures.includes(kind));
  }
}

/** What a rule must list for a failure to count. A reply cut off before its head is a truncated one all the same. */
const COUNTED_AS: Readonly<Record<FailureReason, readonly FailureKind[]>> = {
  connect: ['connect'],
  // It waited here: that says nothing about the endpoint.
  busy: [],
  timeout: ['timeout'],
  truncated: ['truncated'],
  reset: ['reset', 'truncated'],
  protocol: ['reset', 'truncated'],
};

/** Is `status` named in a list of statuses and `5xx`? */
export function statusListed(list: readonly (string | number)[], status: number): boolean {
  return status >= 400 && (list.includes(status) || (status >= 500 && list.includes('5xx')));
}

function createEndpoint(plan: EndpointPlan, upstream: UpstreamPlan, host: UpstreamHost): Endpoint {
  const state = new EndpointState(
    host.zone(EndpointState.identity(plan.id, plan.url), EndpointState.bytes(host.threads)),
    host.thread,
  );
  const breaker = upstream.breaker ? createBreaker(plan, upstream.breaker, longestToHead(upstream), host) : null;
  const endpoint = new Endpoint(plan, breaker, state, host.meters);
  if (breaker !== null) breaker.onChange = (change) => tellChange(host.log, endpoint, change);
  return endpoint;
}

/** One line for each change, from the one thread that made it. */
function tellChange(
  log: Log,
  { plan, lastFailure }: Endpoint,
  { to, cause, successes, failures }: BreakerChange,
): void {
  const fields = { endpoint: plan.id, breaker: to, cause };
  if (to === 'open') log.warn({ ...fields, failures, successes, last: lastFailure }, 'the breaker has opened');
  else if (to === 'halfOpen') log.info(fields, 'the breaker lets probes through');
  else log.info(fields, 'the breaker has closed');
}

/** Milliseconds that an attempt may take to its head, unless its body takes longer to send. */
function longestToHead({ pool, timeouts }: UpstreamPlan): number {
  return Math.min(timeouts.total, pool.connect + pool.tlsHandshake + timeouts.send + timeouts.firstByte);
}

/** A probe is judged at its head. One that vanished, with its thread, gives its place back after `lease` milliseconds. */
function createBreaker(plan: EndpointPlan, settings: BreakerPlan, lease: number, host: UpstreamHost): Breaker {
  const zone = host.zone(Breaker.identity(plan.id, plan.url, settings.window), Breaker.bytes);
  return new Breaker(zone, { ...settings, lease }, host.thread);
}
