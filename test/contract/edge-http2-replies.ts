/** HTTP/2 edge: how replies go out, for every status and method, and what can never go out. */

import assert from 'node:assert/strict';
import type { ClientHttp2Session } from 'node:http2';
import { Fields } from '../../src/fields/fields.ts';
import { NO_BODY } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import { ask, type Bench, type Declare } from './edge-http2-bench.ts';
import type { Call } from './edge-inbound.ts';
import { DATA, END_STREAM, HEADERS, headers } from './http2-frames.ts';

const INTERNAL_ERROR = 2;

export function replyTests(declare: Declare): void {
  wholeTests(declare);
  streamTests(declare);
  bodylessTests(declare);
  interimTests(declare);
  earlyTests(declare);
  safetyTests(declare);
}

/** Another request on the connection gets its own answer. */
async function goesOn(bench: Bench, client: ClientHttp2Session): Promise<void> {
  bench.onCall = (call) => call.ok('still here');
  assert.equal((await ask(client).reply()).body, 'still here');
  assert.equal(bench.sessions.size, 1);
}

function wholeTests(declare: Declare): void {
  declare('a whole reply: fields in order, its length in bytes, a date', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    call.inbound.reply(201, Fields.from(['X-B', '1', 'x-a', '2', 'X-B', '3', 'ETag', ' "1" ']), 'hé€', false);
    await asked.reply();
    assert.equal(asked.status, 201);
    assert.deepEqual(asked.fields, [
      'content-length',
      '6',
      'date',
      'Tue, 15 Nov 1994 08:12:31 GMT',
      'x-b',
      '1',
      'x-a',
      '2',
      'x-b',
      '3',
      'etag',
      '"1"',
    ]);
    assert.equal(Buffer.from(asked.body, 'latin1').toString(), 'hé€');
    assert.equal(await call.finished(), 'done');
    assert.equal(call.bytes, 6);
    await goesOn(bench, client);
  });

  for (const size of [0, 1, 1024, 32_768, 32_769, 65_536, 5_000_000])
    declare(`a whole reply of ${size} bytes, binary`, async (bench) => {
      const { client, asked, call } = await bench.exchange();
      const body = Buffer.alloc(size, Buffer.from([0, 255, 128, 10, 13]));
      call.inbound.reply(200, Fields.empty(), body, false);
      await asked.reply();
      assert.equal(asked.get('content-length'), String(size));
      assert.ok(Buffer.from(asked.body, 'latin1').equals(body));
      assert.equal(await call.finished(), 'done');
      assert.equal(call.bytes, size);
      await goesOn(bench, client);
    });

  declare('a Date that the reply has is kept, and stays the only one', async (bench) => {
    const { asked, call } = await bench.exchange();
    call.inbound.reply(200, Fields.from(['Date', 'yesterday', 'x-a', 'date']), '', false);
    assert.equal((await asked.reply()).get('date'), 'yesterday');
  });

  declare('framing is the edge’s alone, and a connection’s fields are not sent (RFC 9113 §8.2.2)', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    const gone = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade', 'HTTP2-Settings'];
    const fields = gone.flatMap((name) => [name, 'x']);
    call.inbound.reply(
      200,
      Fields.from([...fields, 'TE', 'gzip', 'Content-Length', '99', 'X-Kept', '1']),
      'four',
      false,
    );
    await asked.reply();
    assert.deepEqual(
      [asked.fields.slice(0, 2), asked.fields.slice(4)],
      [
        ['content-length', '4'],
        ['x-kept', '1'],
      ],
    );
    assert.equal(asked.body, 'four');
    await goesOn(bench, client);
  });

  declare('an answer that closes ends its stream and not the connection', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    call.ok('bye', true);
    assert.equal((await asked.reply()).body, 'bye');
    await goesOn(bench, client);
  });

  declare('a head of a thousand fields, ours included, and none of one more', async (bench) => {
    const fields = Array.from({ length: 997 }, (_, i) => [`x-${i}`, 'v'.repeat(50)]).flat();
    const client = await bench.client({ maxHeaderListPairs: 2000, settings: { maxHeaderListSize: 1 << 20 } });
    bench.onCall = (next) => next.inbound.reply(200, Fields.from(fields), 'x', false);
    // Without `:status`, which is not in the list.
    assert.equal((await ask(client).reply()).fields.length, 2 * 999);
    bench.onCall = (next) => next.inbound.reply(200, Fields.from([...fields, 'x-998', '']), 'x', false);
    assert.equal(await ask(client).over(), INTERNAL_ERROR);
  });
}

