/** Warnings about what is not used: most often a name that was meant to be written somewhere. */
import type { UpstreamPlan } from '../types/plan.ts';
import type { ResolvedPolicies } from './policies.ts';
import type { ProblemList } from './problems.ts';
import type { ResolvedRoute } from './routes.ts';
import { keyOf, type MergedRules } from './sections.ts';

/** Says nothing where entries could not be read: what they would use is not known. */
export function checkUsage(
  rules: MergedRules,
  routes: readonly ResolvedRoute[],
  policies: ResolvedPolicies,
  upstreams: readonly UpstreamPlan[],
  problems: ProblemList,
): void {
  if (!rules.sound) return;
  const usedPolicies = new Set(routes.flatMap(({ plan }) => plan.use));
  const usedUpstreams = new Set(routes.flatMap(({ plan }) => plan.to.map(({ upstream }) => upstream)));
  for (const { upstreams: chosen } of policies.byName.values()) for (const name of chosen) usedUpstreams.add(name);
  for (const [name, entry] of rules.sections.policies)
    if (!usedPolicies.has(name))
      problems.warning(
        keyOf(entry),
        'unused-policy',
        `no route uses the policy \`${name}\``,
        'name it in `use`, or remove it',
      );
  for (const { name } of upstreams) {
    const entry = rules.sections.upstreams.get(name);
    if (entry && !usedUpstreams.has(name))
      problems.warning(
        keyOf(entry),
        'unused-upstream',
        `nothing leads to the upstream \`${name}\``,
        'remove it if it is not needed',
      );
  }
}
