/** Choosing an endpoint: a list, narrowed step by step (region, latency, busyness, hash, weight). */
import type { EndpointPlan } from '../../types/plan.ts';
import type { Client } from '../../types/policy.ts';
import { ignoresHealth, withUnhealthy } from './panic.ts';
import type { Endpoint, Upstream } from './upstream.ts';

/** Endpoints within this factor of the fastest count as fast: chasing every millisecond would herd all threads to one. */
const LATENCY_SLACK = 1.3;

const NONE: readonly never[] = Object.freeze([]);

/**
 * The endpoints that `choose` may take for a client of `region`: healthy (or all the same, where too few are: see
 * panic.ts), breaker not open, not in `tried`. Where `region` is the first step, those of the first level that has any,
 * and the others are not looked at. Nothing is allocated where all of a level are usable.
 */
export function usable(
  upstream: Upstream,
  tried: readonly Endpoint[],
  now: number,
  region: string,
): readonly Endpoint[] {
  const { levels } = upstream;
  if (!levels.first) return usableAnywhere(upstream, tried, now, region);
  const { fallback } = upstream.plan;
  for (let i = -1; i < fallback.length; i++) {
    const name = i < 0 ? region : fallback[i]!;
    const level = levels.of(name);
    const usual = healthyOf(level, tried, now);
    if (usual.length === 0) continue;
    return usual === level ? usual : filledUp(upstream, usual, [name], tried, now);
  }
  return filledUp(upstream, NONE, levels.regionsFor(region), tried, now);
}

/** As {@link usable}, but of all regions: for policies that narrow the list, and behind an endpoint that took no request. */
export function usableAnywhere(
  upstream: Upstream,
  tried: readonly Endpoint[],
  now: number,
  region: string,
): readonly Endpoint[] {
  const { endpoints } = upstream;
  const usual = healthyOf(endpoints, tried, now);
  return usual === endpoints ? usual : filledUp(upstream, usual, levelsInUse(upstream, usual, region), tried, now);
}

/** The first level that has any of `usual`; all where none has. */
function levelsInUse({ levels }: Upstream, usual: readonly Endpoint[], region: string): readonly string[] {
  const regions = levels.regionsFor(region);
  const used = regions.find((name) => usual.some(({ plan }) => levels.has(plan, name)));
  return used === undefined ? regions : [used];
}

function filledUp(
  upstream: Upstream,
  usual: readonly Endpoint[],
  regions: readonly string[],
  tried: readonly Endpoint[],
  now: number,
): readonly Endpoint[] {
  return withUnhealthy(upstream, usual, regions, (endpoint) => isFree(endpoint, tried, now));
}

/** The healthy ones that are free; `endpoints` themselves where all are. */
function healthyOf(endpoints: readonly Endpoint[], tried: readonly Endpoint[], now: number): readonly Endpoint[] {
  for (let i = 0; i < endpoints.length; i++)
    if (!isUsual(endpoints[i]!, tried, now)) return healthyFrom(endpoints, i, tried, now);
  return endpoints;
}

/** Those before `from` are known to be. */
function healthyFrom(
  endpoints: readonly Endpoint[],
  from: number,
  tried: readonly Endpoint[],
  now: number,
): readonly Endpoint[] {
  const out = endpoints.slice(0, from);
  for (let i = from + 1; i < endpoints.length; i++) if (isUsual(endpoints[i]!, tried, now)) out.push(endpoints[i]!);
  return out;
}

function isUsual(endpoint: Endpoint, tried: readonly Endpoint[], now: number): boolean {
  return endpoint.state.healthy() && isFree(endpoint, tried, now);
}

function isFree(endpoint: Endpoint, tried: readonly Endpoint[], now: number): boolean {
  if (endpoint.breaker !== null && !endpoint.breaker.available(now)) return false;
  return tried.length === 0 || !tried.includes(endpoint);
}

/**
 * Narrows `from` to one by the steps of the upstream; null where no endpoint serves this client. With `now`, the request
 * may be sent to an endpoint just to learn how fast it is; without, this only asks, and nothing changes.
 */
export function choose(
  upstream: Upstream,
  from: readonly Endpoint[],
  client: Client,
  random: () => number,
  now?: number,
): Endpoint | null {
  let list = from;
  for (const step of upstream.plan.choose) {
    if (list.length === 0) return null;
    if (step === 'region') list = byRegion(list, client.region, upstream.plan.fallback);
    else if (list.length === 1) return list[0]!;
    else if (step === 'latency') list = byLatency(upstream, list, client.region, now);
    else if (step === 'leastBusy') list = byBusyness(list);
    else if (step === 'hash') return byHash(list, client.address);
    else return byWeight(list, random());
  }
  if (list.length <= 1) return list[0] ?? null;
  return list[Math.floor(random() * list.length)]!;
}

