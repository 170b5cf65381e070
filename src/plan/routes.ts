/** The section `routes`. */
import type { ReplyPlan, RoutePlan, UpstreamPlan } from '../types/plan.ts';
import { parseSize } from '../units.ts';
import { checkHeaders, resolveBody } from './bodies.ts';
import { checkFactOrder } from './fact-checks.ts';
import { resolveMatch } from './match.ts';
import type { ResolvedPolicies } from './policies.ts';
import type { ProblemList } from './problems.ts';
import type { RawRoute } from './schema/routes.ts';
import { parseDisconnect } from './schema/units.ts';
import { checkName, keyAt, keyOf, type MergedRules, type SectionEntry, soundEntries, valueAt } from './sections.ts';

/** A route with the entry it comes from. */
export interface ResolvedRoute {
  readonly plan: RoutePlan;
  readonly entry: SectionEntry;
}

/** Resolves the routes; `upstreams` are those that could be read, for the protocol a route takes over. */
export function resolveRoutes(
  rules: MergedRules,
  policies: ResolvedPolicies,
  upstreams: readonly UpstreamPlan[],
  problems: ProblemList,
): ResolvedRoute[] {
  const byName = new Map(upstreams.map((upstream) => [upstream.name, upstream]));
  return soundEntries(rules.sections.routes).map((entry) => {
    const raw = entry.node.value as RawRoute;
    const to = resolveTo(entry, raw, rules, problems);
    const plan: RoutePlan = {
      name: entry.name,
      match: resolveMatch(entry, raw.match, problems),
      use: resolveUse(entry, raw.use ?? [], rules, problems),
      to,
      reply: raw.reply ? resolveReply(entry, raw.reply, problems) : null,
      bodyMax: raw.body?.max === undefined ? null : (parseSize(raw.body.max) ?? null),
      onDisconnect: resolveDisconnect(raw.onDisconnect ?? 'cancel'),
      errors: raw.errors ?? 'pass',
      protocol: raw.protocol ?? byName.get(to[0]?.upstream ?? '')?.protocol ?? 'generic',
      place: entry.place,
    };
    checkFactOrder(entry, plan, policies, problems);
    return { plan, entry };
  });
}

function resolveUse(
  entry: SectionEntry,
  use: readonly string[],
  rules: MergedRules,
  problems: ProblemList,
): readonly string[] {
  const seen = new Set<string>();
  use.forEach((name, i) => {
    const spot = valueAt(entry, ['use', i]);
    checkName(rules, 'policies', name, spot, problems);
    if (seen.has(name)) {
      const hint = 'keep one, or make a second policy with the same settings';
      problems.error(spot, 'policy-twice', `the route \`${entry.name}\` uses \`${name}\` twice`, hint);
    }
    seen.add(name);
  });
  return use;
}

function resolveTo(entry: SectionEntry, raw: RawRoute, rules: MergedRules, problems: ProblemList): RoutePlan['to'] {
  if ((raw.to === undefined) === (raw.reply === undefined)) {
    const message = `the route \`${entry.name}\` has ${raw.to === undefined ? 'neither `to` nor' : 'both `to` and'} \`reply\``;
    const hint = 'give `to` (an upstream) or `reply` (a fixed answer)';
    problems.error(raw.to === undefined ? keyOf(entry) : keyAt(entry, ['reply']), 'to-or-reply', message, hint);
  }
  if (raw.to === undefined) return [];
  if (typeof raw.to === 'string') {
    checkName(rules, 'upstreams', raw.to, valueAt(entry, ['to']), problems);
    return [{ upstream: raw.to, weight: 1 }];
  }
  const split = Object.entries(raw.to).map(([upstream, weight]) => ({ upstream, weight }));
  for (const { upstream } of split) checkName(rules, 'upstreams', upstream, keyAt(entry, ['to', upstream]), problems);
  if (split.every(({ weight }) => weight === 0)) {
    const message = `all upstreams of the route \`${entry.name}\` have weight 0, so none would be chosen`;
    problems.error(valueAt(entry, ['to']), 'zero-weights', message, 'give one of them a weight above 0');
  }
  return split;
}

function resolveReply(entry: SectionEntry, raw: NonNullable<RawRoute['reply']>, problems: ProblemList): ReplyPlan {
  const { body, type } = resolveBody(raw, entry, ['reply'], problems);
  const headers = raw.headers ?? {};
  checkHeaders(headers, entry, ['reply', 'headers'], problems, true);
  if ((raw.status === 204 || raw.status === 205 || raw.status === 304) && body !== '') {
    const message = `a reply with status ${raw.status} has no body`;
    problems.error(
      keyAt(entry, ['reply', 'status']),
      'reply-body',
      message,
      'leave out the body, or use another status',
    );
  }
  const flat = Object.entries(headers).flat();
  return { status: raw.status, headers: type === '' ? flat : ['content-type', type, ...flat], body };
}

function resolveDisconnect(written: string): RoutePlan['onDisconnect'] {
  const drain = parseDisconnect(written) ?? 0;
  return drain === 0 ? { action: 'cancel' } : { action: 'drain', for: drain };
}
