/** Routes that no request can reach, because an earlier one takes them all. */
import { covers } from '../match/covers.ts';
import { type Pattern, parsePattern, type Segment } from '../match/pattern.ts';
import type { MatchPlan } from '../types/plan.ts';
import type { ProblemList } from './problems.ts';
import type { ResolvedRoute } from './routes.ts';
import { elsewhere, keyOf } from './sections.ts';

/**
 * Reports unreachable routes. Comparing each with all before it would take minutes for ten thousand, so each is filed
 * under what a route that it could cover must have, and only those are compared.
 */
export function checkReachability(routes: readonly ResolvedRoute[], problems: ProblemList): void {
  const filed = new Map<string, ResolvedRoute[]>();
  for (const route of routes) {
    const { match } = route.plan;
    const pattern = parsePattern(match.path);
    if ('problem' in pattern) continue;
    const earlier = candidates(match, pattern, filed).find((other) => covers(other.plan.match, match));
    if (earlier) report(route, earlier, problems);
    for (const host of match.hosts)
      for (const key of coveringKeys(match, pattern)) file(filed, `${host} ${key}`, route);
  }
}

function report(route: ResolvedRoute, earlier: ResolvedRoute, problems: ProblemList): void {
  const { name, place } = earlier.plan;
  const message = `no request reaches \`${route.plan.name}\`: \`${name}\` at ${elsewhere(place, route.entry.source)} takes them all`;
  problems.error(keyOf(route.entry), 'unreachable-route', message, `put it before \`${name}\`, or remove it`);
}

function file(filed: Map<string, ResolvedRoute[]>, key: string, route: ResolvedRoute): void {
  const list = filed.get(key);
  if (list) list.push(route);
  else filed.set(key, [route]);
}

/** Every route that could cover this one has all its hosts, so looking under the first is enough. */
function candidates(match: MatchPlan, pattern: Pattern, filed: ReadonlyMap<string, ResolvedRoute[]>): ResolvedRoute[] {
  const keys = [sameKey(match, pattern), ...prefixes(pattern, 'one')];
  return keys.flatMap((key) => filed.get(`${match.hosts[0]} ${key}`) ?? []);
}

/**
 * A path that covers another is the same in kind segment by segment, with the same header conditions; or it has `:name`
 * where the other has its `*`, and what follows there can be anything.
 */
function coveringKeys(match: MatchPlan, pattern: Pattern): string[] {
  return [sameKey(match, pattern), ...prefixes(pattern, 'param')];
}

function sameKey({ headers }: MatchPlan, { segments }: Pattern): string {
  const conditions = Object.entries(headers).map((pair) => pair.join(':'));
  return `= ${shape(segments)} ${conditions.toSorted().join(' ')}`;
}

/** One key for each segment of this kind: what stands before it. */
function prefixes({ segments }: Pattern, kind: 'param' | 'one'): string[] {
  return segments.flatMap((segment, i) => (segment.kind === kind ? [`^ ${shape(segments.slice(0, i))}`] : []));
}

function shape(segments: readonly Segment[]): string {
  return segments.map((segment) => (segment.kind === 'exact' ? `/${segment.text}` : `/ ${segment.kind}`)).join('');
}
