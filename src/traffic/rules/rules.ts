/** The rule set: what a plan compiles to. Built whole, frozen, and used by every request that arrives under it. */

import { Fields } from '../../fields/fields.ts';
import { Logged } from '../../log/json-bytes.ts';
import { Router } from '../../match/router.ts';
import type { Meters } from '../../metrics/counters.ts';
import { finish, type Steps } from '../../slices.ts';
import type { Plan, PolicyPlan, RoutePlan } from '../../types/plan.ts';
import type { Env, Log, PolicyKind } from '../../types/policy.ts';
import type { Store } from '../../types/store.ts';
import { hash32 } from './choose.ts';
import { FactTable } from './facts.ts';
import { RouteMetrics } from './route-metrics.ts';
import { HookFailures, type Step } from './step.ts';
import { Upstream, type UpstreamHost } from './upstream.ts';

/** What compiling needs of the thread it runs in. */
export interface RulesHost extends UpstreamHost {
  readonly kinds: readonly PolicyKind[];
  readonly store: Store;
  readonly log: Log;
  now(): number;
  random(): number;
  state<S extends object>(identity: string, create: () => S): S;
}

export interface Route {
  readonly plan: RoutePlan;
  readonly steps: readonly Step[];
  readonly needsBody: boolean;
  /** Bytes that a body may have, where the route says so; here so that a plain request does not touch the plan. */
  readonly bodyMax: number | null;
  /** Fields of a fixed reply, to be copied; null where there is none. */
  readonly replyFields: Fields | null;
  /** Some step narrows the list of endpoints, so it must see them all. */
  readonly choosesEndpoints: boolean;
  /** Some step looks at single attempts, so each needs fields of its own. */
  readonly editsAttempts: boolean;
  readonly metrics: RouteMetrics;
  /** How the access log writes its name and the revision. */
  readonly logged: Logged;
  /** The upstream that serves a client; '' where the route has a fixed reply. */
  upstreamFor(address: string): string;
}

export interface RuleSet {
  readonly plan: Plan;
  readonly router: Router<Route>;
  readonly routes: readonly Route[];
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly factCount: number;
  /** Counts what no route took. */
  readonly unrouted: RouteMetrics;
  /** How the access log writes no route, and the revision. */
  readonly logged: Logged;
}

/**
 * Compiles a checked plan, in one go. Adopts state by name through `host`.
 * @throws {Error} where a policy refuses its configuration; the message names the policy.
 */
export function compileRules(plan: Plan, host: RulesHost): RuleSet {
  return finish(compileSteps(plan, host));
}

/** {@link compileRules} in steps, one for an upstream, a policy or a route: ten thousand routes take too long in one go. */
export function* compileSteps(plan: Plan, host: RulesHost): Steps<RuleSet> {
  const upstreams = new Map<string, Upstream>();
  for (const upstream of plan.upstreams) {
    upstreams.set(upstream.name, new Upstream(upstream, host));
    yield;
  }
  const facts = factTable(plan, host.kinds);
  const policies = new Map<string, CompiledPolicy>();
  for (const policy of plan.policies) {
    policies.set(policy.name, compilePolicy(policy, facts, host));
    yield;
  }
  const routes: Route[] = [];
  const compiler = new RouteCompiler(policies, host.meters);
  for (const route of plan.routes) {
    routes.push(compiler.compile(route));
    yield;
  }
  const router = yield* Router.inSteps(routes.map((route) => ({ match: route.plan.match, value: route })));
  const unrouted = new RouteMetrics(host.meters, '');
  return Object.freeze({ plan, router, routes, upstreams, factCount: facts.size, unrouted, logged: new Logged() });
}

function factTable(plan: Plan, kinds: readonly PolicyKind[]): FactTable {
  const provided = plan.policies.flatMap((policy) => kindOf(policy, kinds).provides?.(policy.config) ?? []);
  let paths: ReadonlyMap<string, string> | null = null;
  const pathOf = (route: string): string => {
    // Most rule sets never ask.
    paths ??= new Map(plan.routes.map(({ name, match }) => [name, match.path]));
    return paths.get(route) ?? '';
  };
  return new FactTable(provided, pathOf);
}

function kindOf(policy: PolicyPlan, kinds: readonly PolicyKind[]): PolicyKind {
  const kind = kinds.find((candidate) => candidate.kind === policy.kind);
  if (!kind) throw new Error(`policy ${policy.name}: there is no kind ${policy.kind}`);
  return kind;
}