function streamTests(declare: Declare): void {
  for (const length of [10, -1])
    declare(`a streamed reply of ${length < 0 ? 'unknown' : 'known'} length`, async (bench) => {
      const { client, asked, call } = await bench.exchange();
      call.inbound.head(200, Fields.from(['x-a', '1']), length, false);
      call.inbound.write(Buffer.from('hello'));
      call.inbound.write(Buffer.alloc(0));
      call.inbound.end(null, Buffer.from('world'));
      await asked.reply();
      assert.deepEqual([asked.get('content-length'), asked.body], [length < 0 ? undefined : '10', 'helloworld']);
      assert.equal(asked.trailers, null);
      assert.equal(await call.finished(), 'done');
      assert.equal(call.bytes, 10);
      await goesOn(bench, client);
    });

  declare('a streamed reply with nothing in it, both ways', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.end(null, null);
    assert.deepEqual([(await asked.reply()).body, await call.finished(), call.bytes], ['', 'done', 0]);
    bench.onCall = (next) => {
      next.inbound.head(200, Fields.empty(), 0, false);
      next.inbound.end(null, null);
    };
    assert.equal((await ask(client).reply()).get('content-length'), '0');
    await goesOn(bench, client);
  });

  for (const length of [NO_BODY, 0])
    declare(
      `a head that ends the reply leaves with END_STREAM, and ${length === 0 ? 'its' : 'no'} length`,
      async (bench) => {
        const client = await bench.frames();
        client.send(headers(1, [':method', 'GET', ':scheme', 'https', ':authority', 'weir.test', ':path', '/']));
        const call = await bench.call();
        call.inbound.head(200, Fields.from(['grpc-status', '5']), length, false);
        call.inbound.end(null, null);
        const { flags } = await client.frame(HEADERS, 1);
        assert.equal(flags & END_STREAM, END_STREAM);
        assert.equal(await call.finished(), 'done');
        bench.onCall = (next) => next.ok('next');
        const asked = ask(await bench.client());
        await asked.reply();
        assert.equal(client.find(DATA, 1), undefined);
        bench.onCall = (next) => {
          next.inbound.head(200, Fields.empty(), length, false);
          next.inbound.end(null, null);
        };
        const again = await ask(await bench.client()).reply();
        assert.equal(again.get('content-length'), length === 0 ? '0' : undefined);
      },
    );

  declare('the head, and each piece, goes out without waiting for more', async (bench) => {
    const { asked, call } = await bench.exchange();
    call.inbound.head(200, Fields.from(['content-type', 'text/event-stream']), -1, false);
    await asked.headed();
    call.inbound.write(Buffer.from('data: 1\n\n'));
    await until(() => asked.body === 'data: 1\n\n', 'the first event');
    call.inbound.write(Buffer.from('data: 2\n\n'));
    await until(() => asked.body.endsWith('2\n\n'), 'the second event');
    call.inbound.end(null, null);
    await asked.reply();
  });

  declare('trailers of a reply; those that would frame or route are not sent', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('a'));
    call.inbound.end(
      Fields.from(['X-Sum', '1', 'Content-Length', '5', 'Connection', 'close', 'x-sum', '2']),
      Buffer.from('b'),
    );
    await asked.reply();
    assert.deepEqual([asked.body, asked.trailers], ['ab', ['x-sum', '1', 'x-sum', '2']]);
    assert.equal(await call.finished(), 'done');
    await goesOn(bench, client);
  });

  declare('trailers behind an empty body, and behind a large one', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.end(Fields.from(['x-a', '1']), null);
    assert.deepEqual((await asked.reply()).trailers, ['x-a', '1']);
    bench.onCall = (next) => {
      next.inbound.head(200, Fields.empty(), -1, false);
      next.inbound.end(Fields.from(['x-a', '2']), Buffer.alloc(3_000_000));
    };
    const large = await ask(client).reply();
    assert.deepEqual([large.bytes, large.trailers], [3_000_000, ['x-a', '2']]);
  });
}

