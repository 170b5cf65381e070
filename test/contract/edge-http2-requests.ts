/** HTTP/2 edge: what a stream is on the other side — head, body, expectation, trailers — and what is none. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import { until } from '../tools/until.ts';
import { ask, type Bench, type Declare, settled } from './edge-http2-bench.ts';
import { block, CONTINUATION, DATA, END_HEADERS, END_STREAM, frame, HEADERS, headers } from './http2-frames.ts';

const PROTOCOL_ERROR = 1;
const PIECE = Buffer.alloc(65_536, 'x');
const MB = 1 << 20;

/** The pseudo fields of a good request. */
const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'weir.test', ':path', '/'];
const POST = [':method', 'POST', ':scheme', 'https', ':authority', 'weir.test', ':path', '/'];

export function requestTests(declare: Declare): void {
  headTests(declare);
  bodyTests(declare);
  expectTests(declare);
  refusalTests(declare);
  malformedTests(declare);
}

function headTests(declare: Declare): void {
  declare('a head: :authority as host, first, then the fields as sent', async (bench) => {
    const { asked, call } = await bench.exchange([
      ':method',
      'PATCH',
      ':path',
      '/a%20b?c=d',
      ':authority',
      'Weir.Test:81',
      'x-b',
      '1',
      'x-a',
      '2',
      'x-b',
      '3',
      'x-latin',
      '\xe9',
    ]);
    const { inbound } = call;
    assert.deepEqual([inbound.method, inbound.target, inbound.version], ['PATCH', '/a%20b?c=d', '2']);
    assert.deepEqual(inbound.headers.toPairs(), [
      'host',
      'Weir.Test:81',
      'x-b',
      '1',
      'x-a',
      '2',
      'x-b',
      '3',
      'x-latin',
      '\xe9',
    ]);
    assert.deepEqual(
      [inbound.remoteAddress, inbound.secure, inbound.bodyLength, inbound.upgrade, inbound.expectsContinue],
      ['127.0.0.1', true, 0, '', false],
    );
    assert.throws(() => inbound.takeOver(Fields.empty()));
    call.ok();
    assert.equal((await asked.reply()).body, 'ok');
  });

  declare('a host field that repeats the authority is the same; alone, it keeps its place', async (bench) => {
    const peer = await bench.frames();
    peer.send(headers(1, [...GET, 'x-a', '1', 'host', 'WEIR.test']));
    const call = await bench.call();
    assert.deepEqual(call.inbound.headers.toPairs(), ['host', 'weir.test', 'x-a', '1']);
    peer.send(headers(3, [':method', 'GET', ':scheme', 'https', ':path', '/', 'x-a', '1', 'host', 'weir.test']));
    const other = await bench.call();
    assert.deepEqual(other.inbound.headers.toPairs(), ['x-a', '1', 'host', 'weir.test']);
    call.ok();
    other.ok();
    await peer.frame(HEADERS, 3);
  });

  declare('crumbs of a cookie are one field again (RFC 9113 §8.2.3)', async (bench) => {
    const peer = await bench.frames();
    peer.send(headers(1, [...GET, 'cookie', 'a=1', 'x-a', '1', 'cookie', 'b=2', 'cookie', 'c=3']));
    const call = await bench.call();
    assert.deepEqual(call.inbound.headers.toPairs(), ['host', 'weir.test', 'cookie', 'a=1; b=2; c=3', 'x-a', '1']);
    call.ok();
  });

  declare('a head in many frames, the first cut inside a name', async (bench) => {
    const peer = await bench.frames();
    const whole = block([...GET, 'x-long', 'v'.repeat(300)]);
    peer.send(
      frame(HEADERS, END_STREAM, 1, whole.subarray(0, 20)),
      frame(CONTINUATION, 0, 1, whole.subarray(20, 100)),
      frame(CONTINUATION, END_HEADERS, 1, whole.subarray(100)),
    );
    const call = await bench.call();
    assert.equal(call.inbound.headers.toPairs().at(-1), 'v'.repeat(300));
    call.ok();
  });

  declare('the asterisk of OPTIONS is passed on', async (bench) => {
    const { asked, call } = await bench.exchange([':method', 'OPTIONS', ':path', '*']);
    assert.equal(call.inbound.target, '*');
    call.ok();
    await asked.reply();
  });

  declare('many streams at once, each with its own answer', async (bench) => {
    bench.onCall = (call) => {
      call.onBodyEnd = () => setImmediate(() => call.ok(call.inbound.target + call.body));
      call.read();
    };
    const client = await bench.client();
    const all = Array.from({ length: 200 }, (_, i) => ask(client, [':path', `/${i}`], i % 2 ? `body ${i}` : undefined));
    for (const [i, asked] of all.entries())
      assert.equal((await asked.reply()).body, `/${i}${i % 2 ? `body ${i}` : ''}`);
    assert.equal(bench.sessions.size, 1);
  });
}

