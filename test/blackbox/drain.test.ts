/** SIGTERM while clients are busy: what each of them is told, and that nobody is cut off without a word. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { WireClient } from '../contract/edge-wire.ts';
import { type RawConnection, RawUpstream } from '../contract/forwarder-upstream.ts';
import { until } from '../tools/until.ts';
import { type Context, startWeir, type Weir } from '../tools/weir.ts';

const GET = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const STREAM =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n';
const UPGRADE =
  'GET /ws HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
// RFC 6455 §1.3 has this pair of key and answer.
const ACCEPTED =
  'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';
const CLOSE_1001 = '\x88\x02\x03\xe9';
const CLOSE_1011 = '\x88\x02\x03\xf3';

interface Started {
  readonly weir: Weir;
  readonly upstream: RawUpstream;
  client(): Promise<WireClient>;
}

async function start(t: Context, limits: object, protocol = 'generic'): Promise<Started> {
  const upstream = await RawUpstream.listen();
  t.after(() => upstream.close());
  const weir = await startWeir(t, {
    rules: {
      upstreams: { u: { endpoints: { e: { url: `http://127.0.0.1:${upstream.port}` } } } },
      routes: { fixed: { match: { path: '/fixed' }, reply: { status: 200, text: 'ok' } }, all: { to: 'u', protocol } },
    },
    config: { limits },
  });
  return { weir, upstream, client: () => WireClient.connect(Number(new URL(weir.url).port)) };
}

async function streaming({ client, upstream }: Started): Promise<{ reader: WireClient; up: RawConnection }> {
  const reader = await client();
  reader.send(GET);
  const up = await upstream.accept();
  await up.request();
  up.write(STREAM);
  await until(() => reader.text.includes('data: 1'), 'the first event');
  return { reader, up };
}

async function webSocket({ client, upstream }: Started): Promise<{ ws: WireClient; up: RawConnection }> {
  const ws = await client();
  ws.send(UPGRADE);
  const up = await upstream.accept();
  await up.answer(ACCEPTED);
  assert.equal((await ws.head()).status, 101);
  return { ws, up };
}

test('clients that go on asking on kept connections all get their answers', { timeout: 120_000 }, async (t) => {
  for (let round = 0; round < 3; round++) {
    const { weir } = await start(t, { drainGrace: '10s' });
    let replies = 0;
    const clients = Array.from({ length: 8 }, () => ask(`${weir.url}/fixed`, () => replies++));
    await until(() => replies > 100, 'some replies');
    weir.process.signal('SIGTERM');
    const ends = await Promise.allSettled(clients);
    assert.deepEqual(
      ends.filter(({ status }) => status === 'rejected'),
      [],
    );
    assert.equal(await weir.process.exited, 0);
  }
});

/** Asks on one connection until it is told that this was the last time. */
async function ask(url: string, replied: () => void): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (;;) {
      const [reply] = (await once(http.get(url, { agent }), 'response')) as [http.IncomingMessage];
      reply.resume();
      await once(reply, 'end');
      replied();
      if (reply.headers.connection === 'close') return;
    }
  } finally {
    agent.destroy();
  }
}

test('an idle connection is kept for the grace, and then closed in good order', async (t) => {
  const { weir, client } = await start(t, { drainGrace: '700ms' });
  const idle = await client();
  idle.send('GET /fixed HTTP/1.1\r\nhost: a\r\n\r\n');
  await idle.reply();
  const begun = performance.now();
  weir.process.signal('SIGTERM');
  await idle.over();
  assert.ok(performance.now() - begun >= 650);
  assert.equal(idle.error, '');
  assert.equal(await weir.process.exited, 0);
});

