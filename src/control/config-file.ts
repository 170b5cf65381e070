/** The config file at start, and what is wrong with what Weir was to start with. */
import { resolve } from 'node:path';
import { WeirError } from '../errors.ts';
import { bundledDatabase } from '../geo/bundled.ts';
import type { Redactor } from '../log/redact.ts';
import { loadConfig, type RuleFile } from '../plan/load.ts';
import type { Problem } from '../plan/problems.ts';
import { readRuleFile } from '../plan/read.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Place } from '../types/plan.ts';
import type { ConfigPath } from '../types/policy.ts';

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

/** Process settings that are good. */
export interface ReadConfig {
  readonly config: WeirConfig;
  readonly warnings: readonly Problem[];
  /** Where a value stands. */
  readonly placeOf: (path: ConfigPath) => Place;
  /** For code frames. */
  readonly source: RuleFile;
  /** The form of the settings that may be shown. */
  readonly shown: object;
}

/**
 * Reads and checks the process settings. `redactor` learns the secrets that the environment put there.
 * @throws {StartProblems} where they are no good.
 * @throws {WeirError} where the file cannot be read.
 */
export async function readConfig(
  configFile: string,
  env: Readonly<Record<string, string | undefined>>,
  redactor: Redactor,
): Promise<ReadConfig> {
  const file = resolve(configFile);
  const { text, unreadable } = await readRuleFile(file);
  if (unreadable !== undefined) throw new WeirError(`${file} cannot be read: ${unreadable}`);
  const { config, problems, placeOf, secrets, show } = loadConfig(file, text, {
    env,
    bundledDatabase: bundledDatabase(),
  });
  redactor.add(secrets);
  if (config === null) throw new StartProblems(problems, [{ file, text }]);
  return { config, warnings: problems, placeOf, source: { file, text }, shown: show(config) };
}
