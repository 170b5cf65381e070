/** Is every fact set before it is read? Looked at by policy for names, and by route for order. */
import { parsePattern } from '../match/pattern.ts';
import type { RoutePlan } from '../types/plan.ts';
import { BUILT_IN_FACTS, builtInFact } from './facts.ts';
import type { FactUse, ResolvedPolicies, ResolvedPolicy } from './policies.ts';
import type { ProblemList, Spot } from './problems.ts';
import { type MergedRules, type SectionEntry, valueAt } from './sections.ts';
import { didYouMean } from './suggest.ts';

/** Reports facts that nothing sets, or that are read in a phase which does not know them, whatever the route. */
export function checkFactNames(rules: MergedRules, { byName }: ResolvedPolicies, problems: ProblemList): void {
  const provided = new Set([...byName.values()].flatMap((policy) => policy.provides));
  const builtIn = BUILT_IN_FACTS.map(({ name }) => (name.endsWith('.') ? `${name}NAME` : name));
  const known = [...builtIn, ...provided];
  for (const policy of byName.values())
    for (const use of policy.reads) {
      const builtIn = builtInFact(use.fact);
      if (builtIn && !builtIn.phases.includes(use.phase)) {
        const message = `\`${use.quoted}\` is not known yet when \`${policy.plan.name}\` reads it here`;
        problems.error(factSpot(policy, use), 'fact-wrong-phase', message, phaseHint(builtIn.phases));
      }
      // Which facts a policy that cannot be read would set is not known.
      if (builtIn || provided.has(use.fact) || byName.size < rules.sections.policies.size || !rules.whole) continue;
      const hint = didYouMean(use.quoted, known, 'facts');
      problems.error(factSpot(policy, use), 'unknown-fact', `nothing sets the fact \`${use.quoted}\``, hint);
    }
}

function phaseHint(phases: readonly string[]): string {
  return phases.includes('attempt')
    ? 'it is known once the endpoint is chosen: in header edits of requests and replies'
    : 'it is known in header edits of replies only';
}

/** Where the fact stands within its template. */
function factSpot({ entry }: ResolvedPolicy, { at, quoted }: FactUse): Spot {
  const { source, offset } = valueAt(entry, at);
  const written = source.text.indexOf(`\${${quoted}}`, offset);
  const lineEnd = source.text.indexOf('\n', offset);
  return { source, offset: written >= 0 && (lineEnd < 0 || written < lineEnd) ? written : offset };
}

/** Reports facts that are not set yet, or never, where a policy of this route reads them. */
export function checkFactOrder(
  entry: SectionEntry,
  route: RoutePlan,
  policies: ResolvedPolicies,
  problems: ProblemList,
): void {
  const used = route.use.map((name) => policies.byName.get(name));
  if (used.every((policy) => policy === undefined || policy.reads.length === 0)) return;
  const everywhere = new Set(used.flatMap((policy) => policy?.provides ?? []));
  const soFar = new Set<string>();
  used.forEach((policy, i) => {
    for (const use of policy?.reads ?? []) {
      const isSet = use.phase === 'reply' ? everywhere.has(use.fact) : soFar.has(use.fact);
      if (isSet || isBuiltInOn(route, use.fact)) continue;
      // A policy that could not be read may set it, and a name that nothing sets is reported already.
      if (used.includes(undefined) || !isSetSomewhere(use.fact, policies)) continue;
      reportUnset(valueAt(entry, ['use', i]), policy as ResolvedPolicy, use, used, everywhere, policies, problems);
    }
    for (const fact of policy?.provides ?? []) soFar.add(fact);
  });
}

function isSetSomewhere(fact: string, policies: ResolvedPolicies): boolean {
  return fact.startsWith('path.') || providersOf(fact, policies.byName.values()).length > 0;
}

function isBuiltInOn(route: RoutePlan, fact: string): boolean {
  if (!fact.startsWith('path.')) return builtInFact(fact) !== undefined;
  const pattern = parsePattern(route.match.path);
  if ('problem' in pattern) return true;
  return pattern.segments.some((segment) => segment.kind === 'param' && `path.${segment.name}` === fact);
}

function providersOf(fact: string, policies: Iterable<ResolvedPolicy | undefined>): string[] {
  return [...policies].flatMap((policy) => (policy?.provides.includes(fact) ? [policy.plan.name] : []));
}

function reportUnset(
  spot: Spot,
  reader: ResolvedPolicy,
  { fact, quoted }: FactUse,
  used: readonly (ResolvedPolicy | undefined)[],
  everywhere: ReadonlySet<string>,
  policies: ResolvedPolicies,
  problems: ProblemList,
): void {
  const name = reader.plan.name;
  if (everywhere.has(fact)) {
    const [setter] = providersOf(fact, used);
    const self = setter === name;
    const message = `\`${name}\` reads \`${quoted}\`, which ${self ? 'it sets itself, later' : `\`${setter}\` sets later`}`;
    problems.error(spot, 'fact-too-early', message, self ? '' : `put \`${setter}\` before \`${name}\``);
  } else if (fact.startsWith('path.')) {
    const message = `\`${name}\` reads \`${quoted}\`, but the path of this route has no \`:${quoted.replace(/^path\./, '')}\``;
    problems.error(spot, 'fact-not-set', message, 'name the segment in `match.path`');
  } else {
    const setters = providersOf(fact, policies.byName.values());
    const message = `\`${name}\` reads \`${quoted}\`, which nothing on this route sets`;
    problems.error(spot, 'fact-not-set', message, `put \`${setters.join('` or `')}\` before it`);
  }
}
