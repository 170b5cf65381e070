/** A real traffic thread that dies while requests are under way under several rule sets. */
import assert from 'node:assert/strict';
import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { batchMemory } from '../log/line-batch.ts';
import { createLoader } from '../plan/load.ts';
import { packPlan } from '../plan/packed.ts';
import { KINDS } from '../policies/index.ts';
import { hasUsers, Users } from '../state/users.ts';
import { config, memoryLog } from '../testing/control.ts';
import { until } from '../testing/until.ts';
import type { Plan } from '../types/plan.ts';
import type { FromWorker, ToWorker, WorkerStart } from '../types/threads.ts';
import { dryRun } from './dry-run.ts';
import { ZoneDirectory } from './zones.ts';

const THREADS = 1;
const SCRIPT = new URL('../traffic/thread/worker.ts', import.meta.url);

/** An upstream that answers when told. */
async function upstream(t: TestContext) {
  const waiting: ServerResponse[] = [];
  const server = createServer((_, response) => void waiting.push(response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, waiting };
}

function planFor(url: string, endpoint: string): Plan {
  const text = `upstreams: { u: { endpoints: { ${endpoint}: { url: "${url}" } } } }\nroutes: { all: { to: u } }\n`;
  const { plan, problems } = createLoader(KINDS)([{ file: 'rules.yaml', text }], { env: {}, root: '/' });
  assert.ok(plan, JSON.stringify(problems));
  return plan;
}

/** A traffic thread, and questions to it. */
function startThread(t: TestContext) {
  const worker = new Worker(SCRIPT);
  t.after(() => worker.terminate());
  const ask = (message: ToWorker, type: FromWorker['type']) =>
    new Promise<FromWorker>((resolve) => {
      worker.on('message', (answer: FromWorker) => answer.type === type && resolve(answer));
      worker.postMessage(message);
    });
  return { ask, die: () => worker.terminate() };
}

test('what it had in flight is forgotten under every rule set; what nobody uses is let go of', async (t) => {
  const { url, waiting } = await upstream(t);
  const directory = new ZoneDirectory(memoryLog());
  const { store } = config();
  const compile = async (endpoint: string) => {
    const plan = planFor(url, endpoint);
    const collector = directory.begin();
    const { rules } = await dryRun(plan, collector.zone, { store, threads: THREADS, log: memoryLog() });
    const zones = collector.zones();
    const { state } = [...rules.upstreams.values()][0]!.endpoints[0]!;
    return {
      plan: packPlan(plan),
      zones,
      commit: () => collector.commit(),
      inFlight: () => state.inFlight(),
      isUsed: () => hasUsers(zones[Users.identity]!),
    };
  };
  const thread = startThread(t);
  const swap = async (id: number, { plan, zones }: Awaited<ReturnType<typeof compile>>) => {
    await thread.ask({ type: 'prepare', id, plan, zones }, 'prepared');
    await thread.ask({ type: 'commit', id }, 'committed');
  };

  const first = await compile('a');
  const start: WorkerStart = {
    config: config(),
    thread: 1,
    threads: THREADS,
    pseudonym: 'weir-test',
    bodies: 1e6,
    beats: new Int32Array(new SharedArrayBuffer(4)),
    lines: batchMemory(),
    sockets: null,
    plan: first.plan,
    zones: first.zones,
    geo: { database: null, overrides: '' },
    certificates: [null],
  };
  const listening = await thread.ask({ type: 'start', start }, 'listening');
  const { port } = (listening as Extract<FromWorker, { type: 'listening' }>).addresses[0]!;
  first.commit();
  const request = async () => {
    const before = waiting.length;
    get({ port, host: '127.0.0.1', agent: false }).on('error', () => {});
    await until(() => waiting.length > before, 'the request to be under way');
  };

  await request();
  const second = await compile('b');
  await swap(1, second);
  second.commit();
  await request();
  assert.deepEqual([first.inFlight(), second.inFlight()], [1, 1], 'each request runs under its own rules');
  assert.deepEqual([first.isUsed(), second.isUsed()], [true, true]);

  // The third rule set is served and not yet known to be in use when the thread dies.
  const third = await compile('c');
  await swap(2, third);
  await request();
  waiting[0]!.end();
  await until(() => !first.isUsed(), 'the first rules to be let go of');
  assert.deepEqual([second.inFlight(), third.inFlight()], [1, 1]);

  await thread.die();
  directory.release(1);
  assert.deepEqual([second.inFlight(), third.inFlight()], [0, 0]);
  assert.deepEqual([second.isUsed(), third.isUsed()], [false, false]);
});
