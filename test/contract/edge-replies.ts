/** Contract: how replies are framed, for every status, method and version, and when a connection goes on. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import { NO_BODY } from '../../src/types/transport.ts';
import type { Bench, Declare } from './edge.ts';
import type { Call } from './edge-inbound.ts';
import type { WireClient } from './edge-wire.ts';

const HOST = 'Host: weir.test\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;

export function replyTests(declare: Declare): void {
  wholeTests(declare);
  streamTests(declare);
  bodylessTests(declare);
  oldClientTests(declare);
  interimTests(declare);
  closeTests(declare);
  safetyTests(declare);
}

/** The connection is still in step: another request on it gets its own answer. */
async function goesOn(bench: Bench, client: WireClient): Promise<void> {
  bench.onCall = (call) => call.ok('still here');
  client.send(GET);
  assert.equal((await client.reply()).body, 'still here');
}

function wholeTests(declare: Declare): void {
  declare('a whole reply: fields in order, its length in bytes, a date, no Connection field', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.reply(201, Fields.from(['X-B', '1', 'x-a', '2', 'X-B', '3']), 'h\u00e9\u20ac', false);
    const reply = await client.reply();
    assert.equal(reply.status, 201);
    assert.equal(reply.fields[0], 'Content-Length: 6');
    assert.deepEqual(reply.fields.slice(2), ['X-B: 1', 'x-a: 2', 'X-B: 3']);
    assert.equal(reply.get('content-length'), '6');
    assert.equal(Buffer.from(reply.body, 'latin1').toString(), 'h\u00e9\u20ac');
    assert.ok(Math.abs(Date.parse(reply.get('date')!) - Date.now()) < 5000);
    assert.equal(reply.get('connection'), undefined);
    assert.equal(await call.finished(), 'done');
    assert.equal(call.bytes, 6);
    await goesOn(bench, client);
  });

  for (const size of [0, 1, 1024, 16_384, 16_385, 5_000_000]) {
    declare(`a whole reply of ${size} bytes, binary`, async (bench) => {
      const { client, call } = await bench.exchange(GET);
      const body = Buffer.alloc(size, Buffer.from([0, 255, 128, 10, 13]));
      call.inbound.reply(200, Fields.empty(), body, false);
      const reply = await client.reply();
      assert.equal(reply.get('content-length'), String(size));
      assert.ok(Buffer.from(reply.body, 'latin1').equals(body));
      assert.equal(await call.finished(), 'done');
      assert.equal(call.bytes, size);
      await goesOn(bench, client);
    });
  }

  declare('a Date that the reply has is kept, and stays the only one', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.reply(200, Fields.from(['date', 'Tue, 15 Nov 1994 08:12:31 GMT']), '', false);
    assert.equal((await client.reply()).get('date'), 'Tue, 15 Nov 1994 08:12:31 GMT');
  });

  declare('framing is the edge’s alone: fields of that kind in a reply are not sent', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    const fields = [
      'Content-Length',
      '99',
      'Transfer-Encoding',
      'chunked',
      'Connection',
      'x-kept',
      'Keep-Alive',
      'timeout=1',
      'X-Kept',
      '1',
    ];
    call.inbound.reply(200, Fields.from(fields), 'four', false);
    const reply = await client.reply();
    assert.deepEqual(
      [reply.get('content-length'), reply.get('transfer-encoding'), reply.get('connection')],
      ['4', undefined, undefined],
    );
    assert.deepEqual([reply.get('x-kept'), reply.body], ['1', 'four']);
    await goesOn(bench, client);
  });

  declare('a status without a known reason', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.reply(529, Fields.empty(), 'x', false);
    assert.equal((await client.reply()).status, 529);
  });
}

