/** Contract: sizes, times, counts, and the end of an edge's life. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import { until } from '../tools/until.ts';
import type { Declare } from './edge.ts';

const HOST = 'Host: weir.test\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;

export function limitTests(declare: Declare): void {
  sizeTests(declare);
  timeTests(declare);
  countTests(declare);
  drainTests(declare);
}

function sizeTests(declare: Declare): void {
  declare('a head that is too large is answered with 431', async (bench) => {
    await bench.listen({ headerSize: 4096 });
    for (const head of [
      `GET / HTTP/1.1\r\n${HOST}X-Big: ${'x'.repeat(5000)}\r\n\r\n`,
      `GET / HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(1000)}\r\n`,
      `GET / HTTP/1.1\r\n${HOST}X-Endless: ${'x'.repeat(5000)}`,
    ]) {
      const client = await bench.client();
      client.send(head);
      const reply = await client.reply();
      assert.deepEqual([reply.status, reply.get('connection')], [431, 'close']);
      await client.over(1000);
    }
    assert.equal(bench.calls.length, 0);
  });

  declare('a target that is too long is answered with 414, and fields behind one that fits with 431', async (bench) => {
    await bench.listen({ headerSize: 4096 });
    const big = (target: number, field: number) => [
      `GET /${'x'.repeat(target)}`,
      `X-Big: ${'x'.repeat(field)}\r\n\r\n`,
    ];
    for (const [pieces, status] of [
      [[big(5000, 0).join(` HTTP/1.1\r\n${HOST}`)], 414],
      [[big(5000, 5000).join(` HTTP/1.1\r\n${HOST}`)], 414],
      [[`GET /${'x'.repeat(5000)}`], 414],
      [[`GET /${'x'.repeat(2000)}`, 'x'.repeat(3000)], 414],
      [[big(3900, 500).join(` HTTP/1.1\r\n${HOST}`)], 431],
      [[`GET /${'x'.repeat(3900)}`, ` HTTP/1.1\r\n${HOST}X-Big: ${'x'.repeat(500)}`], 431],
    ] as const) {
      const client = await bench.client();
      for (const piece of pieces) {
        client.send(piece);
        await new Promise(setImmediate);
      }
      const reply = await client.reply();
      assert.deepEqual([reply.status, reply.get('connection')], [status, 'close']);
      await client.over(1000);
    }
    assert.equal(bench.calls.length, 0);
  });

  declare('a head just under the limit is taken', async (bench) => {
    await bench.listen({ headerSize: 4096 });
    bench.onCall = (call) => call.ok();
    const client = await bench.client();
    client.send(`GET / HTTP/1.1\r\n${HOST}X-Big: ${'x'.repeat(3900)}\r\n\r\n`);
    assert.equal((await client.reply()).status, 200);
  });

  declare('trailers have a bound as well', async (bench) => {
    await bench.listen({ headerSize: 4096 });
    bench.onCall = (call) => call.read();
    const { call } = await bench.exchange(
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\nX-Big: ${'x'.repeat(8000)}\r\n\r\n`,
    );
    await call.ended();
    assert.equal(call.failed, 'malformed');
  });
}

function timeTests(declare: Declare): void {
  declare('a head that takes too long is answered with 408', async (bench) => {
    await bench.listen({ headerTimeout: 300 });
    const client = await bench.client();
    client.send('GET / HTTP/1.1\r\nX-Slow: ');
    const timer = setInterval(() => client.send('x'), 50);
    const reply = await client.reply().finally(() => clearInterval(timer));
    assert.deepEqual([reply.status, reply.get('connection')], [408, 'close']);
    await client.over(1000);
    assert.equal(bench.calls.length, 0);
  });

  declare('a connection on which nothing is said is closed within the time for a head', async (bench) => {
    await bench.listen({ headerTimeout: 300 });
    const client = await bench.client();
    await client.over(2000);
  });

  declare('a head may be given more time than its whole request: the shorter time counts', async (bench) => {
    await bench.listen({ headerTimeout: 20_000, requestTimeout: 300 });
    const client = await bench.client();
    client.send('GET / HTTP/1.1\r\nHos');
    assert.equal((await client.reply()).status, 408);
  });

  declare('a body that takes too long fails with timeout', async (bench) => {
    await bench.listen({ headerTimeout: 300, requestTimeout: 400 });
    bench.onCall = (call) => {
      call.onBodyFailed = () => call.inbound.reply(408, Fields.empty(), 'slow', true);
      call.read();
    };
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 1000\r\n\r\n`);
    const timer = setInterval(() => client.send('x'), 50);
    const reply = await client.reply().finally(() => clearInterval(timer));
    assert.deepEqual([reply.status, reply.get('connection'), call.failed], [408, 'close', 'timeout']);
    await client.over(1500);
  });

  for (const [what, head, piece] of [
    ['of known length', 'Content-Length: 1000', 'x'.repeat(50)],
    ['in chunks', 'Transfer-Encoding: chunked', `32\r\n${'x'.repeat(50)}\r\n`],
  ])
    declare(`a body ${what} that keeps coming at a fair rate is taken, however long it takes`, async (bench) => {
      // Longer in all than the time allowed, and no wait comes near to it, on a busy machine either.
      await bench.listen({ headerTimeout: 1300, requestTimeout: 1300, uploadRate: 500 });
      bench.onCall = (call) => call.read();
      const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}${head}\r\n\r\n`);
      for (let i = 0; i < 20; i++) {
        client.send(piece!);
        await new Promise((resolve) => setTimeout(resolve, 75));
      }
      if (what === 'in chunks') client.send('0\r\n\r\n');
      assert.equal((await call.ended()).length, 1000);
      assert.equal(call.failed, '');
      call.ok();
      assert.equal((await client.reply()).status, 200);
    });

  declare('a client that is held back is not slow', async (bench) => {
    await bench.listen({ headerTimeout: 200, requestTimeout: 200 });
    bench.onCall = (call) => call.read().inbound.pauseBody();
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nab`);
    await new Promise((resolve) => setTimeout(resolve, 900));
    assert.deepEqual([call.failed, client.text], ['', '']);
    call.inbound.resumeBody();
    client.send('cd');
    assert.equal(await call.ended(), 'abcd');
    call.ok();
    assert.equal((await client.reply()).status, 200);
  });

  declare('a client whose body nobody has asked for yet is not slow', async (bench) => {
    await bench.listen({ headerTimeout: 200, requestTimeout: 200 });
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nab`);
    await new Promise((resolve) => setTimeout(resolve, 900));
    assert.equal(client.text, '');
    call.read();
    client.send('cd');
    assert.equal(await call.ended(), 'abcd');
    call.ok();
    assert.equal((await client.reply()).status, 200);
  });

  declare(
    'a client that says nothing while its reply streams is not slow; when that is whole, it is',
    async (bench) => {
      await bench.listen({ headerTimeout: 200, requestTimeout: 200 });
      bench.onCall = (call) => call.read();
      const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nab`);
      call.inbound.head(200, Fields.empty(), -1, false);
      await client.head();
      await new Promise((resolve) => setTimeout(resolve, 700));
      assert.equal(call.failed, '');
      call.inbound.end(null, Buffer.from('end'));
      await client.over(3000);
      assert.ok(client.text.endsWith('end\r\n0\r\n\r\n'));
      assert.equal(await call.finished(), 'done');
    },
  );

  declare('a client that was held back and then stops sending is slow', async (bench) => {
    await bench.listen({ headerTimeout: 200, requestTimeout: 200 });
    bench.onCall = (call) => {
      call.onBodyFailed = () => call.inbound.reply(408, Fields.empty(), 'slow', true);
      call.read().inbound.pauseBody();
    };
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nab`);
    call.inbound.resumeBody();
    assert.equal((await client.reply()).status, 408);
    assert.equal(call.failed, 'timeout');
  });

  declare('the time to receive a request does not limit the time to answer it', async (bench) => {
    await bench.listen({ headerTimeout: 200, requestTimeout: 200, idleTimeout: 200 });
    bench.onCall = (call) => call.read();
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nab`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(call.over, '');
    call.ok('slow');
    assert.equal((await client.reply()).body, 'slow');
  });

  declare('an idle connection is closed in good order', async (bench) => {
    await bench.listen({ idleTimeout: 200 });
    bench.onCall = (call) => call.ok();
    const client = await bench.client();
    client.send(GET);
    await client.reply();
    const started = performance.now();
    await client.over(2000);
    assert.ok(performance.now() - started > 100);
    assert.deepEqual([client.error, client.text], ['', '']);
  });

  declare('a second request in time is served, however late the first was', async (bench) => {
    await bench.listen({ idleTimeout: 2000 });
    bench.onCall = (call) => call.ok();
    const client = await bench.client();
    for (let i = 0; i < 4; i++) {
      client.send(GET);
      assert.equal((await client.reply()).status, 200);
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
  });
}

function countTests(declare: Declare): void {
  declare('connections beyond the limit are closed; a free place is taken again', async (bench) => {
    await bench.listen({ connections: 2 });
    bench.onCall = (call) => call.ok();
    const first = await bench.client();
    const second = await bench.client();
    first.send(GET);
    second.send(GET);
    assert.equal((await first.reply()).status + (await second.reply()).status, 400);
    const third = await bench.client();
    await third.over(1000);
    assert.equal(third.bytes, 0);
    first.close();
    await until(() => bench.edge.connections === 1, 'a free place');
    const fourth = await bench.client();
    fourth.send(GET);
    assert.equal((await fourth.reply()).status, 200);
  });
}

function drainTests(declare: Declare): void {
  declare('drain: open requests finish with Connection: close, new connections are refused', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    const streaming = await bench.exchange(GET);
    streaming.call.inbound.head(200, Fields.empty(), -1, false);
    await streaming.client.head();
    bench.edge.drain(0);
    await assert.rejects(bench.client(), { code: 'ECONNREFUSED' });
    call.ok('last');
    const reply = await client.reply();
    assert.deepEqual([reply.get('connection'), reply.body], ['close', 'last']);
    await client.over(1000);
    streaming.call.inbound.end(null, Buffer.from('end'));
    await streaming.client.over(1000);
    assert.ok(streaming.client.text.endsWith('end\r\n0\r\n\r\n'));
    assert.deepEqual([await call.finished(), await streaming.call.finished()], ['done', 'done']);
    await until(() => bench.edge.connections === 0, 'every connection to end');
  });

  declare('drain: connections without a request end when the grace is over, and not before', async (bench) => {
    await bench.listen();
    bench.onCall = (call) => call.ok();
    const idle = await bench.client();
    const fresh = await bench.client();
    idle.send(GET);
    await idle.reply();
    const begun = performance.now();
    bench.edge.drain(400);
    await idle.over(3000);
    await fresh.over(3000);
    const took = performance.now() - begun;
    assert.ok(took >= 350, `${took} ms`);
    assert.deepEqual([idle.error, idle.text, fresh.error, fresh.bytes], ['', '', '', 0]);
    await until(() => bench.edge.connections === 0, 'every connection to end');
  });

  declare('drain: a request within the grace is answered, and its connection ends with that', async (bench) => {
    await bench.listen();
    bench.onCall = (call) => call.ok('answer');
    const idle = await bench.client();
    const fresh = await bench.client();
    idle.send(GET);
    await idle.reply();
    bench.edge.drain(20_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const client of [idle, fresh]) {
      client.send(GET);
      const reply = await client.reply();
      assert.deepEqual([reply.body, reply.get('connection')], ['answer', 'close']);
      await client.over(1000);
      assert.equal(client.error, '');
    }
  });

  declare('drain: a reply that promised to keep its connection keeps that, for the grace', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), -1, false);
    await until(() => client.text !== '', 'the head');
    bench.edge.drain(20_000);
    call.inbound.end(null, Buffer.from('end'));
    assert.equal((await client.reply()).get('connection'), undefined);
    bench.onCall = (next) => next.ok('next');
    client.send(GET);
    assert.deepEqual([(await client.reply()).body, client.error], ['next', '']);
    await client.over(1000);
  });

  declare('shutDown: told to what is under way, and to nothing else', async (bench) => {
    await bench.listen();
    bench.onCall = (call) => call.ok();
    const idle = await bench.client();
    idle.send(GET);
    await idle.reply();
    bench.onCall = (call) => {
      call.onShutDown = () => call.inbound.reply(503, Fields.empty(), 'ends', true);
    };
    const waiting = await bench.client();
    const receiving = await bench.client();
    waiting.send(GET);
    receiving.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nab`);
    await until(() => bench.calls.length === 3, 'all requests');
    bench.edge.drain(0);
    bench.edge.shutDown();
    for (const client of [waiting, receiving]) {
      assert.equal((await client.reply()).body, 'ends');
      await client.over(2000);
    }
    assert.deepEqual(
      bench.calls.map(({ shut }) => shut),
      [false, true, true],
    );
  });

  declare('drain: a body that is coming in is still taken', async (bench) => {
    bench.onCall = (call) => call.read();
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nab`);
    bench.edge.drain(0);
    client.send('cd');
    assert.equal(await call.ended(), 'abcd');
    call.ok();
    assert.equal((await client.reply()).get('connection'), 'close');
    await client.over(1000);
  });

  declare('drain: a slow head is still ended in time', async (bench) => {
    await bench.listen({ headerTimeout: 300 });
    const client = await bench.client();
    client.send('GET / HTTP/1.1\r\nHos');
    await until(() => bench.edge.connections === 1, 'the connection');
    await new Promise((resolve) => setTimeout(resolve, 50));
    bench.edge.drain(5000);
    await client.over(2000);
  });

  declare('close: what is under way is gone, and it resolves when nothing is left', async (bench) => {
    bench.onCall = (call) => call.read();
    const waiting = await bench.exchange(GET);
    const sending = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nab`);
    const silent = await bench.client();
    await until(() => bench.edge.connections === 3, 'all connections');
    await bench.edge.close();
    assert.equal(bench.edge.connections, 0);
    assert.deepEqual([await waiting.call.finished(), await sending.call.finished()], ['gone', 'gone']);
    await silent.over(1000);
    await bench.edge.close();
  });

  declare('an address in use: listen rejects with the system’s error', async (bench) => {
    await bench.listen();
    const { port } = bench.edge.address;
    await assert.rejects(bench.second({ port }), { code: 'EADDRINUSE' });
  });
}
