import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { enableCompileCache, getCompileCacheDir } from 'node:module';
import { type TestContext, test } from 'node:test';
import { WeirError } from '../errors.ts';
import { textOf } from '../log/log.ts';
import { config, memoryLog, plan, until } from '../testing/control.ts';
import { exposition } from './exposition.ts';
import { type PoolOptions, type PoolStart, ThreadPool } from './threads.ts';

const SCRIPT = new URL('../testing/fake-worker.ts', import.meta.url);
const TIMING = {
  start: 20_000,
  swap: 10_000,
  restartMin: 1,
  restartMax: 20,
  stable: 60_000,
  collect: 10_000,
  keep: 600_000,
  sweep: 60_000,
};

interface Running {
  readonly pool: ThreadPool;
  readonly log: ReturnType<typeof memoryLog>;
  readonly workerLines: string[];
  readonly port: number;
  ask(path?: string): Promise<Answer>;
}

interface Answer {
  readonly thread: number;
  readonly threads: number;
  readonly revision: string;
  readonly geo: string;
  readonly certificates: string;
  readonly listeners: string;
  readonly cache: string;
}

const begin = (revision: string): PoolStart => ({
  plan: plan(revision),
  zones: {},
  geo: { database: null, overrides: 'geo-1' },
  certificates: [null],
});

async function running(t: TestContext, options: Partial<PoolOptions> = {}, revision = 'r1'): Promise<Running> {
  const log = memoryLog();
  const workerLines: string[] = [];
  const pool = new ThreadPool({
    config: config(),
    threads: 2,
    memory: 2 ** 30,
    log,
    onLog: (lines, written) => {
      workerLines.push(textOf(lines));
      written?.();
    },
    script: SCRIPT,
    ...options,
    timing: { ...TIMING, ...options.timing },
  });
  t.after(() => pool.drain(0));
  const { port } = (await pool.start(begin(revision)))[0]!;
  return { pool, log, workerLines, port, ask: (path = '/') => ask(port, path) };
}

/** A new connection each time: the system picks the thread. */
function ask(port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent: new Agent({ keepAlive: false }) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(JSON.parse(body)));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

/** One answer of every thread, by asking until all have been heard. */
async function askAll({ ask, pool }: Running): Promise<Answer[]> {
  const heard = new Map<number, Answer>();
  await until(async () => {
    const answer = await ask();
    heard.set(answer.thread, answer);
    return heard.size === pool.status().wanted;
  }, 'an answer of every thread');
  return [...heard.values()];
}

/** Asks a thread to die; its connection breaks. */
async function kill({ ask, pool }: Running): Promise<void> {
  const before = pool.status().deaths;
  await assert.rejects(ask('/die'));
  await until(() => pool.status().deaths > before, 'the death to be seen');
}

const healed = ({ pool }: Running) => until(() => pool.status().listening === 2, 'the replacement to listen');
const revisions = async (r: Running): Promise<string[]> => (await askAll(r)).map((answer) => answer.revision);
/** A zone whose size names the thread that misbehaves. */
const victim = (thread: number) => ({ victim: new SharedArrayBuffer(thread) });

test('all threads listen on one port, even where the system picks it', async (t) => {
  const r = await running(t);
  const answers = await askAll(r);
  assert.deepEqual(answers.map((answer) => answer.thread).sort(), [1, 2]);
  assert.equal(answers.find((answer) => answer.thread === 2)?.listeners, String(r.port));
  assert.deepEqual(r.pool.status(), { wanted: 2, listening: 2, unresponsive: 0, deaths: 0 });
});

test('threads keep compiled code where the main thread does, so that they start fast', async (t) => {
  enableCompileCache();
  const { cache } = await (await running(t)).ask();
  assert.notEqual(cache, '');
  assert.equal(cache, getCompileCacheDir());
});

test('a thread that cannot listen stops the start with its reason', async () => {
  for (const [revision, reason] of [
    ['fail-start', /^this port is taken$/],
    ['die-start', /dies at start/],
  ] as const) {
    const log = memoryLog();
    const pool = new ThreadPool({
      config: config(),
      threads: 2,
      memory: 2 ** 30,
      log,
      onLog: () => {},
      script: SCRIPT,
      timing: TIMING,
    });
    await assert.rejects(pool.start(begin(revision)), (error: WeirError) => {
      assert.ok(error instanceof WeirError);
      assert.match(error.message, reason);
      return true;
    });
    assert.equal(pool.status().listening, 0);
    assert.deepEqual(log.lines, []);
  }
});

