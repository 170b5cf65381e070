/**
 * Contract: clients that leave. A reset, a close or the end of the sending side is `gone` at every phase, at once, but
 * where all of the answer has been handed over. With `halfClose`, a client that only shuts down its sending side after a
 * whole request still gets its answer.
 */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
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
        const { client, call } = await bench.exchange(head!);
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
      call.inbound.head(200, Fields.empty(), -1, false);
      call.inbound.write(Buffer.from('hello'));
      await client.head();
      await leave(client);
      assert.equal(await call.finished(), 'gone');
    });
  }

  for (const [how, leave] of [...LEAVE, FINISH]) {
    declare(
      `a client that ${how} while it waits for an answer: gone, without a byte written by the exchange`,
      async (bench) => {
        const { client, call } = await bench.exchange(GET);
        await leave(client);
        assert.equal(await call.finished(), 'gone');
        call.ok(); // too late, and harmless
      },
    );

    declare(`a client that ${how} during the reply: gone at once, without another write`, async (bench) => {
      const { client, call } = await bench.exchange(GET);
      call.inbound.head(200, Fields.empty(), -1, false);
      call.inbound.write(Buffer.from('hello'));
      await client.head();
      await leave(client);
      assert.equal(await call.finished(), 'gone');
    });

    declare(`a client that ${how} while its whole request is held back: gone`, async (bench) => {
      const { client, call } = await bench.exchange(`${POST}0123456789`);
      await leave(client);
      assert.equal(await call.finished(), 'gone');
      assert.equal(call.failed, '');
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

  declare('half-closed behind a request that is answered at once: the answer comes', async (bench) => {
    bench.onCall = (call) => call.ok('answer');
    const client = await bench.client(true);
    client.finish(GET);
    assert.equal((await client.reply()).body, 'answer');
    await client.over(1000);
    assert.equal(await bench.calls[0]!.finished(), 'done');
  });

  declare('half-closed while a whole answer is on its way: all of it comes', async (bench) => {
    const client = await bench.client(true);
    client.socket.removeAllListeners('data');
    client.socket.pause();
    client.send(GET);
    const call = await bench.call();
    call.ok(Buffer.alloc(16 << 20));
    client.finish();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(call.over, '');
    let bytes = 0;
    client.socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    client.socket.resume();
    await client.over();
    assert.ok(bytes > 16 << 20, `${bytes}`);
    assert.equal(await call.finished(), 'done');
  });

  declare('half-closed in the midst of a head: 400', async (bench) => {
    const client = await bench.client(true);
    client.finish('GET / HTTP/1.1\r\nHos');
    assert.equal((await client.reply()).status, 400);
    await client.over(2000);
  });

  halfCloseTests((title, run) =>
    declare(`halfClose: ${title}`, async (bench) => {
      await bench.listen({ halfClose: true });
      await run(bench);
    }),
  );
}

function halfCloseTests(declare: Declare): void {
  for (const how of ['resets', 'closes'])
    declare(`a client that ${how} while it waits is gone all the same`, async (bench) => {
      const { client, call } = await bench.exchange(GET);
      if (how === 'resets') await client.reset();
      else client.close();
      assert.equal(await call.finished(), 'gone');
    });

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
    call.inbound.head(200, Fields.empty(), -1, false);
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
