/** Rule files → plan, or everything that is wrong with them. Pure: the files' texts come in, nothing is read here. */
import { basename, dirname, relative, resolve } from 'node:path';
import type { SecretText } from '../log/redact.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Plan } from '../types/plan.ts';
import type { PolicyKind } from '../types/policy.ts';
import type { Environment } from './environment.ts';
import { checkFactNames } from './fact-checks.ts';
import { type Injected, injectedIn, secretsIn, withoutNames } from './injected.ts';
import { checkNonces } from './nonces.ts';
import { checkOwnListeners, type ListenerAddress } from './own-listeners.ts';
import { parseSource } from './parse.ts';
import { type NamedFile, type ResolvedPolicies, resolvePolicies } from './policies.ts';
import { type Problem, ProblemList, type UnsetVariables } from './problems.ts';
import { checkReachability } from './reachability.ts';
import { checkDefaultRegion, resolveRegions } from './regions.ts';
import { type RevisionSource, revisionOf } from './revision.ts';
import { resolveRoutes } from './routes.ts';
import { schemasBelow } from './schema/places.ts';
import { rulesSchema, SECTIONS } from './schema/rules.ts';
import { type CheckedSource, type MergedRules, mergeSections } from './sections.ts';
import { type InjectedByName, redactProblems, type ShowPlan, showPlan } from './shown.ts';
import { resolveTests } from './tests.ts';
import { resolveUpstreams } from './upstreams.ts';
import { checkUsage } from './usage.ts';
import { createValidator, type Validator } from './validate.ts';

export { loadConfig } from './config.ts';

/** A rule file as it was read. */
export interface RuleFile {
  readonly file: string;
  readonly text: string;
  /** Why it could not be read; then `text` is not looked at. */
  readonly unreadable?: string;
  /** Where the part begins that could not be read; the first character where it is not known. */
  readonly unreadableAt?: { readonly line: number; readonly column: number };
  /** Why it is no part of the rules although it looks like it: what follows its name in a warning. */
  readonly leftOut?: string;
}

/** What checking the rules needs to know of the process settings; without one, what it says is not checked. */
export interface RulesSettings {
  /** Where Weir itself will listen, for the check that no endpoint is one of its own listeners. */
  readonly listeners?: readonly ListenerAddress[];
  /** Entries of the store, for the check that it holds the requests that policies remember. */
  readonly nonces?: number;
  /** Fields, in lower case, that reach policies although they are dropped by default. */
  readonly passHeaders?: readonly string[];
}

/** The part of the process settings that rules are checked against. */
export function settingsForRules({ listeners, store, passHeaders }: WeirConfig): RulesSettings {
  const { fromAnyone, fromTrusted } = passHeaders;
  return { listeners, nonces: store.nonces, passHeaders: [...fromAnyone, ...fromTrusted] };
}

export interface RulesContext extends RulesSettings {
  readonly kinds: readonly PolicyKind[];
  readonly env: Environment;
  /** The rules folder: what problems of the whole set are reported at, and what paths are relative to in the revision. */
  readonly root: string;
  /** `error` by default. With `warning` the plan holds made-up values: good to check and to rehearse, never to serve. */
  readonly unsetVariables?: UnsetVariables;
}

/**
 * `plan` is null where there is any error, or where nothing can be made of a value that is made up; warnings come beside
 * a plan.
 */
export interface LoadedRules {
  readonly plan: Plan | null;
  readonly problems: Problem[];
  /** What the environment put where secrets can stand, whether or not there is a plan. */
  readonly secrets: readonly SecretText[];
  /** Makes the form of a plan that may be shown; the plan is the one above. */
  readonly show: ShowPlan;
  /** What the policies in use read while they run; nothing has looked at them yet. */
  readonly files: readonly NamedFile[];
  /** Variables that are not set and have no default. */
  readonly unset: readonly string[];
}

/** Bytes of all files together; more takes the parser many seconds. */
export const MAX_TOTAL_SIZE = 8 * 1024 ** 2;

/** {@link createLoader} for one use. */
export function loadRules(files: readonly RuleFile[], context: RulesContext): LoadedRules {
  return createLoader(context.kinds)(files, context);
}

/** Makes a loader whose schema is compiled once, for those who load many times. */
export function createLoader(
  kinds: readonly PolicyKind[],
): (files: readonly RuleFile[], context: Omit<RulesContext, 'kinds'>) => LoadedRules {
  const schema = rulesSchema(kinds);
  const validate = createValidator(schema);
  return (files, context) => {
    const problems = new ProblemList(context.unsetVariables);
    const checked = readSources(files, context, validate, problems);
    const rules = checked && mergeSections(checked, problems);
    const resolved = rules && resolvePlan(rules, schema, { ...context, kinds }, problems);
    const usable = !problems.hasErrors() && !problems.incomplete;
    const found = (checked ?? []).flatMap(({ source }) => secretsIn(source.root, schema));
    const secrets = withoutNames(found, rules ? namesOf(rules) : []);
    return {
      plan: resolved && usable ? resolved.plan : null,
      problems: redactProblems(problems.sorted(), secrets),
      files: resolved?.files ?? [],
      unset: [...problems.unset],
      secrets,
      show: resolved?.show ?? showPlan(new Map()),
    };
  };
}

