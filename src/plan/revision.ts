/** The revision: a name for a plan that is the same on every machine with the same rules. */
import { createHash } from 'node:crypto';
import type { Plan } from '../types/plan.ts';
import { maskSecrets } from './mask.ts';

/**
 * Twelve hex digits of the SHA-256 over the plan as canonical JSON (keys sorted), secrets masked, places left out.
 * `paths` gives for absolute paths what stands for them, so that the folder Weir is installed in makes no difference.
 */
export function revisionOf(plan: Omit<Plan, 'revision'>, paths: ReadonlyMap<string, string> = new Map()): string {
  const { regions, upstreams, policies, routes, tests } = plan;
  const bare = {
    regions: regions.map(withoutPlace),
    upstreams: upstreams.map((upstream) => ({
      ...withoutPlace(upstream),
      endpoints: upstream.endpoints.map(withoutPlace),
    })),
    policies: policies.map(withoutPlace),
    routes: routes.map(withoutPlace),
    tests: tests.map(withoutPlace),
  };
  const json = JSON.stringify(canonical(maskSecrets(bare), paths));
  return createHash('sha256').update(json).digest('hex').slice(0, 12);
}

function withoutPlace<T extends { readonly place: unknown }>({ place: _, ...rest }: T): Omit<T, 'place'> {
  return rest;
}

function canonical(value: unknown, paths: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return paths.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => canonical(item, paths));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner, paths)]));
}
