/** HTTP/2 edge: back-pressure towards clients, and replies that are broken off. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import { until } from '../tools/until.ts';
import { ask, type Bench, type Declare, settled } from './edge-http2-bench.ts';
import type { Call } from './edge-inbound.ts';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  type FramePeer,
  frame,
  headers,
  settings,
  WINDOW_UPDATE,
} from './http2-frames.ts';

const MB = 1 << 20;
const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'weir.test', ':path', '/'];
const POST = [':method', 'POST', ...GET.slice(2)];
/** A setting (RFC 9113 §6.5.2). */
const INITIAL_WINDOW = 4;

const PIECE = Buffer.alloc(65_536, 'x');
/** What may be sent at first on a stream and on a connection (RFC 9113 §6.9.2). */
const WINDOW = 65_535;
const NO_ERROR = 0;
const INTERNAL_ERROR = 2;
const CANCEL = 8;

export function flowTests(declare: Declare): void {
  stallTests(declare);
  fullTests(declare);
  destroyTests(declare);
}

/** Writes `total` bytes through `call`, as `write` and `drained` allow. */
function pour(call: Call, total: number): { written: number } {
  const count = { written: 0 };
  const go = () => {
    while (count.written < total && call.over === '') {
      const flowing = call.inbound.write(PIECE);
      count.written += PIECE.length;
      if (!flowing) return;
    }
    if (count.written >= total) call.inbound.end(null, null);
  };
  call.onDrained = go;
  go();
  return count;
}

