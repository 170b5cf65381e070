/** A new process takes over from a running one: whoever asks meanwhile notices nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { RawUpstream } from '../contract/forwarder-upstream.ts';
import { until } from '../tools/until.ts';
import { anotherWeir, startWeir, takeOver, type Weir } from '../tools/weir.ts';

const here = (body: string) => ({ routes: { all: { reply: { status: 200, body } } } });

/** Asks one request after the other until told to stop. */
class Asking {
  readonly failures: string[] = [];
  asked = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(url: string, keepAlive: boolean) {
    this.#done = this.#run(url, new Agent({ keepAlive, maxSockets: 1 }));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(url: string, agent: Agent): Promise<void> {
    while (!this.#stopped) {
      this.asked++;
      const problem = await ask(url, agent);
      if (problem !== '') this.failures.push(`request ${this.asked}: ${problem}`);
    }
    agent.destroy();
  }
}

/** '' where the answer is right. */
function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const request = get(url, { agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200 ? '' : `status ${response.statusCode}`));
      response.on('error', (error) => resolve(error.message));
    });
    request.on('error', (error) => resolve(`${error.message}${request.reusedSocket ? ' on a kept connection' : ''}`));
  });
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: 'close' } })).text();
}

test('ten restarts under load: no request fails, on a new connection or a kept one, and no probe', async (t) => {
  const log = { level: 'info', format: 'json', access: false };
  let weir = await startWeir(t, { rules: here('here'), config: { log, limits: { drainGrace: '2s' } } });
  const { url, admin } = weir;
  const askings = {
    new: Array.from({ length: 2 }, () => new Asking(url, false)),
    kept: Array.from({ length: 2 }, () => new Asking(url, true)),
    probe: [new Asking(`${admin}/readyz`, false)],
  };
  for (let i = 0; i < 10; i++) {
    const before: Weir = weir;
    weir = await takeOver(t, before);
    assert.deepEqual([weir.url, weir.admin], [url, admin]);
    assert.equal(await before.process.exited, 0, before.log());
  }
  for (const [kind, list] of Object.entries(askings)) {
    await Promise.all(list.map((asking) => asking.stop()));
    t.diagnostic(`${kind}: ${list.reduce((sum, { asked }) => sum + asked, 0)} requests`);
    assert.deepEqual(
      list.flatMap(({ failures }) => failures),
      [],
      kind,
    );
  }
});

