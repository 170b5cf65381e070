/** The attempts of one exchange: which endpoint next, how each ended, and whether another may follow. */

import type { Fields } from '../../fields/fields.ts';
import { isHost } from '../../http1/target.ts';
import type { Exchange } from '../../types/policy.ts';
import type { Failure } from '../../types/transport.ts';
import { choose, usable, usableAnywhere } from '../rules/choose.ts';
import type { Route } from '../rules/rules.ts';
import type { Endpoint, Upstream } from '../rules/upstream.ts';
import { AttemptRun } from './attempt.ts';
import type { Core } from './core.ts';
import { runAttempt, runChoose, runOutcome } from './hooks.ts';
import { backoff } from './retry.ts';

const NONE: readonly Endpoint[] = [];

export class Attempts {
  /** The attempt under way, or the last one. */
  current: AttemptRun | null = null;
  /** How many were sent. */
  count = 0;
  /** A policy failed while it was to say where the request may go: it goes nowhere. */
  broken = false;
  readonly #core: Core;
  readonly #route: Route;
  readonly #x: Exchange;
  /** Endpoints of attempts that another follows. */
  #tried: readonly Endpoint[] = NONE;

  constructor(core: Core, route: Route, x: Exchange) {
    this.#core = core;
    this.#route = route;
    this.#x = x;
  }

