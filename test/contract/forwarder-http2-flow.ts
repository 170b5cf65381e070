/** HTTP/2 forwarder: back-pressure both ways, early replies, and giving up at every stage. */

import assert from 'node:assert/strict';
import { Random } from '../../src/testing/random.ts';
import { SEED, SEED_NOTE } from '../../src/testing/seed.ts';
import { until } from '../tools/until.ts';
import { settled } from './edge-http2-bench.ts';
import { asked, type Declare, reply } from './forwarder-http2-bench.ts';
import { requestTo } from './forwarder-upstream.ts';
import { DATA, END_HEADERS, END_STREAM, frame, goaway, HEADERS, headers, rst } from './http2-frames.ts';

const MB = 1 << 20;
const NO_ERROR = 0;
const CANCEL = 8;

export function flowTests(declare: Declare): void {
  pauseTests(declare);
  uploadTests(declare);
  cancelTests(declare);
}

function pauseTests(declare: Declare): void {
  declare('a paused reply stalls its stream alone; resumed, it comes whole', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const to = bench.recorder(true);
    const call = forwarder.send(requestTo(upstream.endpoint), to);
    to.onHead = () => call.pause();
    const taken = await upstream.request();
    taken.stream.respond({});
    let written = 0;
    const pump = (): void => {
      while (written < 32 * MB) {
        written += 65_536;
        if (!taken.stream.write(Buffer.alloc(65_536))) return;
      }
      taken.stream.end();
    };
    taken.stream.on('drain', pump);
    pump();
    await to.headed();
    await settled(() => written, 'the upstream to stall');
    assert.ok(written < 2 * MB, `${written} bytes were written`);
    assert.equal(to.bytes, 0);
    const beside = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), beside);
    (await upstream.request()).answer('beside');
    assert.equal((await beside.done()).body, 'beside');
    call.resume();
    assert.equal((await to.done()).bytes, 32 * MB);
    assert.equal(upstream.sessions.length, 1);
  });

  declare('pause and resume at every piece', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder(true);
    const call = bench.forwarder().send(requestTo(upstream.endpoint), to);
    to.onData = () => {
      call.pause();
      const at = to.bytes;
      setImmediate(() => {
        if (to.bytes !== at) to.faults.push('data while paused');
        call.resume();
      });
    };
    (await upstream.request()).answer('x'.repeat(2 * MB));
    assert.equal((await to.done()).bytes, 2 * MB);
  });

  declare('a reply paused before its head waits after its head', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint), to);
    call.pause();
    (await upstream.request()).answer('hello');
    await to.headed();
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.equal(to.bytes, 0);
    call.resume();
    assert.equal((await to.done()).body, 'hello');
  });

  for (const [how, end] of [
    ['closed', []],
    ['closed with a word', [goaway(1, 0)]],
    ['closed with a curse', [goaway(1, 2)]],
  ] as const)
    declare(`a whole reply that is paused when its connection is ${how} is not lost`, async (bench) => {
      const upstream = await bench.frames();
      const to = bench.recorder();
      const call = bench.forwarder().send(requestTo(upstream.endpoint), to);
      to.onHead = () => call.pause();
      const peer = await upstream.accept();
      await asked(peer, 1);
      peer.send(
        headers(1, [':status', '200'], END_HEADERS),
        frame(DATA, 0, 1, 'x'.repeat(10_000)),
        frame(DATA, 0, 1, 'y'.repeat(10_000)),
        headers(1, ['x-a', '1']),
        ...end,
      );
      await to.headed();
      peer.socket.end();
      await until(() => peer.closed, 'the connection to be closed');
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      assert.deepEqual([to.bytes, to.over], [0, false]);
      call.resume();
      await to.done();
      assert.equal(to.body, 'x'.repeat(10_000) + 'y'.repeat(10_000));
      assert.deepEqual(to.trailers, ['x-a', '1']);
    });

  declare('half a reply that is paused when its connection is closed is no whole one', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint), to);
    to.onHead = () => call.pause();
    const peer = await upstream.accept();
    await asked(peer, 1);
    peer.send(headers(1, [':status', '200'], END_HEADERS), frame(DATA, 0, 1, 'hello'));
    await to.headed();
    peer.socket.end();
    await until(() => to.over, 'the failure');
    call.resume();
    assert.equal(to.failure?.reason, 'truncated');
  });
}