test('a thread that neither listens nor fails is given up', async () => {
  const timing = { ...TIMING, start: 300 };
  const pool = new ThreadPool({
    config: config(),
    threads: 1,
    memory: 2 ** 30,
    log: memoryLog(),
    onLog: () => {},
    script: SCRIPT,
    timing,
  });
  await assert.rejects(pool.start(begin('hang-start')), /did not listen within 300 ms/);
});

test('a swap moves every thread', async (t) => {
  const r = await running(t);
  assert.deepEqual(await r.pool.swap(plan('r2'), {}), { ok: true });
  assert.deepEqual(await revisions(r), ['r2', 'r2']);
});

test('one refusal and nothing changes', async (t) => {
  const r = await running(t);
  assert.deepEqual(await r.pool.swap(plan('one-refuse'), victim(2)), { ok: false, problem: 'policy x refuses' });
  await until(() => r.workerLines.length === 2, 'both threads to abandon');
  assert.deepEqual(r.workerLines.sort(), ['abandoned by 1\n', 'abandoned by 2\n']);
  assert.deepEqual(await revisions(r), ['r1', 'r1']);
});

test('a thread that does not prepare in time refuses, and is left alone', async (t) => {
  const r = await running(t, { timing: { swap: 200 } });
  const result = await r.pool.swap(plan('one-hang-prepare'), victim(1));
  assert.deepEqual(result, { ok: false, problem: 'thread 1 did not prepare the rules within 200 ms' });
  assert.equal(r.pool.status().deaths, 0);
  assert.deepEqual(await revisions(r), ['r1', 'r1']);
});

test('a death while preparing changes nothing; the replacement has the old plan', async (t) => {
  const r = await running(t);
  const result = await r.pool.swap(plan('one-die-prepare'), victim(1));
  assert.deepEqual(result, { ok: false, problem: 'thread 1 died while it prepared the rules' });
  await healed(r);
  assert.deepEqual(await revisions(r), ['r1', 'r1']);
  assert.match(String(r.log.lines[0]!.fields.why), /dies in prepare/);
});

test('a death while committing brings the thread back with the new plan', async (t) => {
  const r = await running(t);
  assert.deepEqual(await r.pool.swap(plan('one-die-commit'), victim(1)), { ok: true });
  await healed(r);
  assert.deepEqual(await revisions(r), ['one-die-commit', 'one-die-commit']);
});

test('a thread that does not commit in time is replaced', async (t) => {
  const r = await running(t, { timing: { swap: 1000 } });
  assert.deepEqual(await r.pool.swap(plan('one-hang-commit'), victim(2)), { ok: true });
  await healed(r);
  assert.deepEqual(await revisions(r), ['one-hang-commit', 'one-hang-commit']);
  assert.equal(r.pool.status().deaths, 1);
});

test('a plan that cannot be cloned is a refusal, not a crash', async (t) => {
  const r = await running(t);
  const bad = { ...plan('r2'), routes: [() => {}] } as unknown as ReturnType<typeof plan>;
  const result = await r.pool.swap(bad, {});
  assert.ok(!result.ok);
  assert.match(result.problem, /cannot be sent to a thread/);
  assert.deepEqual(await revisions(r), ['r1', 'r1']);
});

test('swaps run one after another, and a replacement during them misses none', async (t) => {
  const r = await running(t);
  await kill(r);
  const results = await Promise.all(['r2', 'r3', 'refuse', 'r4'].map((name) => r.pool.swap(plan(name), {})));
  assert.deepEqual(
    results.map((result) => result.ok),
    [true, true, false, true],
  );
  await healed(r);
  assert.deepEqual(await revisions(r), ['r4', 'r4']);
});

test('what a dead thread had gathered of the access log is written, but for a line that is not whole', async (t) => {
  const r = await running(t);
  await r.ask('/gather-and-die').catch(() => {});
  await until(() => r.workerLines.length > 1, 'the lines of the dead thread');
  assert.deepEqual(r.workerLines, ['handed over\n', 'gathered\n']);
  await healed(r);
});

test('a dead thread is logged, counted, told of, replaced, and its counters stay', async (t) => {
  const dead: number[] = [];
  const r = await running(t, { onDeath: (thread) => dead.push(thread) });
  await askAll(r);
  const counted = async () => (await r.pool.collect()).find((s) => s.family === 'weir_requests_total')?.values[0] ?? 0;
  const before = await counted();
  assert.ok(before >= 2);
  // Nobody has asked for counters since: those of the thread that dies must not go with it.
  for (let i = 0; i < 10; i++) await r.ask();
  await kill(r);
  assert.match(String(r.log.lines[0]!.fields.why), /told to die/);
  assert.deepEqual(dead, [r.log.lines[0]!.fields.thread]);
  await healed(r);
  assert.equal(await counted(), before + 10);
  const numbers = (await askAll(r)).map((answer) => answer.thread);
  assert.deepEqual(numbers.sort(), [1, 2], 'the replacement has the number of the dead one');
});

