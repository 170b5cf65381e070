/** Contract: which connection a request gets, how many there are, and how they end. */
import assert from 'node:assert/strict';
import { until } from '../tools/until.ts';
import type { Declare } from './forwarder.ts';
import { PATIENT, type RawConnection, requestTo } from './forwarder-upstream.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

export function poolTests(declare: Declare): void {
  reuseTests(declare);
  staleTests(declare);
  limitTests(declare);
  closeTests(declare);
}

function reuseTests(declare: Declare): void {
  declare('one request after another uses one connection', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    let connection: RawConnection | null = null;
    for (const body of [null, Buffer.from('a'), Buffer.from('b'), null]) {
      const to = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint, { body }), to);
      connection ??= await upstream.accept();
      await connection.answer(OK);
      await to.done();
      await until(() => forwarder.stats().idle === 1, 'the connection to be idle');
    }
    assert.equal(upstream.connections.length, 1);
    assert.partialDeepStrictEqual(forwarder.stats(), { open: 1, idle: 1, waiting: 0 });
  });

  declare('a call tells whether its request had to wait for a connection', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const told: (boolean | undefined)[] = [];
    let connection: RawConnection | null = null;
    for (let round = 0; round < 3; round++) {
      const to = bench.recorder();
      const call = forwarder.send(requestTo(upstream.endpoint), to);
      connection ??= await upstream.accept();
      await connection.answer(OK);
      await to.done();
      told.push(call.waited);
      await until(() => forwarder.stats().idle === 1, 'the connection to be idle');
    }
    assert.deepEqual(told, [true, false, false]);
  });

  declare('many uploads over one connection leave no listener behind', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const warnings: string[] = [];
    const warned = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', warned);
    bench.atEnd(() => process.off('warning', warned));
    let connection: RawConnection | null = null;
    for (let round = 0; round < 16; round++) {
      const to = bench.recorder();
      const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 5 }), to);
      call.write(Buffer.from('hello'));
      call.finish();
      connection ??= await upstream.accept();
      await connection.answer(OK);
      await to.done();
      await until(() => forwarder.stats().idle === 1, 'the connection to be idle');
    }
    assert.equal(upstream.connections.length, 1);
    assert.deepEqual(warnings, []);
  });

  declare('the connection used last is used first', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const first = bench.recorder();
    const second = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), first);
    const one = await upstream.accept();
    forwarder.send(requestTo(upstream.endpoint), second);
    const two = await upstream.accept();
    await one.answer(OK);
    await first.done();
    await until(() => forwarder.stats().idle === 1, 'the first connection to be idle');
    await two.answer(OK);
    await second.done();
    await until(() => forwarder.stats().idle === 2, 'the second connection to be idle');
    const third = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), third);
    await two.answer(OK);
    await third.done();
  });

  const LAST: Readonly<Record<string, string>> = {
    'Connection: close': 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
  };
  for (const [what, reply] of Object.entries(LAST))
    declare(`after ${what} the next request has a new connection`, async (bench) => {
      const upstream = await bench.upstream();
      const forwarder = bench.forwarder();
      for (let round = 0; round < 2; round++) {
        const to = bench.recorder();
        forwarder.send(requestTo(upstream.endpoint, { body: Buffer.from('q') }), to);
        const connection = await upstream.accept();
        await connection.answer(reply);
        assert.equal((await to.done()).body, 'ok');
        await connection.gone();
      }
    });

  declare('a request sent from inside the end of another one', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const first = bench.recorder();
    const second = bench.recorder();
    first.onOver = () => void forwarder.send(requestTo(upstream.endpoint, { body: Buffer.from('q') }), second);
    forwarder.send(requestTo(upstream.endpoint), first);
    await (await upstream.accept()).answer(OK);
    await first.done();
    await until(() => upstream.connections.some((connection) => connection.received.length > 0), 'the second request');
    for (const connection of upstream.connections) if (connection.received.length > 0) await connection.answer(OK);
    await second.done();
  });

  declare('bytes behind a reply never become the next reply', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const first = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), first);
    const poisoned = await upstream.accept();
    await poisoned.answer(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
    assert.equal((await first.done()).body, 'ok');
    const second = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), second);
    await (await upstream.accept()).answer(OK);
    assert.equal((await second.done()).body, 'ok');
  });

  declare('an idle connection is closed after its time', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ idle: 60 });
    const to = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), to);
    const connection = await upstream.accept();
    await connection.answer(OK);
    await to.done();
    const since = performance.now();
    await connection.gone();
    assert.ok(performance.now() - since < 3000, 'it took the time set, not one of the library');
    await until(() => forwarder.stats().open === 0, 'the count to follow');
  });
}