function uploadTests(declare: Declare): void {
  for (const ready of [false, true])
    declare(
      `an upload stalls with its upstream, goes on with it, and arrives whole (connection ${ready ? 'ready' : 'new'})`,
      async (bench) => {
        const upstream = await bench.upstream();
        const forwarder = bench.forwarder();
        if (ready) {
          const first = bench.recorder();
          forwarder.send(requestTo(upstream.endpoint), first);
          (await upstream.request()).answer();
          await first.done();
        }
        upstream.onRequest = (taken) => taken.stream.pause();
        const to = bench.recorder();
        const total = 16 * MB;
        const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: total }), to);
        let written = 0;
        const pump = (): void => {
          while (written < total) {
            written += 65_536;
            if (!call.write(Buffer.alloc(65_536))) return;
          }
          call.finish();
        };
        to.onMore = () => (written < total ? pump() : call.finish());
        pump();
        const taken = await upstream.request();
        await settled(() => written, 'the upload to stall');
        assert.ok(written > 0 && written < 2 * MB, `${written} bytes were taken`);
        taken.stream.resume();
        await taken.whole();
        assert.equal(taken.bytes, total);
        taken.answer();
        assert.equal((await to.done()).body, 'ok');
      },
    );

  declare('a reply before the body is whole ends the attempt and stops the upload', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: -1 }), to);
    call.write(Buffer.from('hello'));
    const taken = await upstream.request();
    await until(() => taken.body === 'hello', 'the first piece');
    taken.stream.respond({ ':status': 413 });
    taken.stream.end('no');
    await to.done();
    assert.deepEqual([to.status, to.body], [413, 'no']);
    assert.equal(call.write(Buffer.from('more')), true);
    call.finish();
    await until(() => taken.closed, 'the stream to be over');
    assert.deepEqual([taken.body, taken.ended], ['hello', false], 'half an upload must not look whole');
    const next = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), next);
    (await upstream.request()).answer();
    await next.done();
    assert.equal(upstream.sessions.length, 1);
  });

  declare('uploads refused half-way use up a connection, and another takes its place', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder({ connections: 1 });
    const body = Buffer.alloc(MB);
    const send = () => {
      const to = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint, { method: 'POST', body }), to);
      return to;
    };
    // 256 MB are what Node has for a connection, and 32 KB of each of these wait there.
    let refused = Array.from({ length: 40 }, send);
    const peer = await upstream.accept();
    for (let first = 1; first < 20_000 && upstream.peers.length === 1; first += 80) {
      await asked(peer, first + 78);
      for (let id = first; id < first + 80; id += 2) peer.send(headers(id, [':status', '413']), rst(id, NO_ERROR));
      for (const to of refused) {
        await to.done();
        assert.equal(to.status, 413);
      }
      peer.frames.length = 0;
      refused = Array.from({ length: 40 }, send);
      const last = first + 158;
      await until(() => upstream.peers.length > 1 || peer.find(HEADERS, last) !== undefined, 'the next ones');
    }
    const other = await upstream.accept();
    await asked(other, 79);
    for (let id = 1; id < 80; id += 2) other.send(reply(id));
    for (const to of refused) assert.equal((await to.done()).status, 200);
  });

  declare('a whole reply whose upstream then tells us to stop (RFC 9113 §8.1)', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: -1 }), to);
    call.write(Buffer.from('hello'));
    const peer = await upstream.accept();
    await peer.frame(DATA, 1);
    peer.send(headers(1, [':status', '413'], END_HEADERS), frame(DATA, END_STREAM, 1, 'no'), rst(1, 0));
    await to.done();
    assert.equal(to.body, 'no');
  });

  declare('an early head, then the rest of both bodies', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 10 }), to);
    call.write(Buffer.from('hello'));
    const taken = await upstream.request();
    taken.stream.respond({});
    taken.stream.write('world');
    await to.headed();
    call.write(Buffer.from('there'));
    call.finish();
    await taken.whole();
    assert.equal(taken.body, 'hellothere');
    taken.stream.end('again');
    assert.equal((await to.done()).body, 'worldagain');
  });
}

const STAGES: Readonly<Record<string, { head?: boolean; upload?: boolean; paused?: boolean }>> = {
  'before the head': {},
  'inside the body': { head: true },
  'inside a paused body': { head: true, paused: true },
  'inside an upload': { upload: true },
  'inside both bodies': { head: true, upload: true },
};

