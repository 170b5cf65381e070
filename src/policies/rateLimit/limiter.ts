/** The check itself, and what replies tell of it. */
import { StoreGuard } from '../../store/guard.ts';
import { compileTemplate, parseTemplate } from '../../template/template.ts';
import type { Env, Exchange, FactReader, Hooks, Reply } from '../../types/policy.ts';
import type { Taken } from '../../types/store.ts';
import type { RateLimitConfig } from './config.ts';

/** Facts that every instance sets. With several on a route, the first three are those of the tightest. */
export const FACTS = ['limit', 'remaining', 'reset', 'policies', 'state'].map((name) => `rateLimit.${name}`);

interface FactSlot {
  readonly get: FactReader;
  readonly set: (x: Exchange, value: string) => void;
}

/** Counts the requests of one policy instance. */
export class Limiter {
  readonly #config: RateLimitConfig;
  readonly #env: Env;
  readonly #guard: StoreGuard;
  readonly #prefix: string;
  readonly #key: (x: Exchange) => string;
  readonly #limited: { value: number };
  readonly #limit: FactSlot;
  readonly #remaining: FactSlot;
  readonly #reset: FactSlot;
  /** Members of `RateLimit-Policy` and `RateLimit` so far: each policy of a route adds its own. */
  readonly #policies: FactSlot;
  readonly #state: FactSlot;
  readonly #name: string;
  readonly #policy: string;
  readonly #standard: boolean;
  readonly #legacy: boolean;

  constructor(config: RateLimitConfig, env: Env) {
    const { key, limit, headers } = config;
    this.#config = config;
    this.#env = env;
    this.#guard = new StoreGuard(env, config.onStoreError, 'take');
    this.#prefix = `rateLimit\n${env.name}\n${key}\n${limit.algorithm} ${limit.per}\n`;
    this.#key = compileKey(key, env);
    this.#limited = env.counter('weir_rate_limited_total');
    [this.#limit, this.#remaining, this.#reset, this.#policies, this.#state] = FACTS.map((name) =>
      factSlot(name, env),
    ) as [FactSlot, FactSlot, FactSlot, FactSlot, FactSlot];
    this.#name = sfString(env.name);
    this.#policy = `${this.#name};q=${limit.count};w=${limit.per / 1000}`;
    this.#standard = headers === 'standard' || headers === 'both';
    this.#legacy = headers === 'legacy' || headers === 'both';
  }

  hooks(): Hooks {
    const hooks: Hooks = { admit: (x) => this.#admit(x) };
    if (this.#standard || this.#legacy) hooks.reply = (x, reply) => this.#reply(x, reply);
    return hooks;
  }

  #admit(x: Exchange): Reply | undefined | Promise<Reply | undefined> {
    const taken = this.#guard.take(this.#prefix + this.#key(x), this.#config.limit, 1);
    if (taken === null || 'allowed' in taken) return this.#settle(x, taken);
    return taken.then((later) => this.#settle(x, later));
  }

  #settle(x: Exchange, taken: Taken | null): Reply | undefined {
    if (taken === null) return x.error('STORE_UNAVAILABLE');
    this.#note(x, taken);
    if (taken.allowed) return undefined;
    this.#limited.value++;
    return x.error('TOO_MANY_REQUESTS', ['retry-after', seconds(taken.retryAfter)]);
  }

  #note(x: Exchange, taken: Taken): void {
    const tightest = this.#remaining.get(x);
    if (tightest === '' || taken.remaining < Number(tightest)) {
      this.#limit.set(x, String(this.#config.limit.count));
      this.#remaining.set(x, String(taken.remaining));
      this.#reset.set(x, seconds(taken.resetAfter));
    }
    if (!this.#standard) return;
    append(this.#policies, x, this.#policy);
    append(this.#state, x, `${this.#name};r=${taken.remaining};t=${seconds(taken.resetAfter)}`);
  }

  /** Every policy of the route writes the same, so it does not matter which of them come by. */
  #reply(x: Exchange, reply: Reply): undefined {
    const remaining = this.#remaining.get(x);
    if (remaining === '') return;
    if (this.#standard) {
      reply.headers.set('ratelimit-policy', this.#policies.get(x));
      reply.headers.set('ratelimit', this.#state.get(x));
    }
    if (!this.#legacy) return;
    reply.headers.set('x-ratelimit-limit', this.#limit.get(x));
    reply.headers.set('x-ratelimit-remaining', remaining);
    const reset = this.#env.now() / 1000 + Number(this.#reset.get(x));
    reply.headers.set('x-ratelimit-reset', String(Math.ceil(reset)));
  }
}

function compileKey(text: string, env: Env): (x: Exchange) => string {
  const template = parseTemplate(text);
  if ('problem' in template) throw new Error(`key: ${template.problem}`);
  return compileTemplate<Exchange>(template, (fact) => env.fact(fact));
}

function factSlot(name: string, env: Env): FactSlot {
  return { get: env.fact(name), set: env.provide(name) };
}

function append(slot: FactSlot, x: Exchange, member: string): void {
  const before = slot.get(x);
  slot.set(x, before === '' ? member : `${before}, ${member}`);
}

/** RFC 9651 §3.3.3 String. */
function sfString(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

/** Whole seconds, rounded up: who waits that long will not be refused for a fraction. */
function seconds(ms: number): string {
  return String(Math.ceil(ms / 1000));
}
