/** `weir check`: config and rules, all problems at once. */
import { resolve } from 'node:path';
import { bundledDatabase } from '../geo/bundled.ts';
import { Redactor } from '../log/redact.ts';
import { loadConfig, loadRules, type RuleFile, settingsForRules } from '../plan/load.ts';
import { describe, nonceRate } from '../plan/nonces.ts';
import { formatProblems, type Problem, ProblemList } from '../plan/problems.ts';
import { readRuleFile, readRuleFiles } from '../plan/read.ts';
import { CONFIG } from '../plan/schema/config.ts';
import { KINDS } from '../policies/index.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Plan } from '../types/plan.ts';
import { EX_PROBLEMS, readArguments, wrongArguments } from './arguments.ts';

const USAGE = `weir check [--config FILE] [--format text|json]

Checks the process settings and the rules they name, and prints every problem at once.

  --config FILE   process settings; config/weir.yaml by default
  --format json   an array of {file,line,column,severity,code,message,hint} instead of text

Exit status: 0 where Weir would start with them (there may be warnings), 3 where not, 64 for a wrong command line.
`;

interface Options {
  readonly config: string;
  readonly format: 'text' | 'json';
}

/** Runs the command; resolves to its exit status. */
export async function check(args: string[]): Promise<number> {
  const options = parse(args);
  if (typeof options === 'number') return options;
  const checked = await checkFiles(resolve(options.config), process.env);
  process.stdout.write(checked.redactor.text(report(checked, options.format, process.cwd())));
  return checked.plan === null || checked.config === null ? EX_PROBLEMS : 0;
}

function parse(args: string[]): Options | number {
  const values = readArguments('check', USAGE, args, {
    config: { type: 'string', default: 'config/weir.yaml' },
    format: { type: 'string', default: 'text' },
  });
  if (typeof values === 'number') return values;
  const { config, format } = values;
  if (format === 'text' || format === 'json') return { config, format };
  return wrongArguments('check', `--format is text or json, not ${format}`);
}

export interface Checked {
  readonly config: WeirConfig | null;
  readonly plan: Plan | null;
  readonly problems: readonly Problem[];
  /** Every file that was read, for code frames. */
  readonly sources: readonly RuleFile[];
  /** Knows every secret that the environment put into them. */
  readonly redactor: Redactor;
}

/** Checks a config file and the rules it names. A faulty config does not keep the rules from being checked. */
export async function checkFiles(file: string, env: Readonly<Record<string, string | undefined>>): Promise<Checked> {
  const source = await readRuleFile(file);
  const redactor = new Redactor();
  const unread = new ProblemList();
  if (source.unreadable !== undefined) {
    unread.fileError(file, 'unreadable-file', `the file cannot be read: ${source.unreadable}`);
    return { config: null, plan: null, problems: unread.sorted(), sources: [], redactor };
  }
  const { config, problems, rules, secrets } = loadConfig(file, source.text, {
    env,
    bundledDatabase: bundledDatabase(),
  });
  redactor.add(secrets);
  const files = await readRuleFiles(rules).catch((error: Error) => {
    unread.fileError(rules, 'unreadable-file', error.message, 'see `rules` in the config');
    return null;
  });
  if (files === null)
    return { config, plan: null, problems: [...problems, ...unread.sorted()], sources: [source], redactor };
  const loaded = loadRules(files, { kinds: KINDS, env, root: rules, ...(config && settingsForRules(config)) });
  redactor.add(loaded.secrets);
  const sources = [source, ...files];
  return { config, plan: loaded.plan, problems: [...problems, ...loaded.problems], sources, redactor };
}

function report({ config, plan, problems, sources }: Checked, format: Options['format'], cwd: string): string {
  const text = formatProblems(problems, sources, { format, cwd });
  if (format === 'json') return `${text}\n`;
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const counts = `${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}`;
  const before = text === '' ? '' : `${text}\n\n`;
  if (config === null || plan === null) return `${before}${counts}\n`;
  const files = sources.filter(isRead).length - 1;
  const head = `${before}${summary(plan, files)}${problems.length > 0 ? `; ${counts}` : ''}\n`;
  return `${head}${capacity(config, plan)}${restarts()}`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function isRead({ leftOut }: RuleFile): boolean {
  return leftOut === undefined;
}

function summary(plan: Plan, files: number): string {
  const parts = [count(plan.routes.length, 'route'), count(plan.upstreams.length, 'upstream')];
  return `ok: revision ${plan.revision}, ${parts.join(', ')} in ${count(files, 'rule file')}`;
}

/** How many signed requests a second the store holds; '' where none are remembered. */
function capacity({ store }: WeirConfig, plan: Plan): string {
  const rate = nonceRate(plan, store.nonces, KINDS);
  return rate === null ? '' : `${describe(rate, store.nonces)}\n`;
}

/** The config is read at start only; what the files it names hold (certificates, databases, rules) is taken over at once. */
function restarts(): string {
  const keys = Object.keys(CONFIG.properties).join(', ');
  return `a restart is needed to change: ${keys}; the files they name are re-read while Weir runs\n`;
}