function bodylessTests(declare: Declare): void {
  const streamed = (call: Call, status: number, length: number) => {
    call.inbound.head(status, Fields.from(['etag', '"1"']), length, false);
    assert.equal(call.inbound.write(Buffer.from('secret')), true);
    call.inbound.end(Fields.from(['x-a', '1']), Buffer.from('more'));
  };

  declare('HEAD: the length GET would have, and no body', async (bench) => {
    const { client, asked, call } = await bench.exchange([':method', 'HEAD']);
    call.ok('twelve bytes');
    await asked.reply();
    assert.deepEqual([asked.get('content-length'), asked.body], ['12', '']);
    assert.equal(await call.finished(), 'done');
    assert.equal(call.bytes, 0);
    for (const length of [10, -1]) {
      bench.onCall = (next) => streamed(next, 200, length);
      const next = await ask(client, [':method', 'HEAD']).reply();
      assert.equal(next.get('content-length'), length < 0 ? undefined : '10');
    }
    await goesOn(bench, client);
  });

  for (const status of [204, 205, 304])
    declare(`${status}: no body and no length, whatever was said`, async (bench) => {
      const { client, asked, call } = await bench.exchange();
      call.inbound.reply(status, Fields.from(['etag', '"1"']), 'secret', false);
      await asked.reply();
      assert.deepEqual([asked.status, asked.get('etag'), asked.get('content-length')], [status, '"1"', undefined]);
      assert.equal(await call.finished(), 'done');
      assert.equal(call.bytes, 0);
      for (const length of [-1, 0, 10]) {
        bench.onCall = (next) => streamed(next, status, length);
        const next = await ask(client).reply();
        assert.deepEqual([next.status, next.get('content-length'), next.bytes], [status, undefined, 0]);
      }
      await goesOn(bench, client);
    });
}

function interimTests(declare: Declare): void {
  declare('1xx replies go out before the final one; 100 and 101 are not the exchange’s to send', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    const framing = ['Content-Length', '0', 'transfer-encoding', 'chunked', 'Trailer', 'x-sum'];
    call.inbound.inform(103, Fields.from(['Link', '</a.css>', ...framing, 'link', '</b.css>', 'Connection', 'close']));
    call.inbound.inform(100, Fields.empty());
    call.inbound.inform(101, Fields.from(['upgrade', 'x']));
    call.inbound.inform(102, Fields.empty());
    call.ok();
    call.inbound.inform(103, Fields.empty());
    await asked.reply();
    assert.deepEqual(asked.informs, [
      [':status', '103', 'link', '</a.css>', 'link', '</b.css>'],
      [':status', '102'],
    ]);
    await goesOn(bench, client);
  });
}

/** How an exchange can stand to a body when it answers. */
const STANCES: readonly (readonly [string, (call: Call) => void])[] = [
  ['never read', () => {}],
  ['being read', (call) => call.read()],
  ['paused', (call) => call.read().inbound.pauseBody()],
];