function streamTests(declare: Declare): void {
  declare('a streamed reply of known length', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.from(['x-a', '1']), 10, false);
    call.inbound.write(Buffer.from('hello'));
    call.inbound.end(null, Buffer.from('world'));
    const reply = await client.reply();
    assert.deepEqual(
      [reply.get('content-length'), reply.get('transfer-encoding'), reply.body],
      ['10', undefined, 'helloworld'],
    );
    assert.equal(await call.finished(), 'done');
    assert.equal(call.bytes, 10);
    await goesOn(bench, client);
  });

  declare('a streamed reply of unknown length is chunked', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('hello'));
    call.inbound.write(Buffer.alloc(0)); // must not become the last chunk
    call.inbound.write(Buffer.from(' '));
    call.inbound.end(null, Buffer.from('world'));
    const reply = await client.reply();
    assert.deepEqual(
      [reply.get('content-length'), reply.get('transfer-encoding'), reply.body],
      [undefined, 'chunked', 'hello world'],
    );
    assert.equal(await call.finished(), 'done');
    assert.equal(call.bytes, 11);
    await goesOn(bench, client);
  });

  declare('a streamed reply that its head ended, with no length named: HTTP/1.1 needs one', async (bench) => {
    const ended = (call: Call) => {
      call.inbound.head(200, Fields.empty(), NO_BODY, false);
      call.inbound.end(null, null);
    };
    bench.onCall = ended;
    const { client, call } = await bench.exchange(GET);
    const reply = await client.reply();
    assert.deepEqual([reply.get('content-length'), reply.get('transfer-encoding'), reply.body], ['0', undefined, '']);
    assert.deepEqual([await call.finished(), call.bytes], ['done', 0]);
    bench.onCall = ended;
    client.send(`HEAD / HTTP/1.1\r\n${HOST}\r\n`);
    assert.equal((await client.reply(true)).get('content-length'), undefined, 'what GET would have is not known');
    await goesOn(bench, client);
  });

  declare('a streamed reply with nothing in it, both ways', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.end(null, null);
    assert.deepEqual([(await client.reply()).body, await call.finished(), call.bytes], ['', 'done', 0]);
    bench.onCall = (next) => {
      next.inbound.head(200, Fields.empty(), 0, false);
      next.inbound.end(null, null);
    };
    client.send(GET);
    assert.equal((await client.reply()).get('content-length'), '0');
    await goesOn(bench, client);
  });

  declare('the head, and each piece, goes out without waiting for more', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.from(['content-type', 'text/event-stream']), -1, false);
    assert.equal((await client.head()).status, 200);
    call.inbound.write(Buffer.from('data: 1\n\n'));
    assert.equal(await client.line(), '9');
    assert.deepEqual([await client.line(), client.text.length], ['data: 1\n\n', 0]);
    call.inbound.end(null, null);
    assert.equal(await client.line(), '0');
  });

  declare('trailers of a chunked reply; those that would frame or route are not sent', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('a'));
    call.inbound.end(
      Fields.from(['X-Sum', '1', 'Content-Length', '5', 'Transfer-Encoding', 'chunked', 'x-sum', '2']),
      Buffer.from('b'),
    );
    const reply = await client.reply();
    assert.deepEqual([reply.body, reply.trailers], ['ab', ['X-Sum: 1', 'x-sum: 2']]);
    await goesOn(bench, client);
  });

  declare('trailers without chunks are dropped', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), 1, false);
    call.inbound.end(Fields.from(['X-Sum', '1']), Buffer.from('b'));
    assert.equal((await client.reply()).body, 'b');
    await goesOn(bench, client);
  });
}

function bodylessTests(declare: Declare): void {
  const streamed = (call: Call, status: number, length: number) => {
    call.inbound.head(status, Fields.from(['etag', '"1"']), length, false);
    assert.equal(call.inbound.write(Buffer.from('secret')), true);
    call.inbound.end(null, Buffer.from('more'));
  };

  declare('HEAD: the length GET would have, and no body', async (bench) => {
    const { client, call } = await bench.exchange(`HEAD / HTTP/1.1\r\n${HOST}\r\n`);
    call.ok('twelve bytes');
    assert.equal((await client.reply(true)).get('content-length'), '12');
    assert.equal(await call.finished(), 'done');
    assert.equal(call.bytes, 0);
    bench.onCall = (next) => streamed(next, 200, 10);
    client.send(`HEAD / HTTP/1.1\r\n${HOST}\r\n`);
    assert.equal((await client.reply(true)).get('content-length'), '10');
    bench.onCall = (next) => streamed(next, 200, -1);
    client.send(`HEAD / HTTP/1.1\r\n${HOST}\r\n`);
    assert.equal((await client.reply(true)).get('content-length'), undefined);
    await goesOn(bench, client);
  });

  for (const status of [204, 304]) {
    declare(`${status}: no body and no framing, whatever was said`, async (bench) => {
      const { client, call } = await bench.exchange(GET);
      call.inbound.reply(status, Fields.from(['etag', '"1"']), 'secret', false);
      const reply = await client.reply();
      assert.deepEqual(
        [reply.status, reply.get('etag'), reply.get('content-length'), reply.get('transfer-encoding')],
        [status, '"1"', undefined, undefined],
      );
      assert.equal(await call.finished(), 'done');
      assert.equal(call.bytes, 0);
      for (const length of [-1, 0, 10]) {
        bench.onCall = (next) => streamed(next, status, length);
        client.send(GET);
        const next = await client.reply();
        assert.deepEqual([next.get('content-length'), next.get('transfer-encoding')], [undefined, undefined]);
      }
      await goesOn(bench, client);
    });
  }
}