function stallTests(declare: Declare): void {
  for (const length of [32 * MB, -1])
    declare(
      `a stream that is not read stalls its writer alone; when it is read, all comes (${length < 0 ? 'unknown' : 'known'} length)`,
      async (bench) => {
        const { client, asked, call } = await bench.exchange();
        asked.countOnly = true;
        asked.stream.pause();
        call.inbound.head(200, Fields.empty(), length, false);
        const poured = pour(call, 32 * MB);
        const stalled = await settled(() => poured.written, 'the writer to stall');
        assert.ok(stalled < MB, `${stalled} bytes were written`);
        assert.equal(call.over, '');
        bench.onCall = (next) => next.ok('beside');
        assert.equal((await ask(client).reply()).body, 'beside');
        asked.stream.resume();
        await asked.reply();
        assert.equal(await call.finished(), 'done');
        assert.deepEqual([asked.bytes, call.bytes], [32 * MB, 32 * MB]);
        assert.ok(call.drains > 0);
      },
    );

  declare('a connection that is not read at all stalls every writer; when it is read, all comes', async (bench) => {
    bench.onCall = (call) => {
      call.inbound.head(200, Fields.empty(), -1, false);
      pour(call, 4 * MB);
    };
    // A window that never stops the writer, so that the socket must.
    const client = await bench.client({ settings: { initialWindowSize: 1 << 30 } });
    client.setLocalWindowSize(1 << 30);
    const all = Array.from({ length: 10 }, () => ask(client));
    for (const asked of all) asked.countOnly = true;
    for (const asked of all) assert.equal((await asked.reply()).bytes, 4 * MB);
    for (const call of bench.calls) assert.equal(await call.finished(), 'done');
  });

  declare('a client that resets a stalled stream frees its writer', async (bench) => {
    const { asked, call } = await bench.exchange();
    asked.stream.pause();
    call.inbound.head(200, Fields.empty(), -1, false);
    const poured = pour(call, 32 * MB);
    await settled(() => poured.written, 'the writer to stall');
    asked.stream.close(CANCEL);
    assert.equal(await call.finished(), 'gone');
  });

  declare('a client that takes nothing for too long is given up', async (bench) => {
    await bench.listen({ writeTimeout: 200 });
    bench.onCall = (call) => {
      call.inbound.head(200, Fields.empty(), -1, false);
      pour(call, 32 * MB);
    };
    const { client, asked, call } = await bench.exchange();
    asked.stream.pause();
    assert.equal(await call.finished(), 'gone');
    asked.stream.resume();
    assert.equal(await asked.over(), INTERNAL_ERROR);
    bench.onCall = (next) => next.ok('next');
    assert.equal((await ask(client).reply()).body, 'next');
  });

  declare('a client that takes nothing of a reply that is whole is given up as well', async (bench) => {
    await bench.listen({ writeTimeout: 200 });
    bench.onCall = (call) => call.ok(Buffer.alloc(8 * MB));
    const { asked, call } = await bench.exchange();
    asked.stream.pause();
    assert.equal(await call.finished(), 'gone');
  });

  declare('a slow client that takes something now and then is not', async (bench) => {
    await bench.listen({ writeTimeout: 600 });
    bench.onCall = (call) => call.ok(Buffer.alloc(MB));
    const { asked, call } = await bench.exchange();
    asked.countOnly = true;
    asked.stream.pause();
    const timer = setInterval(() => {
      asked.stream.resume();
      setImmediate(() => asked.stream.pause());
    }, 50);
    try {
      assert.equal(await call.finished(), 'done');
    } finally {
      clearInterval(timer);
    }
    assert.equal(call.bytes, MB);
  });

  declare('an idle reply is not a stalled one', async (bench) => {
    await bench.listen({ writeTimeout: 100, idleTimeout: 100, requestTimeout: 100, headerTimeout: 100 });
    const { asked, call } = await bench.exchange();
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('a'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    call.inbound.end(null, Buffer.from('b'));
    assert.equal((await asked.reply()).body, 'ab');
  });
}

/** A connection whose socket is full of a reply that its client does not read. */
async function full(bench: Bench): Promise<FramePeer> {
  const peer = await bench.frames();
  const wide = Buffer.from([0x3f, 0xff, 0xff, 0xff]);
  peer.send(settings([INITIAL_WINDOW, 0x3fffffff]), frame(WINDOW_UPDATE, 0, 0, wide), headers(1, GET));
  const call = await bench.call();
  peer.socket.pause();
  call.inbound.head(200, Fields.empty(), -1, false);
  const poured = pour(call, 64 * MB);
  await settled(() => poured.written, 'the socket to be full');
  return peer;
}

/** Octets of bodies that came. */
function bytesOf(peer: FramePeer): number {
  return peer.frames.reduce((sum, { type, payload }) => (type === DATA ? sum + payload.length : sum), 0);
}

/** A larger window, by so many octets (RFC 9113 §6.9). */
function update(stream: number, octets: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(octets);
  return frame(WINDOW_UPDATE, 0, stream, payload);
}

/** A request of a client that lets no more through than the first window, until it sends an `update`. */
async function stingy(bench: Bench): Promise<{ peer: FramePeer; call: Call }> {
  const peer = await bench.frames();
  peer.send(headers(1, GET));
  return { peer, call: await bench.call() };
}

/** Why there is no second request on a connection that is full, where there is none. */
const UNHEARD =
  Number(process.versions.node.split('.')[0]) < 26
    ? 'this Node does not read from an HTTP/2 connection that it cannot write to'
    : undefined;

function fullTests(declare: Declare): void {
  const ANSWERS: Readonly<Record<string, readonly [number, (call: Call) => void]>> = {
    'an early answer': [NO_ERROR, (call) => call.ok()],
    'an early answer without a body': [NO_ERROR, (call) => call.inbound.reply(204, Fields.empty(), '', false)],
    'an early answer with trailers': [
      NO_ERROR,
      ({ inbound }) => {
        inbound.head(200, Fields.empty(), -1, false);
        inbound.end(Fields.from(['x-a', '1']), Buffer.from('ok'));
      },
    ],
    'a broken answer': [
      INTERNAL_ERROR,
      ({ inbound }) => {
        inbound.head(200, Fields.empty(), -1, false);
        inbound.write(Buffer.from('ok'));
        inbound.destroy();
      },
    ],
    'an answer that never began': [INTERNAL_ERROR, (call) => call.inbound.destroy()],
  };
  for (const [what, [code, answer]] of Object.entries(ANSWERS))
    for (const whole of [true, false])
      declare(
        `${what} on a connection that is full reaches its client in the end (request ${whole ? '' : 'not '}whole)`,
        async (bench) => {
          bench.onCall = (call) => call.read();
          const peer = await full(bench);
          peer.send(headers(3, POST, END_HEADERS), frame(DATA, whole ? END_STREAM : 0, 3, 'abc'));
          const call = await bench.call();
          await until(() => call.received === 3, 'the body');
          answer(call);
          for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
          peer.socket.resume();
          if (code !== NO_ERROR || !whole) assert.equal(await peer.reset(3), code);
          const ended = () => peer.frames.some(({ flags, stream }) => stream === 3 && (flags & END_STREAM) !== 0);
          if (code === NO_ERROR) await until(ended, 'the end of the answer');
          else assert.equal(ended(), false);
          assert.equal(await call.finished(), code === NO_ERROR ? 'done' : 'gone');
        },
        UNHEARD,
      );

  // Node forgets what waits for room where a stream is reset and its request ends before there is any.
  const LATE: Readonly<Record<string, (call: Call) => void>> = {
    'without a body': (call) => call.inbound.reply(204, Fields.empty(), '', false),
    'with trailers alone': ({ inbound }) => {
      inbound.head(200, Fields.empty(), -1, false);
      inbound.end(Fields.from(['x-a', '1']), null);
    },
  };
  for (const [what, answer] of Object.entries(LATE))
    declare(
      `an early answer ${what} that waits for room when the request ends after all`,
      async (bench) => {
        const { peer, call } = await upload(bench);
        answer(call);
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
        await finishUpload(bench, peer);
        peer.socket.resume();
        const ended = () => peer.frames.some(({ flags, stream }) => stream === 3 && (flags & END_STREAM) !== 0);
        await until(ended, 'the end of the answer');
        assert.equal(await call.finished(), 'done');
      },
      UNHEARD,
    );

  declare(
    'an answer broken off while it waits for room, and a request that ends then',
    async (bench) => {
      const { peer, call } = await upload(bench);
      call.inbound.head(200, Fields.empty(), -1, false);
      call.inbound.end(null, null);
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      call.inbound.destroy();
      await finishUpload(bench, peer);
      peer.socket.resume();
      assert.equal(await peer.reset(3), INTERNAL_ERROR);
      assert.equal(await call.finished(), 'gone');
    },
    UNHEARD,
  );
}

/** Half a request, on stream 3 of a connection that is full. */
async function upload(bench: Bench): Promise<{ peer: FramePeer; call: Call }> {
  bench.onCall = (call) => call.read();
  const peer = await full(bench);
  peer.send(headers(3, POST, END_HEADERS), frame(DATA, 0, 3, 'abc'));
  const call = await bench.call();
  await until(() => call.received === 3, 'the body');
  return { peer, call };
}

/** The other half, and another request behind it, which shows that it has come. */
async function finishUpload(bench: Bench, peer: FramePeer): Promise<void> {
  peer.send(frame(DATA, END_STREAM, 3, 'abc'), headers(5, GET));
  await bench.call();
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}

function destroyTests(declare: Declare): void {
  for (const length of [-1, 100])
    declare(`destroy: what was written arrives, then the stream breaks (length ${length})`, async (bench) => {
      const { client, asked, call } = await bench.exchange();
      call.inbound.head(200, Fields.empty(), length, false);
      call.inbound.write(Buffer.from('hello'));
      call.inbound.destroy();
      assert.equal(await asked.over(), INTERNAL_ERROR);
      assert.deepEqual([asked.status, asked.body], [200, 'hello']);
      assert.equal(await call.finished(), 'gone');
      bench.onCall = (next) => next.ok('next');
      assert.equal((await ask(client).reply()).body, 'next');
    });

  declare('destroy: megabytes that were written still arrive', async (bench) => {
    const { asked, call } = await bench.exchange();
    asked.countOnly = true;
    call.inbound.head(200, Fields.empty(), -1, false);
    for (let i = 0; i < 64; i++) call.inbound.write(PIECE);
    call.inbound.destroy();
    assert.equal(await asked.over(), INTERNAL_ERROR);
    assert.equal(asked.bytes, 4 * MB);
    assert.equal(await call.finished(), 'gone');
  });

  declare(
    'destroy: what was written arrives at a client that takes it bit by bit, however long it takes',
    async (bench) => {
      const { peer, call } = await stingy(bench);
      call.inbound.head(200, Fields.empty(), -1, false);
      for (let i = 0; i < 16; i++) call.inbound.write(PIECE);
      call.inbound.destroy();
      let granted = WINDOW;
      while (granted < MB) {
        await until(() => bytesOf(peer) === granted, 'all that the window lets through');
        for (let looks = 0; looks < 6; looks++) bench.skip(100);
        peer.send(update(0, WINDOW), update(1, WINDOW));
        granted += WINDOW;
      }
      assert.equal(await peer.reset(1), INTERNAL_ERROR);
      assert.equal(bytesOf(peer), MB);
      assert.equal(await call.finished(), 'gone');
    },
  );

  declare('destroy: seconds in which Weir itself stood still are not the client’s', async (bench) => {
    const { peer, call } = await stingy(bench);
    call.inbound.head(200, Fields.empty(), -1, false);
    for (let i = 0; i < 16; i++) call.inbound.write(PIECE);
    call.inbound.destroy();
    await until(() => bytesOf(peer) === WINDOW, 'all that the window lets through');
    bench.skip(5000);
    peer.send(update(0, MB), update(1, MB));
    assert.equal(await peer.reset(1), INTERNAL_ERROR);
    assert.equal(bytesOf(peer), MB);
    assert.equal(await call.finished(), 'gone');
  });

  declare('destroy: a client that takes nothing for a second is not waited for', async (bench) => {
    const { peer, call } = await stingy(bench);
    call.inbound.head(200, Fields.empty(), -1, false);
    for (let i = 0; i < 16; i++) call.inbound.write(PIECE);
    call.inbound.destroy();
    await until(() => bytesOf(peer) === WINDOW, 'all that the window lets through');
    for (let looks = 0; looks < 10; looks++) bench.skip(100);
    assert.equal(await peer.reset(1), INTERNAL_ERROR);
    assert.equal(bytesOf(peer), WINDOW);
    assert.equal(await call.finished(), 'gone');
  });

  declare('destroy with the head alone, before any, and more than once', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.destroy();
    call.inbound.destroy();
    call.inbound.write(Buffer.from('late'));
    call.inbound.end(null, null);
    assert.equal(await asked.over(), INTERNAL_ERROR);
    assert.deepEqual([asked.status, asked.body], [200, '']);
    const other = ask(client);
    const second = (await until(() => bench.calls[1], 'the second request')) as Call;
    second.inbound.destroy();
    second.inbound.reply(200, Fields.empty(), 'late', false);
    assert.equal(await other.over(), INTERNAL_ERROR);
    assert.equal(other.status, 0);
    assert.deepEqual([await call.finished(), await second.finished()], ['gone', 'gone']);
  });

  declare('destroy of a reply to HEAD: no head either', async (bench) => {
    const { asked, call } = await bench.exchange([':method', 'HEAD']);
    call.inbound.head(200, Fields.empty(), 10, false);
    call.inbound.destroy();
    assert.equal(await asked.over(), INTERNAL_ERROR);
    assert.equal(asked.status, 0);
    assert.equal(await call.finished(), 'gone');
  });

  declare('destroy ends even where the client does not read', async (bench) => {
    const { asked, call } = await bench.exchange();
    asked.stream.pause();
    call.inbound.head(200, Fields.empty(), -1, false);
    const poured = pour(call, 32 * MB);
    await settled(() => poured.written, 'the writer to stall');
    call.inbound.destroy();
    assert.equal(await call.finished(), 'gone');
    asked.stream.resume();
    assert.equal(await asked.over(), INTERNAL_ERROR);
  });

  declare('destroy and abandoned body at once', async (bench) => {
    bench.onCall = (call) => call.read();
    const { asked, call } = await bench.exchange([], null);
    asked.stream.write('hello');
    await until(() => call.received > 0, 'the first piece');
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('hello'));
    call.inbound.destroy();
    assert.equal(await asked.over(), INTERNAL_ERROR);
    assert.equal(asked.body, 'hello');
    assert.equal(await call.finished(), 'gone');
  });

  declare('calls after the end do nothing', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    call.ok('one');
    await call.finished();
    call.inbound.reply(200, Fields.empty(), 'two', false);
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.inform(103, Fields.empty());
    call.inbound.write(Buffer.from('three'));
    call.inbound.end(null, Buffer.from('four'));
    call.inbound.pauseBody();
    call.inbound.resumeBody();
    call.inbound.readBody(false);
    call.inbound.destroy();
    assert.equal((await asked.reply()).body, 'one');
    bench.onCall = (next) => next.ok('five');
    assert.equal((await ask(client).reply()).body, 'five');
  });
}