function bodyTests(declare: Declare): void {
  for (const whole of [true, false])
    for (const length of [11, -1])
      declare(
        `a body of ${length < 0 ? 'unknown' : 'known'} length, ${whole ? 'asked for whole' : 'streamed'}`,
        async (bench) => {
          bench.onCall = (call) => call.read(whole);
          const fields = length < 0 ? [] : ['content-length', '11'];
          const { asked, call } = await bench.exchange(fields, null);
          assert.equal(call.inbound.bodyLength, length);
          asked.stream.write('hello');
          if (!whole) await until(() => call.body === 'hello', 'the first piece, before the last is sent');
          asked.stream.end(' world');
          assert.equal(await call.ended(), 'hello world');
          assert.equal(call.trailers, null);
          call.ok();
          await asked.reply();
          assert.equal(await call.finished(), 'done');
        },
      );

  declare('a request without a body ends when it is read', async (bench) => {
    const { asked, call } = await bench.exchange();
    assert.equal(await call.read().ended(), '');
    call.ok();
    await asked.reply();
  });

  declare('a body read only later has lost nothing', async (bench) => {
    const { asked, call } = await bench.exchange([], 'abcdef');
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(call.received, 0);
    assert.equal(await call.read().ended(), 'abcdef');
    call.ok();
    await asked.reply();
  });

  declare('a body announced with a length and ended at once', async (bench) => {
    bench.onCall = (call) => call.read();
    const { asked, call } = await bench.exchange(['content-length', '0'], '');
    assert.equal(await call.ended(), '');
    call.ok();
    await asked.reply();
  });

  declare('trailers of a request', async (bench) => {
    bench.onCall = (call) => call.read();
    const peer = await bench.frames();
    peer.send(headers(1, POST, END_HEADERS), frame(DATA, 0, 1, 'ab'), headers(1, ['x-sum', '1', 'x-sum', '2']));
    const call = await bench.call();
    assert.equal(await call.ended(), 'ab');
    assert.deepEqual(call.trailers, ['x-sum', '1', 'x-sum', '2']);
    call.ok();
  });

  declare('trailers have a bound', async (bench) => {
    await bench.listen({ headerSize: 4096 });
    bench.onCall = (call) => call.read();
    const peer = await bench.frames();
    peer.send(headers(1, POST, END_HEADERS), headers(1, ['x-big', 'x'.repeat(5000)]));
    const call = await bench.call();
    await call.ended();
    assert.equal(call.failed, 'malformed');
    call.ok();
  });

  declare('pause and resume at every piece', async (bench) => {
    bench.onCall = (call) => {
      call.onData = () => {
        call.inbound.pauseBody();
        const at = call.received;
        setImmediate(() => {
          if (call.received !== at) call.faults.push('bodyData while paused');
          call.inbound.resumeBody();
        });
      };
      call.read();
    };
    const { asked, call } = await bench.exchange([], Buffer.alloc(2 * MB));
    await call.ended();
    assert.equal(call.received, 2 * MB);
    call.ok();
    await asked.reply();
  });

  declare('a body that ends while it is paused ends after it is resumed', async (bench) => {
    bench.onCall = (call) => call.read().inbound.pauseBody();
    const { asked, call } = await bench.exchange([], 'ab');
    await settled(() => call.received, 'nothing to come');
    assert.deepEqual([call.received, call.bodyEnded], [0, false]);
    call.inbound.resumeBody();
    assert.equal(await call.ended(), 'ab');
    call.ok();
    await asked.reply();
  });

  for (const [kind, when] of [
    ['not read', () => {}],
    ['paused', (call) => call.read().inbound.pauseBody()],
  ] as readonly (readonly [string, Bench['onCall']])[])
    declare(`a body that is ${kind} stalls its sender and no other stream; then it comes whole`, async (bench) => {
      bench.onCall = when;
      const { client, asked, call } = await bench.exchange([], null);
      let sent = 0;
      const pump = (): void => {
        while (sent < 16 * MB) {
          sent += PIECE.length;
          if (!asked.stream.write(PIECE)) return;
        }
        asked.stream.end();
      };
      asked.stream.on('drain', () => (sent < 16 * MB ? pump() : asked.stream.end()));
      pump();
      const stalled = await settled(() => sent, 'the sender to stall');
      assert.ok(stalled < 2 * MB, `${stalled} bytes were sent`);
      assert.equal(call.received, 0);
      bench.onCall = (next) => next.ok('beside');
      assert.equal((await ask(client).reply()).body, 'beside');
      if (kind === 'paused') call.inbound.resumeBody();
      else call.read();
      await call.ended();
      assert.equal(call.received, 16 * MB);
      call.ok();
      await asked.reply();
    });
}

