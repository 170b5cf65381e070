/** The revision: a name for a plan that is the same on every machine with the same rules. */
import { createHash } from 'node:crypto';
import type { Plan, RoutePlan } from '../types/plan.ts';
import { maskSecrets, secretsWithin } from './mask.ts';
import { isFixedKey, schemasBelow } from './schema/places.ts';
import type { SectionName } from './schema/rules.ts';
import type { TreeNode } from './source.ts';

/** What of the files the revision depends on beside the plan. */
export interface RevisionSource {
  /** The value of an entry that refers to the environment, and its schemas; null for every other. */
  injected(section: SectionName, name: string): { readonly node: TreeNode; readonly schemas: readonly object[] } | null;
  /** Is all of the upstream made of a policy that refers to the environment, because it names a URL? */
  isOfInjected(upstream: string): boolean;
  /** Does the route name its protocol, or has it that of its upstream? */
  namesProtocol(route: string): boolean;
  /** For absolute paths what stands for them, so that the folder Weir is installed in makes no difference. */
  readonly paths: ReadonlyMap<string, string>;
}

/**
 * Twelve hex digits of the SHA-256 over the plan as canonical JSON (keys sorted), secrets masked, places left out. An
 * entry that refers to the environment counts as it is written: what variables hold makes no difference, and cannot be
 * guessed from the revision.
 */
export function revisionOf(plan: Omit<Plan, 'revision'>, source: RevisionSource): string {
  const section = <T extends { readonly name: string; readonly place: unknown }>(
    name: SectionName,
    plans: readonly T[],
  ) =>
    plans.map((entry) => {
      const from = source.injected(name, entry.name);
      return from ? asWritten(entry, from.node, from.schemas) : withoutPlace(entry);
    });
  const upstreams = plan.upstreams.filter(({ name }) => !source.isOfInjected(name));
  const bare = {
    regions: section('regions', plan.regions),
    upstreams: section(
      'upstreams',
      upstreams.map((upstream) => ({ ...upstream, endpoints: upstream.endpoints.map(withoutPlace) })),
    ),
    policies: section('policies', plan.policies),
    routes: section(
      'routes',
      plan.routes.map((route) => withoutInjectedProtocol(route, source)),
    ),
    tests: section('tests', plan.tests),
  };
  const json = JSON.stringify(canonical(maskSecrets(bare), source.paths));
  return createHash('sha256').update(json).digest('hex').slice(0, 12);
}

/** A route may have its protocol from an upstream that has it from the environment. */
function withoutInjectedProtocol(
  route: RoutePlan,
  source: RevisionSource,
): Omit<RoutePlan, 'protocol'> & { protocol?: string } {
  const [first] = route.to;
  const isInjected = first !== undefined && source.injected('upstreams', first.upstream) !== null;
  if (!isInjected || source.namesProtocol(route.name)) return route;
  const { protocol: _, ...rest } = route;
  return rest;
}

/** An entry as it stands in the file. What its plan says is a secret is left out here too, though it be written out. */
function asWritten(entry: { readonly name: string }, node: TreeNode, schemas: readonly object[]): unknown {
  const secrets = new Set(secretsWithin(entry));
  return { name: entry.name, written: written(node, schemas, secrets) };
}

/** Maps become lists of pairs: those of keys that the schema names are sorted, the order of others may mean something. */
function written(node: TreeNode, schemas: readonly object[], secrets: ReadonlySet<string>): unknown {
  if (node.origin !== null) return { written: node.origin.written };
  if (node.items) return node.items.map((item, i) => written(item, schemasBelow(schemas, i), secrets));
  if (!node.entries) return typeof node.value === 'string' && secrets.has(node.value) ? null : node.value;
  const pairs = Array.from(node.entries, ([key, entry]): [string, unknown] => [
    key,
    written(entry.node, schemasBelow(schemas, key), secrets),
  ]);
  const fixed = pairs.filter(([key]) => isFixedKey(schemas, key)).sort(([a], [b]) => (a < b ? -1 : 1));
  return [...fixed, ...pairs.filter(([key]) => !isFixedKey(schemas, key))];
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