test('a request whose head ends behind the grace has as long as any other', async (t) => {
  const started = await start(t, { drainGrace: '200ms', drainTimeout: '1m' });
  const { weir, upstream, client } = started;
  const [late, idle] = [await client(), await client()];
  idle.send('GET /fixed HTTP/1.1\r\nhost: a\r\n\r\n');
  await idle.reply();
  late.send('GET / HTTP/1.1\r\n');
  await connectionsOf(weir, 2);
  weir.process.signal('SIGTERM');
  await idle.over();
  late.send('host: a\r\n\r\n');
  const up = await upstream.accept();
  await up.request();
  // Longer than clients have to read their last answers.
  await pause(2_500);
  up.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  assert.deepEqual((await late.reply()).body, 'ok');
  assert.equal(await weir.process.exited, 0);
});

test('a request whose head ends behind the drain limit gets 503, and no upstream hears of it', async (t) => {
  const started = await start(t, { drainTimeout: '500ms', drainGrace: '500ms' });
  const { weir, upstream, client } = started;
  const late = await client();
  late.send('GET / HTTP/1.1\r\n');
  const { reader } = await streaming(started);
  await connectionsOf(weir, 2);
  weir.process.signal('SIGTERM');
  await reader.over();
  late.send('host: a\r\n\r\n');
  const reply = await late.reply();
  assert.deepEqual([reply.status, JSON.parse(reply.body).code], [503, 'SHUTTING_DOWN']);
  assert.equal(upstream.connections.length, 1);
  assert.equal(await weir.process.exited, 0);
});

async function connectionsOf(weir: Weir, count: number): Promise<void> {
  await until(async () => (await weir.metric('weir_connections')) === count, 'the connections to be seen');
}

const ERROR_EVENTS: Readonly<Record<string, (data: Record<string, Record<string, unknown>>) => unknown>> = {
  generic: ({ error }) => error!.code,
  openai: ({ error }) => error!.code,
  anthropic: ({ error }) => error!.type,
};

describe('an event stream that the drain limit cuts', () => {
  for (const [protocol, code] of Object.entries(ERROR_EVENTS))
    test(`ends with the error event of ${protocol}, and not in good order`, async (t) => {
      const started = await start(t, { drainTimeout: '300ms' }, protocol);
      const { reader, up } = await streaming(started);
      started.weir.process.signal('SIGTERM');
      await reader.over();
      const event = /event: error\ndata: (.*)\n\n/.exec(reader.text);
      assert.ok(event, reader.text);
      assert.equal(code(JSON.parse(event[1]!)), protocol === 'anthropic' ? 'overloaded_error' : 'SHUTTING_DOWN');
      assert.ok(!reader.text.endsWith('0\r\n\r\n'), 'no end of the message');
      await up.gone();
      assert.equal(await started.weir.process.exited, 0);
      const [line] = started.weir.accessLog();
      assert.deepEqual([line!.status, line!.code], [200, 'SHUTTING_DOWN']);
    });
});

test('a WebSocket is closed with 1001 to both ends', async (t) => {
  const started = await start(t, { drainGrace: '300ms' });
  const { ws, up } = await webSocket(started);
  started.weir.process.signal('SIGTERM');
  ws.send('\x81\x82\x00\x00\x00\x00hi');
  await until(() => up.received.length > 0, 'a message within the grace');
  await ws.over();
  await up.gone();
  assert.equal(ws.text, CLOSE_1001);
  const sent = up.received.subarray(8);
  assert.deepEqual([sent[0], sent[1], sent.length], [0x88, 0x82, 8]);
  assert.deepEqual([sent[6]! ^ sent[2]!, sent[7]! ^ sent[3]!], [0x03, 0xe9]);
  ws.close();
  up.end();
  assert.equal(await started.weir.process.exited, 0);
  assert.ok(started.weir.accessLog().some(({ status }) => status === 101));
});

test('a WebSocket whose upstream breaks is closed with 1011; one whose upstream ends without a word is not', async (t) => {
  const started = await start(t, {});
  const broken = await webSocket(started);
  await broken.up.reset();
  await broken.ws.over();
  assert.equal(broken.ws.text, CLOSE_1011);
  const ended = await webSocket(started);
  ended.up.end();
  await ended.ws.over();
  assert.deepEqual([ended.ws.text, ended.ws.error], ['', '']);
});
