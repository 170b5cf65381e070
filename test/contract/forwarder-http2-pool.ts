/** HTTP/2 forwarder: which connection a request gets, how many there are, how they end, and what falls back. */
import assert from 'node:assert/strict';
import { until } from '../tools/until.ts';
import { asked, type Declare, reply } from './forwarder-http2-bench.ts';
import { PATIENT, RawUpstream, requestTo } from './forwarder-upstream.ts';
import { ACK, type FramePeer, GOAWAY, goaway, HEADERS, RST_STREAM, rst, SETTINGS, settings } from './http2-frames.ts';

const MAX_STREAMS = 3;

export function poolTests(declare: Declare): void {
  sharingTests(declare);
  endTests(declare);
  fallbackTests(declare);
}

/** The forwarder knows our settings. */
function heard(peer: FramePeer): Promise<boolean> {
  return until(
    () => peer.frames.some(({ type, flags }) => type === SETTINGS && flags === ACK),
    'the settings to be taken',
  );
}

function sharingTests(declare: Declare): void {
  declare('a hundred at once share one connection, each with its own reply', async (bench) => {
    const upstream = await bench.upstream(true);
    const forwarder = bench.forwarder();
    upstream.onRequest = (taken) => taken.stream.on('end', () => taken.answer(`${taken.get(':path')} ${taken.body}`));
    const all = Array.from({ length: 100 }, () => bench.recorder());
    for (const [i, to] of all.entries()) {
      const body = i % 2 ? Buffer.from(`body ${i}`) : null;
      forwarder.send(requestTo(upstream.endpoint, { target: `/${i}`, body }), to);
    }
    for (const [i, to] of all.entries()) assert.equal((await to.done()).body, `/${i} ${i % 2 ? `body ${i}` : ''}`);
    assert.equal(upstream.sessions.length, 1);
    const { open, idle, waiting, opened, served } = forwarder.stats();
    await until(() => forwarder.stats().idle === 1, 'the connection to be idle');
    assert.deepEqual([open, waiting, opened, served], [1, 0, 1, 100], String(idle));
  });

  declare('a call tells whether its request had to wait for a connection', async (bench) => {
    const upstream = await bench.upstream(true);
    upstream.onRequest = (taken) => taken.stream.on('end', () => taken.answer('ok'));
    const forwarder = bench.forwarder();
    const told: (boolean | undefined)[] = [];
    for (let round = 0; round < 3; round++) {
      const to = bench.recorder();
      const call = forwarder.send(requestTo(upstream.endpoint), to);
      await to.done();
      told.push(call.waited);
    }
    assert.deepEqual(told, [true, false, false]);
  });

  declare('no more streams than the upstream takes, then further connections, then a line', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder({ connections: 2 });
    const all = Array.from({ length: 5 }, () => bench.recorder());
    for (const to of all) forwarder.send(requestTo(upstream.endpoint), to);
    const one = await upstream.accept([MAX_STREAMS, 2]);
    await asked(one, 3);
    const two = await upstream.accept([MAX_STREAMS, 2]);
    await asked(two, 3);
    assert.deepEqual(
      [one, two].map((peer) => peer.frames.filter(({ type }) => type === HEADERS).length),
      [2, 2],
    );
    assert.deepEqual([forwarder.stats().open, forwarder.stats().waiting], [2, 1]);
    two.send(reply(1));
    await asked(two, 5);
    assert.equal(forwarder.stats().waiting, 0);
    assert.ok(forwarder.stats().waitedMs! > 0);
    two.send(reply(3), reply(5));
    one.send(reply(1), reply(3));
    for (const to of all) await to.done();
    assert.equal(upstream.peers.length, 2);
  });

  declare('an upstream that changes its mind about how many', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder({ connections: 1 });
    const all = Array.from({ length: 4 }, () => bench.recorder());
    for (const to of all) forwarder.send(requestTo(upstream.endpoint), to);
    const peer = await upstream.accept([MAX_STREAMS, 1]);
    await asked(peer, 1);
    assert.equal(forwarder.stats().waiting, 3);
    peer.send(settings([MAX_STREAMS, 3]));
    await asked(peer, 5);
    assert.equal(forwarder.stats().waiting, 1);
    peer.send(settings([MAX_STREAMS, 1]), reply(1), reply(3));
    await all[1]!.done();
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.equal(forwarder.stats().waiting, 1);
    peer.send(reply(5));
    await asked(peer, 7);
    peer.send(reply(7));
    for (const to of all) await to.done();
  });

  declare('an upstream that takes no streams for now is waited for, on one connection', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder({ connections: 50 });
    const [first, second] = [bench.recorder(), bench.recorder()];
    forwarder.send(requestTo(upstream.endpoint), first);
    const peer = await upstream.accept([MAX_STREAMS, 0]);
    // A round trip: by the time of this one's end the SETTINGS have been acted on.
    const other = await bench.upstream(true);
    other.onRequest = (taken) => taken.answer('ok');
    const to = bench.recorder();
    forwarder.send(requestTo(other.endpoint), to);
    await to.done();
    forwarder.send(requestTo(upstream.endpoint), second);
    assert.partialDeepStrictEqual(forwarder.stats(), { open: 2, waiting: 2, opened: 2 });
    peer.send(settings([MAX_STREAMS, 2]));
    await asked(peer, 3);
    peer.send(reply(1), reply(3));
    await Promise.all([first.done(), second.done()]);
    assert.equal(upstream.peers.length, 1);
  });

  declare('the line for an upstream that takes no streams for now is as long as any', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder({ queue: { max: 2, wait: 30_000 } });
    const all = Array.from({ length: 4 }, () => bench.recorder());
    forwarder.send(requestTo(upstream.endpoint), all[0]!);
    const peer = await upstream.accept([MAX_STREAMS, 0]);
    await heard(peer);
    for (const to of all.slice(1)) forwarder.send(requestTo(upstream.endpoint), to);
    for (const to of all.slice(2)) assert.equal((await to.fails()).reason, 'busy');
    assert.partialDeepStrictEqual(forwarder.stats(), { open: 1, waiting: 2, full: 2 });
    peer.send(settings([MAX_STREAMS, 2]));
    await asked(peer, 3);
    peer.send(reply(1), reply(3));
    for (const to of all.slice(0, 2)) await to.done();
  });

  declare('one that takes no streams and goes is a failed connection, and is not called again', async (bench) => {
    for (const bye of [goaway(0, 0), null]) {
      const upstream = await bench.frames();
      const forwarder = bench.forwarder();
      const to = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint), to);
      const peer = await upstream.accept([MAX_STREAMS, 0]);
      await heard(peer);
      if (bye !== null) peer.send(bye);
      else peer.close();
      const failure = await to.fails();
      assert.deepEqual([failure.reason, failure.sent], ['connect', false]);
      assert.equal(forwarder.stats().opened, 1);
    }
  });

  declare('who waits is served in order, can be cancelled, and waits no longer than one may', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder({ connections: 1, queue: { max: 3, wait: 150 } });
    const [first, cancelled, late, last] = Array.from({ length: 4 }, () => bench.recorder());
    forwarder.send(requestTo(upstream.endpoint), first!);
    const peer = await upstream.accept([MAX_STREAMS, 1]);
    await asked(peer, 1);
    const call = forwarder.send(requestTo(upstream.endpoint), cancelled!);
    const waits = forwarder.send(requestTo(upstream.endpoint, { timeouts: { ...PATIENT, firstByte: 1 } }), late!);
    assert.equal(waits.queued()?.reason, 'busy');
    cancelled!.cancel(call);
    const failure = await late!.fails();
    assert.deepEqual([failure.reason, failure.sent], ['busy', false]);
    assert.equal(waits.queued(), null);
    forwarder.send(requestTo(upstream.endpoint), last!);
    assert.partialDeepStrictEqual(forwarder.stats(), { waiting: 1, late: 1, full: 0 });
    peer.send(reply(1));
    await asked(peer, 3);
    peer.send(reply(3));
    await last!.done();
    await first!.done();
    assert.equal(peer.frames.filter(({ type }) => type === HEADERS).length, 2);
  });

  declare(
    'a request that finds the line full is busy, in a later turn; places that are coming are no line',
    async (bench) => {
      const upstream = await bench.frames();
      const forwarder = bench.forwarder({ connections: 1, queue: { max: 1, wait: 30_000 } });
      const all = Array.from({ length: 3 }, () => bench.recorder());
      for (const to of all) forwarder.send(requestTo(upstream.endpoint), to);
      const peer = await upstream.accept([MAX_STREAMS, 2]);
      await asked(peer, 3);
      const refused = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint), refused);
      assert.equal(refused.failure, null);
      const failure = await refused.fails();
      assert.deepEqual([failure.reason, failure.sent], ['busy', false]);
      assert.partialDeepStrictEqual(forwarder.stats(), { waiting: 1, full: 1, late: 0 });
      peer.send(reply(1), reply(3));
      await asked(peer, 5);
      peer.send(reply(5));
      for (const to of all) await to.done();
    },
  );

  declare('a connection that is not made in time is a failed connection, not a long line', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder({ connect: 250, queue: { max: 1, wait: 20 } });
    const to = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint), to);
    assert.equal(call.queued(), null);
    const failure = await to.fails();
    assert.deepEqual([failure.reason, failure.sent], ['connect', false]);
    assert.equal(forwarder.stats().late, 0);
  });

  declare('a cancelled stream frees its place', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder({ connections: 1 });
    const [first, second] = [bench.recorder(), bench.recorder()];
    const call = forwarder.send(requestTo(upstream.endpoint), first);
    const peer = await upstream.accept([MAX_STREAMS, 1]);
    await asked(peer, 1);
    forwarder.send(requestTo(upstream.endpoint), second);
    first.cancel(call);
    await asked(peer, 3);
    assert.ok(peer.frames.findIndex(({ type }) => type === RST_STREAM) < peer.frames.length - 1);
    peer.send(reply(3));
    await second.done();
  });

  declare('a request sent from inside the end of another one', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    upstream.onRequest = (taken) => taken.answer();
    const [first, second] = [bench.recorder(), bench.recorder()];
    first.onOver = () => void forwarder.send(requestTo(upstream.endpoint), second);
    forwarder.send(requestTo(upstream.endpoint), first);
    await second.done();
    assert.equal(upstream.sessions.length, 1);
  });
}

