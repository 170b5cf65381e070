/** The cases in `cases/`: read, run and (with UPDATE set) written anew. See cases/README.md. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLoader, loadConfig, type RuleFile, settingsForRules } from '../../src/plan/load.ts';
import { formatProblems, type Problem } from '../../src/plan/problems.ts';
import { readRuleFile, readRuleFiles } from '../../src/plan/read.ts';
import { KINDS } from '../../src/policies/index.ts';
import { FAULTY } from '../../src/testing/kinds.ts';

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

const load = createLoader(KINDS);
const loadWithFaulty = createLoader([...KINDS, FAULTY]);

/** Runs one case. Files are named as if the case's folder were `/golden`. */
export async function runCase(name: string): Promise<Outcome> {
  const folder = join(GOLDEN, name);
  const env = readJson<Record<string, string>>(join(folder, 'env.json')) ?? {};
  const made = madeFiles(folder);
  const config = existsSync(join(folder, 'config/weir.yaml')) ? await read(folder) : null;
  const rules = existsSync(join(folder, 'rules')) || made.length > 0 ? [...(await ruleFiles(folder)), ...made] : null;
  const loadedConfig = config && loadConfig(config.file, config.text, { env, bundledDatabase: '/bundled.mmdb' });
  const settings = loadedConfig?.config && settingsForRules(loadedConfig.config);
  const loadAll = existsSync(join(folder, 'with-faulty-kind')) ? loadWithFaulty : load;
  const loadedRules = rules && loadAll(rules, { env, root: `${ROOT}/rules`, ...settings });
  const problems = [...(loadedConfig?.problems ?? []), ...(loadedRules?.problems ?? [])];
  const sources = [...(config ? [config] : []), ...(rules ?? [])];
  return {
    name,
    problems,
    actual: {
      'config.json': json(loadedConfig?.config),
      'plan.json': json(loadedRules?.plan),
      'problems.json':
        problems.length === 0 ? null : `${formatProblems(shown(problems), sources, { format: 'json', cwd: ROOT })}\n`,
    },
  };
}

/** Of hundreds the first and the last tell enough. */
function shown(problems: readonly Problem[]): readonly Problem[] {
  return problems.length > 500 ? [...problems.slice(0, 2), ...problems.slice(-2)] : problems;
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

async function ruleFiles(folder: string): Promise<RuleFile[]> {
  if (!existsSync(join(folder, 'rules'))) return [];
  const files = await readRuleFiles(join(folder, 'rules'));
  return files.map(({ file, ...rest }) => ({ file: `${ROOT}${file.slice(folder.length)}`, ...rest }));
}

/** What would be too large to commit: `make.json` says of each file which texts stand in it how often, in order. */
function madeFiles(folder: string): RuleFile[] {
  const made = readJson<Record<string, [string, number][]>>(join(folder, 'make.json')) ?? {};
  return Object.entries(made).map(([name, parts]) => ({
    file: `${ROOT}/${name}`,
    text: parts.map(([text, times]) => text.repeat(times)).join(''),
  }));
}

async function read(folder: string): Promise<RuleFile> {
  return { ...(await readRuleFile(join(folder, 'config/weir.yaml'))), file: `${ROOT}/config/weir.yaml` };
}

function readJson<T>(path: string): T | null {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
}

function json(value: unknown): string | null {
  return value === null || value === undefined ? null : `${JSON.stringify(value, null, 2)}\n`;
}