function expectTests(declare: Declare): void {
  declare('100 Continue is sent when the body is asked for, not before', async (bench) => {
    const { asked, call } = await bench.exchange(['expect', '100-Continue'], null);
    assert.equal(call.inbound.expectsContinue, true);
    call.inbound.inform(103, Fields.from(['link', '</a>']));
    await until(() => asked.informs.length === 1, 'the 103');
    call.read();
    await until(() => asked.informs.length === 2, 'the 100');
    assert.deepEqual(
      asked.informs.map((raw) => raw[1]),
      ['103', '100'],
    );
    asked.stream.end('body');
    assert.equal(await call.ended(), 'body');
    call.ok();
    await asked.reply();
  });

  declare('refused early, an expecting client gets the answer and no 100', async (bench) => {
    bench.onCall = (call) => call.inbound.reply(401, Fields.empty(), 'no', false);
    const { asked } = await bench.exchange(['expect', '100-continue'], null);
    await asked.reply();
    assert.deepEqual([asked.status, asked.body, asked.informs], [401, 'no', []]);
  });
}

function refusalTests(declare: Declare): void {
  const REFUSED: Readonly<Record<string, readonly [number, string, readonly string[]]>> = {
    'any other expectation': [417, 'EXPECTATION_FAILED', [...POST, 'expect', '200-ok']],
    'a host that contradicts the authority': [400, 'BAD_REQUEST', [...GET, 'host', 'other.test']],
    'a fragment in the path': [400, 'BAD_REQUEST', [...GET.slice(0, -1), '/a#b']],
    'a strange scheme': [400, 'BAD_REQUEST', [':method', 'GET', ':scheme', 'ftp', ':authority', 'a', ':path', '/']],
    'an absolute URL for a path': [
      400,
      'BAD_REQUEST',
      [':method', 'GET', ':scheme', 'ftp', ':authority', 'a', ':path', 'http://a/'],
    ],
    'a length beyond 2^53': [400, 'BAD_REQUEST', [...POST, 'content-length', '9007199254740993']],
    'an unknown method': [501, 'NOT_IMPLEMENTED', [':method', 'BREW', ...GET.slice(2)]],
    'a method in lower case': [501, 'NOT_IMPLEMENTED', [':method', 'get', ...GET.slice(2)]],
    'the method of the preface': [501, 'NOT_IMPLEMENTED', [':method', 'PRI', ...GET.slice(2)]],
    CONNECT: [405, 'METHOD_NOT_ALLOWED', [':method', 'CONNECT', ':authority', 'weir.test:443']],
  };
  for (const [what, [status, code, fields]] of Object.entries(REFUSED))
    declare(`refused: ${what}; the connection goes on`, async (bench) => {
      const peer = await bench.frames();
      peer.send(headers(1, fields, END_HEADERS));
      const { payload } = await peer.frame(DATA, 1);
      const problem = JSON.parse(payload.toString());
      assert.deepEqual([problem.status, problem.code], [status, code]);
      assert.equal(await peer.reset(1), 0, 'the client is told to stop, without blame');
      assert.equal(bench.calls.length, 0);
      peer.send(headers(3, GET));
      (await bench.call()).ok('next');
      assert.equal((await peer.frame(DATA, 3)).payload.toString(), 'next');
    });

  declare('refusals have the shape of the error table', async (bench) => {
    const client = await bench.client();
    const asked = await ask(client, ['expect', 'x'], 'body').reply();
    assert.deepEqual(
      [asked.status, asked.get('content-type'), asked.get('cache-control')],
      [417, 'application/problem+json', 'no-store'],
    );
    assert.equal(asked.get('content-length'), String(asked.bytes));
  });
}