function earlyTests(declare: Declare): void {
  for (const [stance, prepare] of STANCES)
    for (const how of ['whole', 'streamed', 'without a body', 'with trailers'])
      declare(
        `an early answer ${how} to a body ${stance}: the client gets it all and is told to stop`,
        async (bench) => {
          const { client, asked, call } = await bench.exchange([], null);
          asked.stream.write(Buffer.alloc(100_000));
          prepare(call);
          const { inbound } = call;
          if (how === 'whole') inbound.reply(413, Fields.empty(), 'x'.repeat(100_000), true);
          else if (how === 'without a body') inbound.reply(204, Fields.empty(), '', false);
          else {
            inbound.head(413, Fields.empty(), -1, false);
            inbound.write(Buffer.alloc(50_000, 'x'));
            inbound.end(how === 'streamed' ? null : Fields.of('x-a', '1'), Buffer.alloc(50_000, 'x'));
          }
          await asked.reply();
          assert.equal(asked.status, how === 'without a body' ? 204 : 413);
          assert.equal(asked.bytes, how === 'without a body' ? 0 : 100_000);
          if (how === 'with trailers') assert.deepEqual(asked.trailers, ['x-a', '1']);
          assert.equal(await call.finished(), 'done');
          assert.equal(call.bodyEnded, false);
          await goesOn(bench, client);
        },
      );

  declare('a reply streams while the body is still coming, both to their ends', async (bench) => {
    bench.onCall = (call) => call.read();
    const { asked, call } = await bench.exchange([], null);
    asked.stream.write('a');
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('first'));
    await asked.headed();
    asked.stream.end('b');
    assert.equal(await call.ended(), 'ab');
    call.inbound.end(null, Buffer.from('last'));
    assert.equal((await asked.reply()).body, 'firstlast');
    assert.equal(await call.finished(), 'done');
  });

  declare('a reply may be made inside accept, bodyData and bodyEnd', async (bench) => {
    bench.onCall = (call) => call.ok('accept');
    const client = await bench.client();
    assert.equal((await ask(client).reply()).body, 'accept');
    bench.onCall = (call) => {
      call.onBodyEnd = () => call.ok('end');
      call.read();
    };
    assert.equal((await ask(client, [], 'ab').reply()).body, 'end');
    bench.onCall = (call) => {
      call.onData = () => call.ok('data');
      call.read();
    };
    const asked = ask(client, [], null);
    asked.stream.write('ab');
    assert.equal((await asked.reply()).body, 'data');
  });
}

/** A field that could break out of its line cannot even be made: src/fields/fields.test.ts. */
function safetyTests(declare: Declare): void {
  for (const [what, status] of [
    ['a status there is none of', 600],
    ['a status that is not final', 101],
  ] as const)
    declare(`${what} never reaches the wire: the stream breaks`, async (bench) => {
      const { client, asked, call } = await bench.exchange();
      call.inbound.reply(status, Fields.empty(), 'x', false);
      assert.equal(await asked.over(), INTERNAL_ERROR);
      assert.equal(asked.status, 0);
      assert.equal(await call.finished(), 'gone');
      await goesOn(bench, client);
    });

  declare('more body than was promised never reaches the wire', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    call.inbound.head(200, Fields.empty(), 5, false);
    call.inbound.write(Buffer.from('hel'));
    call.inbound.write(Buffer.from('lo and more'));
    assert.equal(await asked.over(), INTERNAL_ERROR);
    assert.equal(asked.body, 'hel');
    assert.equal(await call.finished(), 'gone');
    await goesOn(bench, client);
  });

  declare('less body than was promised is a broken transfer', async (bench) => {
    const { client, asked, call } = await bench.exchange();
    call.inbound.head(200, Fields.empty(), 50, false);
    call.inbound.write(Buffer.from('hello'));
    call.inbound.end(null, Buffer.from(' world'));
    assert.equal(await asked.over(), INTERNAL_ERROR);
    assert.equal(asked.body, 'hello world');
    assert.equal(await call.finished(), 'gone');
    await goesOn(bench, client);
  });
}
