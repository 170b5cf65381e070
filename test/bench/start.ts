/**
 * `node test/bench/start.ts [STARTS]`: how long Weir takes from the start of its process to the first 200 of `/readyz`,
 * with the sample rules: from this checkout and as a built package, with a warm cache of compiled code and without one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { installPackage, removeBuild } from '../tools/package.ts';
import { summarize } from './stats.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Milliseconds between two looks at `/readyz`. */
const LOOK = 2;
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
function writeConfig(folder: string, admin: number): string {
  const file = join(folder, 'weir.yaml');
  const text = readFileSync(join(ROOT, 'config', 'weir.yaml'), 'utf8')
    .replace('127.0.0.1:8080', '127.0.0.1:0')
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

/** Milliseconds from the start of the process until it is ready. */
async function startOnce(entry: string, folder: string, cache: string): Promise<number> {
  const port = await freePort();
  const file = writeConfig(folder, port);
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
    return performance.now() - began;
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
}

async function measure(name: string, entry: string, starts: number, folder: string): Promise<void> {
  const warm = join(folder, `cache-${name}`);
  const cold: number[] = [];
  const kept: number[] = [];
  await startOnce(entry, folder, warm);
  for (let i = 0; i < starts; i++) {
    kept.push(await startOnce(entry, folder, warm));
    cold.push(await startOnce(entry, folder, join(folder, `cache-${name}-${i}`)));
  }
  say(`${name}, compiled code kept`, kept);
  say(`${name}, for the first time`, cold);
}

function say(what: string, times: readonly number[]): void {
  const { min, median, max } = summarize(times);
  const [least, middle, most] = [min, median, max].map((ms) => ms.toFixed(0).padStart(5));
  process.stdout.write(`${what.padEnd(34)} min ${least}  median ${middle}  max ${most} ms\n`);
}

const starts = Number(process.argv[2] ?? 10);
const folder = mkdtempSync(join(tmpdir(), 'weir-start-'));
try {
  await measure('checkout', join(ROOT, 'src', 'main.cjs'), starts, folder);
  await measure('package', join(installPackage(folder), 'src', 'main.cjs'), starts, folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
  removeBuild();
}
