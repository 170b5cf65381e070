import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { memoryLog, until } from '../testing/control.ts';
import type { EndpointPlan, HealthPlan } from '../types/plan.ts';
import { HealthProber, type HealthTarget } from './health.ts';

const PLACE = { file: 'u.yaml', line: 1, column: 1 };
const HEALTH: HealthPlan = { path: '/healthz', every: 10, timeout: 5_000, healthy: 2, unhealthy: 3, panic: 0 };

/** An upstream whose answer is a status, or `hang`. */
async function upstream(t: TestContext) {
  const state = { answer: 200 as number | 'hang', paths: [] as string[], hosts: [] as string[], connections: 0 };
  const server: Server = createServer((request, response) => {
    state.paths.push(request.url!);
    state.hosts.push(request.headers.host!);
    if (state.answer === 'hang') return;
    response.writeHead(state.answer);
    // A body without an end must not hold the prober.
    response.write('x');
  });
  server.on('connection', () => state.connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { state, server, port: (server.address() as AddressInfo).port };
}

function endpoint(port: number, more: Partial<EndpointPlan> = {}): EndpointPlan {
  const url = `http://127.0.0.1:${port}`;
  return {
    name: 'e',
    id: 'u/e',
    upstream: 'u',
    region: '',
    url,
    origin: url,
    secure: false,
    hostname: '127.0.0.1',
    port,
    authority: `127.0.0.1:${port}`,
    basePath: '',
    weight: 1,
    place: PLACE,
    ...more,
  };
}

function target(plan: EndpointPlan, health: HealthPlan | null = HEALTH) {
  const told: boolean[] = [];
  return {
    endpoint: plan,
    health,
    told,
    setHealthy: (healthy: boolean) => void told.push(healthy),
  } satisfies HealthTarget & { told: boolean[] };
}

function prober(t: TestContext) {
  const log = memoryLog();
  const subject = new HealthProber({ log, random: () => 0.5 });
  t.after(() => subject.close());
  return { subject, log };
}

test('an endpoint becomes unhealthy and healthy by thresholds, with one log line each', async (t) => {
  const { state, port } = await upstream(t);
  const { subject, log } = prober(t);
  const told = target(endpoint(port, { basePath: '/base' }));
  subject.follow([told]);
  assert.deepEqual(told.told, [true]);
  await until(() => state.paths.length >= 4, 'some probes');
  assert.deepEqual([told.told, log.lines], [[true], []]);
  assert.deepEqual([state.paths[0], state.hosts[0]], ['/base/healthz', `127.0.0.1:${port}`]);
  state.answer = 503;
  const probes = state.paths.length;
  await until(() => told.told.length === 2, 'the change');
  assert.ok(state.paths.length - probes >= 3, 'three bad answers in a row');
  assert.deepEqual([told.told, subject.unhealthy()], [[true, false], ['u/e']]);
  state.answer = 202;
  await until(() => told.told.length === 3, 'the change back');
  assert.deepEqual([told.told, subject.unhealthy()], [[true, false, true], []]);
  assert.deepEqual(
    log.lines.map(({ level, fields }) => [level, fields.endpoint, fields.problem]),
    [
      ['warn', 'u/e', 'status 503'],
      ['info', 'u/e', undefined],
    ],
  );
  assert.ok(state.connections >= state.paths.length, 'a connection for each probe');
});

test('a reply of 2xx is healthy; a redirect, to a login page say, is not', async (t) => {
  const { state, port } = await upstream(t);
  const { subject, log } = prober(t);
  const told = target(endpoint(port), { ...HEALTH, healthy: 1, unhealthy: 1 });
  subject.follow([told]);
  for (const [answer, healthy] of [
    [301, false],
    [299, true],
    [307, false],
    [200, true],
    [404, false],
  ] as const) {
    const changes = told.told.length;
    state.answer = answer;
    await until(() => told.told.length > changes, `a verdict on ${answer}`);
    assert.equal(told.told.at(-1), healthy, `${answer}`);
  }
  assert.equal(log.lines[0]!.fields.problem, 'status 301');
});

test('silence and refused connections are failures', async (t) => {
  const { state, server, port } = await upstream(t);
  state.answer = 'hang';
  const { subject, log } = prober(t);
  subject.follow([target(endpoint(port), { ...HEALTH, timeout: 20 })]);
  await until(() => log.lines.length === 1, 'the time-outs to count');
  assert.equal(log.lines[0]!.fields.problem, 'no answer within 20 ms');
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  const refused = target(endpoint(port, { id: 'u/other' }));
  subject.follow([refused]);
  await until(() => refused.told.length === 2, 'refusals to count');
  assert.match(String(log.lines[1]!.fields.problem), /ECONNREFUSED/);
});

test('a path that cannot be sent is a failure and no crash', async (t) => {
  const { subject } = prober(t);
  const told = target(endpoint(1), { ...HEALTH, path: '/a b\n' });
  subject.follow([told]);
  await until(() => told.told.length === 2, 'the failures to count');
});

test('reloads: what is known stays with the URL, what is gone is left alone', async (t) => {
  const { state, port } = await upstream(t);
  state.answer = 500;
  const { subject, log } = prober(t);
  const first = target(endpoint(port));
  subject.follow([first]);
  await until(() => first.told.length === 2, 'it to be unhealthy');
  const same = target(endpoint(port));
  subject.follow([same]);
  assert.deepEqual(same.told, [false], 'the same under another rule set');
  const slower = target(endpoint(port), { ...HEALTH, every: 15 });
  subject.follow([slower]);
  assert.deepEqual(slower.told, [false], 'other settings');
  const moved = target(endpoint(port, { url: 'http://127.0.0.1:1' }));
  subject.follow([moved]);
  assert.deepEqual(moved.told, [true], 'another URL is another endpoint');
  const off = target(endpoint(port), null);
  subject.follow([off]);
  assert.deepEqual(off.told, [true], 'no probes, no verdict');
  assert.equal(log.lines.length, 1);
  assert.deepEqual(subject.unhealthy(), []);
});

test('nothing is told after an endpoint is gone', async (t) => {
  const { state, port } = await upstream(t);
  state.answer = 'hang';
  const { subject, log } = prober(t);
  const told = target(endpoint(port), { ...HEALTH, unhealthy: 1 });
  subject.follow([told]);
  await until(() => state.paths.length === 1, 'a probe under way');
  subject.close();
  const witness = target(endpoint(port, { id: 'u/w' }), { ...HEALTH, timeout: 20 });
  subject.follow([witness]);
  await until(() => witness.told.length === 2, 'another to be told');
  assert.deepEqual([told.told, log.lines.length], [[true], 1]);
});
