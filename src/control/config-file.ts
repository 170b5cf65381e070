/** The config file at start, and what is wrong with what Weir was to start with. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { WeirError } from '../errors.ts';
import { bundledDatabase } from '../geo/bundled.ts';
import { loadConfig, type RuleFile } from '../plan/load.ts';
import type { Problem } from '../plan/problems.ts';
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
 * Reads and checks the process settings.
 * @throws {StartProblems} where they are no good.
 * @throws {WeirError} where the file cannot be read.
 */
export async function readConfig(
  configFile: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ config: WeirConfig; warnings: readonly Problem[] }> {
  const file = resolve(configFile);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new WeirError(`${file} cannot be read: ${(error as Error).message}`, 1, { cause: error });
  }
  const { config, problems } = loadConfig(file, text, { env, bundledDatabase: bundledDatabase() });
  if (config === null) throw new StartProblems(problems, [{ file, text }]);
  return { config, warnings: problems };
}
