/** `npm run bench`: measures every subject side by side, prints a table and writes docs/performance.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine } from './machine.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { page } from './page.ts';
import { profile } from './profile.ts';
import { quiet } from './quiet.ts';
import { type Outcome, Session } from './session.ts';
import { ROOT } from './subjects/files.ts';
import { SUBJECTS } from './subjects/index.ts';
import { table } from './table.ts';

const PAGE = join(ROOT, 'docs', 'performance.md');

/** Progress goes to stderr, so that stdout is the table or the JSON alone. */
function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

async function measure(options: Options): Promise<Outcome> {
  const session = await Session.open(options, say);
  try {
    await session.prepare(SUBJECTS.filter(({ name }) => options.only.length === 0 || options.only.includes(name)));
    return await session.measure();
  } finally {
    await session.close();
  }
}

function report(options: Options, outcome: Outcome, seconds: number): void {
  process.stdout.write(options.json ? `${JSON.stringify(outcome)}\n` : `${table(outcome)}\n`);
  if (options.only.length > 0) {
    say('docs/performance.md is left as it is: not every subject was measured');
    return;
  }
  writeFileSync(PAGE, page(outcome, options, describeMachine(), SUBJECTS, seconds));
  say('wrote docs/performance.md');
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes('--quiet')) return quiet(args.filter((arg) => arg !== '--quiet'));
  let options: Options;
  try {
    options = readOptions(
      args,
      SUBJECTS.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${USAGE}\n`);
    return 2;
  }
  const began = performance.now();
  if (options.profile !== '') process.stdout.write(await profile(options, say));
  else report(options, await measure(options), (performance.now() - began) / 1000);
  return 0;
}

// Ending by exit() runs the hooks that take the child processes along.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();
