/** HTTP/2 edge: clients that leave, at every phase and by every way, and what must not be left of them. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import { Random } from '../../src/testing/random.ts';
import { SEED, SEED_NOTE } from '../../src/testing/seed.ts';
import { until } from '../tools/until.ts';
import { ask, type Bench, type Declare } from './edge-http2-bench.ts';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  type FramePeer,
  frame,
  GOAWAY,
  HEADERS,
  headers,
  RST_STREAM,
  rst,
} from './http2-frames.ts';

const NO_ERROR = 0;
const PROTOCOL_ERROR = 1;
const CANCEL = 8;

const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'weir.test', ':path', '/'];
const HEAD = [':method', 'HEAD', ...GET.slice(2)];
const POST = [':method', 'POST', ...GET.slice(2)];

/** Ways to leave. A reset with NO_ERROR is what Node takes for a good end. */
const LEAVE: readonly (readonly [string, (peer: FramePeer) => unknown])[] = [
  ['cancels', (peer) => peer.send(rst(1, CANCEL))],
  ['resets without an error', (peer) => peer.send(rst(1, NO_ERROR))],
  ['resets with an error', (peer) => peer.send(rst(1, PROTOCOL_ERROR))],
  ['ends its side of the connection', (peer) => peer.socket.end()],
  ['closes', (peer) => peer.close()],
];

