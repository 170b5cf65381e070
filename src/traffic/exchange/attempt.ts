/** One attempt at one endpoint: what it holds, and how it ends. */
import type { ErrorCode } from '../../errors.ts';
import type { Fields } from '../../fields/fields.ts';
import type { EndpointPlan } from '../../types/plan.ts';
import type { Attempt, AttemptResult, Exchange } from '../../types/policy.ts';
import type { Failure, FailureReason } from '../../types/transport.ts';
import type { Step } from '../rules/step.ts';
import type { Endpoint, Outcome, Upstream } from '../rules/upstream.ts';
import { runUndo } from './hooks.ts';

/** What clients are told when an attempt failed and no other follows. */
export const FAILURE_CODES: Readonly<Record<FailureReason, ErrorCode>> = {
  connect: 'UPSTREAM_CONNECT',
  busy: 'UPSTREAM_BUSY',
  timeout: 'UPSTREAM_TIMEOUT',
  reset: 'UPSTREAM_RESET',
  truncated: 'UPSTREAM_RESET',
  protocol: 'UPSTREAM_PROTOCOL',
};

export class AttemptRun implements Attempt {
  readonly number: number;
  readonly runtime: Endpoint;
  readonly upstream: Upstream;
  readonly headers: Fields;
  path: string;
  result: AttemptResult | null = null;
  /** Milliseconds (monotonic) at sending and from there to the head of the reply. */
  startedAt = 0;
  firstByte = -1;
  status = 0;
  /** Why it failed, for logs: a reason and, where no connection could be made, what kept it from being made. */
  failure = '';
  /** Milliseconds (monotonic) at which all of the request was here to be sent; -1 while its body still comes. */
  #wholeAt = -1;
  /** The breaker's permit; from the head on, the one for the rest of the reply. */
  #permit: number;
  #undo: { readonly step: Step; readonly undo: () => void }[] | null = null;
  /** Whose `attempt` hook runs. */
  step: Step | null = null;

  constructor(number: number, runtime: Endpoint, upstream: Upstream, permit: number, headers: Fields, path: string) {
    this.number = number;
    this.runtime = runtime;
    this.upstream = upstream;
    this.headers = headers;
    this.path = path;
    this.#permit = permit;
  }

  get endpoint(): EndpointPlan {
    return this.runtime.plan;
  }

  defer(undo: () => void): void {
    const deferred = { step: this.step!, undo };
    if (this.#undo === null) this.#undo = [deferred];
    else this.#undo.push(deferred);
  }

  /** Abandoned before it was sent: what earlier hooks took is given back, the last first. */
  abandon(x: Exchange, now: number): void {
    this.runtime.breaker?.cancel(this.#permit, now);
    for (const { step, undo } of this.#undo?.reverse() ?? []) runUndo(step, x, undo);
  }

  /** `whole`: nothing of the body is still to come from the client. */
  sent(monotonic: number, whole: boolean): void {
    this.startedAt = monotonic;
    if (whole) this.#wholeAt = monotonic;
    this.runtime.state.started();
  }

  /** The rest of the request's body has come. */
  requestWhole(monotonic: number): void {
    if (this.#wholeAt < 0) this.#wholeAt = monotonic;
  }

  /**
   * The head of the reply is here. It decides a half-open probe; anything else counts when the reply ends. `cold`: the
   * request had to wait for a connection.
   */
  answered(status: number, cold: boolean, monotonic: number, now: number): void {
    this.status = status;
    this.firstByte = monotonic - this.startedAt;
    const { breaker, state } = this.runtime;
    if (breaker !== null) {
      const bad = this.upstream.countsStatus(status);
      if (bad) this.runtime.lastFailure = `status ${status}`;
      this.#permit = breaker.judge(this.#permit, !bad, now);
    }
    // A refusal or a failure takes no work and so tells nothing; nor does an upgrade, whose connection is always new. The
    // time that a client takes for its body is no time of the endpoint's, and a reply before its end says nothing either.
    if (status < 200 || status >= 400) state.untold(now);
    else if (this.#wholeAt >= 0) state.observe(monotonic - this.#wholeAt, now, cold);
  }

  /** The reply came through whole. Whether its status is the endpoint's failure is the breaker's to say. */
  succeed(now: number): void {
    const bad = this.upstream.countsStatus(this.status);
    this.#end(bad ? 'error' : this.status >= 500 ? 'error' : 'ok', '', false, now);
    const breaker = this.runtime.breaker;
    // Anything may have gone wrong there since the head came.
    if (bad) this.runtime.lastFailure = `status ${this.status}`;
    if (breaker !== null) bad ? breaker.failure(this.#permit, now) : breaker.success(this.#permit, now);
  }

  fail(failure: Failure, now: number): void {
    this.failure = failure.cause === undefined ? failure.reason : `${failure.reason}: ${failure.cause}`;
    this.#end(failure.reason, failure.reason === 'truncated' ? 'TRUNCATED' : FAILURE_CODES[failure.reason], false, now);
    const breaker = this.runtime.breaker;
    if (breaker === null) return;
    if (!this.upstream.countsFailure(failure.reason)) return breaker.cancel(this.#permit, now);
    this.runtime.lastFailure = this.failure;
    breaker.failure(this.#permit, now);
  }

  /** The client left: that says nothing about the endpoint, so a probe's place is given back and nothing counted. */
  abort(now: number): void {
    this.#end('aborted', '', true, now);
    this.runtime.breaker?.cancel(this.#permit, now);
  }

  #end(outcome: Outcome, code: AttemptResult['code'], aborted: boolean, now: number): void {
    this.runtime.state.ended();
    if (this.status === 0) this.runtime.state.untold(now);
    this.runtime.count(outcome);
    this.result = { status: this.status, code, aborted, firstByte: this.firstByte };
  }
}
