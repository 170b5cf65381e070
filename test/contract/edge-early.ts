/** Contract: answers that are made while the request's body is still on its way. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import { until } from '../tools/until.ts';
import type { Declare } from './edge.ts';
import type { Call } from './edge-inbound.ts';

const HOST = 'Host: weir.test\r\n';
const GET = `GET /next HTTP/1.1\r\n${HOST}\r\n`;
const MB = 1 << 20;

/** How an exchange can stand to a body when it answers. */
const STANCES: readonly (readonly [string, (call: Call) => void])[] = [
  ['never read', () => {}],
  ['being read', (call) => call.read()],
  ['paused', (call) => call.read().inbound.pauseBody()],
];

export function earlyTests(declare: Declare): void {
  for (const [stance, prepare] of STANCES) {
    declare(
      `an early answer to a body ${stance}: the rest is discarded, the next request is the next`,
      async (bench) => {
        const { client, call } = await bench.exchange(
          `POST / HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\nGET /inner HTTP/1.1\r\n`,
        );
        prepare(call);
        call.inbound.reply(401, Fields.empty(), 'early', false);
        assert.equal((await client.reply()).body, 'early');
        bench.onCall = (next) => next.ok(next.inbound.target);
        client.send(`${HOST}\r\n`.padEnd(79, 'z') + GET);
        assert.equal((await client.reply()).body, '/next');
        assert.equal(await call.finished(), 'done');
        assert.ok(call.received <= 21 && !call.bodyEnded, 'no body is told after the answer');
      },
    );

    declare(`an early answer to a chunked body ${stance}`, async (bench) => {
      const { client, call } = await bench.exchange(
        `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nGET /`,
      );
      prepare(call);
      call.inbound.head(200, Fields.empty(), -1, false);
      call.inbound.end(null, Buffer.from('early'));
      assert.equal((await client.reply()).body, 'early');
      bench.onCall = (next) => next.ok(next.inbound.target);
      client.send(`\r\n3\r\nabc\r\n0\r\n\r\n${GET}`);
      assert.equal((await client.reply()).body, '/next');
    });

    declare(
      `an early answer that closes, to a body ${stance}: it can be read although the client goes on sending`,
      async (bench) => {
        const { client, call } = await bench.exchange(
          `POST / HTTP/1.1\r\n${HOST}Content-Length: ${200_000}\r\n\r\n${'x'.repeat(100_000)}`,
        );
        prepare(call);
        call.inbound.reply(413, Fields.empty(), 'too large', true);
        client.send('x'.repeat(50_000));
        const reply = await client.reply();
        assert.deepEqual([reply.status, reply.get('connection'), reply.body], [413, 'close', 'too large']);
        await client.over(1500);
        assert.equal(client.error, '');
        assert.equal(await call.finished(), 'done');
      },
    );
  }

  declare('an early answer that closes is not wiped out by a reset while the client goes on sending', async (bench) => {
    const client = await bench.client(true);
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 200000\r\n\r\n${'x'.repeat(100_000)}`);
    const call = await bench.call();
    call.inbound.reply(413, Fields.empty(), 'too large', true);
    await until(() => client.ended, 'the end of the answer');
    client.send('x'.repeat(50_000));
    await until(() => client.socket.writableLength === 0, 'more to be sent');
    client.finish('x'.repeat(50_000));
    await until(() => client.closed, 'both sides to end');
    assert.equal(client.error, '');
    assert.equal((await client.reply()).body, 'too large');
  });

  declare('what is discarded has a bound: then the connection ends', async (bench) => {
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
    call.inbound.reply(401, Fields.empty(), 'early', false);
    assert.equal((await client.reply()).body, 'early');
    const piece = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'x'), Buffer.from('\r\n')]);
    let sent = 0;
    await until(() => {
      if (client.closed) return true;
      client.send(piece);
      sent += piece.length;
      return false;
    }, 'the edge to give up');
    assert.ok(sent < 64 * MB);
    assert.equal(bench.calls.length, 1);
  });

  declare('an announced body too long to discard: the answer says close', async (bench) => {
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: ${1000 * MB}\r\n\r\n`);
    call.inbound.reply(413, Fields.empty(), 'too large', false);
    const reply = await client.reply();
    assert.deepEqual([reply.status, reply.get('connection')], [413, 'close']);
    await client.over(1500);
  });

  declare('a reply streams while the body is still coming, both to their ends', async (bench) => {
    bench.onCall = (call) => call.read();
    const { client, call } = await bench.exchange(
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`,
    );
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('first'));
    assert.equal((await client.head()).status, 200);
    client.send('1\r\nb\r\n0\r\n\r\n');
    assert.equal(await call.ended(), 'ab');
    call.inbound.end(null, Buffer.from('last'));
    await until(() => client.text.endsWith('0\r\n\r\n'), 'the end of the reply');
    assert.equal(await call.finished(), 'done');
  });
}
