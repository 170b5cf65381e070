/** `weir check`: config, rules and the files they name, all problems at once. */
import { resolve } from 'node:path';
import { checkStart } from '../control/start-check.ts';
import type { Redactor } from '../log/redact.ts';
import type { RuleFile } from '../plan/load.ts';
import { describe, nonceRate } from '../plan/nonces.ts';
import { byPlace, formatProblems, type Problem } from '../plan/problems.ts';
import { CONFIG } from '../plan/schema/config.ts';
import { KINDS } from '../policies/index.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Plan } from '../types/plan.ts';
import { EX_PROBLEMS, readArguments, wrongArguments } from './arguments.ts';
import { INCOMPLETE, loadFiles } from './project.ts';

const USAGE = `weir check [--config FILE] [--strict] [--format text|json]

Does everything a start does except bind addresses: reads the process settings, the rules they name, and the certificates,
keys, country data and key files that both refer to, and compiles the rules. Prints every problem at once.

  --config FILE   process settings; config/weir.yaml by default
  --strict        an environment variable that is not set and has no default is an error, as it is to weir serve. Without
                  it that is a warning, so that rules can be checked where secrets are not available
  --format json   an array of {file,line,column,severity,code,message,hint} instead of text

Exit status: 0 where Weir would start with them (there may be warnings), 3 where not, 64 for a wrong command line.
`;

interface Options {
  readonly config: string;
  readonly format: 'text' | 'json';
  readonly strict: boolean;
}

/** Runs the command; resolves to its exit status. */
export async function check(args: string[]): Promise<number> {
  const options = parse(args);
  if (typeof options === 'number') return options;
  const checked = await checkFiles(resolve(options.config), process.env, options.strict);
  const { redactor } = checked;
  const text = report(checked, options.format, process.cwd());
  process.stdout.write(options.format === 'json' ? redactor.json(text) : redactor.text(text));
  return checked.problems.some(({ severity }) => severity === 'error') ? EX_PROBLEMS : 0;
}

function parse(args: string[]): Options | number {
  const values = readArguments('check', USAGE, args, {
    config: { type: 'string', default: 'config/weir.yaml' },
    format: { type: 'string', default: 'text' },
    strict: { type: 'boolean', default: false },
  });
  if (typeof values === 'number') return values;
  const { config, format, strict } = values;
  if (format === 'text' || format === 'json') return { config, format, strict };
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

/**
 * Checks a config file, the rules it names and the files that both refer to. With `strict` a variable that is not set is
 * an error, as it is to a start.
 */
export async function checkFiles(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  strict = false,
): Promise<Checked> {
  const loaded = await loadFiles(file, { env, unsetVariables: strict ? 'error' : 'warning' });
  const { config, draft, plan, problems, sources, redactor } = loaded;
  // Of a file whose name is made up nothing is known.
  const madeUp = new Set(problems.filter(({ code }) => code === 'missing-env').map(placeOf));
  const ofStart = await checkStart({ ...loaded, config: draft, env });
  const found = [...problems, ...ofStart.filter((problem) => !madeUp.has(placeOf(problem)))];
  const [ofConfig, others] = [true, false].map((own) => found.filter((one) => (one.file === file) === own));
  return { config, plan, problems: [...ofConfig!.sort(byPlace), ...others!.sort(byPlace)], sources, redactor };
}

function placeOf({ file, line, column }: Problem): string {
  return `${file}:${line}:${column}`;
}

function report({ config, plan, problems, sources }: Checked, format: Options['format'], cwd: string): string {
  const text = formatProblems(problems, sources, { format, cwd });
  if (format === 'json') return `${text}\n`;
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const counts = `${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}`;
  const before = text === '' ? '' : `${text}\n\n`;
  if (errors > 0) return `${before}${counts}\n`;
  if (config === null || plan === null) return `${before}${counts}; ${INCOMPLETE}\n`;
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