/** The client's own region, else the first fallback region that has one. Endpoints without a region serve every one. */
function byRegion(from: readonly Endpoint[], region: string, fallback: readonly string[]): readonly Endpoint[] {
  let list = inRegion(from, region);
  for (let i = 0; list.length === 0 && i < fallback.length; i++) list = inRegion(from, fallback[i]!);
  return list;
}

/** `from` itself where all are. */
function inRegion(from: readonly Endpoint[], region: string): readonly Endpoint[] {
  for (let i = 0; i < from.length; i++) if (!isInRegion(from[i]!.plan, region)) return onlyInRegion(from, region);
  return from;
}

function onlyInRegion(from: readonly Endpoint[], region: string): readonly Endpoint[] {
  return from.filter(({ plan }) => isInRegion(plan, region));
}

function isInRegion({ region: own }: EndpointPlan, region: string): boolean {
  return own === region || own === '';
}

/**
 * Those close to the fastest average; all where no average is known. One that is passed over is measured again from time
 * to time, with one request: what was slow once, on a cold connection say, is not slow for ever.
 */
function byLatency(
  upstream: Upstream,
  from: readonly Endpoint[],
  region: string,
  now: number | undefined,
): readonly Endpoint[] {
  let best = Number.POSITIVE_INFINITY;
  for (const { state } of from) {
    const latency = state.latency();
    if (latency > 0 && latency < best) best = latency;
  }
  if (best === Number.POSITIVE_INFINITY) return from;
  const out: Endpoint[] = [];
  for (const endpoint of from) {
    const latency = endpoint.state.latency();
    if (latency > 0 && latency <= best * LATENCY_SLACK) out.push(endpoint);
    else if (now !== undefined && mayExplore(upstream, endpoint, region) && endpoint.state.explore(now))
      return [endpoint];
  }
  return out;
}

/** Not an endpoint without traffic, nor one that a later `region` step would refuse: measuring must not fail a request. */
function mayExplore(upstream: Upstream, endpoint: Endpoint, region: string): boolean {
  return endpoint.plan.weight > 0 && upstream.levels.has(endpoint.plan, region);
}

/** Fewest requests in flight for its weight. */
function byBusyness(from: readonly Endpoint[]): readonly Endpoint[] {
  const load = from.map((endpoint) => (endpoint.state.inFlight() + 1) / Math.max(endpoint.plan.weight, 1e-9));
  const least = Math.min(...load);
  return from.filter((_, i) => load[i]! <= least);
}

function byWeight(from: readonly Endpoint[], random: number): Endpoint | null {
  let total = 0;
  for (const endpoint of from) total += endpoint.plan.weight;
  if (total === 0) return null;
  let left = random * total;
  for (const endpoint of from) {
    left -= endpoint.plan.weight;
    if (left < 0) return endpoint;
  }
  return from[from.length - 1]!;
}

/** Rendezvous hashing: a client keeps its endpoint, and only the clients of one that goes away move. */
function byHash(from: readonly Endpoint[], key: string): Endpoint {
  let best = from[0];
  let highest = Number.NEGATIVE_INFINITY;
  for (const endpoint of from) {
    const unit = (hash32(`${endpoint.plan.id}\n${key}`) + 1) / 4294967297;
    const score = -endpoint.plan.weight / Math.log(unit);
    if (score > highest) {
      highest = score;
      best = endpoint;
    }
  }
  return best!;
}

/** FNV-1a with a final mix (MurmurHash3's), 32 bits, unsigned. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Milliseconds; with less, clients would poll. */
const SHORTEST_WAIT = 1000;

/** Milliseconds until one of the endpoints that serve a client of `region` may be tried again; at least a second. */
export function retryAfter(upstream: Upstream, region: string, now: number): number {
  let soonest = Number.POSITIVE_INFINITY;
  for (const level of upstream.levels.regionsFor(region)) {
    const anyHealth = ignoresHealth(upstream, level);
    for (const endpoint of upstream.levels.of(level)) {
      const recovers = anyHealth || endpoint.state.healthy() ? 0 : (upstream.plan.health?.every ?? 0);
      const wait = Math.max(recovers, breakerWait(endpoint, now));
      if (wait > 0 && wait < soonest) soonest = wait;
    }
  }
  if (soonest === Number.POSITIVE_INFINITY) soonest = upstream.plan.health?.every ?? SHORTEST_WAIT;
  return Math.max(soonest, SHORTEST_WAIT);
}

/** Half open, the probe under way decides, and its answer is expected about when answers come. */
function breakerWait({ breaker, state }: Endpoint, now: number): number {
  const wait = breaker?.retryAfter(now) ?? 0;
  return breaker?.state(now) === 'halfOpen' ? Math.min(wait, Math.max(state.latency(), SHORTEST_WAIT)) : wait;
}
