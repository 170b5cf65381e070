/** What the forwarder on our own HTTP/1.1 promises beyond the contract of all forwarders. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import tls, { type TLSSocket } from 'node:tls';
import { createHttp1Forwarder } from '../../src/forwarders/http1/index.ts';
import { keptFor } from '../../src/forwarders/http1/keep-alive.ts';
import type { Forwarder, UpstreamEvents, UpstreamRequest } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import { Bench } from './forwarder.ts';
import { CERTIFICATE } from './forwarder-tls.ts';
import { PATIENT, type RawConnection, type RawUpstream, requestTo } from './forwarder-upstream.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

tls.setDefaultCACertificates([...tls.getCACertificates('default'), CERTIFICATE]);

function test(title: string, run: (bench: Bench) => Promise<void>): void {
  it(title, { timeout: 30_000 }, async () => {
    const bench = new Bench(createHttp1Forwarder);
    try {
      await run(bench);
    } finally {
      await bench.end();
    }
  });
}

/** A connection that has served once and is idle. */
async function warm(bench: Bench, forwarder: Forwarder, upstream: RawUpstream, reply = OK): Promise<RawConnection> {
  const to = bench.recorder();
  forwarder.send(requestTo(upstream.endpoint), to);
  const connection = await upstream.accept();
  await connection.answer(reply);
  await to.done();
  return connection;
}

// An upstream that wants no more of an upload answers and closes; the next write fails before the answer is read.
for (const secure of [false, true])
  for (const bodyLength of [-1, 1_000_000])
    test(`an answer before a reset is read although a write fails first (${secure ? 'TLS' : 'TCP'}, ${bodyLength})`, async (bench) => {
      const upstream = await bench.upstream(secure);
      const to = bench.recorder();
      const forwarder = bench.forwarder();
      const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength }), to);
      const connection = await upstream.accept();
      await connection.head();
      connection.stopReading();
      call.write(Buffer.alloc(100_000));
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      connection.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig');
      await until(() => connection.socket.writableLength === 0, 'the answer to leave');
      // What it has not read makes this a reset.
      connection.socket.destroy();
      for (let i = 0; i < 10; i++) call.write(Buffer.alloc(20_000));
      await to.done();
      assert.deepEqual([to.status, to.body], [413, 'big']);
      assert.equal(forwarder.stats().open, 0);
    });

/** What a handle has to write with. */
const WRITERS = ['writeBuffer', 'writev', 'writeLatin1String', 'writeUtf8String', 'writeAsciiString'] as const;
type Handle = Record<(typeof WRITERS)[number], (...what: unknown[]) => unknown> & {
  getpeername(to: { port?: number }): number;
};

/** Counts what is handed to the system for `upstream` from now on, through streams or past them. */
function countWrites(bench: Bench, upstream: RawUpstream): { count: number } {
  const writes = { count: 0 };
  const { _handle } = upstream.connections[0]!.socket as unknown as { _handle: Handle };
  const handles = Object.getPrototypeOf(Object.getPrototypeOf(_handle)) as Handle;
  for (const name of WRITERS) {
    const original = handles[name];
    handles[name] = function (this: Handle, ...what: unknown[]): unknown {
      const peer: { port?: number } = {};
      this.getpeername(peer);
      if (peer.port === upstream.port) writes.count++;
      return original.apply(this, what);
    };
    bench.atEnd(() => Object.assign(handles, { [name]: original }));
  }
  return writes;
}

