/** Config and rules from disk, as every command but `serve` reads them. */
import { resolve } from 'node:path';
import { bundledDatabase } from '../geo/bundled.ts';
import { Redactor } from '../log/redact.ts';
import { loadConfig, loadRules, type RuleFile, settingsForRules } from '../plan/load.ts';
import type { NamedFile } from '../plan/policies.ts';
import { formatProblems, type Problem, ProblemList, type UnsetVariables } from '../plan/problems.ts';
import { readRuleFile, readRuleFiles, unreadableFolder } from '../plan/read.ts';
import { KINDS } from '../policies/index.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Place, Plan } from '../types/plan.ts';
import type { ConfigPath } from '../types/policy.ts';

export interface LoadSettings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As for `RulesContext`. */
  readonly unsetVariables: UnsetVariables;
}

/** Config and rules as far as they could be read. */
export interface LoadedFiles {
  readonly config: WeirConfig | null;
  /** As in `LoadedConfig`. */
  readonly draft: WeirConfig | null;
  readonly plan: Plan | null;
  readonly problems: readonly Problem[];
  /** Every file that was read, for code frames. */
  readonly sources: readonly RuleFile[];
  /** Where a value of the config stands. */
  readonly placeOf: (path: ConfigPath) => Place;
  /** What the policies in use read. */
  readonly files: readonly NamedFile[];
  /** Variables that are not set and have no default. */
  readonly unset: readonly string[];
  /** Knows every secret that the environment put into them. */
  readonly redactor: Redactor;
}

/** Loads a config file and the rules it names. A faulty config does not keep the rules from being checked. */
export async function loadFiles(file: string, { env, unsetVariables }: LoadSettings): Promise<LoadedFiles> {
  const source = await readRuleFile(file);
  const unread = new ProblemList();
  const redactor = new Redactor();
  const nothing = { config: null, draft: null, plan: null, sources: [], files: [], unset: [], redactor };
  if (source.unreadable !== undefined) {
    unread.fileError(file, 'unreadable-file', `the file cannot be read: ${source.unreadable}`);
    return { ...nothing, problems: unread.sorted(), placeOf: () => ({ file, line: 1, column: 1 }) };
  }
  const context = { env, unsetVariables, bundledDatabase: bundledDatabase() };
  const { config, draft, problems, rules, placeOf, unset, secrets } = loadConfig(file, source.text, context);
  redactor.add(secrets);
  const files = await readRuleFiles(rules).catch((error: Error) => unreadableFolder(rules, error));
  if (!Array.isArray(files))
    return {
      ...nothing,
      config,
      draft,
      problems: [...problems, files],
      sources: [source],
      placeOf,
      unset,
    };
  const settings = config && settingsForRules(config);
  const loaded = loadRules(files, { kinds: KINDS, env, unsetVariables, root: rules, ...settings });
  redactor.add(loaded.secrets);
  return {
    config,
    draft,
    plan: loaded.plan,
    problems: [...problems, ...loaded.problems],
    sources: [source, ...files],
    placeOf,
    files: loaded.files,
    unset: [...new Set([...unset, ...loaded.unset])],
    redactor,
  };
}

/** Nothing is wrong, but a variable that a warning names is not set, and no text at all could stand in its place. */
export const INCOMPLETE = 'what the variables named above hold decides the rest: set them';

/** `report` says what is wrong, for people, and is '' where all is well; `unset` and `redactor` are as in {@link LoadedFiles}. */
export type Project = Pick<LoadedFiles, 'unset' | 'redactor'> & { readonly report: string } & (
    | { readonly config: WeirConfig; readonly plan: Plan }
    | { readonly config: null; readonly plan: null }
  );

/** Loads a config file and the rules it names for a command that cannot go on without. Warnings are `weir check`'s to tell. */
export async function loadProject(
  configFile: string,
  { env = process.env, unsetVariables = 'error' }: Partial<LoadSettings> = {},
): Promise<Project> {
  const loaded = await loadFiles(resolve(configFile), { env, unsetVariables });
  const { config, plan, problems, sources, unset, redactor } = loaded;
  if (config && plan) return { config, plan, unset, report: '', redactor };
  const report = formatProblems(problems, sources, { format: 'text', cwd: process.cwd() });
  const faulty = problems.some(({ severity }) => severity === 'error');
  const text = redactor.text(`${report}\n${faulty ? '' : `\n${INCOMPLETE}\n`}`);
  return { config: null, plan: null, unset, report: text, redactor };
}
