/** WebSocket upgrades pass every policy that requests pass; then bytes flow both ways until either side ends. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { type RawConnection, RawUpstream } from '../contract/forwarder-upstream.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const SECRET = 'a secret for sockets, thirty-two bytes or more';
const UPGRADE = 'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n';
const ACCEPTED =
  'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ZbX6LUtWYQ7CrIna69ZRTb/V5NM=\r\nserver: secret\r\n\r\n';

let upstream: RawUpstream;
let weir: Weir;

before(async () => {
  upstream = await RawUpstream.listen();
  const url = `http://127.0.0.1:${upstream.port}`;
  weir = await startWeir(null, {
    rules: {
      upstreams: {
        u: { endpoints: { e: { url: `${url}/base` } } },
        old: { forwarder: 'http-proxy', endpoints: { e: { url } } },
        again: { endpoints: { e: { url } }, retry: { attempts: 2, on: [503] } },
        broken: { endpoints: { e: { url: 'http://127.0.0.1:1' } }, breaker: { minRequests: 1, openFor: '60s' } },
      },
      policies: {
        signed: {
          signature: { keys: { only: SECRET }, headers: { key: false }, sign: '{timestamp}\n{nonce}\n{path}' },
        },
        map: { versions: { map: { 'v1/live': '/v3/live' } } },
        edits: {
          headers: {
            request: { set: { 'x-region': '${client.country}' }, remove: ['cookie'] },
            response: { set: { 'x-served-by': '${upstream.endpoint}' }, remove: ['server'] },
          },
        },
        limited: { rateLimit: { key: '${client.address}', limit: '1/1h', burst: 1 } },
      },
      routes: {
        live: { match: { path: '/v1/live' }, use: ['signed', 'map', 'edits'], to: 'u' },
        old: { match: { path: '/old' }, use: ['edits'], to: 'old' },
        again: { match: { path: '/again' }, to: 'again' },
        limited: { match: { path: '/limited' }, use: ['limited'], to: 'u' },
        broken: { match: { path: '/broken' }, to: 'broken' },
        fixed: { match: { path: '/fixed' }, reply: { status: 403, json: { no: true } } },
      },
    },
  });
});

after(async () => {
  // First, so that no half-closed tunnel holds the end up.
  upstream?.close();
  await weir?.stop();
});

function signed(nonce: string): string {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', SECRET).update(`${timestamp}\n${nonce}\n/v1/live`).digest('base64');
  return `x-timestamp: ${timestamp}\r\nx-nonce: ${nonce}\r\nx-signature: ${signature}\r\n`;
}

async function ask(path: string, fields = ''): Promise<WireClient> {
  const client = await WireClient.connect(Number(new URL(weir.url).port));
  client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 85.214.132.117\r\n${UPGRADE}${fields}\r\n`);
  return client;
}

async function joined(path: string, fields = ''): Promise<{ client: WireClient; up: RawConnection; head: string[] }> {
  const client = await ask(path, fields);
  const up = await upstream.accept();
  const { line, fields: seen } = await up.head();
  up.write(ACCEPTED);
  return { client, up, head: [line, ...seen] };
}

const values = (head: string[], name: string) =>
  head.filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());

test('a signed upgrade passes all policies, and then bytes both ways', async () => {
  const { client, up, head } = await joined('/v1/live?a=b', `${signed('n-1')}cookie: a=b\r\n`);
  assert.equal(head[0], 'GET /base/v3/live?a=b HTTP/1.1');
  assert.deepEqual([values(head, 'x-region'), values(head, 'cookie')], [['DE'], []]);
  assert.deepEqual(values(head, 'upgrade'), ['websocket']);
  assert.deepEqual(values(head, 'sec-websocket-key'), ['eA==']);
  const { status, fields } = await client.head();
  assert.equal(status, 101);
  assert.deepEqual(values(fields, 'x-served-by'), ['e']);
  assert.deepEqual(values(fields, 'server'), []);
  assert.deepEqual(values(fields, 'upgrade'), ['websocket']);
  client.send('ping');
  await until(() => up.received.toString() === 'ping', 'bytes to the upstream');
  up.write('pong');
  await until(() => client.text === 'pong', 'bytes to the client');
  assert.equal(await weir.metric('weir_requests_in_flight'), 1);
  client.close();
  await up.gone();
  up.end();
  const line = await weir.record(({ route, status }) => route === 'live' && status === 101);
  assert.deepEqual([line.endpoint, line.country, line.attempts, line.bytesOut], ['u/e', 'DE', 1, 4]);
  await until(async () => (await weir.metric('weir_requests_in_flight')) === 0, 'the end of the request');
});

test('an unsigned one, a replayed one and a wrong one do not reach the upstream', async () => {
  const before = upstream.connections.length;
  const fields = signed('n-2');
  const first = await joined('/v1/live', fields);
  assert.equal((await first.client.head()).status, 101);
  for (const [again, code] of [
    [fields, 'SIGNATURE_REPLAYED'],
    ['', 'SIGNATURE_MISSING'],
    [signed('n-3').replace('n-3', 'n-4'), 'SIGNATURE_INVALID'],
  ]) {
    const client = await ask('/v1/live', again);
    const reply = await client.reply();
    assert.deepEqual([reply.status, JSON.parse(reply.body).code], [401, code]);
    client.close();
  }
  assert.equal(upstream.connections.length, before + 1);
  first.client.close();
});

test('limits, fixed answers, open breakers and missing routes hold for upgrades', async () => {
  const first = await joined('/limited');
  assert.equal((await first.client.head()).status, 101);
  first.client.close();
  const statuses: number[] = [];
  for (const path of ['/limited', '/fixed', '/broken', '/broken', '/nowhere']) {
    const client = await ask(path);
    statuses.push((await client.reply()).status);
    client.close();
  }
  assert.deepEqual(statuses, [429, 403, 502, 503, 404]);
});

test('an upstream that declines is passed on, reply policies included', async () => {
  const client = await ask('/v1/live', signed('n-5'));
  const up = await upstream.accept();
  await up.answer('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 3\r\nserver: s\r\n\r\nno!');
  const reply = await client.reply();
  assert.deepEqual(
    [reply.status, reply.body, reply.get('x-served-by'), reply.get('server')],
    [426, 'no!', 'e', undefined],
  );
  client.close();
});

test('a 101 that does not accept the WebSocket is 502, and no bytes pass', async () => {
  const accept = 'sec-websocket-accept: ZbX6LUtWYQ7CrIna69ZRTb/V5NM=';
  for (const fields of [
    'connection: upgrade\r\nupgrade: websocket',
    `connection: upgrade\r\nupgrade: h2c\r\n${accept}`,
    `connection: keep-alive\r\nupgrade: websocket\r\n${accept}`,
    accept,
    'content-length: 0',
  ]) {
    const client = await ask('/old');
    const up = await upstream.accept();
    await up.head();
    up.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n\r\n`);
    const reply = await client.reply();
    assert.deepEqual([reply.status, JSON.parse(reply.body).code], [502, 'UPSTREAM_PROTOCOL'], fields);
    await up.gone();
    up.end();
    client.close();
  }
});

test('either end that leaves takes the other along; http-proxy upstreams too', async () => {
  const { client, up } = await joined('/old');
  assert.equal((await client.head()).status, 101);
  up.write('last words');
  up.end();
  await client.over();
  assert.equal(client.text, 'last words');
  const other = await joined('/old');
  assert.equal((await other.client.head()).status, 101);
  await other.client.reset();
  await other.up.gone();
});

test('a reply that declines is streamed, however long', async () => {
  for (const path of ['/old', '/again']) {
    const client = await ask(path);
    const up = await upstream.accept();
    const page = 'x'.repeat(300_000);
    await up.answer(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${page.length}\r\n\r\n${page}`);
    const reply = await client.reply();
    assert.deepEqual([reply.status, reply.body.length], [403, page.length]);
    client.close();
  }
});

test('an upgrade is tried again where the rules say so', async () => {
  const client = await ask('/again');
  await (await upstream.accept()).answer('HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy');
  const up = await upstream.accept();
  await up.answer(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ACCEPTED}`);
  const early = await client.head();
  assert.deepEqual([early.status, early.fields], [103, ['link: </a>']]);
  assert.equal((await client.head()).status, 101);
  const connections = (state: string) => weir.metric('weir_pool_connections', { upstream: 'again', state });
  assert.deepEqual([await connections('upgraded'), await connections('busy')], [1, 0]);
  client.close();
  up.end();
  await until(async () => (await connections('upgraded')) === 0, 'the connection to be counted no more');
  const line = await weir.record(({ route, status }) => route === 'again' && status === 101);
  assert.equal(line.attempts, 2);
});

test('a rule change leaves an open tunnel alone', async () => {
  const { client, up } = await joined('/old');
  assert.equal((await client.head()).status, 101);
  await weir.apply('rules.yaml', { routes: { r: { match: { path: '/new' }, reply: { status: 204 } } } });
  client.send('still');
  await until(() => up.received.toString() === 'still', 'bytes to the upstream');
  up.write('here');
  await until(() => client.text === 'here', 'bytes to the client');
  client.close();
});
