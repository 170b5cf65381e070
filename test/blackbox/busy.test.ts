/** The queue for a connection to an upstream, from outside: who waits, who is refused, and what that counts as. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

/** The three ways upstream, each with room for one request. */
const WAYS = ['http1', 'http2', 'http-proxy'] as const;
const WAIT = '20s';

interface Response {
  end(body: string): unknown;
}

const servers: (Server | Http2Server)[] = [];
let weir: Weir;
/** Requests that no test has answered yet. */
let held: Response[] = [];
/** Answers at once, after a time, or when a test does. */
let answer: (response: Response) => void;

const later = (ms: number) => (response: Response) => void setTimeout(() => response.end('ok'), ms);

/** Upstreams of HTTP/1.1 and of HTTP/2 (by prior knowledge) that do as `answer`, and two more that answer at once. */
async function listen(): Promise<{ busy: string; free: string }[]> {
  const scripted = (_request: unknown, response: unknown) => answer(response as Response);
  const ready = (_request: unknown, response: unknown) => void (response as Response).end('free');
  const one = { settings: { maxConcurrentStreams: 1 } };
  servers.push(createServer(scripted), createServer(ready), createHttp2Server(one, scripted), createHttp2Server(ready));
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const urls = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return [
    { busy: urls[0]!, free: urls[1]! },
    { busy: urls[2]!, free: urls[3]! },
  ];
}

function upstreamsOf(way: (typeof WAYS)[number], { busy, free }: { busy: string; free: string }): object {
  const endpoints = { e: { url: busy } };
  const common = {
    forwarder: way === 'http-proxy' ? way : 'http',
    endpoints,
    timeouts: { firstByte: '300ms' },
    breaker: { window: '60s', minRequests: 3, failureRate: '10%', openFor: '60s', failures: ['connect', 'timeout'] },
  };
  const patient = { ...common, timeouts: { firstByte: '30s' } };
  const pool = { connections: 1, http2: way === 'http2' };
  return {
    [`${way}-patient`]: { ...common, pool },
    [`${way}-full`]: { ...patient, pool: { ...pool, queue: { max: 2, wait: WAIT } } },
    [`${way}-late`]: { ...patient, pool: { ...pool, queue: { max: 2, wait: '150ms' } } },
    [`${way}-claude`]: { ...patient, protocol: 'anthropic', pool: { ...pool, queue: { max: 0 } } },
    [`${way}-two`]: {
      ...patient,
      endpoints: { ...endpoints, f: { url: free, weight: 0 } },
      choose: ['leastBusy'],
      pool: { ...pool, queue: { max: 0 } },
      retry: { attempts: 2, budget: '0%' },
    },
  };
}

before(async () => {
  const [http1, http2] = await listen();
  const upstreams = Object.assign({}, ...WAYS.map((way) => upstreamsOf(way, way === 'http2' ? http2! : http1!)));
  const routes = Object.fromEntries(Object.keys(upstreams).map((to) => [to, { match: { path: `/${to}` }, to }]));
  weir = await startWeir(null, { rules: { upstreams, routes }, config: { threads: 1 } });
});

after(async () => {
  await weir?.stop();
  for (const server of servers) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  }
});

beforeEach(() => {
  held = [];
  answer = (response) => void held.push(response);
});

async function send(upstream: string, method = 'POST'): Promise<WireClient> {
  const client = await WireClient.connect(Number(new URL(weir.url).port));
  client.send(`${method} /${upstream} HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi`);
  return client;
}

/** Sends one request that occupies the only connection until {@link release}. */
async function occupy(upstream: string): Promise<WireClient> {
  const client = await send(upstream);
  await until(() => held.length === 1, 'the request to be upstream');
  return client;
}

function release(): void {
  answer = (response) => response.end('ok');
  for (const response of held.splice(0)) response.end('ok');
}

const inLine = (upstream: string, many: number) =>
  until(async () => (await weir.metric('weir_pool_waiting', { upstream })) === many, `${many} in the queue`);
const attempts = (upstream: string, outcome: string) =>
  weir.metric('weir_upstream_attempts_total', { upstream, outcome });
