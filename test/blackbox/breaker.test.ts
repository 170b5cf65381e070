/** The breaker from outside: exact over three threads, one probe at a time, and what clients do to it. */
import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const THREADS = 3;
const OPENS_AFTER = 40;

let server: Server;
let weir: Weir;
let asked = 0;
/** Fails, answers, or keeps the request until a test answers it. */
let mood: 'fail' | 'answer' | 'hold' = 'answer';
let held: ServerResponse[] = [];

const rules = (port: number) => {
  const endpoints = { e: { url: `http://127.0.0.1:${port}` } };
  const breaker = { window: '60s', failureRate: '1%', probes: 1 };
  return {
    upstreams: {
      exact: { endpoints, breaker: { ...breaker, minRequests: OPENS_AFTER, openFor: '60s' } },
      probed: { endpoints, breaker: { ...breaker, minRequests: 1, openFor: '300ms' } },
      streamed: { endpoints, breaker: { ...breaker, failureRate: '100%', minRequests: 2, openFor: '300ms' } },
      left: { endpoints, breaker: { ...breaker, minRequests: 1, openFor: '60s' } },
    },
    routes: Object.fromEntries(
      ['exact', 'probed', 'streamed', 'left'].map((to) => [to, { match: { path: `/${to}` }, to }]),
    ),
  };
};

before(async () => {
  server = createServer((_request, response) => {
    asked++;
    if (mood === 'hold') held.push(response);
    else response.writeHead(mood === 'fail' ? 500 : 200).end('reply');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  weir = await startWeir(null, {
    rules: rules((server.address() as AddressInfo).port),
    config: { threads: THREADS, log: { level: 'info', access: false } },
  });
});

after(async () => {
  await weir?.stop();
  server?.closeAllConnections();
  server?.close();
});

beforeEach(() => {
  asked = 0;
  held = [];
});

/** On a connection of its own, so that threads take turns. */
async function get(path: string): Promise<number> {
  const client = await WireClient.connect(Number(new URL(weir.url).port));
  client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  const { status } = await client.reply();
  client.close();
  return status;
}

const state = (upstream: string) => weir.metric('weir_breaker_state', { endpoint: `${upstream}/e` });

test('opens at its count over all threads, not at each thread’s own', async () => {
  mood = 'fail';
  for (let i = 1; i <= OPENS_AFTER; i++) assert.equal(await get('/exact'), 500, `request ${i}`);
  for (let i = 0; i < 12; i++) assert.equal(await get('/exact'), 503);
  assert.equal(asked, OPENS_AFTER);
  assert.equal(await state('exact'), 2);
});

test('its opening is told once, by the thread that opened it, with the reason, and /api/v1/status shows it', async () => {
  const told = () => weir.records().filter(({ endpoint, breaker }) => endpoint === 'exact/e' && breaker !== undefined);
  await until(() => told().length > 0, 'a line about the breaker');
  // A line that another thread wrote as well would have come with these, in the same batches.
  await get('/exact');
  await weir.metrics();
  assert.equal(told().length, 1);
  const { breaker, cause, failures, successes, last, level } = told()[0]!;
  assert.deepEqual([breaker, cause, failures, successes, last, level], ['open', 'rate', 40, 0, 'status 500', 'warn']);
  const { endpoints } = await weir.status();
  assert.partialDeepStrictEqual(endpoints['exact/e'], { breaker: 'open', healthy: true, inFlight: 0 });
  assert.ok(endpoints['exact/e']!.retryAfter > 50_000, `${endpoints['exact/e']!.retryAfter}`);
});

test('of many requests at the moment it is half open, one is the probe', async () => {
  mood = 'fail';
  assert.equal(await get('/probed'), 500);
  mood = 'hold';
  asked = 0;
  await until(async () => (await state('probed')) === 1, 'the breaker to be half open');
  const statuses: number[] = [];
  const many = Array.from({ length: 30 }, async () => statuses.push(await get('/probed')));
  await until(() => statuses.length === 29, 'all but the probe to be refused');
  assert.deepEqual(statuses, Array(29).fill(503));
  // The refusals can be faster than the probe, which needs a connection first.
  await until(() => held.length === 1, 'the probe upstream');
  assert.equal(asked, 1);
  mood = 'answer';
  held[0]!.end('well');
  await Promise.all(many);
  assert.equal(statuses[29], 200);
  for (let i = 0; i < 6; i++) assert.equal(await get('/probed'), 200);
  assert.equal(await state('probed'), 0);
  const changes = () =>
    weir.records().flatMap(({ endpoint, breaker, cause }) => (endpoint === 'probed/e' ? [`${breaker} ${cause}`] : []));
  await until(() => changes().length === 3, 'all changes to be told');
  // From two threads, so not in order.
  assert.deepEqual(changes().toSorted(), ['closed probes', 'halfOpen time', 'open rate']);
});

test('an event stream as probe lets everybody in from its head on, and counts as truncated later', async () => {
  mood = 'fail';
  for (let i = 0; i < 2; i++) assert.equal(await get('/streamed'), 500);
  mood = 'hold';
  await until(async () => (await state('streamed')) === 1, 'the breaker to be half open');
  const client = await WireClient.connect(Number(new URL(weir.url).port));
  client.send('GET /streamed HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => held.length === 1, 'the probe');
  const refused = await fetch(`${weir.url}/streamed`);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '1', 'not the ten minutes that a stream may last');
  await refused.arrayBuffer();
  held[0]!.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
  assert.equal((await client.head()).status, 200);
  await until(async () => (await state('streamed')) === 0, 'the breaker to be closed');
  mood = 'answer';
  for (let i = 0; i < 9; i++) assert.equal(await get('/streamed'), 200);
  held[0]!.write('data: 2\n\n');
  held[0]!.destroy();
  const truncated = () => weir.metric('weir_upstream_attempts_total', { upstream: 'streamed', outcome: 'truncated' });
  await until(async () => (await truncated()) === 1, 'the truncation to be counted');
  client.close();
  assert.equal(await state('streamed'), 0, 'one failure of ten opens nothing');
});

test('a probe whose client vanishes gives its place back', async () => {
  mood = 'fail';
  assert.equal(await get('/probed'), 500);
  mood = 'hold';
  await until(async () => (await state('probed')) === 1, 'the breaker to be half open');
  const client = await WireClient.connect(Number(new URL(weir.url).port));
  client.send('GET /probed HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => held.length === 1, 'the probe');
  assert.equal(await get('/probed'), 503, 'its place is taken');
  await client.reset();
  mood = 'answer';
  await until(async () => (await get('/probed')) === 200, 'the next probe');
  assert.equal(await state('probed'), 0);
});

test('clients that leave count for nothing', async () => {
  mood = 'hold';
  const aborted = () => weir.metric('weir_upstream_attempts_total', { upstream: 'left', outcome: 'aborted' });
  for (let i = 1; i <= 6; i++) {
    const client = await WireClient.connect(Number(new URL(weir.url).port));
    client.send('GET /left HTTP/1.1\r\nhost: a\r\n\r\n');
    await until(() => held.length === i, 'the request upstream');
    // Half of them leave in the middle of the reply.
    if (i % 2) held[i - 1]!.writeHead(200).write('some');
    if (i % 2) await client.head();
    await client.reset();
    await until(async () => (await aborted()) === i, 'the abort to be counted');
  }
  assert.equal(await state('left'), 0);
  mood = 'answer';
  assert.equal(await get('/left'), 200);
});
