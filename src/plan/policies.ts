/** The section `policies`: each instance resolved by its kind, and what the kind says of it collected. */
import { parseTemplate, templateFacts } from '../template/template.ts';
import type { Place, PolicyPlan, UpstreamPlan } from '../types/plan.ts';
import type { ConfigPath, PolicyFile, PolicyKind, ResolveContext, TemplateUse } from '../types/policy.ts';
import { type ProblemList, quotable } from './problems.ts';
import { checkName, keyOf, type MergedRules, type SectionEntry, soundEntries, valueAt } from './sections.ts';
import { urlUpstream } from './upstreams.ts';

/** A template of a policy with the facts it reads. */
export interface FactUse extends Pick<TemplateUse, 'at' | 'phase'> {
  readonly fact: string;
  /** The fact as a message may quote it: what is written, where the environment named it. */
  readonly quoted: string;
}

/** A policy with what the checks need to know of it. */
export interface ResolvedPolicy {
  readonly plan: PolicyPlan;
  readonly entry: SectionEntry;
  /** Facts that it sets. */
  readonly provides: readonly string[];
  readonly reads: readonly FactUse[];
  /** Upstreams that it may choose. */
  readonly upstreams: readonly string[];
}

export interface ResolvedPolicies {
  readonly byName: ReadonlyMap<string, ResolvedPolicy>;
  /** Upstreams that policies brought along by naming URLs, and those policies. */
  readonly urlUpstreams: ReadonlyMap<UpstreamPlan, SectionEntry>;
  readonly files: readonly NamedFile[];
}

/** A file that the rules name, and where. */
export interface NamedFile extends Omit<PolicyFile, 'at'> {
  /** Name of the policy that reads it. */
  readonly policy: string;
  readonly place: Place;
}

/** Turns a path of the rules, relative to the file it stands in, into an absolute one. */
export type ResolvePath = (file: string, path: string) => string;

/** What kinds are told beside their own settings. */
export interface PolicyContext {
  readonly resolvePath: ResolvePath;
  /** As {@link ResolveContext.passHeaders}. */
  readonly passHeaders: readonly string[];
}

/** Resolves the policies. One whose kind reports problems is in the result as far as the kind got. */
export function resolvePolicies(
  rules: MergedRules,
  kinds: readonly PolicyKind[],
  context: PolicyContext,
  problems: ProblemList,
): ResolvedPolicies {
  const byName = new Map<string, ResolvedPolicy>();
  const urlUpstreams = new Map<UpstreamPlan, SectionEntry>();
  const files: NamedFile[] = [];
  for (const entry of soundEntries(rules.sections.policies)) {
    const kindName = Object.keys(entry.node.value as object)[0];
    const kind = kinds.find((candidate) => candidate.kind === kindName);
    if (!kind) continue;
    try {
      const resolved = resolvePolicy(entry, kind, rules, context, problems);
      byName.set(entry.name, resolved);
      for (const upstream of resolveUrls(entry, kind, resolved.plan, problems)) urlUpstreams.set(upstream, entry);
      files.push(...filesOf(entry, kind, resolved.plan));
    } catch (error) {
      const message = `the kind \`${kind.kind}\` failed on \`${entry.name}\`: ${(error as Error).message}`;
      problems.error(keyOf(entry), 'kind-failed', message, 'this is a bug in Weir');
    }
  }
  return { byName, urlUpstreams, files };
}

function resolvePolicy(
  entry: SectionEntry,
  kind: PolicyKind,
  rules: MergedRules,
  { resolvePath, passHeaders }: PolicyContext,
  problems: ProblemList,
): ResolvedPolicy {
  const spotOf = (at: ConfigPath) => valueAt(entry, [kind.kind, ...at]);
  const context: ResolveContext = {
    problem: (at, code, message, hint) => problems.kindError(spotOf(at), code, message, hint),
    resolvePath: (path) => resolvePath(entry.source.file, path),
    passHeaders,
  };
  const raw = (entry.node.value as Record<string, unknown>)[kind.kind];
  const config: unknown = kind.resolve(raw, context);
  const plan: PolicyPlan = { name: entry.name, kind: kind.kind, config, place: entry.place };
  const upstreams = kind.upstreams?.(config) ?? [];
  for (const { name, at } of upstreams) checkName(rules, 'upstreams', name, spotOf(at), problems);
  return {
    plan,
    entry,
    provides: kind.provides?.(config) ?? [],
    reads: (kind.templates?.(config) ?? []).flatMap((use) => readsOf(use, entry, kind.kind, problems)),
    upstreams: upstreams.map(({ name }) => name),
  };
}

function filesOf(entry: SectionEntry, kind: PolicyKind, { name, config }: PolicyPlan): NamedFile[] {
  return (kind.files?.(config) ?? []).map(({ at, ...file }) => {
    const { source, offset } = valueAt(entry, [kind.kind, ...at]);
    return { ...file, policy: name, place: source.place(offset) };
  });
}

/** The facts that a template reads; paths start below the entry, so that they include the kind. */
function readsOf(use: TemplateUse, entry: SectionEntry, kind: string, problems: ProblemList): FactUse[] {
  const at = [kind, ...use.at];
  const template = parseTemplate(use.text);
  const spot = valueAt(entry, at);
  const written = quotable(use.text, spot);
  if (!('problem' in template))
    return templateFacts(template).map((fact) => {
      const quoted = written.includes(`\${${fact}}`) ? fact : written;
      return { fact, quoted, at, phase: use.phase };
    });
  // A kind may have said it already, in its own words.
  if (!problems.has(spot)) problems.error(spot, 'bad-template', template.problem, 'write $${ for a literal ${');
  return [];
}

function resolveUrls(entry: SectionEntry, kind: PolicyKind, plan: PolicyPlan, problems: ProblemList): UpstreamPlan[] {
  const found: UpstreamPlan[] = [];
  for (const { name, url, at } of kind.urls?.(plan.config, plan.name) ?? []) {
    const spot = valueAt(entry, [kind.kind, ...at]);
    const upstream = urlUpstream(name, url, spot, problems);
    if (upstream) found.push(upstream);
  }
  return found;
}