function malformedTests(declare: Declare): void {
  const MALFORMED: Readonly<Record<string, readonly string[]>> = {
    'no path': GET.slice(0, 6),
    'no method': GET.slice(2),
    'no scheme': [...GET.slice(0, 2), ...GET.slice(4)],
    'neither authority nor host': [...GET.slice(0, 4), ...GET.slice(6)],
    'two paths': [...GET, ':path', '/b'],
    'a pseudo field behind a field': [...GET.slice(0, 6), 'x-a', '1', ':path', '/'],
    'two hosts': [...GET, 'host', 'weir.test', 'host', 'weir.test'],
    'an unknown pseudo field': [...GET, ':odd', '1'],
    'a pseudo field of replies': [...GET, ':status', '200'],
    'an empty path': [...GET.slice(0, -1), ''],
    'a path that is none': [...GET.slice(0, -1), 'a'],
    'an upper-case name': [...GET, 'X-A', '1'],
    Connection: [...GET, 'connection', 'close'],
    'Transfer-Encoding': [...POST, 'transfer-encoding', 'chunked'],
    'Keep-Alive': [...GET, 'keep-alive', 'timeout=1'],
    'a TE that is not trailers': [...GET, 'te', 'gzip'],
    'two lengths': [...POST, 'content-length', '1', 'content-length', '1'],
    'a length that is no number': [...POST, 'content-length', '+1'],
    'extended CONNECT (RFC 8441), which was not offered': [
      ':method',
      'CONNECT',
      ':protocol',
      'websocket',
      ...GET.slice(2),
    ],
  };
  for (const [what, fields] of Object.entries(MALFORMED))
    declare(`malformed: ${what} is an error of its stream, and no request`, async (bench) => {
      const peer = await bench.frames();
      peer.send(headers(1, fields));
      assert.equal(await peer.reset(1), PROTOCOL_ERROR);
      peer.send(headers(3, GET));
      const call = await bench.call();
      assert.equal(call.inbound.target, '/');
      call.ok();
      await peer.frame(HEADERS, 3);
      assert.equal(bench.calls.length, 1);
    });

  for (const value of ['a\r\nb: c', 'a\nb', 'a\0b'])
    declare(`a field with ${JSON.stringify(value)} for a value goes no further`, async (bench) => {
      const peer = await bench.frames();
      peer.send(headers(1, [...GET, 'x-a', value, 'x-b', '1']));
      // nghttp2 leaves such a field out and tells nobody.
      const call = await bench.call();
      assert.deepEqual(call.inbound.headers.toPairs(), ['host', 'weir.test', 'x-b', '1']);
      call.ok();
    });

  declare('a body shorter than its length breaks its stream', async (bench) => {
    bench.onCall = (call) => call.read();
    const peer = await bench.frames();
    peer.send(headers(1, [...POST, 'content-length', '5'], END_HEADERS), frame(DATA, END_STREAM, 1, 'abc'));
    assert.equal(await peer.reset(1), PROTOCOL_ERROR);
    const call = await bench.call();
    assert.equal(await call.finished(), 'gone');
    assert.deepEqual([call.bodyEnded, call.failed], [false, 'gone']);
  });

  declare('a body longer than its length breaks the connection, as Node will have it', async (bench) => {
    bench.onCall = (call) => call.read();
    const peer = await bench.frames();
    peer.send(headers(1, [...POST, 'content-length', '5'], END_HEADERS), frame(DATA, END_STREAM, 1, 'abcdef'));
    await peer.gone();
    const call = await bench.call();
    assert.equal(await call.finished(), 'gone');
    assert.deepEqual([call.bodyEnded, call.failed, call.body], [false, 'gone', '']);
  });
}
