/** Heads without a single field: what is added to one on its way shows in no other, however long it waits. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { RawUpstream } from '../contract/forwarder-upstream.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

let upstream: RawUpstream;
let weir: Weir;

before(async () => {
  upstream = await RawUpstream.listen();
  const endpoints = { e: { url: `http://127.0.0.1:${upstream.port}` } };
  weir = await startWeir(null, {
    config: { threads: 1 },
    rules: {
      upstreams: { narrow: { endpoints, pool: { connections: 1 } }, wide: { endpoints, retry: { attempts: 1 } } },
      policies: {
        named: {
          headers: {
            request: { set: { 'x-key': '${query.key}' } },
            response: { add: { 'x-key': '${query.key}' } },
          },
        },
      },
      routes: {
        narrow: { match: { path: '/narrow' }, use: ['named'], to: 'narrow' },
        wide: { match: { path: '/wide' }, use: ['named'], to: 'wide', errors: 'map' },
      },
    },
  });
});

after(async () => {
  upstream?.close();
  await weir?.stop();
});

async function ask(target: string): Promise<WireClient> {
  const client = await WireClient.connect(Number(new URL(weir.url).port));
  client.send(`GET ${target} HTTP/1.0\r\n\r\n`);
  return client;
}

const keyIn = (fields: readonly string[]) => fields.filter((field) => field.startsWith('x-key'));

test('requests that wait for a connection', async () => {
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  const clients = [await ask('/narrow?key=0')];
  const up = await upstream.accept();
  for (const key of [1, 2, 3]) clients.push(await ask(`/narrow?key=${key}`));
  await until(
    async () => /^weir_pool_waiting.* 3$/m.test(await (await fetch(`${weir.admin}/metrics`)).text()),
    'a queue',
  );
  for (const client of clients) {
    const { line, fields } = await up.answer(OK);
    const [, key] = /key=(\d)/.exec(line)!;
    assert.deepEqual(keyIn(fields), [`x-key: ${key}`]);
    await client.reply();
  }
});

test('a reply whose body is read before its head is passed on', async () => {
  const held = await ask('/wide?key=held');
  const first = await upstream.accept();
  await first.answer('HTTP/1.1 503 \r\n\r\nno');
  // The first of these comes back through the thread when it has read that head.
  for (const key of ['1', '2']) {
    const other = await ask(`/wide?key=${key}`);
    const up = await upstream.accept();
    await up.answer('HTTP/1.1 200 \r\n\r\n');
    up.end();
    assert.deepEqual(keyIn((await other.reply()).fields), [`x-key: ${key}`]);
  }
  first.end();
  const { fields } = await held.reply();
  assert.deepEqual(keyIn(fields), ['x-key: held']);
  assert.ok(fields.includes('x-should-retry: false'));
});