function staleTests(declare: Declare): void {
  declare('a connection closed while idle is not used', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    for (let round = 0; round < 3; round++) {
      const to = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint, { body: Buffer.from('q') }), to);
      const connection = await upstream.accept();
      await connection.answer(OK);
      await to.done();
      connection.end();
      await until(() => forwarder.stats().open === 0, 'the close to be seen');
    }
  });

  for (const [method, how] of [
    ['GET', 'FIN'],
    ['PUT', 'RST'],
  ] as const)
    declare(`a ${method} on a connection that closes just then (${how}) is sent again, once`, async (bench) => {
      const upstream = await bench.upstream();
      const forwarder = bench.forwarder();
      const warm = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint), warm);
      const stale = await upstream.accept();
      await stale.answer(OK);
      await warm.done();
      await until(() => forwarder.stats().idle === 1, 'the connection to be idle');
      const to = bench.recorder();
      const body = method === 'PUT' ? Buffer.from('q') : null;
      forwarder.send(requestTo(upstream.endpoint, { method, body }), to);
      await stale.request();
      if (how === 'FIN') stale.end();
      else await stale.reset();
      const fresh = await upstream.accept();
      assert.equal((await fresh.answer(OK)).body.toString(), body ? 'q' : '');
      assert.equal((await to.done()).body, 'ok');
    });

  declare('a POST on a connection that closes just then is not sent again', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const warm = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), warm);
    const stale = await upstream.accept();
    await stale.answer(OK);
    await warm.done();
    await until(() => forwarder.stats().idle === 1, 'the connection to be idle');
    const to = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint, { body: Buffer.from('q') }), to);
    await stale.request();
    stale.end();
    const failure = await to.fails();
    assert.deepEqual([failure.reason, failure.sent], ['reset', true]);
    assert.equal(upstream.connections.length, 1);
  });

  declare('a GET on a new connection that closes is not sent again, nor one sent again already', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const first = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), first);
    const one = await upstream.accept();
    await one.request();
    one.end();
    assert.equal((await first.fails()).reason, 'reset');
    assert.equal(upstream.connections.length, 1);
    const warm = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), warm);
    const two = await upstream.accept();
    await two.answer(OK);
    await warm.done();
    await until(() => forwarder.stats().idle === 1, 'the connection to be idle');
    const to = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), to);
    await two.request();
    two.end();
    const three = await upstream.accept();
    await three.request();
    three.end();
    assert.equal((await to.fails()).reason, 'reset');
    assert.equal(upstream.connections.length, 3);
  });
}

