/** The cases in `cases/`: read, run and (with UPDATE set) written anew. See cases/README.md. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLoader, loadConfig, settingsForRules } from '../../src/plan/load.ts';
import { formatProblems, type Problem } from '../../src/plan/problems.ts';
import { FIXTURE_KINDS } from '../../src/testing/kinds.ts';

export const GOLDEN = join(import.meta.dirname, 'cases');

/** Where the cases seem to stand, so that expectations do not depend on where the repository is. */
const ROOT = '/golden';

export interface Outcome {
  readonly name: string;
  /** By the name of the file that holds what is expected; null where there must be none. */
  readonly actual: Readonly<Record<string, string | null>>;
  readonly problems: readonly Problem[];
}

export function goldenCases(): string[] {
  return readdirSync(GOLDEN, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

const load = createLoader(FIXTURE_KINDS);

/** Runs one case. Files are named as if the case's folder were `/golden`. */
export function runCase(name: string): Outcome {
  const folder = join(GOLDEN, name);
  const env = readJson(join(folder, 'env.json')) ?? {};
  const config = existsSync(join(folder, 'config/weir.yaml')) ? read(folder, 'config/weir.yaml') : null;
  const rules = existsSync(join(folder, 'rules')) ? ruleFiles(folder) : null;
  const loadedConfig = config && loadConfig(config.file, config.text, { env, bundledDatabase: '/bundled.mmdb' });
  const settings = loadedConfig?.config && settingsForRules(loadedConfig.config);
  const loadedRules = rules && load(rules, { env, root: `${ROOT}/rules`, ...settings });
  const problems = [...(loadedConfig?.problems ?? []), ...(loadedRules?.problems ?? [])];
  const sources = [...(config ? [config] : []), ...(rules ?? [])];
  return {
    name,
    problems,
    actual: {
      'config.json': json(loadedConfig?.config),
      'plan.json': json(loadedRules?.plan),
      'problems.json':
        problems.length === 0 ? null : `${formatProblems(problems, sources, { format: 'json', cwd: ROOT })}\n`,
    },
  };
}

/** What the case expects, by file. */
export function expected(name: string, file: string): string | null {
  const path = join(GOLDEN, name, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Makes what came out what is expected. */
export function update({ name, actual }: Outcome): void {
  for (const [file, text] of Object.entries(actual)) {
    const path = join(GOLDEN, name, file);
    if (text === null) rmSync(path, { force: true });
    else writeFileSync(path, text);
  }
}

function ruleFiles(folder: string): { file: string; text: string }[] {
  const names = readdirSync(join(folder, 'rules')).filter((name) => name.endsWith('.yaml'));
  return names.sort().map((name) => read(folder, `rules/${name}`));
}

function read(folder: string, name: string): { file: string; text: string } {
  return { file: `${ROOT}/${name}`, text: readFileSync(join(folder, name), 'utf8') };
}

function readJson(path: string): Record<string, string> | null {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
}

function json(value: unknown): string | null {
  return value === null || value === undefined ? null : `${JSON.stringify(value, null, 2)}\n`;
}
