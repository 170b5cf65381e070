/** Contract: WebSocket upgrades are handed over raw; every other upgrade is ignored (RFC 9110 §7.8). */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Fields } from '../../src/fields/fields.ts';
import { until } from '../tools/until.ts';
import type { Declare } from './edge.ts';
import type { Call } from './edge-inbound.ts';

const HOST = 'Host: weir.test\r\n';
const GET = `GET /next HTTP/1.1\r\n${HOST}\r\n`;
const upgrade = (protocol: string, more = '') =>
  `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: ${protocol}\r\n${more}\r\n`;
const WEBSOCKET = upgrade('websocket', 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n');

function take(call: Call, headers = ['upgrade', 'websocket', 'connection', 'Upgrade']) {
  const taken = call.inbound.takeOver(Fields.from(headers));
  call.over = 'taken';
  return taken;
}

export function upgradeTests(declare: Declare): void {
  takeOverTests(declare);
  refusedTests(declare);
  ignoredTests(declare);
}

function takeOverTests(declare: Declare): void {
  declare('a WebSocket upgrade gives the raw socket and what came early', async (bench) => {
    const { client, call } = await bench.exchange(`${WEBSOCKET}early`);
    assert.equal(call.inbound.upgrade, 'websocket');
    const { socket, early } = take(call);
    assert.equal(early.toString(), 'early');
    const head = await client.head();
    assert.deepEqual([head.status, head.fields], [101, ['upgrade: websocket', 'connection: Upgrade']]);
    socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
    socket.resume();
    client.send('frames');
    await until(() => client.text === 'FRAMES', 'an echo');
    client.finish();
    await once(socket, 'end');
    socket.end('bye');
    await until(() => client.text === 'FRAMESbye' && client.ended, 'the other side’s end');
    assert.equal(bench.calls.length, 1);
  });

  declare('what comes while the answer is made is kept', async (bench) => {
    const { client, call } = await bench.exchange(WEBSOCKET.replace('websocket', 'WebSocket'));
    client.send('one ');
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.send('two ');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { socket, early } = take(call);
    let got = early.toString();
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.resume();
    client.send('three');
    await until(() => got === 'one two three', 'all of it');
  });

  declare('idle and request timeouts do not touch an upgraded connection', async (bench) => {
    await bench.listen({ idleTimeout: 200, requestTimeout: 200, headerTimeout: 200 });
    bench.onCall = (call) => call.ok();
    const client = await bench.client();
    client.send(GET);
    await client.reply();
    await bench.call();
    bench.onCall = () => {};
    client.send(WEBSOCKET);
    const { socket } = take(await bench.call());
    await client.head();
    await new Promise((resolve) => setTimeout(resolve, 900));
    socket.write('still open');
    await until(() => client.text === 'still open', 'a late message');
  });

  declare('an upgraded connection counts, and close ends it', async (bench) => {
    const { client, call } = await bench.exchange(WEBSOCKET);
    const { socket } = take(call);
    socket.on('error', () => {});
    await client.head();
    bench.edge.drain(0);
    assert.equal(bench.edge.connections, 1);
    await bench.edge.close();
    await client.over();
  });

  for (const how of ['reset', 'close', 'finish'] as const) {
    declare(`a client that leaves (${how}) before the upgrade is answered is gone`, async (bench) => {
      const { client, call } = await bench.exchange(WEBSOCKET);
      await client[how]();
      assert.equal(await call.finished(), 'gone');
    });
  }
}

function refusedTests(declare: Declare): void {
  declare('an upgrade can be answered with an ordinary reply; the connection ends', async (bench) => {
    const { client, call } = await bench.exchange(WEBSOCKET);
    call.inbound.reply(401, Fields.from(['x-why', 'no']), 'no', false);
    const reply = await client.reply();
    assert.deepEqual(
      [reply.status, reply.get('x-why'), reply.get('connection'), reply.body],
      [401, 'no', 'close', 'no'],
    );
    await client.over(1500);
    assert.deepEqual([await call.finished(), call.bytes], ['done', 2]);
  });

  declare('an upgrade can be answered with a streamed reply', async (bench) => {
    const { client, call } = await bench.exchange(`${WEBSOCKET}early`);
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('hello '));
    call.inbound.end(null, Buffer.from('world'));
    assert.equal((await client.reply()).body, 'hello world');
    await client.over(1500);
    assert.equal(await call.finished(), 'done');
  });

  declare('destroy on an upgrade', async (bench) => {
    const { client, call } = await bench.exchange(WEBSOCKET);
    call.inbound.destroy();
    await client.over();
    assert.equal(await call.finished(), 'gone');
  });

  declare('an upgrade with a bad head is refused', async (bench) => {
    const client = await bench.client();
    client.send(upgrade('websocket', 'Host: other.test\r\n'));
    assert.equal((await client.reply()).status, 400);
    await client.over(1500);
    assert.equal(bench.calls.length, 0);
  });
}

