/** Bodies pass as they come, both ways, whichever forwarder carries them; and what breaks off is seen to be broken. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { type RawConnection, RawUpstream } from '../contract/forwarder-upstream.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const FORWARDERS = ['http', 'http-proxy'] as const;
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n';
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

let upstream: RawUpstream;
let weir: Weir;
let port: number;

before(async () => {
  upstream = await RawUpstream.listen();
  const url = `http://127.0.0.1:${upstream.port}`;
  const named = FORWARDERS.map((forwarder) => [
    forwarder,
    { forwarder, protocol: 'anthropic', endpoints: { e: { url } } },
  ]);
  const routes = FORWARDERS.map((forwarder) => [forwarder, { match: { path: `/${forwarder}/**` }, to: forwarder }]);
  const drains = { match: { path: '/drain/**' }, to: 'http', onDisconnect: 'drain 30s' };
  weir = await startWeir(null, {
    rules: { upstreams: Object.fromEntries(named), routes: { ...Object.fromEntries(routes), drains } },
  });
  port = Number(new URL(weir.url).port);
});

after(async () => {
  await weir?.stop();
  upstream?.close();
});

for (const forwarder of FORWARDERS)
  describe(`through ${forwarder}`, () => {
    /** A client's request under way, and the connection on which the upstream has its head. */
    async function begin(method: string, fields = '', body = ''): Promise<{ client: WireClient; up: RawConnection }> {
      const client = await WireClient.connect(port);
      const up = await send(client, method, `/${forwarder}/`, fields, body);
      await up.head();
      return { client, up };
    }

    test('events arrive one by one, while the upstream holds the rest', async () => {
      const { client, up } = await begin('GET');
      up.write(`${CHUNKED}content-type: text/event-stream\r\n\r\n`);
      assert.equal((await client.head()).status, 200);
      for (const event of ['data: 1\n\n', 'event: x\ndata: 2\n\n', 'data: 3\n\n']) {
        up.write(chunk(event));
        assert.equal(await client.line(), event.length.toString(16));
        assert.equal(await eat(client, event.length + 2), `${event}\r\n`);
      }
      up.write('0\r\n\r\n');
      assert.equal(await client.line(), '0');
      client.close();
    });

    test('a reply of known length arrives as it is made', async () => {
      const { client, up } = await begin('GET');
      up.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234');
      const head = await client.head();
      assert.ok(
        head.fields.some((field) => /^content-length: 10$/i.test(field)),
        head.fields.join(),
      );
      assert.equal(await eat(client, 5), '01234');
      up.write('56789');
      assert.equal(await eat(client, 5), '56789');
      client.close();
    });

    for (const framing of ['content-length: 200005', 'transfer-encoding: chunked'])
      test(`an upload (${framing}) reaches the upstream while the client goes on`, async () => {
        const chunks = framing.startsWith('t');
        const { client, up } = await begin('POST', framing, chunks ? chunk('begin') : 'begin');
        await until(() => up.received.includes('begin'), 'the first piece to arrive');
        const rest = 'x'.repeat(200_000);
        client.send(chunks ? `${chunk(rest)}0\r\n\r\n` : rest);
        await until(() => up.received.length >= 200_005, 'the rest');
        if (chunks) await until(() => up.received.subarray(-5).equals(Buffer.from('0\r\n\r\n')), 'its end');
        // Another request may come on this connection.
        up.discard();
        up.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        assert.equal((await client.reply()).body, 'ok');
        client.close();
      });

    test('a reply can come before the upload is whole', async () => {
      const { client, up } = await begin('POST', 'transfer-encoding: chunked', chunk('begin'));
      await until(() => up.received.includes('begin'), 'the first piece to arrive');
      up.write('HTTP/1.1 413 Too Much\r\ncontent-length: 2\r\n\r\nno');
      const reply = await client.reply();
      assert.deepEqual([reply.status, reply.body], [413, 'no']);
      client.close();
    });

    for (const moment of ['before the reply', 'in its body'])
      test(`a client that leaves ${moment} ends the upstream's work`, async () => {
        const aborted = () => weir.metric('weir_upstream_attempts_total', { upstream: forwarder, outcome: 'aborted' });
        const already = await aborted();
        const { client, up } = await begin('GET');
        if (moment !== 'before the reply') {
          up.write(`${CHUNKED}\r\n${chunk('some')}`);
          await client.head();
        }
        client.close();
        // A client that closed looks like one that only stopped sending, until bytes for it come back as a reset.
        if (moment !== 'before the reply')
          await until(() => up.closed || up.ended || void up.write(chunk('more')), 'the forwarder to hang up');
        await up.gone();
        await until(async () => (await aborted()) === already + 1, 'the abort to be counted');
      });

    test('a client that leaves in the middle of its upload ends it as well', async () => {
      const { client, up } = await begin('POST', 'transfer-encoding: chunked', chunk('begin'));
      await until(() => up.received.includes('begin'), 'the first piece to arrive');
      client.close();
      await up.gone();
      assert.equal(up.received.toString('latin1'), chunk('begin'), 'the upstream must not take it for the whole');
    });

    for (const [kind, head, some] of [
      ['of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n', 'only this'],
      ['in chunks', `${CHUNKED}\r\n`, chunk('only this')],
    ])
      for (const how of ['ends', 'resets'])
        test(`an upstream that ${how} inside a reply ${kind} is a broken transfer`, async () => {
          const { client, up } = await begin('GET');
          up.write(head! + some!);
          await client.head();
          await until(() => client.text.includes('only this'), 'what came');
          if (how === 'ends') up.end();
          else await up.reset();
          await client.over();
          assert.ok(!client.text.includes('0\r\n\r\n'), 'a clean end');
        });

    test('an event stream that breaks says so in an event, then breaks', async () => {
      const { client, up } = await begin('GET');
      up.write(`${CHUNKED}content-type: text/event-stream\r\n\r\n${chunk('data: 1\n\n')}`);
      await until(() => client.text.includes('data: 1'), 'the first event');
      await up.reset();
      await client.over();
      assert.match(client.text, /event: error\ndata: \{"type":"error","error":\{"type":"api_error"/);
      assert.ok(!client.text.includes('0\r\n\r\n'), 'a clean end');
    });

    test('HEAD, 204 and 304 have no body, and the connection goes on', async () => {
      const client = await WireClient.connect(port);
      const answers = [
        ['HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', 200, '5'],
        ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204, undefined],
        ['GET', 'HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n', 304, undefined],
        ['GET', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', 200, '2'],
      ] as const;
      for (const [method, answer, status, length] of answers) {
        const up = await send(client, method, `/${forwarder}/`);
        await up.answer(answer);
        const reply = await client.reply(method === 'HEAD');
        assert.deepEqual([reply.status, reply.get('content-length')], [status, length]);
      }
      client.close();
    });

    test('interim replies and trailers pass', async () => {
      const { client, up } = await begin('GET', 'te: trailers');
      up.write('HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n');
      const hints = await client.head();
      assert.equal(hints.status, 103);
      assert.ok(hints.fields.some((field) => /^link: <\/a\.css>/i.test(field)));
      up.write(`${CHUNKED}trailer: x-sum\r\n\r\n${chunk('body')}0\r\nx-sum: 42\r\n\r\n`);
      const reply = await client.reply();
      assert.equal(reply.body, 'body');
      assert.deepEqual(
        reply.trailers.map((line) => line.toLowerCase()),
        ['x-sum: 42'],
      );
      client.close();
    });

    test('a client that expects 100-continue is told to go on', async () => {
      const client = await WireClient.connect(port);
      client.send(`POST /${forwarder}/expect HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n`);
      assert.equal((await client.head()).status, 100);
      client.send('hello');
      const up = await asked(`/${forwarder}/expect`);
      const request = await up.answer('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      assert.equal(request.body.toString(), 'hello');
      assert.ok(!request.fields.some((field) => /^expect:/i.test(field)), 'Expect belongs to one hop');
      assert.equal((await client.reply()).body, 'ok');
      client.close();
    });

    test('DELETE with a body in chunks is one request upstream', async () => {
      const inner = 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n';
      const client = await WireClient.connect(port);
      const body = `${chunk(inner)}0\r\n\r\n`;
      const up = await send(client, 'DELETE', `/${forwarder}/`, 'transfer-encoding: chunked', body);
      const request = await up.answer('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      assert.equal(request.body.toString(), inner);
      assert.equal((await client.reply()).body, 'ok');
      assert.equal(up.received.length, 0, 'nothing behind it');
      client.close();
    });
  });

test('a route that drains lets the upstream finish after its client left', async () => {
  const client = await WireClient.connect(port);
  const up = await send(client, 'GET', '/drain/');
  await up.head();
  const ok = () => weir.metric('weir_upstream_attempts_total', { upstream: 'http', outcome: 'ok' });
  const already = await ok();
  up.write(`${CHUNKED}\r\n${chunk('some')}`);
  await client.head();
  client.close();
  up.write(`${chunk('rest')}0\r\n\r\n`);
  await until(async () => (await ok()) === already + 1, 'the reply to count as whole');
  await until(async () => (await weir.metric('weir_requests_in_flight')) === 0, 'the request to end');
  await weir.record(({ route, status }) => route === 'drains' && status === 200, 'its line in the log');
});

async function eat(client: WireClient, length: number): Promise<string> {
  let text = '';
  await until(() => {
    text += client.take(length - text.length);
    return text.length === length;
  }, `${length} bytes`);
  return text;
}

let requests = 0;

/** Sends a request with a path of its own; gives the connection on which it comes to the upstream. */
function send(client: WireClient, method: string, path: string, fields = '', body = ''): Promise<RawConnection> {
  const own = `${path}request-${++requests}`;
  client.send(`${method} ${own} HTTP/1.1\r\nhost: a\r\n${fields === '' ? '' : `${fields}\r\n`}\r\n${body}`);
  return asked(own);
}

function asked(path: string): Promise<RawConnection> {
  const isThere = ({ received }: RawConnection) => received.includes(` ${path} HTTP/1.1\r\n`);
  return until(() => upstream.connections.find(isThere), 'the request upstream');
}

test('none of this cost a traffic thread', async () => {
  assert.equal(await weir.metric('weir_worker_deaths_total'), 0);
});