test('however many threads die, their numbers stay those of the slots', async (t) => {
  const dead: number[] = [];
  const timing = { restartMin: 1, stable: 0 };
  const r = await running(t, { threads: 1, timing, onDeath: (thread) => dead.push(thread) });
  for (let i = 0; i < 5; i++) {
    await kill(r);
    await until(() => r.pool.status().listening === 1, 'the replacement to listen');
  }
  assert.deepEqual(dead, [1, 1, 1, 1, 1]);
  assert.deepEqual(await askAll(r).then((answers) => answers.map(({ thread, threads }) => [thread, threads])), [
    [1, 1],
  ]);
});

test('a replacement has what changed since the start: geo data, certificates, plan', async (t) => {
  const r = await running(t);
  r.pool.setGeo({ database: null, overrides: 'geo-2' });
  r.pool.setCertificates(0, [{ cert: 'c', key: 'k' }]);
  await r.pool.swap(plan('r2'), {});
  await until(async () => (await r.ask()).geo === 'geo-2', 'the live threads to have it');
  await kill(r);
  await healed(r);
  for (const answer of await askAll(r)) {
    assert.deepEqual([answer.geo, answer.certificates, answer.revision], ['geo-2', '1', 'r2']);
  }
});

test('a plan that kills the thread that compiles it takes one thread along, not all', async (t) => {
  const r = await running(t);
  assert.equal((await r.pool.swap(plan('die-prepare'), {})).ok, false);
  await healed(r);
  assert.equal(r.pool.status().deaths, 1);
  assert.deepEqual(await r.pool.swap(plan('r2'), {}), { ok: true });
  assert.deepEqual(await revisions(r), ['r2', 'r2']);
});

test('a thread that spins is told, then replaced, and the others go on', async (t) => {
  const watchdog = { unresponsive: 200, replace: 800, memory: 0 };
  const r = await running(t, { config: config({ watchdog }) });
  const spun = assert.rejects(r.ask('/spin'));
  await until(() => r.pool.status().unresponsive === 1, 'the watchdog to see it');
  assert.equal(r.pool.status().listening, 2);
  await spun;
  await until(() => r.pool.status().deaths === 1, 'it to be ended');
  await healed(r);
  assert.equal(r.pool.status().unresponsive, 0);
  const died = r.log.lines.find(({ message }) => message === 'a traffic thread died');
  assert.deepEqual([died?.fields.reason, died?.fields.why], ['unresponsive', 'did not respond for 800 ms']);
  const value = (family: string, reason = '') =>
    r.pool.samples().find((s) => s.family === family && (reason === '' || s.labels.reason === reason))?.values[0];
  assert.deepEqual(
    [value('weir_worker_deaths_total', 'unresponsive'), value('weir_worker_deaths_total', 'error')],
    [1, 0],
  );
  assert.equal(value('weir_thread_stalls_total'), 1);
  assert.deepEqual(await revisions(r), ['r1', 'r1']);
});

test('a thread that spins while it drains does not hold up the end', async (t) => {
  const watchdog = { unresponsive: 200, replace: 800, memory: 0 };
  const r = await running(t, { threads: 1, config: config({ watchdog }) });
  const spun = assert.rejects(r.ask('/spin'));
  await until(() => r.pool.status().unresponsive === 1, 'the watchdog to see it');
  const began = performance.now();
  await r.pool.drain(600_000);
  assert.ok(performance.now() - began < 60_000);
  await spun;
  assert.deepEqual(waits(r), [null], 'its death is told, and nothing replaces it');
});

test('a drain that comes between prepared and committed ends the swap, not the threads', async (t) => {
  // Threads of this plan go on after they have drained, so that what they prepared is heard of.
  const { pool } = await running(t, { threads: 1 }, 'stay');
  const swap = pool.swap(plan('slow-prepare'), {});
  await new Promise(setImmediate);
  const drained = pool.drain(1000);
  assert.partialDeepStrictEqual(await swap, { ok: false, ending: true });
  await drained;
});

test('a swap before the threads begin is refused at once', async () => {
  const pool = new ThreadPool({
    config: config(),
    threads: 1,
    memory: 2 ** 30,
    log: memoryLog(),
    onLog: () => {},
    script: SCRIPT,
    timing: TIMING,
  });
  pool.load();
  assert.partialDeepStrictEqual(await pool.swap(plan('r1'), {}), { ok: false });
  await pool.drain(0);
});

const waits = ({ log }: Running): unknown[] =>
  log.lines.filter(({ message }) => message === 'a traffic thread died').map(({ fields }) => fields.restartIn);

