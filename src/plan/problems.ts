/** Problems: what is wrong with the rules or the config, where, and what was expected. */
import { relative } from 'node:path';
import { printable } from '../log/printable.ts';
import type { Place } from '../types/plan.ts';
import type { ProblemCode } from './codes.ts';
import { conceal } from './conceal.ts';
import { withoutUserinfo } from './mask.ts';
import type { Source } from './source.ts';

/** One problem. Lines and columns start at 1; `hint` is '' where there is none. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  /** Kebab-case and stable: one of PROBLEM_CODES, or a code of the policy's kind. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** A place in a file, before it is turned into line and column. */
export interface Spot {
  readonly source: Source;
  /** Offset into the source's text. */
  readonly offset: number;
}

/** A value as a message may quote it: what is written, where the environment put it there. */
export function quotable(value: string, { source, offset }: Spot): string {
  return source.injectedAt(offset)?.origin?.written ?? value;
}

/** More than this are only counted: they would fill logs and the admin API. */
export const MOST_PROBLEMS = 1000;

/** What a variable that is not set and has no default means: an error, or a warning and a value made up in its place. */
export type UnsetVariables = 'error' | 'warning';

/** Collects problems while everything is checked, so that all of them are told at once. */
export class ProblemList {
  readonly #found: Problem[] = [];
  readonly #unsetVariables: UnsetVariables;
  /** Variables that are not set. */
  readonly unset = new Set<string>();
  /** Places of values that are made up. */
  readonly #standIns = new Set<string>();
  #incomplete = false;
  #errors = 0;
  #untold = 0;

  constructor(unsetVariables: UnsetVariables = 'error') {
    this.#unsetVariables = unsetVariables;
  }

  /** Is a value made up where a variable is not set? */
  get takesStandIns(): boolean {
    return this.#unsetVariables === 'warning';
  }

  /** Something could not be made of a value that is made up, so nothing is wrong, but not everything is there. */
  get incomplete(): boolean {
    return this.#incomplete;
  }

  /** The value at `spot` reads a variable that is not set and has no default. */
  missingVariable(spot: Spot, name: string): void {
    const severity = this.#unsetVariables;
    const hint = `set ${name}; a value that is not a secret can have a default: \${env:${name}:-default}`;
    this.#add(spot, severity, 'missing-env', `the environment variable ${name} is unset or empty`, hint);
    this.unset.add(name);
    if (this.takesStandIns) this.standsIn(spot);
  }

  /** The value at `spot` is a stand-in: no problem is reported about it from now on. */
  standsIn(spot: Spot): void {
    const { file, line, column } = spot.source.place(spot.offset);
    this.#standIns.add(placeKey(file, line, column));
  }

  /** A value that is made up does not fit where it stands. */
  standInFails(): void {
    this.#incomplete = true;
  }

  error(spot: Spot, code: ProblemCode, message: string, hint = ''): void {
    this.#add(spot, 'error', code, message, hint);
  }

  warning(spot: Spot, code: ProblemCode, message: string, hint = ''): void {
    this.#add(spot, 'warning', code, message, hint);
  }

  /** An error at a place that is known already. */
  errorAt({ file, line, column }: Place, code: ProblemCode, message: string, hint = ''): void {
    this.#push({ file, line, column, severity: 'error', code, message, hint });
  }

  /** A warning at a place that is known already. */
  warningAt({ file, line, column }: Place, code: ProblemCode, message: string, hint = ''): void {
    this.#push({ file, line, column, severity: 'warning', code, message, hint });
  }

  /** An error with a code that a kind of policy made up. */
  kindError(spot: Spot, code: string, message: string, hint = ''): void {
    this.#add(spot, 'error', code, message, hint);
  }

  /** An error of a file or folder as a whole. */
  fileError(file: string, code: ProblemCode, message: string, hint = ''): void {
    this.#push({ file, line: 1, column: 1, severity: 'error', code, message, hint });
  }

  /** Is there a problem at this place already? */
  has(spot: Spot): boolean {
    const { file, line, column } = spot.source.place(spot.offset);
    return this.#found.some((p) => p.line === line && p.column === column && p.file === file);
  }

  hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** By file, line and column; each said once. */
  sorted(): Problem[] {
    const seen = new Set<string>();
    const once = this.#found.filter((p) => {
      const key = `${p.file}\0${p.line}\0${p.column}\0${p.code}\0${p.message}`;
      return !seen.has(key) && seen.add(key);
    });
    const sorted = once.sort(byPlace);
    if (this.#untold > 0) sorted.push(this.#rest(sorted[sorted.length - 1]!));
    return sorted;
  }

  #add(spot: Spot, severity: Problem['severity'], code: string, message: string, hint: string): void {
    const { source, offset } = spot;
    const { line, column } = source.place(offset);
    const node = source.injectedAt(offset);
    const tell = (text: string): string => withoutUserinfo(node ? conceal(text, node) : text);
    this.#push({ file: source.file, line, column, severity, code, message: tell(message), hint: tell(hint) });
  }

  #push(problem: Problem): void {
    if (this.#isOfStandIn(problem)) {
      if (problem.severity === 'error') this.#incomplete = true;
      return;
    }
    if (problem.severity === 'error') this.#errors++;
    if (this.#found.length < MOST_PROBLEMS) this.#found.push(problem);
    else this.#untold++;
  }

  #isOfStandIn({ file, line, column, code }: Problem): boolean {
    if (this.#standIns.size === 0 || code === ('missing-env' satisfies ProblemCode)) return false;
    return this.#standIns.has(placeKey(file, line, column));
  }

  #rest(last: Problem): Problem {
    const code: ProblemCode = 'too-many-problems';
    const severity = this.#errors > 0 ? 'error' : 'warning';
    return { ...last, severity, code, message: `there are ${this.#untold} more problems`, hint: 'fix these first' };
  }
}

function placeKey(file: string, line: number, column: number): string {
  return `${file}\0${line}\0${column}`;
}

/** By file, line and column. */
export function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

export interface FormatOptions {
  readonly format: 'text' | 'json';
  /** Files inside this folder are named relative to it. */
  readonly cwd: string;
}

/**
 * Problems as people (`text`, with code frames from `sources`) or programs (`json`) read them. The text has no trailing
 * newline and is '' where there are no problems; the JSON is an array with one problem a line.
 */
export function formatProblems(
  problems: readonly Problem[],
  sources: readonly { readonly file: string; readonly text: string }[],
  options: FormatOptions,
): string {
  const shown = problems.map((problem) => ({ ...problem, file: shortName(problem.file, options.cwd) }));
  if (options.format === 'json') return formatJson(shown);
  const linesOf = new Map(sources.map(({ file, text }) => [file, text.split(/\r\n|\n|\r/)]));
  return shown.map((problem, i) => formatText(problem, linesOf.get(problems[i]!.file))).join('\n\n');
}

function shortName(file: string, cwd: string): string {
  const short = relative(cwd, file);
  return short === '' || short.startsWith('..') ? file : short;
}

function formatJson(problems: readonly Problem[]): string {
  if (problems.length === 0) return '[]';
  const rows = problems.map(({ file, line, column, severity, code, message, hint }) =>
    JSON.stringify({ file, line, column, severity, code, message, hint }),
  );
  return `[\n  ${rows.join(',\n  ')}\n]`;
}

function formatText(problem: Problem, lines: readonly string[] | undefined): string {
  const head = `${printable(problem.file)}:${problem.line}:${problem.column} ${problem.severity} ${problem.code}`;
  const parts = [head, `  ${printable(problem.message)}`];
  const frame = lines ? codeFrame(lines, problem.line, problem.column) : '';
  if (frame !== '') parts.push(frame);
  if (problem.hint !== '') parts.push(`  hint: ${printable(problem.hint)}`);
  return parts.join('\n');
}

const FRAME_CONTEXT = 1;
const FRAME_WIDTH = 120;

/** The line, its neighbours and a caret under the column. Long lines are cut around the column. */
function codeFrame(lines: readonly string[], line: number, column: number): string {
  if (line > lines.length || lines.every((text) => text === '')) return '';
  const first = Math.max(1, line - FRAME_CONTEXT);
  const last = Math.min(lines.length, line + FRAME_CONTEXT);
  const cut = column > FRAME_WIDTH - 20 ? column - FRAME_WIDTH / 2 : 0;
  const caret = withoutUserinfo(lines[line - 1]!.slice(0, column - 1)).length;
  const gutter = String(last).length;
  const out: string[] = [];
  for (let n = first; n <= last; n++) {
    const text = withoutUserinfo(lines[n - 1]!)
      .slice(cut, cut + FRAME_WIDTH)
      .replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, ' ');
    out.push(`  ${n === line ? '>' : ' '} ${String(n).padStart(gutter)} | ${text}`.trimEnd());
    if (n === line) out.push(`    ${' '.repeat(gutter)} | ${' '.repeat(Math.max(0, caret - cut))}^`);
  }
  return out.join('\n');
}
