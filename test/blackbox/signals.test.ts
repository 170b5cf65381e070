/** What each signal does, from the first moment on, and an end that a full disk does not hold up. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { entryFile } from '../../src/demo/child.ts';
import { BoundSocket } from '../../src/net/sockets.ts';
import { until } from '../tools/until.ts';
import { sumSeries } from '../tools/weir.ts';

interface Run {
  readonly folder: string;
  readonly child: ChildProcess;
  readonly url: string;
  readonly admin: string;
  /** Exit status or signal. */
  readonly exited: Promise<number | string>;
  readonly stderr: () => string;
}

interface RunOptions {
  /** What the shell does before it becomes Weir; `$LOG` is a file. */
  readonly before?: string;
  /** Where its standard output goes. */
  readonly out?: string;
  readonly node?: readonly string[];
}

/** Weir whose output is not the test's, on sockets that the test has bound. */
function run(t: TestContext, { before = ':', out = '"$LOG"', node = [] }: RunOptions = {}): Run {
  const folder = mkdtempSync(join(tmpdir(), 'weir-signals-'));
  mkdirSync(join(folder, 'rules'));
  writeFileSync(join(folder, 'rules', 'r.yaml'), 'routes: { all: { reply: { status: 200, body: here } } }\n');
  const sockets = [0, 1].map(() => BoundSocket.bind('127.0.0.1', 0, false));
  const [traffic, admin] = sockets.map(({ port }) => `127.0.0.1:${port}`);
  const config = join(folder, 'weir.yaml');
  const settings = { listeners: [{ address: traffic }], admin: { address: admin }, threads: 2, rules: 'rules' };
  writeFileSync(config, JSON.stringify({ ...settings, runtime: 'run', state: 'state' }));
  const command = [process.execPath, ...node, entryFile(), 'serve', '--config', config];
  const script = `${before}; LISTEN_PID=$$ exec "$@" >${out}`;
  const descriptors = sockets.map(({ native }) => (native as { fd: number }).fd);
  const child = spawn('sh', ['-c', script, 'sh', ...command], {
    stdio: ['ignore', 'ignore', 'pipe', ...descriptors],
    env: { ...process.env, LISTEN_FDS: '2', LOG: join(folder, 'log') },
  });
  let text = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? ''));
  });
  t.after(() => {
    child.kill('SIGKILL');
    for (const socket of sockets) socket.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, child, url: `http://${traffic}/`, admin: `http://${admin}`, exited, stderr: () => text };
}

const textOf = async (url: string): Promise<string> => (await fetch(url, { headers: { connection: 'close' } })).text();
const ready = ({ admin }: Run) => until(async () => (await fetch(`${admin}/readyz`)).ok, 'Weir to be ready', 20_000);
const lost = async ({ admin }: Run): Promise<number> =>
  sumSeries(await textOf(`${admin}/metrics`), 'weir_access_log_dropped_total', {});
const logOf = ({ folder }: Run): string => readFileSync(join(folder, 'log'), 'utf8');

/** The exit status, or that there was none in time. */
function ends(weir: Run): Promise<number | string> {
  const late = new Promise<string>((resolve) => setTimeout(resolve, 20_000, 'it runs on').unref());
  return Promise.race([weir.exited, late]);
}

const linux = { skip: process.platform !== 'linux' };

test('SIGTERM ends it while standard output is a full disk', linux, async (t) => {
  const weir = run(t, { out: '/dev/full' });
  await ready(weir);
  assert.equal(await textOf(weir.url), 'here');
  weir.child.kill('SIGTERM');
  assert.equal(await ends(weir), 0);
});

test('SIGTERM ends it while its log may not grow; lost lines are counted', linux, async (t) => {
  // 16 blocks of 512 octets. The shell itself would die of SIGXFSZ; Node ignores it and gets EFBIG.
  const weir = run(t, { before: 'ulimit -f 16' });
  await ready(weir);
  const path = 'x'.repeat(8000);
  const full = async () => {
    for (let i = 0; i < 100; i++) await textOf(weir.url + path);
    return (await lost(weir)) > 0;
  };
  await until(full, 'lines to be lost', 60_000);
  assert.equal(statSync(join(weir.folder, 'log')).size, 16 * 512);
  assert.equal(await textOf(weir.url), 'here');
  weir.child.kill('SIGTERM');
  assert.equal(await ends(weir), 0);
});

test('SIGTERM ends it while standard output is closed', async (t) => {
  const weir = run(t, { out: '&-' });
  await ready(weir);
  assert.equal(await textOf(weir.url), 'here');
  weir.child.kill('SIGTERM');
  assert.equal(await ends(weir), 0);
});

