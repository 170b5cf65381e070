/**
 * What happens when too few endpoints are healthy. Health probes can be wrong all at once, by a wrong path say, and the
 * few that pass would get everything. So below a share of healthy ones (`health.panic`) health is ignored, as with
 * Envoy's panic threshold. Breakers and regions still apply.
 *
 * The share is that of a level: the endpoints that clients of one region may use, without those of its fallbacks. Where
 * an upstream does not choose by region, all its endpoints are one level.
 */
import type { Endpoint, Upstream } from './upstream.ts';

/** The healthy endpoints of a level, and all of them but unhealthy ones of weight 0. */
export interface LevelHealth {
  readonly healthy: number;
  readonly total: number;
}

const EVERYWHERE: readonly string[] = [''];

/** Does `endpoint` belong to the level of `region`? Endpoints without a region belong to each. */
export function serves(upstream: Upstream, endpoint: Endpoint, region: string): boolean {
  return !upstream.choosesRegion || endpoint.plan.region === region || endpoint.plan.region === '';
}

/** Regions whose endpoints a client of `region` may use, in the order in which they are tried. */
export function levelsOf(upstream: Upstream, region: string): readonly string[] {
  return upstream.choosesRegion ? [region, ...upstream.plan.fallback] : EVERYWHERE;
}

export function levelHealth(upstream: Upstream, region: string): LevelHealth {
  let healthy = 0;
  let total = 0;
  for (const endpoint of upstream.endpoints) {
    if (!serves(upstream, endpoint, region)) continue;
    const isHealthy = endpoint.state.healthy();
    if (!isHealthy && isOff(endpoint)) continue;
    total++;
    if (isHealthy) healthy++;
  }
  return { healthy, total };
}

/** Taken out of the traffic by the rules, it may well be down; that must not look like probes that are wrong. */
function isOff(endpoint: Endpoint): boolean {
  return endpoint.plan.weight === 0;
}

/** Are so few endpoints of a level healthy that health is ignored there? */
export function ignoresHealth(upstream: Upstream, region: string): boolean {
  return isTooFew(upstream, levelHealth(upstream, region));
}

function isTooFew(upstream: Upstream, { healthy, total }: LevelHealth): boolean {
  return total > 0 && healthy < total * (upstream.plan.health?.panic ?? 0);
}

/**
 * Adds to `usable` the unhealthy endpoints that may be used all the same for a client of `region`, of those that are
 * `free`. A fallback region with a usable endpoint comes before a region that has none: only a level that is used anyway
 * is filled up, and where no level has anything to offer, the first that is short of healthy ones.
 */
export function addUnhealthy(
  upstream: Upstream,
  usable: Endpoint[],
  region: string,
  free: (endpoint: Endpoint) => boolean,
): void {
  if ((upstream.plan.health?.panic ?? 0) === 0) return;
  const levels = levelsOf(upstream, region);
  const used = levels.find((level) => usable.some((endpoint) => serves(upstream, endpoint, level)));
  for (const level of used === undefined ? levels : [used]) {
    if (!ignoresHealth(upstream, level)) continue;
    const before = usable.length;
    for (const endpoint of upstream.endpoints) {
      if (endpoint.state.healthy() || isOff(endpoint)) continue;
      if (serves(upstream, endpoint, level) && free(endpoint)) usable.push(endpoint);
    }
    if (usable.length > before) return;
  }
}

/** Regions that are levels of an upstream: those that its endpoints name; '' for the endpoints without one. */
export function regionsOf(upstream: Upstream): readonly string[] {
  if (!upstream.choosesRegion) return EVERYWHERE;
  return [...new Set(upstream.endpoints.map((endpoint) => endpoint.plan.region))];
}

/** Are all endpoints of `region` used, whatever their health? As far as health decides it: breakers aside. */
export function isPanicking(upstream: Upstream, region: string): boolean {
  const own = levelHealth(upstream, region);
  if (!isTooFew(upstream, own)) return false;
  return own.healthy > 0 || levelsOf(upstream, region).every((level) => levelHealth(upstream, level).healthy === 0);
}