function cancelTests(declare: Declare): void {
  for (const [stage, { head, upload, paused }] of Object.entries(STAGES))
    declare(`cancel ${stage} resets that stream and no other`, async (bench) => {
      const upstream = await bench.frames();
      const forwarder = bench.forwarder();
      const other = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint), other);
      const peer = await upstream.accept();
      await asked(peer, 1);
      const to = bench.recorder();
      const call = forwarder.send(requestTo(upstream.endpoint, upload ? { method: 'POST', bodyLength: -1 } : {}), to);
      if (paused) to.onHead = () => call.pause();
      if (upload) call.write(Buffer.from('hello'));
      await asked(peer, 3);
      if (upload) await peer.frame(DATA, 3);
      if (head) peer.send(headers(3, [':status', '200'], END_HEADERS), frame(DATA, 0, 3, 'hello'));
      if (head) await to.headed();
      to.cancel(call);
      to.cancel(call);
      assert.equal(await peer.reset(3), CANCEL);
      const ended = peer.frames.some(
        ({ type, flags, stream }) => type === DATA && stream === 3 && flags === END_STREAM,
      );
      assert.equal(ended, false, 'half an upload must not look whole');
      call.write(Buffer.from('more'));
      call.finish();
      call.pause();
      call.resume();
      peer.send(reply(1));
      await other.done();
      await until(() => forwarder.stats().idle === 1, 'the connection to be idle');
      assert.equal(upstream.peers.length, 1);
    });

  declare('cancel from inside head and data', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    for (const at of ['onHead', 'onData'] as const) {
      const to = bench.recorder();
      const call = forwarder.send(requestTo(upstream.endpoint), to);
      to[at] = () => to.cancel(call);
      const taken = await upstream.request();
      taken.stream.respond({});
      taken.stream.write('hello');
      await until(() => taken.closed, 'the stream to be reset');
      assert.equal(to.over, false);
    }
  });

  declare('cancel at once, and while the connection is made', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    to.cancel(forwarder.send(requestTo(upstream.endpoint), to));
    const refused = bench.recorder();
    refused.cancel(forwarder.send(requestTo(upstream.endpoint, { target: '/a b' }), refused));
    const later = bench.recorder();
    const call = forwarder.send(requestTo(upstream.endpoint), later);
    const next = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint, { target: '/next' }), next);
    const peer = await upstream.connection();
    later.cancel(call);
    peer.close();
    await next.fails();
    assert.equal(upstream.peers.length, 1, 'all of them wait for one connection');
  });

  declare(`thousands of aborts at random moments leave nothing behind (${SEED_NOTE})`, async (bench) => {
    const chance = new Random(SEED);
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder({ connections: 4 });
    upstream.onRequest = (taken) => {
      const random = chance.next();
      if (random < 0.4) taken.answer('x'.repeat(chance.below(100_000)));
      // Any code but HTTP_1_1_REQUIRED, behind which this upstream, which knows only HTTP/2, has no more to say.
      else if (random < 0.6) taken.stream.close(chance.below(13));
      else if (random < 0.62) taken.stream.session?.destroy();
      else if (random < 0.64) taken.stream.session?.close();
      else if (random < 0.8) {
        taken.stream.respond({});
        taken.stream.write('hello');
      }
    };
    const all = Array.from({ length: 3000 }, () => bench.recorder(true));
    for (const [i, to] of all.entries()) {
      const upload = chance.chance(0.3);
      const call = forwarder.send(requestTo(upstream.endpoint, upload ? { method: 'POST', bodyLength: -1 } : {}), to);
      if (upload) call.write(Buffer.alloc(chance.below(50_000)));
      if (upload && chance.chance(0.7)) call.finish();
      if (chance.chance(0.3)) call.pause();
      setTimeout(() => to.over || to.cancel(call), chance.next() * 60);
      if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(() => all.every((to) => to.over || to.cancelled), 'all to be over');
    await until(() => forwarder.stats().waiting === 0, 'nobody to wait');
    await until(() => forwarder.stats().open === forwarder.stats().idle, 'every connection to be idle or gone');
    await until(() => upstream.requests.every((taken) => taken.closed), 'every stream to be closed');
    upstream.onRequest = (taken) => taken.answer('ok');
    const next = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), next);
    assert.equal((await next.done()).body, 'ok');
  });
}
