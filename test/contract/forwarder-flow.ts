/** Contract: back-pressure both ways, early replies, and giving up at every stage. */

import assert from 'node:assert/strict';
import { until } from '../tools/until.ts';
import type { Declare } from './forwarder.ts';
import { type RawConnection, requestTo } from './forwarder-upstream.ts';

const MB = 1 << 20;

export function flowTests(declare: Declare): void {
  pauseTests(declare);
  uploadTests(declare);
  earlyReplyTests(declare);
  cancelTests(declare);
}

/** Waits until `value` has not changed for a while. */
async function settled(value: () => number, what: string): Promise<number> {
  let last = Number.NaN;
  let same = 0;
  await until(
    () => {
      same = value() === last ? same + 1 : 0;
      last = value();
      return same >= 8;
    },
    what,
    20_000,
  );
  return last;
}

/** Writes `total` bytes as fast as they are taken; says how many were handed to the system. */
function pour(connection: RawConnection, total: number): { taken: number } {
  const count = { taken: 0 };
  const chunk = Buffer.alloc(65_536, 'x');
  const pump = (): void => {
    while (count.taken < total && !connection.closed) {
      count.taken += chunk.length;
      if (!connection.socket.write(chunk)) return;
    }
  };
  connection.socket.on('drain', pump);
  pump();
  return count;
}

