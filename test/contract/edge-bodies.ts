/** Contract: what a request is on the other side of the edge — head, body, expectation, trailers, order. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import { until } from '../tools/until.ts';
import type { Declare } from './edge.ts';

const HOST = 'Host: weir.test\r\n';

export function bodyTests(declare: Declare): void {
  headTests(declare);
  plainTests(declare);
  chunkedTests(declare);
  expectTests(declare);
  pipelineTests(declare);
}

function headTests(declare: Declare): void {
  declare('a head comes over as it was sent: case, order, duplicates', async (bench) => {
    const { client, call } = await bench.exchange(
      `PATCH /a%20b?c=d HTTP/1.1\r\nHOST: Weir.Test:81\r\nX-a: 1\r\nx-A:  2 \r\nX-Latin: \xe9\r\n\r\n`,
    );
    const { inbound } = call;
    assert.deepEqual([inbound.method, inbound.target, inbound.version], ['PATCH', '/a%20b?c=d', '1.1']);
    assert.deepEqual(inbound.headers.toPairs(), ['HOST', 'Weir.Test:81', 'X-a', '1', 'x-A', '2', 'X-Latin', '\xe9']);
    assert.deepEqual(
      [inbound.remoteAddress, inbound.secure, inbound.bodyLength, inbound.upgrade, inbound.expectsContinue],
      ['127.0.0.1', false, 0, '', false],
    );
    call.ok();
    assert.equal((await client.reply()).body, 'ok');
  });

  declare('a head may come a byte at a time', async (bench) => {
    const client = await bench.client();
    for (const byte of `GET / HTTP/1.1\r\n${HOST}\r\n`) {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    (await bench.call()).ok();
    assert.equal((await client.reply()).status, 200);
  });

  declare('absolute form and the asterisk of OPTIONS are passed on as targets', async (bench) => {
    bench.onCall = (call) => call.ok(call.inbound.target);
    const client = await bench.client();
    client.send(`GET http://other.test/x?y HTTP/1.1\r\n${HOST}\r\n`);
    assert.equal((await client.reply()).body, 'http://other.test/x?y');
    client.send(`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`);
    assert.equal((await client.reply()).body, '*');
  });

  declare('an empty line before a request is skipped (RFC 9112 §2.2)', async (bench) => {
    const { client, call } = await bench.exchange(`\r\nGET / HTTP/1.1\r\n${HOST}\r\n`);
    call.ok();
    assert.equal((await client.reply()).status, 200);
  });

  declare('more than a thousand small fields before the length do not hide it', async (bench) => {
    await bench.listen({ headerSize: 65_536 });
    bench.onCall = (call) => call.read();
    const { client, call } = await bench.exchange(
      `POST / HTTP/1.1\r\n${HOST}${'a:b\r\n'.repeat(3000)}Content-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\n${HOST}\r\n`,
    );
    assert.equal(await call.ended(), 'hello');
    assert.equal(call.inbound.headers.size, 3002);
    call.ok();
    await client.reply();
    assert.equal((await bench.call()).inbound.target, '/2');
  });
}

function plainTests(declare: Declare): void {
  for (const whole of [true, false]) {
    declare(`a body of known length, ${whole ? 'asked for whole' : 'streamed'}`, async (bench) => {
      bench.onCall = (call) => call.read(whole);
      const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 11\r\n\r\nhello`);
      assert.equal(call.inbound.bodyLength, 11);
      client.send(' world');
      assert.equal(await call.ended(), 'hello world');
      assert.equal(call.trailers, null);
      call.ok();
      assert.equal((await client.reply()).status, 200);
      assert.equal(await call.finished(), 'done');
    });
  }

  declare('a streamed body is handed on as it comes, before it is whole', async (bench) => {
    bench.onCall = (call) => call.read();
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nfirst`);
    await until(() => call.body === 'first', 'the first half');
    assert.equal(call.bodyEnded, false);
    client.send('after');
    assert.equal(await call.ended(), 'firstafter');
    call.ok();
  });

  declare('a request without a body ends at once when it is read', async (bench) => {
    const { client, call } = await bench.exchange(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    assert.equal(call.inbound.bodyLength, 0);
    assert.equal(await call.read().ended(), '');
    call.ok();
    assert.equal((await client.reply()).status, 200);
  });

  declare('Content-Length 0, and one with leading zeros', async (bench) => {
    bench.onCall = (call) => call.read();
    const { call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`);
    assert.equal(await call.ended(), '');
    const other = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 0003\r\n\r\nabc`);
    assert.equal(await other.call.ended(), 'abc');
  });

  declare('a body read only later has lost nothing', async (bench) => {
    const { call, client } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 6\r\n\r\nabc`);
    client.send('def');
    await until(() => client.socket.writableLength === 0, 'the body to be sent');
    assert.equal(call.received, 0);
    assert.equal(await call.read().ended(), 'abcdef');
    call.ok();
    assert.equal((await client.reply()).status, 200);
  });

  declare('a reply may be made inside accept, bodyData and bodyEnd', async (bench) => {
    const client = await bench.client();
    bench.onCall = (call) => call.ok('accept');
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    assert.equal((await client.reply()).body, 'accept');
    bench.onCall = (call) => {
      call.onBodyEnd = () => call.ok('end');
      call.read();
    };
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nab`);
    assert.equal((await client.reply()).body, 'end');
    bench.onCall = (call) => {
      call.onData = () => call.ok('data');
      call.read();
    };
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nab`);
    assert.equal((await client.reply()).body, 'data');
    client.send('cd');
    bench.onCall = (call) => call.ok('next');
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    assert.equal((await client.reply()).body, 'next');
  });
}

function chunkedTests(declare: Declare): void {
  const head = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;

  declare('a chunked body: extensions skipped, upper and lower case sizes, leading zeros', async (bench) => {
    bench.onCall = (call) => call.read();
    const { call } = await bench.exchange(`${head}3\r\nabc\r\n000a;x=y\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n`);
    assert.equal(call.inbound.bodyLength, -1);
    assert.equal(await call.ended(), 'abc01234567890123456789');
    assert.equal(call.trailers, null);
    call.ok();
  });

  declare('chunks cut anywhere', async (bench) => {
    bench.onCall = (call) => call.read();
    const client = await bench.client();
    for (const byte of `${head}5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n`) {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const call = await bench.call();
    assert.equal(await call.ended(), 'hello!');
    call.ok();
  });

  declare('trailers of a request', async (bench) => {
    bench.onCall = (call) => call.read();
    const { call } = await bench.exchange(`${head}2\r\nab\r\n0\r\nX-Sum: 1\r\nx-other:  2\r\n\r\n`);
    assert.equal(await call.ended(), 'ab');
    assert.deepEqual(call.trailers, ['X-Sum', '1', 'x-other', '2']);
    assert.ok(!call.inbound.headers.toPairs().includes('X-Sum'), 'a trailer must not become a field of the head');
    call.ok();
  });

  declare('chunked in another case', async (bench) => {
    bench.onCall = (call) => call.read();
    const { call } = await bench.exchange(
      `POST / HTTP/1.1\r\n${HOST}transfer-encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n`,
    );
    assert.equal(await call.ended(), 'a');
    call.ok();
  });
}

function expectTests(declare: Declare): void {
  const head = `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nExpect: 100-Continue\r\n\r\n`;

  declare('100 Continue is sent when the body is asked for, not before', async (bench) => {
    const { client, call } = await bench.exchange(head);
    assert.equal(call.inbound.expectsContinue, true);
    // The probe below comes over the same socket, so a 100 sent too early would stand before it.
    call.inbound.inform(103, Fields.from(['link', '</a>']));
    assert.equal((await client.reply()).status, 103);
    call.read();
    assert.equal((await client.reply()).status, 100);
    client.send('body');
    assert.equal(await call.ended(), 'body');
    call.ok();
    const reply = await client.reply();
    assert.deepEqual([reply.status, reply.get('connection')], [200, undefined]);
  });

  declare(
    'refused early, an expecting client gets the answer, no 100, and the end of the connection',
    async (bench) => {
      bench.onCall = (call) => call.inbound.reply(401, Fields.empty(), 'no', false);
      const { client } = await bench.exchange(head);
      const reply = await client.reply();
      assert.deepEqual([reply.status, reply.get('connection'), reply.body], [401, 'close', 'no']);
      await client.over(1000);
    },
  );

  declare('any other expectation is answered with 417', async (bench) => {
    const client = await bench.client();
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nExpect: 200-ok\r\n\r\n`);
    assert.equal((await client.reply()).status, 417);
    await client.over(1000);
    assert.equal(bench.calls.length, 0);
  });

  declare('an HTTP/1.0 client is sent no 100', async (bench) => {
    bench.onCall = (call) => call.read();
    const { client, call } = await bench.exchange(
      'POST / HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody',
    );
    assert.equal(call.inbound.expectsContinue, false);
    await call.ended();
    call.ok();
    assert.equal((await client.reply()).status, 200);
  });
}

function pipelineTests(declare: Declare): void {
  const get = (path: string) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`;

  declare('pipelined requests are handed over one at a time and answered in order', async (bench) => {
    const { client, call } = await bench.exchange(`${get('/1')}${get('/2')}${get('/3')}`);
    assert.equal(bench.calls.length, 1);
    call.ok('one');
    const second = await bench.call();
    assert.deepEqual([second.inbound.target, bench.calls.length], ['/2', 2]);
    second.inbound.head(200, Fields.empty(), -1, false);
    second.inbound.write(Buffer.from('two'));
    second.inbound.end(null, null);
    (await bench.call()).ok('three');
    assert.deepEqual(
      [(await client.reply()).body, (await client.reply()).body, (await client.reply()).body],
      ['one', 'two', 'three'],
    );
  });

  declare('pipelined requests with bodies', async (bench) => {
    bench.onCall = (call) => {
      call.onBodyEnd = () => call.ok(`${call.inbound.target}=${call.body}`);
      call.read();
    };
    const client = await bench.client();
    const post = (path: string, body: string) =>
      `POST ${path} HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n${body}`;
    const chunked = `POST /c HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2\r\nzz\r\n0\r\n\r\n`;
    client.send(post('/a', 'x') + get('/b') + chunked + post('/d', 'yy'));
    const bodies: string[] = [];
    for (let i = 0; i < 4; i++) bodies.push((await client.reply()).body);
    assert.deepEqual(bodies, ['/a=x', '/b=', '/c=zz', '/d=yy']);
  });

  declare('thousands of pipelined requests: all are answered, one at a time', async (bench) => {
    let open = 0;
    let most = 0;
    bench.onCall = (call) => {
      most = Math.max(most, ++open);
      setImmediate(() => {
        open--;
        call.ok('x');
      });
    };
    const client = await bench.client();
    client.send(get('/').repeat(5000));
    await until(() => bench.calls.length === 5000, 'all requests');
    for (let i = 0; i < 5000; i++) assert.equal((await client.reply()).status, 200);
    assert.equal(most, 1);
  });

  declare('keep-alive: many requests on one connection', async (bench) => {
    bench.onCall = (call) => call.ok(call.inbound.target);
    const client = await bench.client();
    for (let i = 0; i < 50; i++) {
      client.send(get(`/${i}`));
      assert.equal((await client.reply()).body, `/${i}`);
    }
    assert.equal(bench.edge.connections, 1);
    assert.ok(bench.calls.every((call) => call.over === 'done'));
  });
}