test('a thread that keeps dying is replaced ever more slowly, and another plan heals it', async (t) => {
  const r = await running(t, { timing: { restartMin: 2, restartMax: 10 } });
  // Threads that run take this plan; those that start with it die.
  assert.deepEqual(await r.pool.swap(plan('die-start'), {}), { ok: true });
  await kill(r);
  await until(() => r.pool.status().deaths >= 5, 'the replacements to die too');
  assert.deepEqual(waits(r).slice(0, 5), [2, 4, 8, 10, 10]);
  assert.deepEqual(await r.pool.swap(plan('r2'), {}), { ok: true });
  await healed(r);
  assert.deepEqual(await revisions(r), ['r2', 'r2']);
});

test('a thread that lived long enough is replaced as soon as the first', async (t) => {
  const r = await running(t, { threads: 1, timing: { restartMin: 2, stable: 0 } });
  for (const death of [1, 2, 3]) {
    await kill(r);
    await until(() => r.pool.status().listening === 1, `the replacement of death ${death}`);
  }
  assert.deepEqual(waits(r), [2, 2, 2]);
});

test('a replacement that is due in the middle of a swap starts after it, with the new plan', async (t) => {
  const r = await running(t, { timing: { restartMin: 50 } });
  await kill(r);
  assert.deepEqual(await r.pool.swap(plan('slow-prepare'), {}), { ok: true });
  await healed(r);
  assert.deepEqual(await revisions(r), ['slow-prepare', 'slow-prepare']);
});

test('metrics: counters and in-flight add up, shared gauges do not', async (t) => {
  const r = await running(t);
  const text = exposition(await r.pool.collect());
  assert.match(text, /^weir_requests_in_flight 2$/m);
  assert.match(text, /^weir_breaker_state\{endpoint="a\/b"\} 2$/m);
});

test('a thread that does not answer still counts, and its gauges are what it last said', async (t) => {
  const r = await running(t, { timing: { collect: 100 } });
  await askAll(r);
  const total = async () => (await r.pool.collect()).find((s) => s.family === 'weir_requests_total')?.values[0];
  const before = await total();
  await r.pool.swap(plan('no-metrics'), {});
  await r.ask();
  assert.equal(await total(), before! + 1);
  assert.match(exposition(await r.pool.collect()), /^weir_requests_in_flight 2$/m);
});

test('drain lets open requests finish and refuses swaps', async (t) => {
  const r = await running(t, { threads: 1 });
  const slow = new Promise<string>((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port: r.port, path: '/slow', agent: false }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    });
    request.on('error', reject);
  });
  await until(() => r.workerLines.includes('slow\n'), 'the request to arrive');
  const drained = r.pool.drain(10_000);
  assert.equal(r.pool.status().listening, 0);
  assert.deepEqual(await r.pool.swap(plan('r2'), {}), {
    ok: false,
    problem: 'the server is shutting down',
    ending: true,
  });
  assert.equal(await slow, 'answered while draining');
  await drained;
  await assert.rejects(r.ask());
  assert.equal(r.pool.status().deaths, 0);
});

test('a thread that dies while it drains is logged and told of, and not replaced', async (t) => {
  const dead: number[] = [];
  const r = await running(t, { onDeath: (thread) => dead.push(thread) }, 'die-drain');
  await r.pool.drain(10_000);
  assert.deepEqual(dead.toSorted(), [1, 2]);
  const lines = r.log.lines.filter(({ message }) => message === 'a traffic thread died');
  assert.equal(lines.length, 2);
  for (const { fields } of lines) {
    assert.match(String(fields.why), /dies while it drains/);
    assert.equal(fields.restartIn, null);
  }
  assert.deepEqual(r.pool.status(), { wanted: 2, listening: 0, unresponsive: 0, deaths: 2 });
});

test('drain ends a thread that does not end by itself', async (t) => {
  const r = await running(t, { threads: 1 }, 'stay');
  await r.pool.drain(100);
  assert.equal(r.pool.status().listening, 0);
  await assert.rejects(r.ask());
});

test('what changes before the threads begin is what they begin with, and not a message to them', async (t) => {
  const log = memoryLog();
  const pool = new ThreadPool({
    config: config(),
    threads: 2,
    memory: 2 ** 30,
    log,
    onLog: () => {},
    script: SCRIPT,
    timing: TIMING,
  });
  t.after(() => pool.drain(0));
  pool.load();
  pool.setGeo({ database: null, overrides: 'geo-2' });
  pool.setCertificates(0, []);
  const { port } = (await pool.start({ ...begin('r1'), geo: { database: null, overrides: 'geo-2' } }))[0]!;
  assert.equal((await ask(port, '/')).geo, 'geo-2');
  assert.deepEqual(log.lines, []);
});
