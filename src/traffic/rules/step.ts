/** A policy as a route runs it, and where the failures of its hooks are counted and logged. */
import type { Meters } from '../../metrics/counters.ts';
import type { Exchange, Hooks, Log } from '../../types/policy.ts';

/** A policy as a route runs it. */
export interface Step {
  readonly policy: string;
  readonly hooks: Hooks;
  readonly failures: HookFailures;
}

/** Milliseconds between two log lines about the same hook that fails in the same way; the counter counts every failure. */
const LOG_EVERY = 10_000;

/** Counts and logs the failures of one policy's hooks. */
export class HookFailures {
  readonly #policy: string;
  readonly #meters: Meters;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #loggedAt = new Map<string, number>();

  constructor(policy: string, meters: Meters, log: Log, now: () => number) {
    this.#policy = policy;
    this.#meters = meters;
    this.#log = log;
    this.#now = now;
  }

  note(hook: keyof Hooks, x: Exchange, error: unknown): void {
    const policy = this.#policy;
    const reason = error instanceof TooLate ? 'late' : 'threw';
    this.#meters.counter('weir_policy_failures_total', { policy, hook, reason }).value++;
    const now = this.#now();
    const what = `${hook} ${reason}`;
    const last = this.#loggedAt.get(what);
    if (last !== undefined && Math.abs(now - last) < LOG_EVERY) return;
    this.#loggedAt.set(what, now);
    this.#log.error({ id: x.id, route: x.route, policy, hook, err: error }, 'a policy failed');
  }
}

/** A hook did not answer before its deadline. */
export class TooLate extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'TooLate';
  }
}
