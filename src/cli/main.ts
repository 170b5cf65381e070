/** The commands of `weir`. Each loads its own module, so that `weir check` does not start a proxy. */
import { version } from '../version.ts';
import { EX_USAGE } from './arguments.ts';
import { leaveSoon } from './leave.ts';

interface Command {
  readonly summary: string;
  load(): Promise<(args: string[]) => Promise<number>>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: { summary: 'run the proxy', load: async () => (await import('./serve.ts')).serve },
  check: {
    summary: 'check config and rules; exit 3 with every problem',
    load: async () => (await import('./check.ts')).check,
  },
  test: { summary: 'run the tests: blocks of the rules', load: async () => (await import('./test.ts')).test },
  sign: { summary: 'print a signed request, ready for curl', load: async () => (await import('./sign.ts')).sign },
  schema: {
    summary: 'print or write the JSON Schemas for editors',
    load: async () => (await import('./schema.ts')).schema,
  },
  demo: { summary: 'run Weir before three sample regions', load: async () => (await import('./demo.ts')).demo },
};

const USAGE = `Usage: weir <command> [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join('\n')}

See weir <command> --help.
`;

/** Runs one command line and sets the exit status. */
export async function main(args: string[]): Promise<void> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    (name === undefined ? process.stderr : process.stdout).write(USAGE);
    process.exitCode = name === undefined ? EX_USAGE : 0;
    return;
  }
  if (name === '--version') {
    process.stdout.write(`weir ${version()} (node ${process.version})\n`);
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`weir: there is no command ${name}\n\n${USAGE}`);
    process.exitCode = EX_USAGE;
    return;
  }
  const run = await command.load();
  leaveSoon(await run(rest));
}
