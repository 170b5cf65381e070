/** An exchange and an environment for tests of single policies: real store and facts, a clock that tests move. */
import type { ErrorCode } from '../errors.ts';
import { Fields, type Pairs } from '../fields/fields.ts';
import { createMemoryStore } from '../store/memory.ts';
import type { ConfigPath, Env, Exchange, Hooks, PolicyKind, Reply } from '../types/policy.ts';
import type { Store } from '../types/store.ts';
import { Random } from './random.ts';
import { SEED } from './seed.ts';

export interface FakeHost {
  /** Milliseconds since the epoch; tests set it. */
  now: number;
  store: Store;
  readonly zones: Record<string, SharedArrayBuffer>;
  /** `family{label=value}` → count. */
  readonly counts: Record<string, number>;
  readonly warnings: object[];
  /** The environment of a policy called `name`. */
  env(name: string): Env;
}

/**
 * One thread's worth of what policies need. Hosts that are given the same zones are threads of one process, which has run
 * for long, unless `since` says from when on it remembers; null: from when its memory was made.
 */
export function fakeHost(
  now: number,
  zones: Record<string, SharedArrayBuffer> = {},
  nonces = 50_000,
  since: number | null = 0,
): FakeHost {
  const slots: string[] = [];
  const slotOf = (name: string) => (slots.includes(name) ? slots.indexOf(name) : slots.push(name) - 1);
  const zone = (identity: string, bytes: number) => (zones[identity] ??= new SharedArrayBuffer(bytes));
  const clock = { now };
  const chance = new Random(SEED);
  const host: FakeHost = {
    get now() {
      return clock.now;
    },
    set now(ms) {
      clock.now = ms;
    },
    store: createMemoryStore({
      zone,
      now: () => clock.now,
      thread: 1,
      nonces,
      limits: 1_000,
      since: since ?? undefined,
    }),
    zones,
    counts: {},
    warnings: [],
    env: (name) => ({
      name,
      thread: 1,
      now: () => clock.now,
      random: () => chance.next(),
      get store() {
        return host.store;
      },
      zone,
      state: (_identity, create) => create(),
      fact: (fact) => {
        const slot = slotOf(fact);
        return (x) => x.facts[slot] ?? '';
      },
      provide: (fact) => {
        const slot = slotOf(fact);
        return (x, value) => {
          x.facts[slot] = value;
        };
      },
      counter: (family, labels = {}) => counterOf(host.counts, family, labels),
      log: { debug() {}, info() {}, error() {}, warn: (fields) => void host.warnings.push(fields) },
    }),
  };
  return host;
}

function counterOf(counts: Record<string, number>, family: string, labels: object) {
  const shown = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  const key = shown.length > 0 ? `${family}{${shown.join()}}` : family;
  return {
    get value() {
      return counts[key] ?? 0;
    },
    set value(value: number) {
      counts[key] = value;
    },
  };
}

/** A request as a policy sees it; `error` makes replies whose `code` is what was asked for. */
export function fakeExchange(more: Partial<Exchange> = {}): Exchange {
  const error = (code: ErrorCode, headers: Pairs = []): Reply => ({
    status: 0,
    headers: Fields.from(headers),
    body: '',
    code,
  });
  const x: Partial<Exchange> = {
    method: 'POST',
    authority: 'h',
    path: '/v1/messages',
    query: '',
    headers: Fields.empty(),
    body: null,
    facts: [],
  };
  return { ...x, error, ...more } as Exchange;
}

/** What came of a request: the code it was refused with, or '' where it passed. */
export async function admitted(hooks: Hooks, x: Exchange): Promise<string> {
  return (await hooks.admit?.(x))?.code ?? '';
}

/** Resolves a raw config; problems as `path code`. The config has crossed a thread border, as it will. */
export function resolveWith<Raw, C>(kind: PolicyKind<Raw, C>, raw: Raw): { config: C; problems: string[] } {
  const problems: string[] = [];
  const problem = (at: ConfigPath, code: string) => void problems.push(`${at.join('.')} ${code}`);
  const config = structuredClone(kind.resolve(raw, { problem, resolvePath: (path) => path }));
  return { config, problems };
}

/** A store that answers later, as one on another machine does. */
export function laterStore(store: Store): Store {
  return {
    once: async (key, ttl) => store.once(key, ttl),
    take: async (key, limit, cost) => store.take(key, limit, cost),
    remembers: (time) => store.remembers(time),
    close() {},
  };
}

/** A store that has gone away, by throwing or by rejecting. */
export function lostStore(error: Error, how: 'throws' | 'rejects'): Store {
  const fail = () => {
    if (how === 'throws') throw error;
    return Promise.reject(error);
  };
  return { once: fail, take: fail, remembers: () => true, close() {} };
}
