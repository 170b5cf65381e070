/** The config file at start, and what is wrong with what Weir was to start with. */
import { resolve } from 'node:path';
import { WeirError } from '../errors.ts';
import { bundledDatabase } from '../geo/bundled.ts';
import type { Redactor } from '../log/redact.ts';
import { loadConfig, type RuleFile } from '../plan/load.ts';
import type { Problem } from '../plan/problems.ts';
import { readRuleFile } from '../plan/read.ts';
import type { WeirConfig } from '../types/config.ts';

/** Config or rules have problems, so Weir does not start. */
export class StartProblems extends WeirError {
  readonly problems: readonly Problem[];
  /** Texts for code frames. */
  readonly sources: readonly RuleFile[];
  constructor(problems: readonly Problem[], sources: readonly RuleFile[]) {
    super('config or rules have problems', 3);
    this.problems = problems;
    this.sources = sources;
  }
}

/**
 * Reads and checks the process settings. `redactor` learns the secrets that the environment put there, and `shown` is
 * the form of the settings that may be shown.
 * @throws {StartProblems} where they are no good.
 * @throws {WeirError} where the file cannot be read.
 */
export async function readConfig(
  configFile: string,
  env: Readonly<Record<string, string | undefined>>,
  redactor: Redactor,
): Promise<{ config: WeirConfig; warnings: readonly Problem[]; shown: object }> {
  const file = resolve(configFile);
  const { text, unreadable } = await readRuleFile(file);
  if (unreadable !== undefined) throw new WeirError(`${file} cannot be read: ${unreadable}`);
  const { config, problems, secrets, show } = loadConfig(file, text, { env, bundledDatabase: bundledDatabase() });
  redactor.add(secrets);
  if (config === null) throw new StartProblems(problems, [{ file, text }]);
  return { config, warnings: problems, shown: show(config) };
}
