/** Config and rules from disk, for commands that need both and cannot go on without. */
import { resolve } from 'node:path';
import type { Redactor } from '../log/redact.ts';
import { formatProblems } from '../plan/problems.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Plan } from '../types/plan.ts';
import { checkFiles } from './check.ts';

/** `report` says what is wrong, for people, and is '' where all is well; `redactor` knows the secrets of both. */
export type Project = { readonly report: string; readonly redactor: Redactor } & (
  | { readonly config: WeirConfig; readonly plan: Plan }
  | { readonly config: null; readonly plan: null }
);

/** Loads a config file and the rules it names. Warnings are `weir check`'s to tell. */
export async function loadProject(
  configFile: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Project> {
  const { config, plan, problems, sources, redactor } = await checkFiles(resolve(configFile), env);
  if (config && plan) return { config, plan, report: '', redactor };
  const report = formatProblems(problems, sources, { format: 'text', cwd: process.cwd() });
  return { config: null, plan: null, report: redactor.text(`${report}\n`), redactor };
}
