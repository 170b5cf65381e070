/** `weir test`: the `tests:` blocks of the rules, through the same code as traffic. */
import { relative } from 'node:path';
import { KINDS } from '../policies/index.ts';
import { type Rehearsed, rehearse } from '../rehearsal/rehearsal.ts';
import type { TestPlan } from '../types/plan.ts';
import { EX_PROBLEMS, readArguments } from './arguments.ts';
import { loadProject } from './project.ts';

const USAGE = `weir test [--config FILE]

Runs the tests: blocks of the rules through the same code as traffic, with a clock and store of their own and no network.

  --config FILE   process settings; config/weir.yaml by default

An environment variable that is not set gets a stand-in value: tests need no secrets.

Exit status: 0 where all pass, 1 where some fail, 3 where config or rules have problems, 64 for a wrong command line.
`;

/** Runs the command; resolves to its exit status. */
export async function test(args: string[]): Promise<number> {
  const options = readArguments('test', USAGE, args, { config: { type: 'string', default: 'config/weir.yaml' } });
  if (typeof options === 'number') return options;
  // Rules are tested where secrets are not at hand, too: a made-up one does as well.
  const { plan, report, redactor } = await loadProject(options.config, { unsetVariables: 'warning' });
  if (plan === null) {
    process.stderr.write(report);
    return EX_PROBLEMS;
  }
  let failed = 0;
  for (const entry of plan.tests) {
    const differences = compare(entry, await rehearse(plan, entry, KINDS), (value) => redactor.value(value));
    if (differences.length > 0) failed++;
    process.stdout.write(redactor.text(line(entry, differences)));
  }
  process.stdout.write(`\n${plan.tests.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

function line(entry: TestPlan, differences: readonly string[]): string {
  if (differences.length === 0) return `ok      ${entry.name}\n`;
  const { file, line: at, column } = entry.place;
  const where = `${relative(process.cwd(), file)}:${at}:${column}`;
  return `FAILED  ${entry.name}  (${where})\n${differences.map((text) => `        ${text}\n`).join('')}`;
}

/** What a test expected and did not get, one line each; `show` takes secrets out of a value. */
export function compare(entry: TestPlan, got: Rehearsed, show = (value: string): string => value): string[] {
  const out: string[] = [];
  const { headers, ...plain } = entry.expect;
  for (const [name, expected] of Object.entries(plain)) {
    if (expected === undefined) continue;
    const actual = got[name as keyof typeof plain];
    if (actual === expected) continue;
    const shown = actual === '' ? 'none' : show(String(actual));
    out.push(`${name}: expected ${show(String(expected))}, got ${shown}`);
  }
  for (const [name, expected] of Object.entries(headers ?? {})) {
    const actual = got.headers.get(name.toLowerCase());
    if (actual === expected) continue;
    const shown = actual === undefined ? 'none' : show(actual);
    out.push(`header ${name}: expected ${show(expected)}, got ${shown}`);
  }
  return out;
}
