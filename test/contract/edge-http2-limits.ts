/** HTTP/2 edge: sizes, times, and the end of an edge's life. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { Fields } from '../../src/fields/fields.ts';
import { until } from '../tools/until.ts';
import { ask, type Declare } from './edge-http2-bench.ts';
import {
  ACK,
  block,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  headers,
  PREFACE,
  RST_STREAM,
  SETTINGS,
} from './http2-frames.ts';

const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'weir.test', ':path', '/'];
const POST = [':method', 'POST', ...GET.slice(2)];
const ENHANCE_YOUR_CALM = 11;

export function limitTests(declare: Declare): void {
  sizeTests(declare);
  timeTests(declare);
  drainTests(declare);
  curlTests(declare);
}

function sizeTests(declare: Declare): void {
  for (const [what, fields, status, code] of [
    ['one large field', ['x-big', 'x'.repeat(5000)], 431, 'HEADERS_TOO_LARGE'],
    ['many small fields', Array.from({ length: 500 }, () => ['a', 'bbbb']).flat(), 431, 'HEADERS_TOO_LARGE'],
    ['a field behind a long path', [':path', `/${'x'.repeat(3900)}`, 'a', 'b'.repeat(500)], 431, 'HEADERS_TOO_LARGE'],
    ['a long path', [':path', `/${'x'.repeat(5000)}`], 414, 'URI_TOO_LONG'],
    ['a long path and a field', [':path', `/${'x'.repeat(4100)}`, 'a', 'b'.repeat(500)], 414, 'URI_TOO_LONG'],
  ] as const)
    declare(`a head that is too large is answered with ${status}: ${what}`, async (bench) => {
      await bench.listen({ headerSize: 4096 });
      const client = await bench.client();
      const asked = await ask(client, [...fields], 'body').reply();
      assert.deepEqual(
        [asked.status, JSON.parse(asked.body).code, asked.get('content-type')],
        [status, code, 'application/problem+json'],
      );
      assert.equal(bench.calls.length, 0);
      bench.onCall = (call) => call.ok();
      assert.equal((await ask(client, ['x-big', 'x'.repeat(3800)]).reply()).status, 200);
    });

  declare('a head that is out of all proportion ends its stream', async (bench) => {
    await bench.listen({ headerSize: 4096 });
    const peer = await bench.frames();
    // Node holds clients to its limits once they have seen them.
    await peer.frame(SETTINGS);
    peer.send(frame(SETTINGS, ACK, 0));
    const whole = block([...GET, 'x-big', 'x'.repeat(30_000)]);
    peer.send(
      frame(HEADERS, END_STREAM, 1, whole.subarray(0, 16_000)),
      frame(CONTINUATION, END_HEADERS, 1, whole.subarray(16_000)),
    );
    assert.equal(await peer.reset(1), ENHANCE_YOUR_CALM);
    peer.send(headers(3, GET));
    (await bench.call()).ok();
    await peer.frame(HEADERS, 3);
  });
}

function timeTests(declare: Declare): void {
  declare('a connection on which nothing is said is closed within the time for a head', async (bench) => {
    await bench.listen({ headerTimeout: 200 });
    const peer = await bench.frames();
    assert.equal((await peer.goaway()).code, 0);
    await peer.gone(3000);
  });

  declare('half a head is nothing', async (bench) => {
    await bench.listen({ headerTimeout: 200 });
    const peer = await bench.frames();
    peer.send(headers(1, GET, END_STREAM));
    await peer.gone(3000);
    assert.equal(bench.calls.length, 0);
  });

  declare('an idle connection is told and closed, also where its client does nothing about it', async (bench) => {
    await bench.listen({ idleTimeout: 200 });
    bench.onCall = (call) => call.ok();
    const peer = await bench.frames();
    peer.send(headers(1, GET));
    await peer.frame(DATA, 1);
    const since = performance.now();
    assert.deepEqual(await peer.goaway(), { last: 1, code: 0 });
    assert.ok(performance.now() - since > 100);
    await until(() => bench.sessions.size === 0, 'the connection to be gone');
  });

  declare('a connection in use is not idle, and its time begins anew', async (bench) => {
    await bench.listen({ idleTimeout: 400, headerTimeout: 400 });
    bench.onCall = (call) => call.ok();
    const client = await bench.client();
    for (let i = 0; i < 4; i++) {
      assert.equal((await ask(client).reply()).status, 200);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  });

  declare('a body that takes too long fails with timeout, and the client still gets the answer', async (bench) => {
    await bench.listen({ requestTimeout: 300 });
    bench.onCall = (call) => {
      call.onBodyFailed = () => call.inbound.reply(408, Fields.empty(), 'slow', true);
      call.read();
    };
    const { asked, call } = await bench.exchange([], null);
    const timer = setInterval(() => asked.stream.write('x'), 50);
    try {
      await asked.reply();
    } finally {
      clearInterval(timer);
    }
    assert.deepEqual([asked.status, asked.body, call.failed], [408, 'slow', 'timeout']);
  });

  declare('a body that keeps coming at a fair rate is taken, however long it takes', async (bench) => {
    // Longer in all than the time allowed, and no wait comes near to it, on a busy machine either.
    await bench.listen({ requestTimeout: 1300, uploadRate: 500 });
    bench.onCall = (call) => call.read();
    const { asked, call } = await bench.exchange([], null);
    for (let i = 0; i < 20; i++) {
      asked.stream.write('x'.repeat(50));
      await new Promise((resolve) => setTimeout(resolve, 75));
    }
    asked.stream.end();
    assert.equal((await call.ended()).length, 1000);
    assert.equal(call.failed, '');
    call.ok();
  });

  declare(
    'a client whose body nobody has asked for yet is not slow; one that is read and says nothing is',
    async (bench) => {
      await bench.listen({ requestTimeout: 200 });
      const { call } = await bench.exchange([], null);
      await new Promise((resolve) => setTimeout(resolve, 500));
      call.read();
      assert.equal(call.failed, '');
      await until(() => call.failed === 'timeout', 'the end of its time');
      call.inbound.destroy();
    },
  );

  declare('a client that is held back is not slow', async (bench) => {
    await bench.listen({ requestTimeout: 150 });
    bench.onCall = (call) => call.read().inbound.pauseBody();
    const { asked, call } = await bench.exchange([], null);
    asked.stream.write('ab');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(call.failed, '');
    call.inbound.resumeBody();
    asked.stream.end('cd');
    assert.equal(await call.ended(), 'abcd');
    assert.equal(call.failed, '');
    call.ok();
  });

  declare('the time to receive a request does not limit the time to answer it', async (bench) => {
    await bench.listen({ headerTimeout: 100, requestTimeout: 100, idleTimeout: 100 });
    bench.onCall = (call) => call.read();
    const { asked, call } = await bench.exchange([], 'ab');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(call.over, '');
    call.ok('slow');
    assert.equal((await asked.reply()).body, 'slow');
  });
}

function drainTests(declare: Declare): void {
  declare('drain, the grace over: open streams finish, new ones are refused', async (bench) => {
    await bench.listen();
    const idle = await bench.frames();
    const busy = await bench.frames();
    busy.send(headers(1, POST, END_HEADERS));
    const call = await bench.call();
    call.read();
    bench.sessions.drain(0);
    assert.deepEqual([(await idle.goaway()).code, await busy.goaway()], [0, { last: 1, code: 0 }]);
    await idle.gone(3000);
    busy.send(headers(3, GET), frame(DATA, END_STREAM, 1, 'abcd'));
    assert.equal(await call.ended(), 'abcd');
    call.ok('last');
    assert.equal((await busy.frame(DATA, 1)).payload.toString(), 'last');
    await busy.gone(3000);
    assert.deepEqual([await call.finished(), bench.calls.length], ['done', 1]);
    await until(() => bench.sessions.size === 0, 'every connection to end');
  });

  declare('drain: a request within the grace is answered, and GOAWAY stands before its reply', async (bench) => {
    await bench.listen();
    bench.onCall = (call) => call.ok('answer');
    const peer = await bench.frames();
    const fresh = await bench.frames();
    peer.send(headers(1, GET));
    await peer.frame(DATA, 1);
    bench.sessions.drain(20_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    peer.send(headers(3, GET));
    fresh.send(headers(1, GET));
    assert.equal((await peer.frame(DATA, 3)).payload.toString(), 'answer');
    assert.equal((await fresh.frame(DATA, 1)).payload.toString(), 'answer');
    const order = peer.frames.filter(({ type, stream }) => type === GOAWAY || (type === HEADERS && stream === 3));
    assert.deepEqual(
      order.map(({ type }) => type),
      [GOAWAY, HEADERS],
    );
    assert.deepEqual(await peer.goaway(), { last: 3, code: 0 });
    await peer.gone(3000);
    await fresh.gone(3000);
  });

  declare('drain: as long as several streams are open new ones are taken, until the grace is over', async (bench) => {
    await bench.listen();
    const peer = await bench.frames();
    peer.send(headers(1, GET), headers(3, GET));
    const [first, second] = [await bench.call(), await bench.call()];
    bench.sessions.drain(400);
    first.ok('first');
    peer.send(headers(5, GET));
    const third = await bench.call();
    assert.equal(peer.find(GOAWAY), undefined);
    assert.deepEqual(await peer.goaway(), { last: 5, code: 0 });
    second.ok('second');
    third.ok('third');
    assert.equal((await peer.frame(DATA, 5)).payload.toString(), 'third');
    assert.equal((await peer.frame(DATA, 3)).payload.toString(), 'second');
    await peer.gone(3000);
  });

  declare('drain: an idle connection ends when the grace is over, and not before', async (bench) => {
    await bench.listen();
    const peer = await bench.frames();
    const begun = performance.now();
    bench.sessions.drain(400);
    assert.equal((await peer.goaway()).code, 0);
    assert.ok(performance.now() - begun >= 350);
    await peer.gone(3000);
  });

  declare('drain: a client of Node finishes its stream and closes', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    call.inbound.head(200, Fields.empty(), -1, false);
    await asked.headed();
    const closed = once(client, 'close');
    bench.sessions.drain(0);
    call.inbound.end(null, Buffer.from('end'));
    assert.equal((await asked.reply()).body, 'end');
    await closed;
    assert.equal(await call.finished(), 'done');
  });

  declare('a connection that comes behind the grace is told at once', async (bench) => {
    await bench.listen();
    bench.sessions.drain(0);
    const peer = await bench.frames();
    assert.equal((await peer.goaway()).code, 0);
    await peer.gone(3000);
  });

  declare('shutDown: told to every open stream', async (bench) => {
    bench.onCall = (call) => {
      call.onShutDown = () => call.inbound.reply(503, Fields.empty(), 'ends', true);
    };
    const { client, asked } = await bench.exchange();
    const other = ask(client);
    await until(() => bench.calls.length === 2, 'both requests');
    bench.sessions.drain(0);
    bench.sessions.shutDown();
    assert.deepEqual([(await asked.reply()).body, (await other.reply()).body], ['ends', 'ends']);
  });

  declare('close: what is under way is gone, and it resolves when nothing is left', async (bench) => {
    bench.onCall = (call) => call.read();
    const waiting = await bench.exchange();
    const sending = await bench.exchange([], null);
    sending.call.inbound.head(200, Fields.empty(), -1, false);
    sending.call.inbound.write(Buffer.from('a'));
    const silent = await bench.frames();
    await until(() => bench.sessions.size === 3, 'all connections');
    await bench.sessions.close();
    assert.equal(bench.sessions.size, 0);
    assert.deepEqual([await waiting.call.finished(), await sending.call.finished()], ['gone', 'gone']);
    await silent.gone();
    await bench.sessions.close();
  });

  declare('a socket that is closed by the time it is handed over is let go', async (bench) => {
    const client = await bench.client();
    client.destroy();
    await until(() => bench.sessions.size === 0, 'the connection to be gone');
    bench.sessions.serveHttp2({ destroyed: true } as never);
    assert.equal(bench.sessions.size, 0);
  });

  declare('what is no preface ends the connection', async (bench) => {
    const peer = await bench.frames();
    peer.send(PREFACE);
    await peer.gone();
    assert.ok(peer.find(GOAWAY) !== undefined || peer.find(RST_STREAM) === undefined);
    await until(() => bench.sessions.size === 0, 'the connection to be gone');
  });
}

function curlTests(declare: Declare): void {
  declare('curl: a request, an upload and an early answer', async (bench) => {
    if (!(await run(['--version'])).includes('HTTP2')) {
      console.log('skipped: no curl with HTTP/2 here');
      return;
    }
    await bench.listen();
    const url = `https://127.0.0.1:${bench.port}`;
    bench.onCall = (call) => {
      call.onBodyEnd = () => call.ok(`${call.inbound.version} ${call.inbound.method} ${call.received}`);
      call.read();
    };
    assert.equal(await run(['--http2', '-sk', `${url}/`]), '2 GET 0');
    const upload = ['--http2', '-sk', '--data-binary', 'x'.repeat(100_000), `${url}/up`];
    assert.equal(await run(upload), '2 POST 100000');
    bench.onCall = (call) => call.inbound.reply(413, Fields.empty(), 'too large', true);
    assert.equal(await run(['-w', ' %{http_code}', ...upload]), 'too large 413');
  });
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile('curl', args, { timeout: 10_000 }, (_error, stdout) => resolve(stdout));
  });
}