function ignoredTests(declare: Declare): void {
  const cases: Record<string, string> = {
    h2c: upgrade('h2c', 'HTTP2-Settings: AAMAAABk\r\n'),
    'an unknown protocol': upgrade('gopher/7'),
    'several Upgrade fields': upgrade('websocket', 'Upgrade: h2c\r\n'),
    'websocket without Connection: Upgrade': `GET / HTTP/1.1\r\n${HOST}Upgrade: websocket\r\n\r\n`,
    'websocket in HTTP/1.0': `GET / HTTP/1.0\r\n${HOST}Connection: Upgrade, keep-alive\r\nUpgrade: websocket\r\n\r\n`,
  };
  for (const [title, bytes] of Object.entries(cases)) {
    declare(`ignored: ${title}`, async (bench) => {
      bench.onCall = (call) => call.ok(`${call.inbound.target}:${call.inbound.upgrade}`);
      const client = await bench.client();
      client.send(bytes);
      const reply = await client.reply();
      assert.deepEqual([reply.status, reply.body], [200, '/:']);
    });
  }

  const body = 'GET /inner HTTP/1.1\r\n\r\n';
  const posts: readonly (readonly [string, string])[] = ['h2c', 'websocket'].flatMap((protocol) => [
    [
      `${protocol}, of known length`,
      upgrade(protocol, `Content-Length: ${body.length}\r\n`).replace('GET', 'POST') + body,
    ],
    [
      `${protocol}, chunked`,
      `${upgrade(protocol, 'Transfer-Encoding: chunked\r\n').replace('GET', 'POST')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    ],
  ]);
  for (const [title, bytes] of posts) {
    for (const [when, behind] of [
      ['alone', ''],
      ['with a request behind it', GET],
    ]) {
      declare(`a body with an upgrade to ${title}, is framed like any other, ${when}`, async (bench) => {
        bench.onCall = (call) => {
          call.onBodyEnd = () => call.ok(`${call.inbound.target}:${call.body}:${call.inbound.upgrade}`);
          call.read();
        };
        const client = await bench.client();
        client.send(bytes + behind);
        assert.equal((await client.reply()).body, `/:${body}:`);
        if (behind !== '') assert.equal((await client.reply()).body, '/next::');
        assert.equal(bench.calls.length, behind === '' ? 1 : 2);
      });
    }
  }

  declare('a connection goes on after an upgrade that was ignored', async (bench) => {
    bench.onCall = (call) => call.ok(call.inbound.target);
    const client = await bench.client();
    client.send(upgrade('h2c') + GET);
    assert.deepEqual([(await client.reply()).body, (await client.reply()).body], ['/', '/next']);
  });

  declare('an upgrade pipelined behind an unanswered request is a plain request', async (bench) => {
    const { client, call } = await bench.exchange(GET + WEBSOCKET);
    call.ok('first');
    assert.equal((await client.reply()).body, 'first');
    const second = await bench.call();
    assert.equal(second.inbound.upgrade, '');
    second.ok('second');
    assert.equal((await client.reply()).body, 'second');
  });
}