  /** Makes ready for an endpoint, one not tried yet where there is one; null where nothing can take the request. */
  prepare(upstream: Upstream): AttemptRun | null {
    const now = this.#core.now();
    const fresh = this.#pick(upstream, this.#tried, now);
    if (fresh !== null || this.broken || this.#tried.length === 0) return fresh;
    return this.#pick(upstream, NONE, now);
  }

  #pick(upstream: Upstream, tried: readonly Endpoint[], now: number): AttemptRun | null {
    const { client } = this.#x;
    if (this.#route.choosesEndpoints)
      return this.#pickFrom(upstream, this.#narrow(usableAnywhere(upstream, tried, now, client.region)));
    const endpoint = choose(upstream, usable(upstream, tried, now, client.region), client, this.#core.random, now);
    if (endpoint === null) return null;
    const attempt = this.#enter(upstream, endpoint);
    if (attempt !== null || this.broken) return attempt;
    return this.#pickFrom(upstream, without(usableAnywhere(upstream, tried, now, client.region), endpoint));
  }

  /** The first that takes the request, in the order in which `choose` would have them. */
  #pickFrom(upstream: Upstream, from: readonly Endpoint[]): AttemptRun | null {
    let candidates = from;
    for (;;) {
      const endpoint = choose(upstream, candidates, this.#x.client, this.#core.random, this.#core.now());
      if (endpoint === null) return null;
      const attempt = this.#enter(upstream, endpoint);
      if (attempt !== null || this.broken) return attempt;
      candidates = without(candidates, endpoint);
    }
  }

  /** What policies leave of the list. */
  #narrow(from: readonly Endpoint[]): readonly Endpoint[] {
    let list = from;
    for (const step of this.#route.steps) {
      if (step.hooks.choose === undefined) continue;
      const plans = list.map((endpoint) => endpoint.plan);
      const kept = runChoose(step, this.#x, plans);
      if (kept === null) {
        this.broken = true;
        return [];
      }
      list = list.filter((endpoint) => kept.includes(endpoint.plan));
    }
    return list;
  }

  /** Takes the endpoint's permit and runs the attempt hooks; null where the breaker or a policy says no. */
  #enter(upstream: Upstream, endpoint: Endpoint): AttemptRun | null {
    const now = this.#core.now();
    const permit = endpoint.breaker === null ? 1 : endpoint.breaker.enter(now);
    if (permit === 0) return null;
    const { upstreamPath } = this.#x;
    const attempt = new AttemptRun(
      this.count + 1,
      endpoint,
      upstream,
      permit,
      this.#headersFor(upstream, endpoint),
      upstreamPath,
    );
    const previous = this.current;
    this.current = attempt;
    if (!this.#route.editsAttempts) return attempt;
    if (this.#skips(attempt)) {
      attempt.abandon(this.#x, now);
      this.current = previous;
      return null;
    }
    ensureHost(attempt.headers, endpoint.plan.authority);
    return attempt;
  }

  /**
   * A list of its own where another attempt may follow, with the endpoint's `Host` in front (see `hostFirst`), which a
   * policy may still change.
   */
  #headersFor(upstream: Upstream, endpoint: Endpoint): Fields {
    const { headers } = this.#x;
    const own = this.#route.editsAttempts || upstream.plan.retry !== null ? headers.copy() : headers;
    own.addLineFirst(endpoint.host);
    return own;
  }

  /** Does a policy not want this try, or fail on it? */
  #skips(attempt: AttemptRun): boolean {
    for (const step of this.#route.steps) {
      attempt.step = step;
      const said = runAttempt(step, this.#x, attempt);
      if (said === undefined) continue;
      if (said === 'failed') this.broken = true;
      return true;
    }
    return false;
  }

  /** The attempt goes out now. `whole`: nothing of the body is still to come from the client. */
  sent(attempt: AttemptRun, whole: boolean): void {
    this.count++;
    attempt.sent(this.#core.monotonic(), whole);
  }

  /** The rest of the request's body has come. */
  requestWhole(): void {
    this.current?.requestWhole(this.#core.monotonic());
  }

  /** The head of the reply is here; `cold` where the request had to wait for a connection. */
  answered(status: number, cold: boolean): void {
    this.current!.answered(status, cold, this.#core.monotonic(), this.#core.now());
  }

  /**
   * Takes a retry out of the budget after a failed attempt: milliseconds to wait, or -1 where there is none.
   * `asked` is how long the upstream wants to be left alone: a longer time than the rules wait means no retry here.
   */
  takeRetry(asked: number): number {
    const attempt = this.current!;
    const { retry } = attempt.upstream.plan;
    if (retry === null || this.count >= retry.attempts) return -1;
    this.#tried = [...this.#tried, attempt.runtime];
    const throttled = attempt.status === 429;
    const elsewhere = !throttled && this.#hasAnother(attempt.upstream);
    // Nothing was sent: going elsewhere repeats no load, and a second wait in the same line would help nobody.
    if (attempt.result?.code === 'UPSTREAM_BUSY') return elsewhere ? 0 : -1;
    const wait = Math.max(elsewhere ? 0 : backoff(retry, this.count, this.#core.random()), asked);
    if (wait > retry.backoffMax || !attempt.upstream.budget?.take(this.#core.now())) return -1;
    // A provider that says "too many" is asked again after its own time, and not gone round by another endpoint.
    if (throttled) this.#tried = without(attempt.upstream.endpoints, attempt.runtime);
    return wait;
  }

  #hasAnother(upstream: Upstream): boolean {
    const { client } = this.#x;
    const untried = usable(upstream, this.#tried, this.#core.now(), client.region);
    return choose(upstream, untried, client, this.#core.random) !== null;
  }

  // Each attempt has exactly one outcome: what comes later for the same one is not counted.

  succeed(): void {
    const attempt = this.current!;
    if (attempt.result !== null) return;
    attempt.succeed(this.#core.now());
    this.#tell(attempt);
  }

  fail(failure: Failure): void {
    const attempt = this.current!;
    if (attempt.result !== null) return;
    attempt.fail(failure, this.#core.now());
    this.#tell(attempt);
  }

  abort(): void {
    const attempt = this.current!;
    if (attempt.result !== null) return;
    attempt.abort(this.#core.now());
    this.#tell(attempt);
  }

  #tell(attempt: AttemptRun): void {
    for (const step of this.#route.steps) runOutcome(step, this.#x, attempt);
  }
}

function without(endpoints: readonly Endpoint[], refused: Endpoint): readonly Endpoint[] {
  return endpoints.filter((endpoint) => endpoint !== refused);
}

/**
 * A request has exactly one `Host`, and a valid one (RFC 9112 §3.2). Where rules left none, or made one of a fact that is
 * no host, `authority` takes its place.
 */
function ensureHost(headers: Fields, authority: string): void {
  const at = headers.indexOf('host');
  if (at >= 0 && isHost(headers.value(at)) && headers.indexOf('host', at + 1) < 0) return;
  headers.set('host', authority);
}