export function goneTests(declare: Declare): void {
  for (const [how, leave] of LEAVE) {
    declare(`a client that ${how} inside its body: bodyFailed('gone'), then gone`, async (bench) => {
      bench.onCall = (call) => call.read();
      const peer = await bench.frames();
      peer.send(headers(1, POST, END_HEADERS), frame(DATA, 0, 1, 'he'));
      const call = await bench.call();
      await until(() => call.received > 0, 'the first piece');
      leave(peer);
      assert.equal(await call.finished(), 'gone');
      assert.deepEqual([call.failed, call.bodyEnded], ['gone', false]);
    });

    declare(`a client that ${how} inside a paused body: gone`, async (bench) => {
      bench.onCall = (call) => call.read().inbound.pauseBody();
      const peer = await bench.frames();
      peer.send(headers(1, POST, END_HEADERS), frame(DATA, 0, 1, 'he'));
      const call = await bench.call();
      leave(peer);
      assert.equal(await call.finished(), 'gone');
      assert.deepEqual([call.failed, call.bodyEnded], ['gone', false]);
    });

    declare(`a client that ${how} before its body was asked for: gone, and no bodyFailed`, async (bench) => {
      const peer = await bench.frames();
      peer.send(headers(1, POST, END_HEADERS), frame(DATA, 0, 1, 'he'));
      const call = await bench.call();
      leave(peer);
      assert.equal(await call.finished(), 'gone');
      assert.equal(call.failed, '');
    });

    for (const fields of [GET, HEAD])
      declare(`a client that ${how} while it waits for an answer to ${fields[1]}: gone`, async (bench) => {
        const peer = await bench.frames();
        peer.send(headers(1, fields));
        const call = await bench.call();
        leave(peer);
        assert.equal(await call.finished(), 'gone');
        call.ok(); // too late, and harmless
      });

    for (const body of ['a whole request', 'half a request'])
      declare(`a client that ${how} during the reply to ${body}: gone, without another write`, async (bench) => {
        bench.onCall = (call) => call.read();
        const peer = await bench.frames();
        peer.send(headers(1, POST, END_HEADERS), frame(DATA, body.includes('whole') ? END_STREAM : 0, 1, 'he'));
        const call = await bench.call();
        call.inbound.head(200, Fields.empty(), -1, false);
        call.inbound.write(Buffer.from('hello'));
        await peer.frame(DATA, 1);
        leave(peer);
        assert.equal(await call.finished(), 'gone');
        call.inbound.write(Buffer.from('more'));
        call.inbound.end(null, null);
      });

    declare(`a client that ${how} before it has room for a reply that was handed over whole: gone`, async (bench) => {
      const peer = await bench.frames();
      peer.send(headers(1, GET));
      (await bench.call()).ok(Buffer.alloc(4 << 20));
      await peer.frame(DATA, 1);
      leave(peer);
      assert.equal(await bench.calls[0]!.finished(), 'gone');
    });

    declare(`a client that ${how} when it has the whole reply, but not sent all: done`, async (bench) => {
      const peer = await bench.frames();
      peer.send(headers(1, POST, END_HEADERS));
      (await bench.call()).ok();
      await until(() => peer.frames.some(({ type, flags }) => type === DATA && flags === END_STREAM), 'the reply');
      leave(peer);
      assert.equal(await bench.calls[0]!.finished(), 'done');
    });
  }

  declare('one stream reset is no matter of the others', async (bench) => {
    const peer = await bench.frames();
    peer.send(headers(1, GET), headers(3, GET));
    const [first, second] = [await bench.call(), await bench.call()];
    peer.send(rst(3, CANCEL));
    assert.equal(await second.finished(), 'gone');
    first.ok('first');
    assert.equal((await peer.frame(DATA, 1)).payload.toString(), 'first');
    assert.equal(peer.find(HEADERS, 3), undefined);
  });

  declare('a client that leaves before it asks for anything leaves nothing behind', async (bench) => {
    const ends = await bench.frames();
    const closes = await bench.frames();
    await until(() => bench.sessions.size === 2, 'both connections');
    ends.socket.end();
    closes.close();
    await until(() => bench.sessions.size === 0, 'both to be gone');
  });

  declare(
    'a client that cancels large replies without end is told to go before nothing is left for others',
    async (bench) => {
      let now = 0;
      await bench.listen({ now: () => now });
      bench.onCall = ({ inbound }) => inbound.reply(200, Fields.empty(), Buffer.alloc(200_000), false);
      const peer = await bench.frames();
      const told = () => peer.frames.find(({ type }) => type === GOAWAY);
      // 32 MB are what Node has for a connection.
      for (let id = 1; id < 2400 && told() === undefined; ) {
        now += 10_000; // so that these are not too many at once
        const first = id;
        for (; id < first + 100; id += 2) peer.send(headers(id, GET));
        const asked = (id - 1) / 2;
        await until(() => bench.calls.length === asked || told() !== undefined, 'the requests');
        for (let one = first; one < id; one += 2) peer.send(rst(one, CANCEL));
        await until(() => bench.calls.every((call) => call.over !== ''), 'the ends');
      }
      const refused = peer.frames.filter(({ type }) => type === RST_STREAM);
      assert.deepEqual([told()?.payload.readUInt32BE(4), refused.length], [NO_ERROR, 0]);
      await until(() => bench.sessions.size === 0, 'the connection to be closed');
    },
  );

  declare(`thousands of aborts at random moments leave nothing behind (${SEED_NOTE})`, async (bench) => {
    await bench.listen({ requestTimeout: 5000, writeTimeout: 5000 });
    bench.onCall = (call) => {
      const { inbound } = call;
      if (random() < 0.7) call.read();
      call.onBodyEnd = () => {
        if (random() < 0.9) call.ok(Buffer.alloc(Math.floor(random() * 200_000)));
      };
      if (random() > 0.3) return;
      inbound.head(200, Fields.empty(), -1, false);
      for (let i = 0; i < 3; i++) inbound.write(Buffer.alloc(Math.floor(random() * 50_000)));
      if (random() < 0.3) inbound.destroy();
      else if (random() < 0.5) inbound.end(random() < 0.5 ? Fields.of('x-a', '1') : null, null);
    };
    for (let round = 0; round < 30; round++) await abortSome(bench);
    await until(() => bench.sessions.size === 0, 'all connections to be gone');
    await until(() => bench.calls.every((call) => call.over !== ''), 'all requests to be over');
    assert.ok(bench.calls.length > 2000, `${bench.calls.length} requests`);
    assert.ok(bench.calls.some((call) => call.over === 'done'));
    assert.equal(bench.wheel.size, 0);
  });
}

const chance = new Random(SEED);
const random = (): number => chance.next();

/** A connection with a hundred requests, of which most are given up, and which is then cut itself. */
async function abortSome(bench: Bench): Promise<void> {
  const { client, socket } = await bench.clientOn();
  for (let i = 0; i < 100; i++) {
    const asked = ask(client, random() < 0.1 ? [':method', 'HEAD'] : [], random() < 0.5 ? null : undefined);
    if (!asked.stream.writableEnded) {
      asked.stream.write(Buffer.alloc(Math.floor(random() * 100_000)));
      if (random() < 0.7) asked.stream.end();
    }
    const code = random() < 0.5 ? CANCEL : NO_ERROR;
    if (random() < 0.8) setTimeout(() => asked.stream.close(code), random() * 30);
    if (random() < 0.2) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, random() * 30));
  if (random() < 0.5) client.destroy();
  else socket.destroy();
}
