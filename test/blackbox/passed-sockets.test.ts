/** Sockets that a service manager has bound and passes on (sd_listen_fds(3)). */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { entryFile } from '../../src/demo/child.ts';
import { BoundSocket } from '../../src/net/sockets.ts';
import { WireClient } from '../contract/edge-wire.ts';
import { until } from '../tools/until.ts';

interface Unit {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  text(): string;
  end(): Promise<number | null>;
}

/** The service manager: its sockets outlive what it starts. */
class Manager {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-passed-'));
  readonly sockets: readonly BoundSocket[];
  readonly #t: TestContext;

  constructor(t: TestContext, count: number) {
    this.#t = t;
    this.sockets = Array.from({ length: count }, () => BoundSocket.bind('127.0.0.1', 0, false));
    mkdirSync(join(this.folder, 'rules'));
    writeFileSync(join(this.folder, 'rules', 'r.yaml'), 'routes: { all: { reply: { status: 200, body: here } } }\n');
    t.after(() => {
      for (const socket of this.sockets) socket.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** `LISTEN_PID` is the process that is executed, as systemd has it. */
  start(
    config: object,
    { preload = [], args = [], count }: { preload?: readonly string[]; args?: readonly string[]; count?: string } = {},
  ): Unit {
    const file = join(this.folder, 'weir.yaml');
    writeFileSync(file, JSON.stringify({ threads: 2, rules: 'rules', state: 'state', ...config }));
    const descriptors = this.sockets.map(({ native }) => (native as { fd: number }).fd);
    const command = [process.execPath, ...preload, entryFile(), 'serve', '--config', file, ...args];
    const child = spawn('sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...command], {
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
      env: { ...process.env, LISTEN_FDS: count ?? String(descriptors.length) },
    });
    let text = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
    this.#t.after(() => child.kill('SIGKILL'));
    const exited = once(child, 'close').then(([code]) => code as number | null);
    const end = (): Promise<number | null> => {
      child.kill('SIGTERM');
      return exited;
    };
    return { child, exited, text: () => text, end };
  }
}

const ready = (unit: Unit) => until(() => unit.text().includes('weir is ready'), 'Weir to be ready');
const GET = 'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';

test('listeners and admin stand on the sockets that are passed, by their addresses', async (t) => {
  const manager = new Manager(t, 2);
  const [traffic, admin] = manager.sockets;
  // In the other order: only the address counts.
  const config = {
    admin: { address: `127.0.0.1:${admin!.port}` },
    listeners: [{ address: `127.0.0.1:${traffic!.port}` }],
  };
  const unit = manager.start(config);
  await ready(unit);
  // Both threads accept from the one socket.
  for (let i = 0; i < 20; i++) assert.equal(await (await fetch(`http://127.0.0.1:${traffic!.port}`)).text(), 'here');
  assert.equal(await (await fetch(`http://127.0.0.1:${admin!.port}/readyz`)).text(), 'ready\n');
  assert.equal(await unit.end(), 0);
  // Nobody runs: a client connects all the same, waits, and the next process answers it.
  const client = await WireClient.connect(traffic!.port);
  client.send(GET);
  const next = manager.start(config);
  assert.equal((await client.reply()).body, 'here');
  await ready(next);
  assert.equal(await next.end(), 0);
});

test('a takeover between processes that have them as well keeps one of each', async (t) => {
  const manager = new Manager(t, 1);
  const { port } = manager.sockets[0]!;
  const config = { listeners: [{ address: `127.0.0.1:${port}` }] };
  let unit = manager.start(config);
  await ready(unit);
  for (let i = 0; i < 2; i++) {
    const before = unit;
    unit = manager.start(config, { args: ['--takeover'] });
    await ready(unit);
    assert.equal(await before.exited, 0);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'here');
  }
  // One for the main thread and one for each of two threads; a fourth would be a duplicate nobody needs.
  const listening = readdirSync(`/proc/${unit.child.pid}/fd`).filter(
    (fd) => inodeOf(unit, fd) === manager.sockets[0]!.inode,
  );
  assert.equal(listening.length, 3);
  assert.equal(await unit.end(), 0);
});

function inodeOf(unit: Unit, fd: string): number {
  try {
    return statSync(`/proc/${unit.child.pid}/fd/${fd}`).ino;
  } catch {
    return 0; // closed meanwhile
  }
}

test('a Node that hands over to another passes them on', async (t) => {
  const manager = new Manager(t, 1);
  const { port } = manager.sockets[0]!;
  const old = join(manager.folder, 'old.cjs');
  writeFileSync(
    old,
    "if (!process.env.WEIR_HANDED_OVER) Object.defineProperty(process, 'version', { value: 'v20.1.0' });",
  );
  const unit = manager.start(
    { listeners: [{ address: `127.0.0.1:${port}` }] },
    {
      preload: ['--require', old],
    },
  );
  await ready(unit);
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'here');
  assert.equal(await unit.end(), 0);
});

test('a socket for which there is no listener is an error: its clients would wait for ever', async (t) => {
  const manager = new Manager(t, 1);
  const unit = manager.start({ listeners: [{ address: '127.0.0.1:0' }] });
  assert.equal(await unit.exited, 1);
  assert.match(
    unit.text(),
    new RegExp(`LISTEN_FDS: the socket 127.0.0.1:${manager.sockets[0]!.port} was passed on, but no listener`),
  );
});

test('descriptors that are not there, or no TCP sockets, are an error and harm nothing', async (t) => {
  const manager = new Manager(t, 0);
  // A number that fits everywhere, so that nothing is said of it.
  const config = { listeners: [{ address: '127.0.0.1:0' }], limits: { connections: 10 } };
  for (const [count, problem] of [
    // Without a socket passed, 3 is one of Node's own.
    ['1', 'descriptor 3 is not a bound TCP socket'],
    ['99999999', 'descriptor 3 is not a bound TCP socket'],
    ['Infinity', '"Infinity" is no number'],
    ['-1', '"-1" is no number'],
  ]) {
    const unit = manager.start(config, { count });
    assert.equal(await unit.exited, 1, count!);
    assert.equal(unit.text(), `weir: LISTEN_FDS: ${problem}\n`);
  }
});