describe('http1: how long a connection is kept', () => {
  it('Keep-Alive says for how long, a second less', () => {
    assert.equal(keptFor('timeout=5'), 4000);
    assert.equal(keptFor('max=100, Timeout=60'), 59_000);
    assert.equal(keptFor('timeout=1'), 0);
    assert.equal(keptFor('timeout=0'), 0);
    for (const nothing of ['', 'max=5', 'timeout=', 'timeout=x', 'timeout=-1', 'timeout', ',,'])
      assert.equal(keptFor(nothing), Number.POSITIVE_INFINITY, nothing);
  });

  test('a connection that the upstream keeps for a second only is not kept', async (bench) => {
    const upstream = await bench.upstream();
    const connection = await warm(
      bench,
      bench.forwarder(),
      upstream,
      OK.replace('\r\n', '\r\nKeep-Alive: timeout=1\r\n'),
    );
    await connection.gone();
  });

  test('an upstream that keeps it for long does not make the pool keep it longer', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ idle: 60 });
    const connection = await warm(bench, forwarder, upstream, OK.replace('\r\n', '\r\nKeep-Alive: timeout=600\r\n'));
    await connection.gone();
  });

  test('bytes that come while it is idle end it', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const connection = await warm(bench, forwarder, upstream);
    connection.write(OK);
    await connection.gone();
    assert.equal(forwarder.stats().open, 0);
  });

  test('a TLS session is resumed by the next connection', async (bench) => {
    const upstream = await bench.upstream(true);
    const forwarder = bench.forwarder();
    for (const reused of [false, true]) {
      const connection = await warm(bench, forwarder, upstream, OK.replace('\r\n', '\r\nConnection: close\r\n'));
      assert.equal((connection.socket as TLSSocket).isSessionReused(), reused);
    }
  });

  test('connections, requests and waiting time are counted', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ connections: 1 });
    const all = [bench.recorder(), bench.recorder(), bench.recorder()];
    for (const to of all) forwarder.send(requestTo(upstream.endpoint), to);
    const connection = await upstream.accept();
    assert.equal(forwarder.stats().waitedMs, 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const to of all) {
      await connection.answer(OK);
      await to.done();
    }
    const { opened, served, waitedMs = 0 } = forwarder.stats();
    assert.deepEqual({ opened, served }, { opened: 1, served: 3 });
    assert.ok(waitedMs >= 8, `${waitedMs} ms for two that waited at least 4`);
  });
});

describe('http1: a stale connection', () => {
  const STALE: Readonly<Record<string, Partial<UpstreamRequest>>> = {
    'a POST': { method: 'POST', body: Buffer.from('q') },
    'a large POST': { method: 'POST', body: Buffer.alloc(200_000, 'q') },
  };
  for (const [what, request] of Object.entries(STALE))
    test(`${what} that the system refuses to write is sent again, because nothing of it left`, async (bench) => {
      const upstream = await bench.upstream();
      const forwarder = bench.forwarder();
      const stale = await warm(bench, forwarder, upstream);
      stale.socket.resetAndDestroy();
      const to = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint, request), to);
      assert.equal(forwarder.stats().idle, 0, 'the reset was not seen before the request went out');
      const fresh = await upstream.accept();
      assert.deepEqual((await fresh.answer(OK)).body, request.body);
      assert.equal((await to.done()).body, 'ok');
    });

  test('a streamed POST that the system refuses to write is not: its body is gone', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const stale = await warm(bench, forwarder, upstream);
    stale.socket.resetAndDestroy();
    const to = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 5 }), to);
    call.write(Buffer.from('hello'));
    call.finish();
    assert.equal((await to.fails()).reason, 'reset');
    assert.equal(upstream.connections.length, 1);
  });

  test('a streamed PUT is not sent again, although a whole one would be', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const stale = await warm(bench, forwarder, upstream);
    const to = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint, { method: 'PUT', bodyLength: 5 }), to);
    call.write(Buffer.from('hello'));
    call.finish();
    await stale.request();
    stale.end();
    assert.equal((await to.fails()).reason, 'reset');
    assert.equal(upstream.connections.length, 1);
  });

  test('a GET is not sent again after the start of a reply', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const stale = await warm(bench, forwarder, upstream);
    const to = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), to);
    await stale.request();
    stale.end('HTTP/1.1 2');
    assert.equal((await to.fails()).reason, 'reset');
    assert.equal(upstream.connections.length, 1);
  });
});