function pauseTests(declare: Declare): void {
  declare('a reply of 50 MB paused stalls the upstream and holds little; resumed, it comes whole', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder(true);
    const call = bench.forwarder().send(requestTo(upstream.endpoint), to);
    to.onHead = () => call.pause();
    const connection = await upstream.accept();
    await connection.answer(`HTTP/1.1 200 OK\r\nContent-Length: ${50 * MB}\r\n\r\n`);
    const poured = pour(connection, 50 * MB);
    await to.headed();
    await settled(() => poured.taken, 'the upstream to stall');
    assert.ok(poured.taken < 25 * MB, `the upstream wrote ${poured.taken} bytes`);
    assert.ok(to.bytes <= 65_536, `${to.bytes} bytes came in spite of the pause`);
    call.resume();
    await to.done();
    assert.equal(to.bytes, 50 * MB);
  });

  declare('pause and resume at every piece', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder(true);
    const call = bench.forwarder().send(requestTo(upstream.endpoint), to);
    to.onData = () => {
      call.pause();
      setImmediate(() => call.resume());
    };
    const connection = await upstream.accept();
    await connection.answer(`HTTP/1.1 200 OK\r\nContent-Length: ${4 * MB}\r\n\r\n`);
    pour(connection, 4 * MB);
    await to.done();
    assert.equal(to.bytes, 4 * MB);
  });

  declare('a reply paused before its head waits after its head', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint), to);
    call.pause();
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    await to.headed();
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.equal(to.bytes, 0);
    call.resume();
    assert.equal((await to.done()).body, 'hello');
  });

  declare('a reply that is paused when its connection ends is not lost', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint), to);
    to.onHead = () => call.pause();
    const connection = await upstream.accept();
    await connection.request();
    connection.end(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`);
    await to.headed();
    await until(() => connection.socket.writableFinished, 'the upstream to have ended');
    call.resume();
    assert.equal((await to.done()).bytes, 200_000);
  });
}

function uploadTests(declare: Declare): void {
  declare(
    'a streamed body is asked for when its request is on a connection, not while it waits for one',
    async (bench) => {
      const upstream = await bench.upstream();
      const forwarder = bench.forwarder({ connections: 1 });
      const first = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint), first);
      const connection = await upstream.accept();
      await connection.head();
      const to = bench.recorder();
      const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: -1 }), to);
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      assert.equal(to.mores, 0);
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      await first.done();
      await until(() => to.mores === 1, 'to be asked for the body');
      call.write(Buffer.from('hello'));
      call.finish();
      await until(() => connection.received.includes('5\r\nhello\r\n0\r\n\r\n'), 'the body');
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      assert.equal((await to.done()).body, 'ok');
      assert.equal(to.mores, 1);
    },
  );

  declare('an upload stalls with its upstream, goes on with it, and arrives whole', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const total = 32 * MB;
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: total }), to);
    const chunk = Buffer.alloc(65_536, 'x');
    let written = 0;
    const pump = (): void => {
      while (written < total) {
        written += chunk.length;
        if (!call.write(chunk)) return;
      }
      call.finish();
    };
    to.onMore = () => (written < total ? pump() : call.finish());
    const accepted = upstream.accept();
    pump();
    const connection = await accepted;
    connection.forget();
    connection.stopReading();
    await settled(() => written, 'the upload to stall');
    assert.ok(written > 0 && written < 25 * MB, `${written} bytes were taken`);
    connection.read();
    await until(() => connection.socket.bytesRead > total, 'the whole upload');
    connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    assert.equal((await to.done()).body, 'ok');
  });
}

function earlyReplyTests(declare: Declare): void {
  declare('a reply before the body is whole ends the attempt, and its connection is not used again', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 100 }), to);
    call.write(Buffer.from('hello'));
    const connection = await upstream.accept();
    await until(() => connection.received.includes('hello'), 'the first piece');
    connection.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
    await to.done();
    assert.equal(to.status, 413);
    assert.equal(to.body, 'no');
    assert.equal(call.write(Buffer.from('more')), true);
    call.finish();
    await connection.gone();
    const next = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), next);
    await (await upstream.accept()).answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    assert.equal((await next.done()).body, 'ok');
    assert.ok(!connection.received.includes('more'));
  });

  declare('an early head, then the rest of both bodies', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 10 }), to);
    call.write(Buffer.from('hello'));
    const connection = await upstream.accept();
    await until(() => connection.received.includes('hello'), 'the first half');
    connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nworld');
    await to.headed();
    call.write(Buffer.from('there'));
    call.finish();
    await until(() => connection.received.includes('hellothere'), 'the second half');
    connection.write('again');
    assert.equal((await to.done()).body, 'worldagain');
  });
}

const STAGES: Readonly<Record<string, { reply: string; upload?: boolean; paused?: boolean }>> = {
  'before the head': { reply: '' },
  'inside the head': { reply: 'HTTP/1.1 200 OK\r\nX-A' },
  'inside the body': { reply: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello' },
  'inside a paused body': { reply: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', paused: true },
  'inside an upload': { reply: '', upload: true },
  'inside both bodies': { reply: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', upload: true },
};

function cancelTests(declare: Declare): void {
  for (const [stage, { reply, upload, paused }] of Object.entries(STAGES))
    declare(`cancel ${stage} closes that connection and no other`, async (bench) => {
      const upstream = await bench.upstream();
      const forwarder = bench.forwarder();
      const other = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint), other);
      const beside = await upstream.accept();
      const to = bench.recorder();
      const request = requestTo(upstream.endpoint, upload ? { method: 'POST', bodyLength: 100 } : {});
      const call = forwarder.send(request, to);
      if (paused) to.onHead = () => call.pause();
      if (upload) call.write(Buffer.from('hello'));
      const connection = await upstream.accept();
      await connection.head();
      connection.write(reply);
      if (paused) await to.headed();
      else if (reply.includes('hello')) await until(() => to.body === 'hello', 'the start of the body');
      to.cancel(call);
      to.cancel(call);
      await connection.gone();
      call.write(Buffer.from('more'));
      call.finish();
      call.pause();
      call.resume();
      await beside.answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      assert.equal((await other.done()).body, 'ok');
      await until(() => forwarder.stats().open === 1, 'the cancelled connection to be gone');
    });

  declare('cancel from inside head and data', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    for (const at of ['onHead', 'onData'] as const) {
      const to = bench.recorder();
      const call = forwarder.send(requestTo(upstream.endpoint), to);
      to[at] = () => to.cancel(call);
      const connection = await upstream.accept();
      await connection.answer('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello');
      await connection.gone();
      assert.equal(to.over, false);
    }
  });

  declare('cancel at once, before anything was done', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    to.cancel(forwarder.send(requestTo(upstream.endpoint), to));
    const refused = bench.recorder();
    refused.cancel(forwarder.send(requestTo(upstream.endpoint, { target: '/a b' }), refused));
    const next = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), next);
    await until(() => upstream.connections.some((connection) => connection.received.length > 0), 'the next request');
    for (const connection of upstream.connections)
      if (connection.received.length > 0) await connection.answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await next.done();
    await until(() => forwarder.stats().open === forwarder.stats().idle, 'the cancelled connection to be gone or free');
  });
}