test('what the old process has begun it finishes, and the new one has the new rules', async (t) => {
  const upstream = await RawUpstream.listen();
  t.after(() => upstream.close());
  const u = { endpoints: { e: { url: `http://127.0.0.1:${upstream.port}` } } };
  const routes = { s: { match: { path: '/stream' }, to: 'u' } };
  const old = await startWeir(t, { rules: { upstreams: { u }, routes } });
  const client = await WireClient.connect(Number(new URL(old.url).port));
  client.send('GET /stream HTTP/1.1\r\nhost: a\r\n\r\n');
  const up = await upstream.accept();
  await up.request();
  const event = (data: string) => `9\r\ndata: ${data}\n\n\r\n`;
  up.write(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${event('1')}`);
  await until(() => client.text.includes('data: 1'), 'the first event');
  old.write('rules.yaml', here('new'));
  const successor = await takeOver(t, old);
  assert.equal(await textOf(old.url), 'new');
  const status = await successor.status();
  assert.equal((status as unknown as { phase: string }).phase, 'serving');
  assert.ok(old.process.running, 'it waits for the stream');
  up.write(`${event('2')}0\r\n\r\n`);
  assert.equal((await client.reply()).body, 'data: 1\n\ndata: 2\n\n');
  assert.equal(await old.process.exited, 0);
  // Each line is told by its own process, which `pid` names; the other one has a field of its own.
  const [is, was] = [successor.process.pid, old.process.pid];
  const told = (weir: Weir, about: string) =>
    weir
      .records()
      .flatMap(({ message, pid, successor, predecessor }) =>
        message?.includes(about) ? [{ pid, successor, predecessor }] : [],
      );
  assert.deepEqual(told(old, 'another process asks to take over'), [
    { pid: was, successor: is, predecessor: undefined },
  ]);
  assert.deepEqual(told(old, 'another process has taken over'), [{ pid: was, successor: is, predecessor: undefined }]);
  assert.deepEqual(told(successor, 'took over from another'), [{ pid: is, successor: undefined, predecessor: was }]);
});

test('the new process may have more threads, or fewer', async (t) => {
  let weir = await startWeir(t, { rules: here('here'), config: { threads: 2 } });
  for (const threads of [3, 1, 2]) {
    const before: Weir = weir;
    before.writeConfig({ threads });
    weir = await takeOver(t, before);
    assert.equal(await before.process.exited, 0);
    // The system spreads connections over all sockets: each must have somebody who accepts.
    for (let i = 0; i < 40; i++) assert.equal(await textOf(weir.url), 'here', `${threads} threads`);
    assert.deepEqual((await weir.status()).threads, {
      wanted: threads,
      listening: threads,
      unresponsive: 0,
      deaths: 0,
    });
  }
});

test('a new process that cannot start changes nothing', async (t) => {
  const weir = await startWeir(t, { rules: here('old') });
  weir.write('rules.yaml', 'routes: { all: { to: nowhere } }');
  const failed = anotherWeir(t, weir, ['--takeover']);
  assert.equal(await failed.process.exited, 3);
  await weir.record(({ message }) => message === 'the process that was to take over has exited');
  for (let i = 0; i < 20; i++) assert.equal(await textOf(weir.url), 'old');
  assert.equal(await textOf(`${weir.admin}/readyz`), 'ready\n');
  weir.write('rules.yaml', here('new'));
  await takeOver(t, weir);
  assert.equal(await textOf(weir.url), 'new');
});

test('a new process that fails while it gets the sockets ends, and gives way to the next', async (t) => {
  const weir = await startWeir(t, { rules: here('old') });
  const missing = '/nonexistent/pem';
  weir.writeConfig({
    listeners: [{ address: '127.0.0.1:0', tls: { certificates: [{ cert: missing, key: missing }] } }],
  });
  const failed = anotherWeir(t, weir, ['--takeover']);
  assert.equal(await failed.process.exited, 3);
  assert.match(failed.log(), /cannot be read: ENOENT/);
  weir.writeConfig({});
  const next = await takeOver(t, weir);
  assert.equal(await textOf(next.url), 'old');
});

test('a new process that is told to end before it serves changes nothing', async (t) => {
  const ATTEMPTS = 5;
  for (let i = 1; ; i++) {
    const weir = await startWeir(t, { rules: here('old') });
    const told = anotherWeir(t, weir, ['--takeover']);
    await weir.record(({ message }) => message === 'another process asks to take over');
    told.process.signal('SIGTERM');
    assert.equal(await told.process.exited, 0);
    const message = (text: string) => weir.records().some((record) => record.message === text);
    await until(
      () => message('the process that was to take over has exited') || message('another process has taken over'),
      'the old one to notice',
    );
    // On a busy machine the signal can be late.
    if (i < ATTEMPTS && message('another process has taken over')) continue;
    for (let j = 0; j < 20; j++) assert.equal(await textOf(weir.url), 'old');
    assert.equal(await textOf(`${weir.admin}/readyz`), 'ready\n');
    return;
  }
});

test('without --takeover a second process on the same addresses is refused, and told how', async (t) => {
  const weir = await startWeir(t, { rules: here('first') });
  const { host } = new URL(weir.url);
  weir.writeConfig({ listeners: [{ address: host }] });
  const second = anotherWeir(t, weir);
  assert.equal(await second.process.exited, 1);
  assert.match(second.log(), new RegExp(`${host} is in use by another process`));
  assert.match(second.log(), /weir serve --takeover/);
  assert.equal(await textOf(weir.url), 'first');
});

test('with nobody to take over from it starts as always; what a killed process left does not matter', async (t) => {
  const weir = await startWeir(t, { rules: here('here') });
  weir.process.signal('SIGKILL');
  assert.equal(await weir.process.exited, 'SIGKILL');
  const next = await takeOver(t, weir);
  assert.equal(await textOf(next.url), 'here');
  await next.record(({ message }) => String(message).includes('nothing to take over'));
});

test('an old process that dies while the new one starts holds nothing up', async (t) => {
  const weir = await startWeir(t, { rules: here('old') });
  const { url } = weir;
  const successor = anotherWeir(t, weir, ['--takeover']);
  await weir.record(({ message }) => message === 'another process asks to take over');
  weir.process.signal('SIGKILL');
  assert.equal(await weir.process.exited, 'SIGKILL');
  await successor.ready();
  assert.equal(await textOf(url), 'old');
  const took = await successor.record(({ message }) => String(message).startsWith('took over'));
  assert.equal(took.predecessor, weir.process.pid);
  const [loaded] = successor.records();
  assert.ok(Number(took.time) - Number(loaded!.time) < 4_000, 'it waits for no answer');
});

test('a folder that others can write to is not used', async (t) => {
  const runtime = mkdtempSync(join(tmpdir(), 'weir-runtime-'));
  t.after(() => rmSync(runtime, { recursive: true }));
  chmodSync(runtime, 0o777);
  const weir = await startWeir(t, { rules: here('here'), config: { runtime } });
  assert.equal(await textOf(weir.url), 'here', 'threads have their sockets all the same');
  await weir.record(({ problem }) => String(problem).includes('is writable by others'));
  const successor = anotherWeir(t, weir, ['--takeover']);
  assert.equal(await successor.process.exited, 1);
  assert.match(successor.log(), /--takeover: .* is writable by others; run chmod 700 on it/);
  chmodSync(runtime, 0o700);
});

test('a folder in which no socket can be made is not used', async (t) => {
  // Root owns it, and cannot make a file there.
  const runtime = '/proc/sys';
  const weir = await startWeir(t, { rules: here('here'), config: { runtime } });
  assert.equal(await textOf(weir.url), 'here', 'threads have their sockets all the same');
  await weir.record(({ message }) => String(message).startsWith('the runtime folder cannot be used'));
  const successor = anotherWeir(t, weir, ['--takeover']);
  assert.equal(await successor.process.exited, 1);
  assert.match(successor.log(), /--takeover: .*\/proc\/sys/);
});

test('where no folder is available threads bind their own addresses', async (t) => {
  const long = mkdtempSync(join(tmpdir(), 'weir-long-'));
  t.after(() => rmSync(long, { recursive: true }));
  const deep = join(long, 'x'.repeat(100));
  mkdirSync(deep);
  for (const TMPDIR of ['/dev/null/none', '/proc', deep]) {
    const weir = await startWeir(t, {
      rules: here('here'),
      env: { TMPDIR, XDG_RUNTIME_DIR: '', RUNTIME_DIRECTORY: '' },
    });
    for (let i = 0; i < 20; i++) assert.equal(await textOf(weir.url), 'here');
    assert.deepEqual((await weir.status()).threads, { wanted: 2, listening: 2, unresponsive: 0, deaths: 0 });
    await weir.record(({ message }) => String(message).includes('threads bind their own addresses'));
  }
  assert.deepEqual(readdirSync(deep), ['weir-cache-', 'weir-'].map((name) => `${name}${process.getuid!()}`).sort());
});

test('without its file in the runtime folder a dead thread is replaced all the same, and a successor finds it', async (t) => {
  const runtime = mkdtempSync(join(tmpdir(), 'weir-runtime-'));
  t.after(() => rmSync(runtime, { recursive: true }));
  const env = { NODE_OPTIONS: `--import ${new URL('../tools/faults.ts', import.meta.url).href}` };
  const weir = await startWeir(t, { rules: here('here'), config: { runtime }, env });
  rmSync(runtime, { recursive: true });
  weir.process.signal('SIGWINCH');
  await weir.record(({ message }) => message === 'a traffic thread was replaced');
  assert.deepEqual((await weir.status()).threads, { wanted: 2, listening: 2, unresponsive: 0, deaths: 1 });
  for (let i = 0; i < 20; i++) assert.equal(await textOf(weir.url), 'here');
  const next = await takeOver(t, weir);
  assert.equal(await weir.process.exited, 0);
  assert.equal(await textOf(next.url), 'here');
  assert.equal(readdirSync(runtime).length, 1);
});

test('whoever says nonsense on the Unix socket is cut off', async (t) => {
  const runtime = mkdtempSync(join(tmpdir(), 'weir-runtime-'));
  t.after(() => rmSync(runtime, { recursive: true }));
  const weir = await startWeir(t, { rules: here('here'), config: { runtime } });
  const [name] = readdirSync(runtime);
  const slots = ['', ',"slot":-1', ',"slot":2', ',"slot":0.5', ',"slot":1e300'].map(
    (slot) => `{"ask":"thread"${slot}}`,
  );
  const lines = ['null', '1', '"ask"', '{', '', ...slots].map((line) => `${line}\n`);
  for (const text of [...lines, 'x'.repeat(100_000)]) {
    const client = connect(join(runtime, name!));
    // What is not read any more is answered with EPIPE or a reset.
    client.on('error', () => {});
    client.resume().write(text);
    await once(client, 'close');
  }
  assert.equal(await textOf(weir.url), 'here');
  assert.ok(weir.process.running);
});