describe('http1: the request on the wire', () => {
  const SMALL: Readonly<Record<string, Partial<UpstreamRequest>>> = {
    'without a body': {},
    'with a whole body': { body: Buffer.alloc(1024, 'x') },
    'with a whole body too large to be copied': { body: Buffer.alloc(16_000, 'x') },
    'with a streamed body that is there': { method: 'POST', bodyLength: 1024 },
    'with a chunked body that is there': { method: 'POST', bodyLength: -1 },
  };
  for (const [what, request] of Object.entries(SMALL))
    test(`a request ${what} leaves in one write`, async (bench) => {
      const upstream = await bench.upstream();
      const forwarder = bench.forwarder();
      const connection = await warm(bench, forwarder, upstream);
      const writes = countWrites(bench, upstream);
      const to = bench.recorder();
      const call = forwarder.send(requestTo(upstream.endpoint, request), to);
      if (request.bodyLength) {
        call.write(Buffer.alloc(1024, 'x'));
        call.finish();
      }
      await connection.answer(OK);
      await to.done();
      assert.equal(writes.count, 1);
    });

  test('a small chunk leaves in one write', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const connection = await warm(bench, forwarder, upstream);
    const to = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: -1 }), to);
    await connection.head();
    const writes = countWrites(bench, upstream);
    call.write(Buffer.from('hello'));
    call.write(Buffer.alloc(0));
    await until(() => connection.received.includes('5\r\nhello\r\n'), 'the chunk');
    assert.equal(writes.count, 1);
    call.write(Buffer.alloc(20_000));
    assert.equal(writes.count, 2, 'a large one does, too');
    call.finish();
    await until(() => connection.received.includes('\r\n0\r\n\r\n'), 'the last chunk');
    connection.write(OK);
    await to.done();
  });

  test('more is asked for as often as a writer was stopped', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const connection = await warm(bench, forwarder, upstream);
    const to = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: -1 }), to);
    await connection.head();
    // Asked for once when the connection is there.
    let stops = 1;
    for (const size of [100_000, 1, 100_000]) {
      if (!call.write(Buffer.alloc(size))) stops++;
      await until(() => to.mores === stops, 'to be asked for more');
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    }
    assert.equal(to.mores, stops);
    call.finish();
    await until(() => connection.received.includes('\r\n0\r\n\r\n'), 'the last chunk');
    connection.write(OK);
    await to.done();
  });

  for (const streamed of [false, true])
    test(`a body of 5 MB arrives as it was, ${streamed ? 'chunk by chunk' : 'whole'}`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      const body = randomBytes(5_000_000);
      const request = streamed ? { bodyLength: -1, method: 'PUT' } : { body };
      const call = bench.forwarder().send(requestTo(upstream.endpoint, request), to);
      if (streamed) upload(body, to, call);
      const connection = await upstream.accept();
      const got = await connection.answer(OK);
      await to.done();
      assert.ok(got.body.equals(body));
    });

  test('an upload that is read no more after an early head is not late: the reply counts', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const timeouts = { ...PATIENT, send: 60 };
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: -1, timeouts }), to);
    const connection = await upstream.accept();
    connection.stopReading();
    const piece = Buffer.alloc(1 << 20);
    while (call.write(piece));
    connection.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nn');
    await to.headed();
    assert.equal(call.write(piece), false);
    await new Promise((resolve) => setTimeout(resolve, 150));
    connection.write('o');
    assert.equal((await to.done()).body, 'no');
  });

  test('time in the queue is over with it: a slow upload after that is not late', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ connections: 1, queue: { max: 1, wait: 100 } });
    const first = bench.recorder();
    const second = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), first);
    const timeouts = { ...PATIENT, firstByte: 100 };
    const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 5, timeouts }), second);
    const connection = await upstream.accept();
    await connection.answer(OK);
    await first.done();
    await new Promise((resolve) => setTimeout(resolve, 200));
    call.write(Buffer.from('hello'));
    call.finish();
    await connection.answer(OK);
    assert.equal((await second.done()).body, 'ok');
  });

  test('the time for a first byte begins when a large whole body has left', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const timeouts = { ...PATIENT, firstByte: 60 };
    bench.forwarder().send(requestTo(upstream.endpoint, { body: Buffer.alloc(16 << 20), timeouts }), to);
    const connection = await upstream.accept();
    connection.forget();
    connection.stopReading();
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(to.failure, null);
    connection.read();
    assert.equal((await to.fails()).detail, 'no reply came');
  });

  test('a connection with the rest of a whole body still in it is not used again', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    const accepted = upstream.accept().then((connection) => connection.stopReading());
    forwarder.send(requestTo(upstream.endpoint, { body: Buffer.alloc(32 << 20) }), to);
    await accepted;
    upstream.connections[0]!.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
    assert.equal((await to.done()).body, 'no');
    assert.equal(forwarder.stats().open, 0);
  });
});

