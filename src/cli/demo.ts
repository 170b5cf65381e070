/**
 * `weir demo`: sample upstreams, Weir itself in front of them on the repository's own config and rules, and five
 * commands to paste. Everything it starts ends with it.
 */
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { assertFree } from '../control/ports.ts';
import { banner, urlOf } from '../demo/banner.ts';
import { type Child, entryFile, startChild } from '../demo/child.ts';
import { type Command, demoCommands } from '../demo/commands.ts';
import { closeSamples, endpointFor, localEndpoints, startSamples } from '../demo/regions.ts';
import { makeSecrets, removeSecrets, writeSecrets } from '../demo/secrets.ts';
import { WeirError } from '../errors.ts';
import type { AdminConfig, WeirConfig } from '../types/config.ts';
import type { EndpointPlan, Plan } from '../types/plan.ts';
import { EX_PROBLEMS, readArguments } from './arguments.ts';
import { loadProject } from './project.ts';

const USAGE = `weir demo [--config FILE]

Starts a small sample server for every local address that the rules name, and Weir in front of them. Prints what runs
where and five commands to try. Ctrl-C ends everything. Variables that the rules need and that are not set, secrets above
all, get random values, which are in demo.env beside the config file while the demo runs.

  --config FILE   process settings to start with; this repository's config/weir.yaml by default

Exit status: 0 after a signal, 1 where something cannot start or Weir exits by itself, 3 where config or rules have problems,
64 for a wrong command line.
`;

/** How long open requests may take once the demo is told to end, in milliseconds. */
const PATIENCE = 2_000;

/**
 * Runs the demo until a signal ends it. Resolves with the exit status: 0 after a signal, 1 where something could not
 * start or Weir ended by itself, 3 where the rules have problems, 64 for a wrong command line.
 */
export async function demo(args: string[]): Promise<number> {
  const own = join(dirname(entryFile()), '..', 'config', 'weir.yaml');
  const parsed = readArguments('demo', USAGE, args, { config: { type: 'string', default: own } });
  if (typeof parsed === 'number') return parsed;
  const told = signalled();
  const sketch = await loadProject(parsed.config, { unsetVariables: 'warning' });
  const secrets = makeSecrets(sketch.unset);
  const project = sketch.plan ? await loadProject(parsed.config, { env: { ...process.env, ...secrets } }) : sketch;
  if (project.plan === null) {
    process.stderr.write(project.report);
    return EX_PROBLEMS;
  }
  try {
    return await stage(project.config, project.plan, secrets, told);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    process.stderr.write(project.redactor.text(`weir demo: ${error.message}\n`));
    return 1;
  }
}

/** Starts the samples, keeps Weir running in front of them, and clears up. */
async function stage(config: WeirConfig, plan: Plan, secrets: Secrets, told: Promise<'told'>): Promise<number> {
  const admin = adminOf(config);
  const endpoints = localEndpoints(plan.upstreams);
  const commands = commandsFor(config, plan);
  await assertFree([...config.listeners, admin]);
  const samples = await startSamples(endpoints);
  const secretsFile = secretsFileOf(config);
  try {
    // Only now: with the addresses taken no other demo runs here, whose file this would replace.
    writeSecrets(secretsFile, secrets);
    const text = banner({ config, endpoints, commands, folder: process.cwd() });
    return await play(admin, config, { secrets, text, told });
  } finally {
    removeSecrets(secretsFile);
    await closeSamples(samples);
  }
}

type Secrets = Readonly<Record<string, string>>;

interface Performance {
  readonly secrets: Secrets;
  readonly text: string;
  readonly told: Promise<'told'>;
}

/** Runs Weir until `told`. Its output is held back until `text` is printed, and shown at once where it fails. */
async function play(admin: AdminConfig, config: WeirConfig, { secrets, text, told }: Performance): Promise<number> {
  let held: string[] | null = [];
  const show = (line: string) => process.stdout.write(`${line}\n`);
  const child = startChild({
    args: ['serve', '--config', config.file],
    env: secrets,
    line: (line) => (held ? held.push(line) : show(line)),
  });
  const ended = child.exited.then(() => 'ended' as const);
  try {
    let news = await Promise.race([told, ended, ready(admin, child)]);
    if (news === 'ready') {
      process.stdout.write(text);
      held = null;
      news = await Promise.race([told, ended]);
    }
    if (news === 'told') return 0;
    for (const line of held ?? []) show(line);
    process.stderr.write('weir demo: Weir exited; see its last lines\n');
    return 1;
  } finally {
    await child.stop(PATIENCE);
  }
}

/** Resolves once Weir says that it serves; not at all if it ends before. */
async function ready(admin: AdminConfig, child: Child): Promise<'ready'> {
  while (child.running) {
    const reply = await fetch(`${urlOf(admin)}/readyz`).catch(() => null);
    await reply?.body?.cancel();
    if (reply?.ok) return 'ready';
    await pause(50);
  }
  return new Promise(() => {});
}

/** Resolves at the first signal to end. Later ones change nothing: npm and the terminal send the same one twice. */
function signalled(): Promise<'told'> {
  const { promise, resolve } = Promise.withResolvers<'told'>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('told'));
  return promise;
}

function adminOf(config: WeirConfig): AdminConfig {
  if (config.admin) return config.admin;
  throw new WeirError(`${config.file} has no admin listener, and the demo needs it to see whether Weir is ready`);
}

/** Beside the config, and not where other users could put a file of that name: a shell takes what stands in it. */
function secretsFileOf(config: WeirConfig): string {
  return join(dirname(config.file), 'demo.env');
}

function commandsFor(config: WeirConfig, plan: Plan): readonly Command[] {
  const listener = config.listeners.find(({ tls }) => tls === null);
  const german: EndpointPlan | undefined = endpointFor(plan, 'DE', 'EU');
  if (!listener || !german)
    throw new WeirError('the demo needs a listener without TLS and a local endpoint for Germany');
  return demoCommands({
    url: urlOf(listener),
    germanSample: german.origin,
    configFile: relative(process.cwd(), config.file),
    secretsFile: relative(process.cwd(), secretsFileOf(config)),
    rulesFolder: relative(process.cwd(), config.rules),
    scratchFolder: tmpdir(),
  });
}
