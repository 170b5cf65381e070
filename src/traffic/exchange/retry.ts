/** Whether another attempt may follow one that failed, and after how long. docs/rules.md has the table. */

import type { Fields, Pairs } from '../../fields/fields.ts';
import { isIdempotent } from '../../forwarders/failure.ts';
import { Timer, type TimerWheel } from '../../state/wheel.ts';
import type { RetryPlan } from '../../types/plan.ts';
import type { Failure } from '../../types/transport.ts';
import { statusListed } from '../rules/upstream.ts';

/**
 * Statuses that say that the request was not acted on, so that it may be sent again whatever its method: it did not
 * arrive whole (408), went to the wrong server (421), came too early (425), or was one too many (429, and 529 of the
 * Claude API). RFC 9110 §15.5.9 and §15.5.20, RFC 8470 §5.2, RFC 6585 §4.
 */
const DECLINED: ReadonlySet<number> = new Set([408, 421, 425, 429, 529]);

/**
 * Do the rules retry after this failure? A request that may have been acted on is repeated only where its method may
 * be (RFC 9110 §9.2.2), or where the rules say so with `unsafe`.
 */
export function retriesFailure(retry: RetryPlan, failure: Failure, method: string): boolean {
  if (failure.reason === 'connect' || failure.reason === 'busy') return retry.on.includes(failure.reason);
  // As good as no connection: the upstream said that it did nothing with it (RFC 9113 §8.7), whatever the method.
  if (failure.reason === 'reset' && !failure.sent) return retry.on.includes('connect') || retry.on.includes('reset');
  const listed = failure.reason === 'timeout' ? retry.on.includes('timeout') : retry.on.includes('reset');
  return listed && (!failure.sent || mayRepeat(retry, method));
}

/**
 * What a client is told beside the code of a failure: when to come back, where no connection was free (RFC 9110
 * §10.2.3); or not to, where the rules have tried again already (`listed`).
 */
export function failureHeaders(failure: Failure, listed: boolean): Pairs {
  if (failure.reason !== 'busy') return listed ? ['x-should-retry', 'false'] : [];
  return ['retry-after', String(Math.max(1, Math.ceil((failure.retryAfter ?? 0) / 1000)))];
}

/** Do the rules retry after a reply with this head? An upstream that says `x-should-retry: false` is not asked again. */
export function retriesReply(retry: RetryPlan, method: string, status: number, headers: Fields): boolean {
  if (!statusListed(retry.on, status)) return false;
  const said = headers.get('x-should-retry');
  if (said === 'false') return false;
  return mayRepeat(retry, method) || said === 'true' || declines(status, headers);
}

function mayRepeat(retry: RetryPlan, method: string): boolean {
  return retry.unsafe || isIdempotent(method);
}

/** A 503 with the time at which to come back was refused at the door; one without may be a failure half-way. */
function declines(status: number, headers: Fields): boolean {
  if (status !== 503) return DECLINED.has(status);
  return headers.get('retry-after') !== undefined || headers.get('retry-after-ms') !== undefined;
}

/**
 * How long the upstream asks to wait, in milliseconds; 0 where it does not say (RFC 9110 §10.2.3, and the finer
 * `retry-after-ms` that LLM APIs send).
 */
export function requestedDelay(headers: Fields, now: number): number {
  const fine = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(fine)) return Math.max(fine, 0);
  const text = headers.get('retry-after');
  if (text === undefined) return 0;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(seconds * 1000, 0);
  const date = Date.parse(text);
  return Number.isNaN(date) ? 0 : Math.max(date - now, 0);
}

/** Exponential with full jitter above the minimum: `attempt` 1 waits about the minimum. Milliseconds. */
export function backoff(retry: RetryPlan, attempt: number, random: number): number {
  const ceiling = Math.min(retry.backoffMax, retry.backoffMin * 2 ** attempt);
  return retry.backoffMin + random * Math.max(0, ceiling - retry.backoffMin);
}

/** The wait between two attempts, on the wheel; another endpoint that may be asked at once is asked in the same turn. */
export class RetryTimer extends Timer {
  readonly #wheel: TimerWheel;
  readonly #then: () => void;
  #immediate: NodeJS.Immediate | null = null;

  constructor(wheel: TimerWheel, then: () => void) {
    super();
    this.#wheel = wheel;
    this.#then = then;
  }

  get waits(): boolean {
    return this.#immediate !== null || this.#wheel.isSet(this);
  }

  /** `ms` 0: as soon as what is under way now has been done. */
  start(ms: number): void {
    if (ms > 0) this.#wheel.set(this, ms);
    else this.#immediate = setImmediate(immediately, this);
  }

  stop(): void {
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#immediate = null;
    this.#wheel.clear(this);
  }

  override onTimeout(): void {
    this.#immediate = null;
    this.#then();
  }
}

function immediately(timer: RetryTimer): void {
  timer.onTimeout();
}