function endTests(declare: Declare): void {
  declare('an idle connection is closed after its time, and not before', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder({ idle: 150 });
    for (let round = 0; round < 2; round++) {
      const to = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint), to);
      const peer = round === 0 ? await upstream.accept() : upstream.peers[0]!;
      await asked(peer, 1 + 2 * round);
      await new Promise((resolve) => setTimeout(resolve, round === 0 ? 300 : 0));
      peer.send(reply(1 + 2 * round));
      await to.done();
    }
    const since = performance.now();
    const [peer] = upstream.peers;
    await peer!.frame(GOAWAY);
    await peer!.gone();
    assert.ok(performance.now() - since > 50);
    await until(() => forwarder.stats().open === 0, 'the count to follow');
  });

  declare('a connection that its upstream closed while idle is not used', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    upstream.onRequest = (taken) => taken.answer();
    for (let round = 0; round < 3; round++) {
      const to = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint, { body: Buffer.from('q') }), to);
      await to.done();
      upstream.sessions[round]!.close();
      await until(() => forwarder.stats().open === 0, 'the close to be seen');
    }
    assert.equal(upstream.sessions.length, 3);
  });

  declare('close ends idle connections at once, others after their requests, and takes no more', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder({ connections: 2 });
    const [first, second, waits] = [bench.recorder(), bench.recorder(), bench.recorder()];
    forwarder.send(requestTo(upstream.endpoint), first);
    const idle = await upstream.accept([MAX_STREAMS, 1]);
    await asked(idle, 1);
    forwarder.send(requestTo(upstream.endpoint), second);
    const busy = await upstream.accept([MAX_STREAMS, 1]);
    await asked(busy, 1);
    forwarder.send(requestTo(upstream.endpoint), waits);
    idle.send(reply(1));
    await asked(idle, 3);
    idle.send(reply(3));
    await waits.done();
    await until(() => forwarder.stats().idle === 1, 'one connection to be idle');
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
    busy.send(reply(1));
    await second.done();
    await closing;
    await busy.gone();
  });

  declare('close while a connection is being made, with somebody waiting for it and with nobody', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), to);
    const closing = forwarder.close();
    const peer = await upstream.accept();
    await asked(peer, 1);
    peer.send(reply(1));
    await to.done();
    await closing;
    const other = bench.forwarder();
    const gone = bench.recorder();
    gone.cancel(other.send(requestTo(upstream.endpoint), gone));
    await other.close();
  });
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function fallbackTests(declare: Declare): void {
  declare(
    'an https upstream that knows only HTTP/1.1 is asked once, then served by the other forwarder',
    async (bench) => {
      const upstream = await RawUpstream.listen(true);
      bench.atEnd(() => upstream.close());
      const forwarder = bench.forwarder();
      const whole = bench.recorder();
      const streamed = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint, { body: Buffer.from('whole') }), whole);
      const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 8 }), streamed);
      assert.equal(call.write(Buffer.from('half')), false);
      call.pause();
      // The first connection, which asks for HTTP/2, may be gone before the upstream has seen it.
      const answered = async (): Promise<void> => {
        const asking = () => upstream.connections.find((one) => one.received.includes('POST /'));
        const connection = await until(asking, 'a request');
        const { line, body } = await connection.request();
        assert.match(line, /^POST \/ HTTP\/1\.1$/);
        connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      };
      await until(() => streamed.mores > 0, 'the writer to be told to go on');
      call.write(Buffer.from('half'));
      call.finish();
      call.resume();
      await answered();
      await answered();
      assert.equal((await whole.done()).body, 'whole');
      assert.equal((await streamed.done()).body, 'halfhalf');
      const next = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint), next);
      await until(() => upstream.connections.some((one) => one.received.includes('GET /')), 'the next request');
      for (const one of upstream.connections) if (one.received.includes('GET /')) await one.answer(OK);
      await next.done();
      assert.ok(upstream.connections.length <= 3, 'no second question');
      await until(() => forwarder.stats().idle === 2, 'both kept connections to be idle');
      assert.equal(forwarder.stats().open, 2);
    },
  );

  declare('cancel of what the other forwarder took over', async (bench) => {
    const upstream = await RawUpstream.listen(true);
    bench.atEnd(() => upstream.close());
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint), to);
    const connection = await until(
      () => upstream.connections.find((one) => one.received.includes('GET /')),
      'the request',
    );
    to.cancel(call);
    await connection.gone();
  });

  declare('HTTP_1_1_REQUIRED: the request is sent again over HTTP/1.1', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint, { body: Buffer.from('q') }), to);
    const peer = await upstream.accept();
    await asked(peer, 1);
    peer.send(rst(1, 13));
    const other = await upstream.connection();
    other.socket.write(OK);
    assert.equal((await to.done()).body, 'ok');
  });
}