/** Does any policy of `plan` remember requests, so that nobody is to be served before the store knows what was used? */
export function remembersRequests(plan: Plan, kinds: readonly PolicyKind[]): boolean {
  return plan.policies.some((policy) => (kindOf(policy, kinds).remembers?.(policy.config) ?? 0) > 0);
}

interface CompiledPolicy extends Step {
  readonly needsBody: boolean;
}

function compilePolicy(policy: PolicyPlan, facts: FactTable, host: RulesHost): CompiledPolicy {
  const kind = kindOf(policy, host.kinds);
  try {
    const hooks = kind.compile(policy.config, environment(policy.name, facts, host));
    return Object.freeze({
      policy: policy.name,
      hooks: Object.freeze(hooks),
      failures: new HookFailures(policy.name, host.meters, host.log, host.now),
      needsBody: kind.needsBody?.(policy.config) ?? false,
    });
  } catch (error) {
    throw new Error(`policy ${policy.name}: ${(error as Error).message}`, { cause: error });
  }
}

function environment(name: string, facts: FactTable, host: RulesHost): Env {
  return Object.freeze({
    name,
    thread: host.thread,
    store: host.store,
    log: host.log,
    now: host.now,
    random: host.random,
    zone: (identity: string, bytes: number) => host.zone(identity, bytes),
    state: <S extends object>(identity: string, create: () => S) => host.state(identity, create),
    fact: (fact: string) => facts.reader(fact),
    counter: (family: string, labels = {}) => host.meters.counter(family, { policy: name, ...labels }),
    provide: (fact: string) => {
      const slot = facts.slot(fact);
      return (x, value) => {
        x.facts[slot] = value;
      };
    },
  } satisfies Env);
}

/** Routes that run the same policies, or go to the same upstream, share what is made for that: it stays in the cache. */
class RouteCompiler {
  readonly #policies: ReadonlyMap<string, CompiledPolicy>;
  readonly #meters: Meters;
  /** By the list in the plan, which routes share (see plan/packed.ts). */
  readonly #uses = new Map<readonly string[], Used>();
  /** By the one upstream that a route has. */
  readonly #only = new Map<string, () => string>();

  constructor(policies: ReadonlyMap<string, CompiledPolicy>, meters: Meters) {
    this.#policies = policies;
    this.#meters = meters;
  }

  compile(plan: RoutePlan): Route {
    return Object.freeze({
      plan,
      ...this.#used(plan),
      bodyMax: plan.bodyMax,
      replyFields: plan.reply === null ? null : Fields.from(plan.reply.headers),
      metrics: new RouteMetrics(this.#meters, plan.name),
      logged: new Logged(),
      upstreamFor: plan.to.length > 1 ? compileSplit(plan) : this.#always(plan.to[0]?.upstream ?? ''),
    });
  }

  #used({ name, use }: RoutePlan): Used {
    let used = this.#uses.get(use);
    if (used === undefined) {
      const steps = use.map((policy) => this.#step(policy, name));
      used = {
        steps,
        needsBody: steps.some((step) => step.needsBody),
        choosesEndpoints: steps.some((step) => step.hooks.choose !== undefined),
        editsAttempts: steps.some((step) => step.hooks.attempt !== undefined),
      };
      this.#uses.set(use, used);
    }
    return used;
  }

  #step(policy: string, route: string): CompiledPolicy {
    const step = this.#policies.get(policy);
    if (step === undefined) throw new Error(`route ${route}: there is no policy ${policy}`);
    return step;
  }

  #always(upstream: string): () => string {
    let always = this.#only.get(upstream);
    if (always === undefined) {
      always = () => upstream;
      this.#only.set(upstream, always);
    }
    return always;
  }
}

/** What a route's policies make of it. */
type Used = Pick<Route, 'needsBody' | 'choosesEndpoints' | 'editsAttempts'> & {
  readonly steps: readonly CompiledPolicy[];
};

/**
 * A weighted split is sticky by client: the address alone decides, so a client stays on one side while weights stay,
 * and moving a weight moves only the clients in between. The route's name keeps two splits from sharing their halves.
 */
function compileSplit(plan: RoutePlan): (address: string) => string {
  const total = plan.to.reduce((sum, target) => sum + target.weight, 0);
  return (address) => {
    let point = (hash32(`${plan.name}\n${address}`) / 4294967296) * total;
    for (const { upstream, weight } of plan.to) {
      point -= weight;
      if (point < 0) return upstream;
    }
    return plan.to[plan.to.length - 1]!.upstream;
  };
}
