/**
 * The one way to run what a policy hooks into a request. What a hook throws, and what it never answers, ends here and
 * not in the socket's event that happened to call it, where it would end the thread with all its connections.
 *
 * A hook that decides (`admit`, `choose`, `attempt`, `reply`) and fails is answered for with an error of Weir's own: what
 * could not be checked does not pass. One that only looks (`outcome`, `end`) is counted, and the request goes on.
 */
import { ERRORS } from '../../errors.ts';
import { Fields } from '../../fields/fields.ts';
import { Timer, type TimerWheel } from '../../state/wheel.ts';
import type { EndpointPlan } from '../../types/plan.ts';
import type { Attempt, Exchange, Hooks, Reply } from '../../types/policy.ts';
import { type Step, TooLate } from '../rules/step.ts';

/** What a hook that may answer came to: an answer, none, or one that is waited for by {@link Waiting}. */
export type Verdict = Reply | undefined | Promise<Reply | undefined>;

export function runAdmit(step: Step, x: Exchange): Verdict {
  const { admit } = step.hooks;
  if (admit === undefined) return undefined;
  try {
    return verdictOf(admit(x), false);
  } catch (error) {
    return failed(step, 'admit', x, error);
  }
}

export function runReply(step: Step, x: Exchange, to: Reply): Verdict {
  const { reply } = step.hooks;
  if (reply === undefined) return undefined;
  // Before the hook may change it.
  const streams = to.body === null;
  try {
    return verdictOf(reply(x, to), streams);
  } catch (error) {
    return failed(step, 'reply', x, error);
  }
}

/** What the policy leaves of `from`; null where the hook failed and nothing may be chosen. */
export function runChoose(step: Step, x: Exchange, from: readonly EndpointPlan[]): readonly EndpointPlan[] | null {
  try {
    const kept: unknown = step.hooks.choose!(x, from);
    if (Array.isArray(kept)) return kept;
    settleUnasked(step, 'choose', x, kept);
    throw new TypeError('`choose` gave no list');
  } catch (error) {
    step.failures.note('choose', x, error);
    return null;
  }
}

export function runAttempt(step: Step, x: Exchange, attempt: Attempt): undefined | 'skip' | 'failed' {
  const hook = step.hooks.attempt;
  if (hook === undefined) return undefined;
  try {
    const said: unknown = hook(x, attempt);
    if (said === undefined || said === 'skip') return said;
    settleUnasked(step, 'attempt', x, said);
    throw new TypeError('`attempt` gave neither nothing nor `skip`');
  } catch (error) {
    step.failures.note('attempt', x, error);
    return 'failed';
  }
}

/** Gives back what an `attempt` hook took ({@link Attempt.defer}). */
export function runUndo(step: Step, x: Exchange, undo: () => void): void {
  try {
    settleUnasked(step, 'attempt', x, undo());
  } catch (error) {
    step.failures.note('attempt', x, error);
  }
}

export function runOutcome(step: Step, x: Exchange, attempt: Attempt): void {
  const { outcome } = step.hooks;
  if (outcome === undefined) return;
  try {
    settleUnasked(step, 'outcome', x, outcome(x, attempt));
  } catch (error) {
    step.failures.note('outcome', x, error);
  }
}

export function runEnd(step: Step, x: Exchange): void {
  const { end } = step.hooks;
  if (end === undefined) return;
  try {
    settleUnasked(step, 'end', x, end(x));
  } catch (error) {
    step.failures.note('end', x, error);
  }
}

/** Waits for what a hook has promised: until its deadline, and no longer. */
export class Waiting extends Timer {
  readonly #wheel: TimerWheel;
  readonly #ms: number;
  readonly #fail: (error: unknown) => Reply;
  #settled: ((reply: Reply | undefined) => void) | null;

  /**
   * `settled` is called once: with the hook's answer, or with an error of Weir's own where the hook rejected or has not
   * answered within `ms` milliseconds. Not called after {@link cancel}.
   */
  constructor(
    wheel: TimerWheel,
    ms: number,
    promise: Promise<Reply | undefined>,
    { step, hook, x }: { step: Step; hook: 'admit' | 'reply'; x: Exchange },
    settled: (reply: Reply | undefined) => void,
  ) {
    super();
    this.#wheel = wheel;
    this.#ms = ms;
    this.#settled = settled;
    this.#fail = (error) => failed(step, hook, x, error);
    wheel.set(this, ms);
    promise.then(
      (reply) => this.#settle(reply),
      // Counted and told even where nobody waits any more.
      (error) => this.#settle(this.#fail(error)),
    );
  }

  override onTimeout(): void {
    if (this.#settled !== null) this.#settle(this.#fail(new TooLate(this.#ms)));
  }

  /** Nobody wants the answer any more. */
  cancel(): void {
    this.#settled = null;
    this.#wheel.clear(this);
  }

  #settle(reply: Reply | undefined): void {
    const settled = this.#settled;
    this.cancel();
    settled?.(reply);
  }
}

function failed(step: Step, hook: keyof Hooks, x: Exchange, error: unknown): Reply {
  step.failures.note(hook, x, error);
  return x.error(error instanceof TooLate ? 'POLICY_TIMEOUT' : 'INTERNAL');
}

/** `streams`: an upstream's body is there, to follow the answer. */
function verdictOf(value: unknown, streams: boolean): Verdict {
  if (value === undefined) return undefined;
  if (!isThenable(value)) return checked(value, streams);
  return Promise.resolve(value).then((answer) => checked(answer, streams));
}

/** A copy, since it is edited on its way and a hook may give the same one again. @throws {TypeError} where it is no answer */
function checked(value: unknown, streams: boolean): Reply | undefined {
  if (value === undefined) return undefined;
  const { status, headers, body, code } = (value ?? {}) as Partial<Reply>;
  if (!isStatus(status, streams)) throw new TypeError('the hook gave a reply without a status');
  if (!(headers instanceof Fields)) throw new TypeError('the hook gave a reply whose headers are no Fields');
  if (!(typeof body === 'string' || Buffer.isBuffer(body) || (body === null && streams)))
    throw new TypeError('the hook gave a reply without a body');
  if (code !== '' && (code === undefined || !Object.hasOwn(ERRORS, code)))
    throw new TypeError('the hook gave a reply whose code is not in the error table');
  return { status, headers: headers.copy(), body, code };
}

/** That of a final reply, or, where an upstream has answered, of the upgrade it accepts. */
function isStatus(status: unknown, streams: boolean): status is number {
  return (
    Number.isInteger(status) &&
    (((status as number) >= 200 && (status as number) <= 599) || (streams && status === 101))
  );
}

/** A hook that must answer at once is written `async`: its answer does not count, but its failure must not go uncaught. */
function settleUnasked(step: Step, hook: keyof Hooks, x: Exchange, value: unknown): void {
  if (isThenable(value)) Promise.resolve(value).catch((error: unknown) => step.failures.note(hook, x, error));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}
