/**
 * `node test/bench/start.ts [STARTS] [THREADS]`: how long Weir takes from the start of its process to the first 200 of `/readyz`,
 * with the sample rules: from this checkout and as a built package, with a warm cache of compiled code and without one. With
 * it the CPU time until then, and the resident memory then and a second later.
 *
 * The sample's signatures wait for a whole second (docs/operating.md), so a process begins just before one, and that wait does not
 * count.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { installPackage, removeBuild } from '../tools/package.ts';
import { readCpu, readRss } from './cpu.ts';
import { summarize } from './stats.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Milliseconds between two looks at `/readyz`. */
const LOOK = 2;
/** Milliseconds that a process begins before a whole second: longer than Node takes to note when it began. */
const BEFORE_SECOND = 120;
/** Milliseconds from being ready to the second look at the memory. */
const SETTLED = 1000;
/** Milliseconds after which a start has failed. */
const PATIENCE = 30_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The sample config, on a free port for the admin listener. */
function writeConfig(folder: string, admin: number, threads: number): string {
  const file = join(folder, 'weir.yaml');
  const text = readFileSync(join(ROOT, 'config', 'weir.yaml'), 'utf8')
    .replace('127.0.0.1:8080', '127.0.0.1:0')
    .replace('threads: auto', `threads: ${threads > 0 ? threads : 'auto'}`)
    .replace('127.0.0.1:9900', `127.0.0.1:${admin}`)
    .replace('../rules', `${join(ROOT, 'rules')}\nstate: ${join(folder, 'state')}`)
    .replace('../geoip/', `${join(ROOT, 'geoip')}/`);
  writeFileSync(file, text);
  return file;
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}

/** One start. */
export interface Start {
  /** From the start of the process until it is ready. */
  readonly seconds: number;
  /** Seconds that all its threads have run by then. */
  readonly cpu: number;
  /** Resident bytes at that moment. */
  readonly rss: number;
  /** Resident bytes a second later. */
  readonly settled: number;
}

async function startOnce(entry: string, folder: string, cache: string, threads: number): Promise<Start> {
  const port = await freePort();
  const file = writeConfig(folder, port, threads);
  await pause((2000 - BEFORE_SECOND - (Date.now() % 1000)) % 1000);
  const began = performance.now();
  const child = spawn(process.execPath, [entry, 'serve', '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: cache,
      WEIR_PARTNER_A: 'bench-secret-of-a-usual-length-0123456789abcdef',
    },
  });
  const exited = once(child, 'exit');
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null || performance.now() - began > PATIENCE) throw new Error('it did not start');
      await pause(LOOK);
    }
    const seconds = (performance.now() - began) / 1000;
    const micros = Object.values(readCpu(child.pid!).threads).reduce((sum, each) => sum + each, 0);
    const rss = readRss(child.pid!);
    await pause(SETTLED);
    return { seconds, cpu: micros / 1e6, rss, settled: readRss(child.pid!) };
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
}

async function measure(entry: string, starts: number, threads: number, folder: string): Promise<[Start[], Start[]]> {
  const warm = mkdtempSync(join(folder, 'cache-'));
  const cold: Start[] = [];
  const kept: Start[] = [];
  await startOnce(entry, folder, warm, threads);
  for (let i = 0; i < starts; i++) {
    kept.push(await startOnce(entry, folder, warm, threads));
    cold.push(await startOnce(entry, folder, mkdtempSync(join(folder, 'cache-')), threads));
  }
  return [kept, cold];
}

/** Starts this checkout and the package built of it; `threads`: 0 for what the sample config says. */
export async function measureStarts(
  starts: number,
  threads: number,
  begun: (name: string) => void = () => {},
): Promise<Map<string, Start[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-start-'));
  const found = new Map<string, Start[]>();
  const add = async (name: string, root: string): Promise<void> => {
    begun(name);
    const [kept, cold] = await measure(join(root, 'src', 'main.cjs'), starts, threads, folder);
    found.set(`${name}, compiled code kept`, kept).set(`${name}, for the first time`, cold);
  };
  try {
    await add('checkout', ROOT);
    await add('package', installPackage(folder));
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    removeBuild();
  }
}

function say(what: string, all: readonly Start[]): void {
  const column = (of: (start: Start) => number): string => {
    const { min, median, max } = summarize(all.map(of));
    return [min, median, max].map((value) => value.toFixed(0).padStart(5)).join('');
  };
  const time = `${column(({ seconds }) => seconds * 1000)} ms ${column(({ cpu }) => cpu * 1000)} ms CPU`;
  const memory = `${column(({ rss }) => rss / 2 ** 20)} MB ${column(({ settled }) => settled / 2 ** 20)} MB settled`;
  process.stdout.write(`${what.padEnd(34)}${time} ${memory}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [count = 10, threads = 0] = process.argv.slice(2).map(Number);
  process.stdout.write('least, median and most of each\n');
  for (const [name, all] of await measureStarts(count, threads)) say(name, all);
}