test('SIGUSR1 opens no inspector, SIGUSR2 ends nothing; both are logged', async (t) => {
  const weir = run(t, { node: ['--inspect-port=0'] });
  await ready(weir);
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    weir.child.kill(signal);
    await until(() => logOf(weir).includes(`"signal":"${signal}"`), `${signal} in the log`);
  }
  assert.equal(weir.stderr(), '');
  assert.equal(await textOf(weir.url), 'here');
  weir.child.kill('SIGTERM');
  assert.equal(await ends(weir), 0);
});

test('an inspector that a SIGUSR1 opened before Weir could listen for it is closed', async (t) => {
  const preload = join(mkdtempSync(join(tmpdir(), 'weir-early-')), 'early.cjs');
  t.after(() => rmSync(join(preload, '..'), { recursive: true }));
  // Waits until the inspector is open, as it may be when the first line of Weir runs.
  writeFileSync(
    preload,
    `if (require('node:worker_threads').isMainThread) {
       process.kill(process.pid, 'SIGUSR1');
       while (!require('node:inspector').url());
     }`,
  );
  const weir = run(t, { node: ['--inspect-port=0', '--require', preload] });
  await ready(weir);
  const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)/.exec(weir.stderr())?.[1]);
  assert.ok(port > 0, weir.stderr());
  const connected = await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    t.after(() => socket.destroy());
  });
  assert.equal(connected, false);
});

test('SIGHUP and SIGUSR2 while it is starting end nothing', async (t) => {
  const early = join(mkdtempSync(join(tmpdir(), 'weir-early-')), 'early.cjs');
  t.after(() => rmSync(join(early, '..'), { recursive: true }));
  // As soon as the entry file has run.
  writeFileSync(
    early,
    `if (require('node:worker_threads').isMainThread)
       setImmediate(() => ['SIGHUP', 'SIGUSR2'].forEach((signal) => process.kill(process.pid, signal)));`,
  );
  const weir = run(t, { node: ['--require', early] });
  await ready(weir);
  assert.equal(await textOf(weir.url), 'here');
  weir.child.kill('SIGTERM');
  assert.equal(await ends(weir), 0);
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)
  test(`${signal} while its program is being loaded ends it with 0`, async (t) => {
    const early = join(mkdtempSync(join(tmpdir(), 'weir-early-')), 'early.cjs');
    t.after(() => rmSync(join(early, '..'), { recursive: true }));
    // As soon as the entry file has run.
    writeFileSync(
      early,
      `if (require('node:worker_threads').isMainThread) {
         const { on } = process;
         process.on = function (name, ...rest) {
           if (name === 'SIGUSR2') process.nextTick(() => process.kill(process.pid, '${signal}'));
           return on.call(this, name, ...rest);
         };
       }`,
    );
    const weir = run(t, { node: ['--require', early] });
    assert.equal(await ends(weir), 0);
  });

test('a SIGHUP that comes between the reading of the rules and the first request reloads them', async (t) => {
  const weir = run(t);
  // The admin listener answers once the rules were read, and before the threads have started.
  await until(async () => (await fetch(`${weir.admin}/livez`)).ok, 'Weir to be alive', 20_000);
  weir.child.kill('SIGHUP');
  await until(() => logOf(weir).includes('"trigger":"signal"'), 'the reload', 20_000);
});

test('SIGHUP while it drains does nothing, and says nothing against the rules', async (t) => {
  const weir = run(t);
  await ready(weir);
  // A connection without a request keeps it draining for `limits.drainGrace`.
  const idle = connect(Number(new URL(weir.url).port), '127.0.0.1').on('error', () => {});
  t.after(() => idle.destroy());
  await new Promise((resolve) => idle.once('connect', resolve));
  assert.equal(await textOf(weir.url), 'here');
  weir.child.kill('SIGTERM');
  await until(() => logOf(weir).includes('weir is draining'), 'the draining');
  weir.child.kill('SIGHUP');
  await until(() => logOf(weir).includes('rules are no longer reloaded'), 'the line that it does nothing');
  assert.equal(await ends(weir), 0);
  assert.doesNotMatch(logOf(weir), /"level":"error"/);
});

test('SIGQUIT drains as SIGTERM does', async (t) => {
  const weir = run(t);
  await ready(weir);
  weir.child.kill('SIGQUIT');
  assert.equal(await ends(weir), 0);
  assert.match(logOf(weir), /weir has ended/);
});
