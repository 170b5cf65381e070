/** Clients that leave by FIN while their upstream says nothing, over each way in: it must not go on working for nobody. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { type RawConnection, RawUpstream } from '../contract/forwarder-upstream.ts';
import { DATA, FramePeer, headers } from '../contract/http2-frames.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const pem = (name: string) => readFileSync(new URL(`../tools/tls/${name}`, import.meta.url), 'utf8');
const TLS = { certificates: [{ cert: 'first.pem', key: 'first.key' }] };
const STREAM =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n';

let upstream: RawUpstream;
let weir: Weir;

before(async () => {
  upstream = await RawUpstream.listen();
  const endpoints = { e: { url: `http://127.0.0.1:${upstream.port}` } };
  weir = await startWeir(null, {
    rules: {
      upstreams: { u: { endpoints, timeouts: { idle: '20s' } }, d: { endpoints, timeouts: { idle: '20s' } } },
      routes: {
        drained: { match: { path: '/drained' }, to: 'd', onDisconnect: 'drain 20s' },
        all: { to: 'u' },
      },
    },
    config: {
      threads: 1,
      listeners: [
        { address: '127.0.0.1:0' },
        { address: '127.0.0.1:0', tls: TLS },
        { address: '127.0.0.1:0', halfClose: true },
      ],
    },
    files: { 'config/first.pem': pem('first.pem'), 'config/first.key': pem('first.key') },
  });
});

after(async () => {
  upstream?.close();
  await weir?.stop();
});

const slug = (text: string) => text.replace(/[^A-Za-z0-9]/g, '-');
const port = (listener: number) => Number(new URL(weir.urls[listener]!).port);

/** A client that has asked for `path`, and how it ends its side. */
interface Asked {
  first(): Promise<unknown>;
  finish(): void;
}

async function wire(client: WireClient, path: string): Promise<Asked> {
  client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  return {
    first: () => until(() => client.text.includes('data: 1'), 'the first event'),
    finish: () => client.finish(),
  };
}

async function frames(path: string): Promise<Asked> {
  const peer = await FramePeer.client(port(1));
  peer.send(headers(1, [':method', 'GET', ':scheme', 'https', ':authority', 'a', ':path', path]));
  return { first: () => peer.frame(DATA, 1), finish: () => peer.socket.end() };
}

const WAYS: Readonly<Record<string, (path: string) => Promise<Asked>>> = {
  'HTTP/1.1': async (path) => wire(await WireClient.connect(port(0), true), path),
  'HTTP/1.1 over TLS': async (path) => wire(await WireClient.connectTls(port(1)), path),
  'HTTP/2': frames,
};

/** The upstream's connection closes within a second. */
async function dropped(up: RawConnection): Promise<void> {
  const since = performance.now();
  await up.gone();
  const took = performance.now() - since;
  assert.ok(took < 1000, `noticed after ${took} ms`);
}

const outcome = (name: string, of = 'u') =>
  weir.metric('weir_upstream_attempts_total', { upstream: of, outcome: name });

for (const [way, ask] of Object.entries(WAYS)) {
  test(`${way}: FIN during a silent stream cancels the upstream call at once, as the client's doing`, async () => {
    const path = `/stream/${slug(way)}`;
    const aborted = await outcome('aborted');
    const client = await ask(path);
    const up = await upstream.accept();
    await up.request();
    up.write(STREAM);
    await client.first();
    client.finish();
    await dropped(up);
    const line = await weir.record((record) => record.path === path);
    assert.deepEqual([line.status, line.code, line.attempts], [200, 'CLIENT_CLOSED', 1]);
    assert.equal(await outcome('aborted'), aborted + 1);
    assert.equal((await outcome('timeout')) + (await outcome('truncated')), 0);
  });

  test(`${way}: FIN before the upstream answers is a 499`, async () => {
    const path = `/waits/${slug(way)}`;
    const client = await ask(path);
    const up = await upstream.accept();
    await up.request();
    client.finish();
    await dropped(up);
    const line = await weir.record((record) => record.path === path);
    assert.deepEqual([line.status, line.code], [499, 'CLIENT_CLOSED']);
  });
}

test('onDisconnect: drain lets the upstream finish for a client that left by FIN', async () => {
  const client = await WAYS['HTTP/1.1']!('/drained');
  const up = await upstream.accept();
  await up.request();
  up.write(STREAM);
  await client.first();
  client.finish();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(!up.ended && !up.closed);
  up.write('0\r\n\r\n');
  const line = await weir.record((record) => record.path === '/drained');
  assert.equal(line.code, 'CLIENT_CLOSED');
  assert.deepEqual([await outcome('ok', 'd'), await outcome('aborted', 'd')], [1, 0]);
});

test('halfClose on a listener: a client that ends its side gets its answer', async () => {
  const client = await WireClient.connect(port(2), true);
  client.finish('GET /half HTTP/1.1\r\nhost: a\r\n\r\n');
  const up = await upstream.accept();
  await up.request();
  up.write(STREAM.replace('\r\n', '\r\nconnection: close\r\n'));
  await until(() => client.text.includes('data: 1'), 'the first event');
  up.write('9\r\ndata: 2\n\n\r\n0\r\n\r\n');
  assert.equal((await client.reply()).body, 'data: 1\n\ndata: 2\n\n');
  await client.over();
});
