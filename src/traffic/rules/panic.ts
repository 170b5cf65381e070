/**
 * What happens when too few endpoints are healthy. Health probes can be wrong all at once, by a wrong path say, and the
 * few that pass would get everything. So below a share of healthy ones (`health.panic`) health is ignored, as with
 * Envoy's panic threshold. Breakers and regions still apply.
 *
 * The share is that of a level (levels.ts): the endpoints that clients of one region may use.
 */
import type { Endpoint, Upstream } from './upstream.ts';

/** The healthy endpoints of a level, and all of them but unhealthy ones of weight 0. */
export interface LevelHealth {
  readonly healthy: number;
  readonly total: number;
}

export function levelHealth(upstream: Upstream, region: string): LevelHealth {
  let healthy = 0;
  let total = 0;
  for (const endpoint of upstream.levels.of(region)) {
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
 * `healthy` and the unhealthy endpoints that may be used all the same, of those that are `free`: of the first of `regions`
 * whose level is short of healthy ones and has any. A fallback region with a usable endpoint comes before a region that
 * has none, so where a level is used anyway it is to be the only one that is given.
 */
export function withUnhealthy(
  upstream: Upstream,
  healthy: readonly Endpoint[],
  regions: readonly string[],
  free: (endpoint: Endpoint) => boolean,
): readonly Endpoint[] {
  if ((upstream.plan.health?.panic ?? 0) === 0) return healthy;
  for (const region of regions) {
    if (!ignoresHealth(upstream, region)) continue;
    const level = upstream.levels.of(region);
    const added = level.filter((endpoint) => !endpoint.state.healthy() && !isOff(endpoint) && free(endpoint));
    if (added.length > 0) return [...healthy, ...added];
  }
  return healthy;
}

/** Regions that are levels of an upstream: those that its endpoints name; '' for the endpoints without one. */
export function regionsOf(upstream: Upstream): readonly string[] {
  return upstream.levels.regions();
}

/** Are all endpoints of `region` used, whatever their health? As far as health decides it: breakers aside. */
export function isPanicking(upstream: Upstream, region: string): boolean {
  const own = levelHealth(upstream, region);
  if (!isTooFew(upstream, own)) return false;
  return (
    own.healthy > 0 || upstream.levels.regionsFor(region).every((level) => levelHealth(upstream, level).healthy === 0)
  );
}
