/** `npm run bench`: measures section by section, prints tables and writes docs/performance.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine } from './machine.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { page } from './page.ts';
import { profile } from './profile.ts';
import { quiet } from './quiet.ts';
import { keepResult, readResults } from './results.ts';
import { SECTIONS } from './sections/index.ts';
import { alternate } from './sections/rounds.ts';
import type { Section } from './sections/types.ts';
import { ROOT } from './subjects/files.ts';
import { SUBJECTS } from './subjects/index.ts';
import { aligned, table } from './table.ts';

const PAGE = join(ROOT, 'docs', 'performance.md');

/** Progress goes to stderr, so that stdout is the tables or the JSON alone. */
function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

/** Some subjects of the rounds, for a look at them: the page is left as it is. */
async function look(options: Options): Promise<void> {
  const outcome = await alternate(
    SUBJECTS.filter(({ name }) => options.only.includes(name)),
    options,
    say,
  );
  process.stdout.write(options.json ? `${JSON.stringify(outcome)}\n` : `${table(outcome)}\n`);
  say('docs/performance.md is left as it is: not every subject was measured');
}

async function measure(section: Section, options: Options): Promise<void> {
  say(`== ${section.title}`);
  const began = performance.now();
  const result = await section.measure(options, say);
  const seconds = Math.round((performance.now() - began) / 1000);
  keepResult(section.name, { machine: describeMachine(), seconds, method: section.method(options), result });
  // At once: a later section may fail, or take long.
  writeFileSync(PAGE, page(readResults(), options, SECTIONS, SUBJECTS));
  const goals = result.goals.map(({ what, goal, measured, verdict }) => `${what}: ${measured} (${goal}): ${verdict}`);
  const text = [section.title, aligned(result.cells, result.problems), ...goals, ''].join('\n');
  process.stdout.write(options.json ? `${JSON.stringify({ [section.name]: result })}\n` : `${text}\n`);
}

function chosen({ sections, full }: Options): readonly Section[] {
  if (sections.length > 0) return SECTIONS.filter(({ name }) => sections.includes(name));
  return SECTIONS.filter(({ quick }) => quick || full);
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes('--quiet')) return quiet(args.filter((arg) => arg !== '--quiet'));
  const [subjects, sections] = [SUBJECTS.map(({ name }) => name), SECTIONS.map(({ name }) => name)];
  const usage = `${USAGE.replace('SECTIONS', sections.join(', '))}\n`;
  if (args.includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  let options: Options;
  try {
    options = readOptions(args, subjects, sections);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${usage}`);
    return 2;
  }
  if (options.profile !== '') process.stdout.write(await profile(options, say));
  else if (options.only.length > 0) await look(options);
  else {
    for (const section of chosen(options)) await measure(section, options);
    say('wrote docs/performance.md and test/bench/results.json');
  }
  return 0;
}

// Ending by exit() runs the hooks that take the child processes along.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();
