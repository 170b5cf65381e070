/**
 * Contract: clients that leave. A reset or a close is `gone` at every phase. A client that only shuts down its sending
 * side after a whole request still gets its answer; in the middle of a request it is gone.
 */
import assert from 'node:assert/strict';
import { until } from '../tools/until.ts';
import type { Declare } from './edge.ts';
import type { WireClient } from './edge-wire.ts';

const HOST = 'Host: weir.test\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;
const POST = `POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\n`;
const CHUNKED = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhe`;

const LEAVE: readonly (readonly [string, (client: WireClient) => unknown])[] = [
  ['resets', (client) => client.reset()],
  ['closes', (client) => client.close()],
];
const FINISH = ['half-closes', (client: WireClient) => client.finish()] as const;

export function goneTests(declare: Declare): void {
  for (const [how, leave] of [...LEAVE, FINISH]) {
    declare(`a client that ${how} before or inside a head leaves nothing behind`, async (bench) => {
      const silent = await bench.client();
      const half = await bench.client();
      half.send('GET / HTTP/1.1\r\nHos');
      await until(() => bench.edge.connections === 2, 'both connections');
      await leave(silent);
      await leave(half);
      await until(() => bench.edge.connections === 0, 'both to be closed');
      assert.equal(bench.calls.length, 0);
    });

    for (const [kind, head] of [
      ['a body of known length', `${POST}he`],
      ['a chunked body', CHUNKED],
    ]) {
      declare(`a client that ${how} inside ${kind}: bodyFailed('gone'), then gone`, async (bench) => {
        bench.onCall = (call) => call.read();
        const { client, call } = await bench.exchange(head);
        await until(() => call.received > 0, 'the first piece');
        await leave(client);
        assert.equal(await call.finished(), 'gone');
        assert.equal(call.failed, 'gone');
      });
    }

    declare(`a client that ${how} before its body was asked for: gone, and no bodyFailed`, async (bench) => {
      const { client, call } = await bench.exchange(POST);
      await leave(client);
      assert.equal(await call.finished(), 'gone');
      assert.equal(call.failed, '');
    });

    declare(`a client that ${how} in its body while the reply streams: gone`, async (bench) => {
      bench.onCall = (call) => call.read();
      const { client, call } = await bench.exchange(`${POST}he`);
      call.inbound.head(200, [], -1, false);
      call.inbound.write(Buffer.from('hello'));
      await client.head();
      await leave(client);
      assert.equal(await call.finished(), 'gone');
    });
  }

  for (const [how, leave] of LEAVE) {
    declare(
      `a client that ${how} while it waits for an answer: gone, without a byte written by the exchange`,
      async (bench) => {
        const { client, call } = await bench.exchange(GET);
        await leave(client);
        assert.equal(await call.finished(), 'gone');
        call.ok(); // too late, and harmless
      },
    );

    declare(`a client that ${how} during the reply: gone at the next writes`, async (bench) => {
      const { client, call } = await bench.exchange(GET);
      call.inbound.head(200, [], -1, false);
      call.inbound.write(Buffer.from('hello'));
      await client.head();
      await leave(client);
      const timer = setInterval(() => call.inbound.write(Buffer.from('more')), 5);
      assert.equal(await call.finished(), 'gone');
      clearInterval(timer);
    });

    declare(
      `a client that ${how} with pipelined requests: the one under way is gone, the others were never there`,
      async (bench) => {
        const { client, call } = await bench.exchange(GET + GET + GET);
        await leave(client);
        assert.equal(await call.finished(), 'gone');
        assert.equal(bench.calls.length, 1);
      },
    );
  }

  halfCloseTests(declare);
}

function halfCloseTests(declare: Declare): void {
  declare('half-closed after a whole request: the answer still comes, then the connection ends', async (bench) => {
    const client = await bench.client(true);
    client.finish(GET);
    const call = await bench.call();
    call.ok('answer');
    assert.equal((await client.reply()).body, 'answer');
    await client.over(1000);
    assert.equal(await call.finished(), 'done');
  });

  declare('half-closed: a late answer comes too, whatever interim replies stand before it', async (bench) => {
    const client = await bench.client(true);
    client.finish(`POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nab`);
    bench.onCall = (call) => call.read();
    const call = await bench.call();
    assert.equal(await call.ended(), 'ab');
    await new Promise((resolve) => setTimeout(resolve, 500)); // longer than an edge may wait before it asks
    assert.equal(call.over, '');
    call.ok('late');
    let reply = await client.reply();
    while (reply.status < 200) reply = await client.reply();
    assert.equal(reply.body, 'late');
    await client.over(1000);
    assert.equal(await call.finished(), 'done');
  });

  declare('half-closed: a streamed answer comes to its end', async (bench) => {
    const client = await bench.client(true);
    client.finish(GET);
    const call = await bench.call();
    call.inbound.head(200, [], -1, false);
    for (let i = 0; i < 5; i++) {
      call.inbound.write(Buffer.from(`${i}`));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    call.inbound.end(null, Buffer.from('!'));
    assert.equal((await client.reply()).body, '01234!');
    await client.over(1000);
    assert.equal(await call.finished(), 'done');
  });

  declare('half-closed: all pipelined requests are answered', async (bench) => {
    const client = await bench.client(true);
    bench.onCall = (call) => setTimeout(() => call.ok(call.inbound.target), 10);
    client.finish(`GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}\r\nGET /3 HTTP/1.1\r\n${HOST}\r\n`);
    const bodies = [(await client.reply()).body, (await client.reply()).body, (await client.reply()).body];
    assert.deepEqual(bodies, ['/1', '/2', '/3']);
    await client.over(1000);
  });

  declare('half-closed, an HTTP/1.0 client is sent nothing but its answer', async (bench) => {
    const client = await bench.client(true);
    client.finish('GET / HTTP/1.0\r\n\r\n');
    const call = await bench.call();
    await new Promise((resolve) => setTimeout(resolve, 500));
    call.ok('late');
    assert.equal((await client.reply()).status, 200);
    await client.over(1000);
  });
}