const breaker = (upstream: string) => weir.metric('weir_breaker_state', { endpoint: `${upstream}/e` });

for (const way of WAYS)
  describe(`${way}: a pool of one connection`, () => {
    test('twelve requests at once are served one after another, however short firstByte is', async () => {
      const upstream = `${way}-patient`;
      answer = later(60);
      const clients = await Promise.all(Array.from({ length: 12 }, () => send(upstream)));
      for (const client of clients) assert.equal((await client.reply()).status, 200);
      assert.equal(await breaker(upstream), 0);
      assert.equal(await attempts(upstream, 'ok'), 12);
      assert.equal(await attempts(upstream, 'timeout'), 0);
      assert.equal(await weir.metric('weir_pool_refused_total', { upstream }), 0);
      assert.ok((await weir.metric('weir_pool_waited_total', { upstream })) >= 11);
      for (const client of clients) client.close();
    });

    test('who finds the line full is refused at once, whatever the method, and the breaker hears nothing', async () => {
      const upstream = `${way}-full`;
      const first = await occupy(upstream);
      const waiting = [await send(upstream), await send(upstream)];
      await inLine(upstream, 2);
      for (let i = 0; i < 20; i++) {
        const client = await send(upstream);
        const reply = await client.reply();
        assert.equal(reply.status, 503);
        assert.equal(JSON.parse(reply.body).code, 'UPSTREAM_BUSY');
        assert.match(reply.get('retry-after') ?? '', /^([1-9]|1\d|20)$/);
        assert.equal(reply.get('x-should-retry'), undefined);
        client.close();
      }
      assert.equal(await attempts(upstream, 'busy'), 20);
      assert.equal(await weir.metric('weir_pool_refused_total', { upstream, reason: 'full' }), 20);
      assert.equal(await breaker(upstream), 0);
      release();
      for (const client of [first, ...waiting]) {
        assert.equal((await client.reply()).status, 200);
        client.close();
      }
      await inLine(upstream, 0);
      const endpoint = `${upstream}/e`;
      const lines = weir.records().filter((line) => line.level === 'warn' && line.endpoint === endpoint);
      assert.deepEqual(
        lines.map(({ message, waiting, refused }) => ({ message, waiting, refused })),
        [
          { message: 'the queue for a connection is long: all are in use', waiting: 2, refused: undefined },
          { message: 'requests were refused: all connections are in use', waiting: 2, refused: 1 },
        ],
      );
    });

    test('who waits for as long as one may is refused, and who leaves makes room', async () => {
      const upstream = `${way}-late`;
      const first = await occupy(upstream);
      for (let round = 0; round < 4; round++) {
        const client = await send(upstream);
        const reply = await client.reply();
        assert.equal(reply.status, 503);
        assert.equal(reply.get('retry-after'), '1');
        client.close();
      }
      assert.equal(await attempts(upstream, 'busy'), 4);
      assert.equal(await attempts(upstream, 'timeout'), 0);
      assert.equal(await weir.metric('weir_pool_refused_total', { upstream, reason: 'late' }), 4);
      assert.equal(await breaker(upstream), 0);
      release();
      assert.equal((await first.reply()).status, 200);
      first.close();
    });

    test('clients of the Claude API hear that it is overloaded', async () => {
      const upstream = `${way}-claude`;
      const first = await occupy(upstream);
      const second = await send(upstream);
      const reply = await second.reply();
      assert.equal(reply.status, 529);
      assert.equal(JSON.parse(reply.body).error.type, 'overloaded_error');
      assert.equal(reply.get('retry-after'), '1');
      second.close();
      release();
      assert.equal((await first.reply()).status, 200);
      first.close();
    });

    test('another endpoint takes what one has no connection for, and no retry budget is needed for that', async () => {
      const upstream = `${way}-two`;
      const first = await occupy(upstream);
      for (let i = 0; i < 20; i++) {
        const client = await send(upstream);
        const reply = await client.reply();
        assert.deepEqual([reply.status, reply.body], [200, 'free']);
        client.close();
      }
      assert.equal(await attempts(upstream, 'busy'), 20);
      release();
      assert.equal((await first.reply()).status, 200);
      first.close();
    });
  });