function limitTests(declare: Declare): void {
  declare('no more connections than allowed; the others wait in the queue', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ connections: 2 });
    const all = Array.from({ length: 5 }, () => bench.recorder());
    for (const [i, to] of all.entries()) forwarder.send(requestTo(upstream.endpoint, { target: `/${i}` }), to);
    const connections = [await upstream.accept(), await upstream.accept()];
    assert.partialDeepStrictEqual(forwarder.stats(), { open: 2, idle: 0, waiting: 3 });
    const targets: string[] = [];
    for (let i = 0; i < 5; i++) {
      const ready = await until(() => connections.find((one) => one.received.includes('\r\n\r\n')), 'the next request');
      targets.push((await ready.answer(OK)).line);
      await until(() => all.filter((to) => to.ended).length === i + 1, 'its reply');
    }
    assert.equal(upstream.connections.length, 2);
    const waited = targets.filter((target) => !/\/[01] /.test(target));
    assert.deepEqual(waited, ['GET /2 HTTP/1.1', 'GET /3 HTTP/1.1', 'GET /4 HTTP/1.1']);
    assert.equal(forwarder.stats().waiting, 0);
  });

  declare('who waits gets a new connection when one is lost', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ connections: 1 });
    const first = bench.recorder();
    const second = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint), first);
    forwarder.send(requestTo(upstream.endpoint, { body: Buffer.from('q') }), second);
    await (await upstream.accept()).request();
    first.cancel(call);
    await (await upstream.accept()).answer(OK);
    assert.equal((await second.done()).body, 'ok');
  });

  declare('who waits gets a new connection after the last reply of one', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ connections: 1 });
    const all = [bench.recorder(), bench.recorder(), bench.recorder()];
    for (const to of all) forwarder.send(requestTo(upstream.endpoint, { body: Buffer.from('q') }), to);
    for (const to of all) {
      await (await upstream.accept()).answer('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
      assert.equal((await to.done()).body, 'ok');
    }
  });

  declare('a request that waits can be cancelled', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ connections: 1 });
    const first = bench.recorder();
    const second = bench.recorder();
    const third = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), first);
    const call = forwarder.send(requestTo(upstream.endpoint, { target: '/cancelled' }), second);
    forwarder.send(requestTo(upstream.endpoint, { target: '/third' }), third);
    const connection = await upstream.accept();
    second.cancel(call);
    assert.equal(forwarder.stats().waiting, 1);
    await connection.answer(OK);
    assert.equal((await connection.answer(OK)).line, 'GET /third HTTP/1.1');
    await first.done();
    await third.done();
  });

  declare('a request waits no longer than one may, whatever its own times, is busy and was not sent', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ connections: 1, queue: { max: 2, wait: 60 } });
    const first = bench.recorder();
    const second = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), first);
    const call = forwarder.send(requestTo(upstream.endpoint, { timeouts: { ...PATIENT, firstByte: 1 } }), second);
    assert.equal(call.queued()?.reason, 'busy');
    const failure = await second.fails();
    assert.deepEqual([failure.reason, failure.sent], ['busy', false]);
    assert.ok(failure.retryAfter! > 0 && failure.retryAfter! <= 60, `${failure.retryAfter} ms`);
    assert.equal(call.queued(), null);
    assert.partialDeepStrictEqual(forwarder.stats(), { waiting: 0, waited: 1, full: 0, late: 1 });
    await (await upstream.accept()).answer(OK);
    await first.done();
  });

  declare(
    'a request that finds the line full is busy, in a later turn; who leaves the line makes room',
    async (bench) => {
      const upstream = await bench.upstream();
      const crowds: { id: string; waiting: number; full: number }[] = [];
      const forwarder = bench.forwarder({ connections: 1, queue: { max: 1, wait: 30_000 } }, ({ id }, line) => {
        crowds.push({ id, waiting: line.waiting, full: line.full });
      });
      const [first, left, refused, third] = Array.from({ length: 4 }, () => bench.recorder());
      const riding = forwarder.send(requestTo(upstream.endpoint), first!);
      const call = forwarder.send(requestTo(upstream.endpoint), left!);
      const streamed = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 4 }), refused!);
      assert.equal(refused!.failure, null);
      streamed.write(Buffer.from('body'));
      streamed.finish();
      const failure = await refused!.fails();
      assert.deepEqual([failure.reason, failure.sent], ['busy', false]);
      const { id } = upstream.endpoint;
      assert.deepEqual(crowds, [
        { id, waiting: 1, full: 0 },
        { id, waiting: 1, full: 1 },
      ]);
      left!.cancel(call);
      assert.equal(riding.queued(), null);
      const late = forwarder.send(requestTo(upstream.endpoint), third!);
      assert.partialDeepStrictEqual(forwarder.stats(), { waiting: 1, waited: 2, full: 1, late: 0 });
      const connection = await upstream.accept();
      await connection.answer(OK);
      await first!.done();
      await connection.answer(OK);
      await third!.done();
      assert.equal(late.waited, true);
      assert.equal(upstream.connections.length, 1);
    },
  );

  declare('nobody waits where the line has no places', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ connections: 1, queue: { max: 0, wait: 30_000 } });
    const first = bench.recorder();
    const second = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), first);
    forwarder.send(requestTo(upstream.endpoint), second);
    assert.equal((await second.fails()).reason, 'busy');
    await (await upstream.accept()).answer(OK);
    await first.done();
  });

  declare('a hundred at once, each with its own reply', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ connections: 32 });
    const all = Array.from({ length: 100 }, () => bench.recorder());
    for (const [i, to] of all.entries()) {
      const body = i % 2 ? Buffer.from(`body ${i}`) : null;
      forwarder.send(requestTo(upstream.endpoint, { target: `/${i}`, body }), to);
    }
    const serve = async (): Promise<void> => {
      while (!all.every((to) => to.over)) {
        for (const connection of upstream.connections) {
          if (!connection.received.includes('\r\n\r\n')) continue;
          const { line, body } = await connection.request();
          const text = `${line.split(' ')[1]} ${body}`;
          connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
        }
        await new Promise(setImmediate);
      }
    };
    await serve();
    for (const [i, to] of all.entries()) assert.equal((await to.done()).body, `/${i} ${i % 2 ? `body ${i}` : ''}`);
    assert.ok(upstream.connections.length <= 32);
  });
}

function closeTests(declare: Declare): void {
  declare('close ends idle connections at once, others after their request, and takes no more', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const first = bench.recorder();
    const second = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), first);
    const idle = await upstream.accept();
    forwarder.send(requestTo(upstream.endpoint), second);
    const busy = await upstream.accept();
    await idle.answer(OK);
    await first.done();
    await until(() => forwarder.stats().idle === 1, 'the first connection to be idle');
    let closed = false;
    const closing = forwarder.close().then(() => {
      closed = true;
    });
    await idle.gone();
    assert.equal(closed, false);
    const late = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), late);
    assert.equal(late.failure, null);
    const failure = await late.fails();
    assert.deepEqual([failure.reason, failure.sent], ['connect', false]);
    await busy.answer(OK);
    assert.equal((await second.done()).body, 'ok');
    await closing;
    await busy.gone();
  });
}
