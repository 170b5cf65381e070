/** Threads that hang or grow in the real program: told, replaced, and the rest of it goes on. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const RULES = { routes: { all: { reply: { status: 200, body: 'here' } } } };
const MIB = 1024 ** 2;

interface Threads {
  readonly listening: number;
  readonly unresponsive: number;
  readonly deaths: number;
}

/** Weir with four threads, so that one is the smaller part; `FAULT` is what thread 1 does at SIGWINCH. */
function start(t: TestContext, fault: string, watchdog: object, threads = 4): Promise<Weir> {
  const NODE_OPTIONS = `--import ${new URL('../tools/faults.ts', import.meta.url).href}`;
  return startWeir(t, { rules: RULES, config: { threads, watchdog }, env: { NODE_OPTIONS, FAULT: fault } });
}

const threadsOf = async (weir: Weir): Promise<Threads> => (await weir.status()).threads as Threads;
const deaths = (weir: Weir, reason: string): Promise<number> => weir.metric('weir_worker_deaths_total', { reason });
const died = (weir: Weir) => weir.record(({ message }) => message === 'a traffic thread died', 'the death in the log');
const healed = (weir: Weir) =>
  until(async () => {
    const { listening, unresponsive, deaths } = await threadsOf(weir);
    return listening === 4 && unresponsive === 0 && deaths === 1;
  }, 'the replacement');
const readyz = async (weir: Weir): Promise<[number, string]> => {
  const reply = await fetch(`${weir.admin}/readyz`);
  return [reply.status, await reply.text()];
};

async function serves(weir: Weir): Promise<void> {
  for (let i = 0; i < 20; i++)
    assert.equal(await (await fetch(weir.url, { headers: { connection: 'close' } })).text(), 'here');
}

test('a thread that spins is told, and replaced with its share of connections', async (t) => {
  const weir = await start(t, 'spin', { unresponsive: '1s', replace: '5s' });
  weir.process.signal('SIGWINCH');
  // On a busy machine others may be late as well, for a moment.
  await weir.record((line) => line.message === 'a traffic thread does not respond' && line.thread === 1);
  assert.ok((await threadsOf(weir)).unresponsive >= 1);
  assert.ok((await weir.metric('weir_threads_unresponsive')) >= 1);
  assert.ok((await weir.metric('weir_thread_stalls_total')) >= 1);
  const line = await died(weir);
  assert.deepEqual([line.reason, line.why], ['unresponsive', 'did not respond for 5000 ms']);
  assert.equal(await deaths(weir, 'unresponsive'), 1);
  await healed(weir);
  await serves(weir);
});

test('where half of the threads hang, /readyz says so', async (t) => {
  const weir = await start(t, 'spin', { unresponsive: '1s', replace: '10s' }, 2);
  weir.process.signal('SIGWINCH');
  await until(async () => {
    const [status, text] = await readyz(weir);
    return status === 503 && text === '1 of 2 traffic threads do not respond\n';
  }, 'the readiness to go');
  await until(async () => (await readyz(weir))[0] === 200, 'it to come back with the replacement', 60_000);
});

test('a thread that nothing can end holds up neither a reload nor the end of the process', async (t) => {
  const weir = await start(t, 'native', { unresponsive: '500ms', replace: '2s' });
  weir.process.signal('SIGWINCH');
  const said = () =>
    weir
      .records()
      .some(({ message, thread }) => /^a traffic thread cannot be terminated/.test(`${message}`) && thread === 1);
  await until(said, 'the line that it cannot be terminated', 60_000);
  // Reloads go on without it. No connection is made here: a share of them still comes to it.
  await weir.apply('rules.yaml', { routes: { all: { reply: { status: 200, body: 'reloaded' } } } });
  weir.process.signal('SIGTERM');
  await weir.record(({ message }) => message === 'weir has ended');
  assert.equal(await weir.process.exited, 0);
});

test('lines of the access log that a thread had gathered are written although nothing can end it', async (t) => {
  const weir = await start(t, 'native', { unresponsive: '500ms', replace: '1s' }, 1);
  const answered = await requestsUntilItHangs(weir);
  await until(() => weir.accessLog().length === answered, `lines for ${answered} requests`, 30_000);
  weir.process.signal('SIGTERM');
  assert.equal(await weir.process.exited, 0);
  assert.equal(weir.accessLog().length, answered, 'no line is written twice');
});

/** Requests one after another, during which the only thread hangs. Resolves with how many were answered. */
function requestsUntilItHangs(weir: Weir): Promise<number> {
  const { hostname, port } = new URL(weir.url);
  return new Promise((resolve, reject) => {
    let answered = 0;
    const socket = connect(Number(port), hostname);
    const ask = () => socket.write('GET / HTTP/1.1\r\nhost: weir\r\n\r\n');
    socket.once('connect', ask);
    socket.on('data', () => {
      answered++;
      // What hangs then has gathered lines since the last time that it handed some over.
      if (answered === 500) weir.process.signal('SIGWINCH');
      ask();
    });
    socket.on('error', reject);
    socket.setTimeout(1000, () => {
      socket.destroy();
      resolve(answered);
    });
  });
}

test('a second SIGTERM ends the process at once although a thread hangs that nothing can end', async (t) => {
  const weir = await start(t, 'native', { unresponsive: '500ms', replace: '10m' });
  weir.process.signal('SIGWINCH');
  await weir.record((line) => line.message === 'a traffic thread does not respond' && line.thread === 1);
  weir.process.signal('SIGTERM');
  await weir.record(({ message }) => message === 'weir is draining');
  // Not the same signal twice, which within a moment is one.
  weir.process.signal('SIGINT');
  const late = new Promise((resolve) => setTimeout(resolve, 20_000, 'it runs on').unref());
  assert.equal(await Promise.race([weir.process.exited, late]), 130);
});

for (const [fault, why] of [
  ['heap', /^took (more heap than \d+ MiB|\d+ MiB of heap, more than 51 MiB)$/],
  ['buffers', /^took \d+ MiB of buffers, more than 64 MiB$/],
  ['spinBuffers', /^took \d+ MiB of buffers, more than 64 MiB$/],
] as const)
  test(`a thread that grows without end is replaced before it has taken the machine: ${fault}`, async (t) => {
    const weir = await start(t, fault, { unresponsive: '2s', replace: '10m', memory: '128MiB' });
    const before = residentBytes(weir);
    let most = 0;
    const watch = setInterval(() => {
      if (weir.process.running) most = Math.max(most, residentBytes(weir));
    }, 20);
    t.after(() => clearInterval(watch));
    weir.process.signal('SIGWINCH');
    const line = await died(weir);
    assert.equal(line.reason, 'memory');
    assert.match(String(line.why), why);
    assert.equal(await deaths(weir, 'memory'), 1);
    await healed(weir);
    await serves(weir);
    t.diagnostic(`${fault}: from ${Math.round(before / MIB)} to ${Math.round(most / MIB)} MiB`);
    assert.ok(most - before < 1024 * MIB, `grew by ${Math.round((most - before) / MIB)} MiB`);
  });

function residentBytes(weir: Weir): number {
  const status = readFileSync(`/proc/${weir.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

test('a process that was stopped loses no thread when it goes on', async (t) => {
  const weir = await start(t, 'throw', { unresponsive: '1s', replace: '3s' });
  for (let i = 0; i < 2; i++) {
    weir.process.signal('SIGSTOP');
    // Longer than a thread may be silent.
    await pause(4000);
    weir.process.signal('SIGCONT');
    await serves(weir);
  }
  assert.equal((await threadsOf(weir)).deaths, 0);
});