/** Names of entries and endpoints: labels of metrics, and what logs are read by. */
function namesOf({ sections }: MergedRules): string[] {
  const endpoints = [...sections.upstreams.values()].flatMap(({ node }) => [
    ...(node.entries?.get('endpoints')?.node.entries?.keys() ?? []),
  ]);
  return [...SECTIONS.flatMap((section) => [...sections[section].keys()]), ...endpoints];
}

/** Null where there is nothing to go on with. */
function readSources(
  files: readonly RuleFile[],
  { env, root }: Omit<RulesContext, 'kinds'>,
  validate: Validator,
  problems: ProblemList,
): CheckedSource[] | null {
  for (const { file, leftOut } of files) if (leftOut !== undefined) reportLeftOut(file, leftOut, problems);
  const read = files.filter(({ leftOut }) => leftOut === undefined);
  if (read.length === 0) {
    problems.fileError(root, 'no-rules', 'there is no *.yaml file in this folder', 'is it the right folder?');
    return null;
  }
  if (read.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) > MAX_TOTAL_SIZE) {
    const message = `the rules together have more than ${MAX_TOTAL_SIZE / 1024 ** 2} MiB`;
    problems.fileError(root, 'file-too-large', message, 'generate fewer rules, or split them over several processes');
    return null;
  }
  return read.map(({ file, text, unreadable, unreadableAt = { line: 1, column: 1 } }) => {
    if (unreadable !== undefined) {
      const hint = 'a rule file is a regular file, in UTF-8, that Weir may read';
      problems.errorAt({ file, ...unreadableAt }, 'unreadable-file', `the file cannot be read: ${unreadable}`, hint);
      const source = parseSource(file, '{}', env, problems);
      source.lossy = true;
      return { source, faults: [] };
    }
    const source = parseSource(file, text, env, problems);
    return { source, faults: validate(source, problems) };
  });
}

function reportLeftOut(file: string, why: string, problems: ProblemList): void {
  const hint = 'rules are the *.yaml files of the folder itself; rename it, move it or remove it';
  problems.warningAt({ file, line: 1, column: 1 }, 'left-out', `\`${basename(file)}\` ${why}`, hint);
}

function resolvePlan(
  rules: MergedRules,
  schema: object,
  context: RulesContext,
  problems: ProblemList,
): { readonly plan: Plan; readonly show: ShowPlan; readonly files: readonly NamedFile[] } {
  const { kinds, root, listeners = [], nonces, passHeaders = [] } = context;
  const paths = new Map<string, string>();
  const resolvePath = (file: string, path: string): string => {
    const absolute = resolve(dirname(file), path);
    paths.set(absolute, relative(root, absolute));
    return absolute;
  };
  const regions = resolveRegions(rules, problems);
  const written = resolveUpstreams(rules, problems);
  const policies = resolvePolicies(rules, kinds, { resolvePath, passHeaders }, problems);
  const upstreams = [...written, ...policies.urlUpstreams.keys()];
  checkOwnListeners(upstreams, listeners, problems);
  checkFactNames(rules, policies, problems);
  const routes = resolveRoutes(rules, policies, upstreams, problems);
  checkReachability(routes, problems);
  const tests = resolveTests(rules, upstreams, problems);
  // What a made-up name stands for may be what nothing seems to use.
  if (!problems.incomplete) checkUsage(rules, routes, policies, written, problems);
  if (nonces !== undefined) checkNonces(policies, nonces, kinds, problems);
  if (written.some((upstream) => upstream.choose.includes('region'))) checkDefaultRegion(rules, regions, problems);
  const plan = {
    regions,
    upstreams,
    policies: Array.from(policies.byName.values(), (policy) => policy.plan),
    routes: routes.map((route) => route.plan),
    tests,
  };
  const sound = !problems.hasErrors() && !problems.incomplete;
  const revision = sound ? revisionOf(plan, revisionSource(rules, schema, policies, paths)) : '';
  const inUse = new Set(plan.routes.flatMap((route) => route.use));
  return {
    plan: { revision, ...plan },
    show: showPlan(injectedByName(rules, policies)),
    files: policies.files.filter(({ policy }) => inUse.has(policy)),
  };
}

function revisionSource(
  { sections }: MergedRules,
  schema: object,
  { urlUpstreams }: ResolvedPolicies,
  paths: ReadonlyMap<string, string>,
): RevisionSource {
  const ofInjected = new Set(Array.from(urlUpstreams, ([{ name }, policy]) => (policy.node.injected ? name : '')));
  return {
    injected(section, name) {
      const node = sections[section].get(name)?.node;
      const path = [section, name];
      return node?.injected ? { node, schemas: path.reduce<readonly object[]>(schemasBelow, [schema]) } : null;
    },
    isOfInjected: (upstream) => ofInjected.has(upstream),
    namesProtocol: (route) => sections.routes.get(route)?.node.entries?.has('protocol') ?? false,
    paths,
  };
}

/** What the environment put into each entry; an upstream that a policy's URL made has it from that policy. */
function injectedByName({ sections }: MergedRules, { urlUpstreams }: ResolvedPolicies): InjectedByName {
  const found = new Map<string, readonly Injected[]>();
  for (const section of SECTIONS)
    for (const { name, node } of sections[section].values())
      if (node.injected) found.set(`${section} ${name}`, injectedIn(node));
  for (const [{ name }, policy] of urlUpstreams)
    if (policy.node.injected) found.set(`upstreams ${name}`, injectedIn(policy.node));
  return found;
}