function oldClientTests(declare: Declare): void {
  declare('HTTP/1.0: known length, then the connection ends', async (bench) => {
    const { client, call } = await bench.exchange('GET / HTTP/1.0\r\n\r\n');
    assert.equal(call.inbound.version, '1.0');
    call.ok();
    const reply = await client.reply();
    assert.deepEqual([reply.get('connection'), reply.body], ['close', 'ok']);
    await client.over(1000);
  });

  declare('HTTP/1.0 with keep-alive goes on after a reply of known length', async (bench) => {
    const { client, call } = await bench.exchange('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    call.ok();
    assert.equal((await client.reply()).get('connection'), 'keep-alive');
    bench.onCall = (next) => next.ok('again');
    client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    assert.equal((await client.reply()).body, 'again');
  });

  for (const more of ['', 'Connection: keep-alive\r\n', 'TE: chunked\r\n']) {
    declare(
      `HTTP/1.0 never gets chunks: the end of the connection is the end of the body (${more.trim() || 'plain'})`,
      async (bench) => {
        const { client, call } = await bench.exchange(`GET / HTTP/1.0\r\n${more}\r\n`);
        call.inbound.head(200, Fields.empty(), -1, false);
        call.inbound.write(Buffer.from('hello '));
        call.inbound.end(Fields.from(['x-sum', '1']), Buffer.from('world'));
        const reply = await client.reply();
        assert.deepEqual(
          [reply.get('transfer-encoding'), reply.get('connection'), reply.body],
          [undefined, 'close', 'hello world'],
        );
        assert.equal(client.error, '');
        assert.equal(await call.finished(), 'done');
        assert.equal(call.bytes, 11);
      },
    );
  }
}

function interimTests(declare: Declare): void {
  declare('1xx replies go out before the final one; 100 and 101 are not the exchange’s to send', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    const framing = ['Content-Length', '0', 'transfer-encoding', 'chunked', 'Trailer', 'x-sum'];
    call.inbound.inform(103, Fields.from(['link', '</a.css>', ...framing, 'Link', '</b.css>']));
    call.inbound.inform(100, Fields.empty());
    call.inbound.inform(101, Fields.from(['upgrade', 'x']));
    call.inbound.inform(102, Fields.empty());
    const hints = await client.reply();
    assert.deepEqual([hints.status, hints.fields], [103, ['link: </a.css>', 'Link: </b.css>']]);
    assert.equal((await client.reply()).status, 102);
    call.ok();
    assert.equal((await client.reply()).status, 200);
    await goesOn(bench, client);
  });

  declare('no 1xx to HTTP/1.0, and none after the head', async (bench) => {
    const old = await bench.exchange('GET / HTTP/1.0\r\n\r\n');
    old.call.inbound.inform(103, Fields.empty());
    old.call.ok();
    assert.equal((await old.client.reply()).status, 200);
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), 2, false);
    call.inbound.inform(103, Fields.empty());
    call.inbound.end(null, Buffer.from('ok'));
    assert.equal((await client.reply()).body, 'ok');
  });
}

function closeTests(declare: Declare): void {
  declare('a client’s Connection: close ends the connection after the reply', async (bench) => {
    const { client, call } = await bench.exchange(`GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    call.ok();
    const reply = await client.reply();
    assert.deepEqual([reply.get('connection'), reply.body], ['close', 'ok']);
    await client.over(1000);
    assert.equal(client.error, '');
  });

  declare('close among other connection options, in another case', async (bench) => {
    const { client, call } = await bench.exchange(`GET / HTTP/1.1\r\n${HOST}Connection: x-a, CLOSE\r\n\r\n`);
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.end(null, Buffer.from('ok'));
    const reply = await client.reply();
    assert.deepEqual([reply.get('connection'), reply.body], ['close', 'ok']);
    await client.over(1000);
  });

  declare('a reply that closes, whole and streamed', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.ok('bye', true);
    assert.equal((await client.reply()).get('connection'), 'close');
    await client.over(1000);
    assert.equal(await call.finished(), 'done');
    const other = await bench.exchange(GET);
    other.call.inbound.head(200, Fields.empty(), -1, true);
    other.call.inbound.end(null, Buffer.from('bye'));
    const reply = await other.client.reply();
    assert.deepEqual([reply.get('connection'), reply.body], ['close', 'bye']);
    await other.client.over(1000);
  });

  declare('what is sent behind a last request is never answered', async (bench) => {
    const client = await bench.client();
    client.send(`GET /1 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n`);
    const call = await bench.call();
    setTimeout(() => call.ok('one'), 20);
    assert.equal((await client.reply()).body, 'one');
    assert.equal(await client.rest(), '');
    assert.equal(bench.calls.length, 1);
  });

  declare('a pipelined request behind a reply that closes is never handed over', async (bench) => {
    const client = await bench.client();
    client.send(GET + GET);
    (await bench.call()).ok('one', true);
    assert.equal((await client.reply()).body, 'one');
    assert.equal(await client.rest(), '');
    assert.equal(bench.calls.length, 1);
  });
}

/** A field that could break out of its line cannot even be made: src/fields/fields.test.ts. */
function safetyTests(declare: Declare): void {
  declare('more body than was promised never reaches the wire', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), 5, false);
    call.inbound.write(Buffer.from('hello'));
    call.inbound.write(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
    assert.equal((await client.reply()).body, 'hello');
    await client.over();
    assert.equal(client.text, '');
    assert.equal(await call.finished(), 'gone');
  });

  declare('less body than was promised is a broken transfer', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), 50, false);
    call.inbound.write(Buffer.from('hello'));
    call.inbound.end(null, Buffer.from(' world'));
    await client.over();
    assert.ok(client.text.endsWith('hello world'), client.text);
    assert.equal(await call.finished(), 'gone');
  });
}