/** Pieces of many sizes, as fast as they are taken. */
function upload(
  body: Buffer,
  to: { onMore: () => void },
  call: { write(chunk: Buffer): boolean; finish(): void },
): void {
  let at = 0;
  let size = 1;
  to.onMore = () => {
    while (at < body.length) {
      const piece = body.subarray(at, at + size);
      at += piece.length;
      size = (size * 3) % 100_000 || 1;
      if (!call.write(piece)) return;
    }
    at++;
    if (at === body.length + 1) call.finish();
  };
  to.onMore();
}

describe('http1: the reply', () => {
  test('chunks may be kept: later replies do not write over them', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const kept: Buffer[][] = [];
    const bodies: Buffer[] = [];
    let connection: RawConnection | null = null;
    for (let round = 0; round < 120; round++) {
      const body = randomBytes(1 + ((round * 7919) % (round % 10 === 0 ? 150_000 : 9000)));
      const chunks: Buffer[] = [];
      bodies.push(body);
      kept.push(chunks);
      const over = Promise.withResolvers<void>();
      forwarder.send(requestTo(upstream.endpoint), keeper(chunks, over));
      connection ??= await upstream.accept();
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`;
      await connection.answer(Buffer.concat([Buffer.from(head), body]));
      await over.promise;
    }
    assert.equal(upstream.connections.length, 1);
    for (const [i, body] of bodies.entries()) assert.ok(Buffer.concat(kept[i]!).equals(body), `reply ${i}`);
  });

  for (const paused of [false, true])
    test(`a connection whose reply was there when it was cancelled stays good${paused ? ', paused' : ''}`, async (bench) => {
      const upstream = await bench.upstream();
      const forwarder = bench.forwarder();
      const to = bench.recorder();
      const call = forwarder.send(requestTo(upstream.endpoint), to);
      to.onHead = () => {
        if (paused) call.pause();
        else to.cancel(call);
      };
      const connection = await upstream.accept();
      await connection.answer(OK);
      await to.headed().catch(() => {});
      if (paused) to.cancel(call);
      await until(() => forwarder.stats().idle === 1, 'the connection to be idle');
      const next = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint), next);
      await connection.answer(OK);
      await next.done();
      assert.equal(upstream.connections.length, 1);
    });

  for (const secure of [false, true])
    for (const size of [20, 300_000])
      test(`${size} bytes that end with their connection${secure ? ' (TLS)' : ''} are whole although paused by then`, async (bench) => {
        const upstream = await bench.upstream(secure);
        const forwarder = bench.forwarder();
        const to = bench.recorder();
        const call = forwarder.send(requestTo(upstream.endpoint), to);
        to.onHead = () => call.pause();
        const connection = await upstream.accept();
        await connection.request();
        connection.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(size)}`);
        await to.headed();
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
        assert.equal(to.bytes, 0);
        to.onData = () => {
          call.pause();
          setImmediate(() => call.resume());
        };
        call.resume();
        assert.equal((await to.done()).bytes, size);
      });

  test('a reply paused in its middle is not late', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const timeouts = { ...PATIENT, idle: 60 };
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { timeouts }), to);
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello');
    to.onData = () => setImmediate(() => call.pause());
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(to.failure, null);
    call.resume();
    assert.equal((await to.fails()).reason, 'timeout');
  });

  test('a reply to HEAD leaves its connection good', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint, { method: 'HEAD' }), to);
    call.pause();
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
    await to.done();
    const next = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), next);
    await connection.answer(OK);
    assert.equal((await next.done()).body, 'ok');
  });
});

/** Keeps the very chunks it is given. */
function keeper(chunks: Buffer[], over: PromiseWithResolvers<void>): UpstreamEvents {
  return {
    informed: () => {},
    head: () => {},
    data: (chunk) => void chunks.push(chunk),
    end: () => over.resolve(),
    upgraded: () => over.reject(new Error('upgraded')),
    failed: (failure) => over.reject(new Error(failure.detail)),
    sendMore: () => {},
  };
}
