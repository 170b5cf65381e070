/**
 * `node test/bench/quiet.ts` (`npm run bench -- --quiet`): JavaScript time and bytes allocated for each request, in a
 * real Weir whose sockets do nothing. With `--against` rounds alternate with the Weir of another checkout
 * (a folder) or commit.
 */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { checkoutOf } from './quiet/checkout.ts';
import { writeFigures } from './quiet/figures.ts';
import { measureQuiet, type QuietOptions, sampleQuiet } from './quiet/measure.ts';
import { LOAD_NAMES, type LoadName } from './quiet/messages.ts';
import { quietTable, shareTable } from './quiet/report.ts';
import { ROOT } from './subjects/files.ts';

export const QUIET_USAGE = `npm run bench -- --quiet [options]
  --against WHAT    alternate with the Weir of another checkout: a folder or a commit
  --load a,b        of ${LOAD_NAMES.join(', ')} (all)
  --rounds N        measured rounds (20)
  --requests N      requests a round (4000)
  --bare            alternate with the bare forwarder, under GETs
  --heap            print who allocates, by function
  --profile         print where time goes, by function
  --json            print the figures as JSON
  --write           write the figures that npm test holds (test/bench/quiet.json)`;

interface Arguments extends QuietOptions {
  readonly sample: 'heap' | 'profile' | '';
  readonly json: boolean;
  readonly write: boolean;
}

/** @throws {Error} with what is wrong with the arguments */
export function readQuietOptions(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      against: { type: 'string', default: '' },
      load: { type: 'string', default: LOAD_NAMES.join(',') },
      rounds: { type: 'string', default: '20' },
      requests: { type: 'string', default: '4000' },
      bare: { type: 'boolean', default: false },
      heap: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const loads = values.load.split(',') as LoadName[];
  for (const load of loads) {
    if (!LOAD_NAMES.includes(load)) throw new Error(`no load ${load}; there are ${LOAD_NAMES.join(', ')}`);
  }
  return {
    checkout: ROOT,
    against: values.against === '' ? '' : fromStart(values.against),
    bare: values.bare,
    loads,
    rounds: positive('rounds', values.rounds),
    requests: positive('requests', values.requests),
    sample: values.heap ? 'heap' : values.profile ? 'profile' : '',
    json: values.json,
    write: values.write,
  };
}

/** npm changes the folder, and says where it was called. */
function fromStart(path: string): string {
  const folder = isAbsolute(path) ? path : resolve(process.env.INIT_CWD ?? process.cwd(), path);
  return existsSync(folder) ? folder : path;
}

function positive(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} takes a whole number above 0, not ${text}`);
  return Number(text);
}

/** The command. Returns the exit status. */
export async function quiet(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(`${QUIET_USAGE}\n`);
    return 0;
  }
  let options: Arguments;
  try {
    options = readQuietOptions(args);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${QUIET_USAGE}\n`);
    return 2;
  }
  const against = options.against === '' ? null : checkoutOf(options.against);
  if (options.against !== '' && against === null) {
    process.stderr.write(`bench: ${options.against} is neither a checkout of Weir nor a commit\n`);
    return 2;
  }
  try {
    await run({ ...options, against: against?.folder ?? '' });
    return 0;
  } finally {
    against?.remove();
  }
}

async function run(options: Arguments): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
  if (options.sample !== '') {
    for (const { title, shares } of await sampleQuiet(options, options.sample, say))
      process.stdout.write(`${shareTable(title, shares, options.sample)}\n`);
    return;
  }
  const series = await measureQuiet(options, say);
  process.stdout.write(options.json ? `${JSON.stringify(series)}\n` : `${quietTable(series)}\n`);
  if (options.write) say(`wrote ${writeFigures(series)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  process.exitCode = await quiet(process.argv.slice(2));
}
