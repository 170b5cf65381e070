/** Contract: what of a reply reaches the exchange. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { until } from '../tools/until.ts';
import type { Declare } from './forwarder.ts';
import { requestTo } from './forwarder-upstream.ts';

export function replyTests(declare: Declare): void {
  framingTests(declare);
  fieldTests(declare);
  informTests(declare);
}

interface Expected {
  readonly reply: string;
  readonly method?: string;
  readonly status?: number;
  readonly length: number;
  readonly body?: string;
  readonly trailers?: string[];
  /** The upstream closes after it. */
  readonly closes?: boolean;
}

const REPLIES: Readonly<Record<string, Expected>> = {
  'a body with a length': { reply: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', length: 5, body: 'hello' },
  'an empty body': { reply: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', length: 0 },
  'a chunked body': {
    reply: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n',
    length: -1,
    body: 'hello',
  },
  'a chunked body with trailers': {
    reply: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n',
    length: -1,
    body: 'hello',
    trailers: ['X-Sum', '1', 'x-sum', '2'],
  },
  'a body that the close ends': { reply: 'HTTP/1.1 200 OK\r\n\r\nhello', length: -1, body: 'hello', closes: true },
  'an HTTP/1.0 reply': { reply: 'HTTP/1.0 200 OK\r\n\r\nhello', length: -1, body: 'hello', closes: true },
  'a reply to HEAD': { reply: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', method: 'HEAD', length: 5 },
  'a chunked reply to HEAD': {
    reply: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    method: 'HEAD',
    length: -1,
  },
  'a 204': { reply: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204, length: 0 },
  'a 304': { reply: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', status: 304, length: 5 },
  'a reply without a reason': { reply: 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok', length: 2, body: 'ok' },
  'an unknown status': { reply: 'HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nok', status: 599, length: 2, body: 'ok' },
};

function framingTests(declare: Declare): void {
  for (const [what, expected] of Object.entries(REPLIES))
    for (const dripping of [false, true])
      declare(`${what}${dripping ? ', a byte at a time' : ''}`, async (bench) => {
        const upstream = await bench.upstream();
        const to = bench.recorder();
        bench.forwarder().send(requestTo(upstream.endpoint, { method: expected.method ?? 'GET' }), to);
        const connection = await upstream.accept();
        await connection.request();
        if (!dripping) connection.write(expected.reply);
        else await drip(connection.write.bind(connection), expected.reply);
        if (expected.closes) connection.end();
        await to.done();
        assert.equal(to.status, expected.status ?? 200);
        assert.equal(to.length, expected.length);
        assert.equal(to.body, expected.body ?? '');
        assert.deepEqual(to.trailers, expected.trailers ?? null);
      });
}

/** Each byte in a read of its own, or nearly so. */
async function drip(write: (text: string) => void, text: string): Promise<void> {
  for (const byte of text) {
    write(byte);
    await new Promise(setImmediate);
  }
}

function fieldTests(declare: Declare): void {
  declare('fields come as received: order, case, duplicates, octets, hop-by-hop ones', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    const head = [
      'HTTP/1.1 200 OK',
      'Set-Cookie: a=1',
      'X-Zebra:2',
      'set-cookie:   b=2  ',
      'Connection: x-hop, keep-alive',
      'X-Hop: 1',
      'Set-Cookie: a=1',
      'X-Octets: caf\xe9',
      'X-Empty:',
      'X-Empty:',
      'X-Last: 1',
      'CONTENT-length: 0',
    ];
    await (await upstream.accept()).answer(`${head.join('\r\n')}\r\n\r\n`);
    await to.done();
    const expected = head.slice(1).flatMap((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon), field.slice(colon + 1).trim()];
    });
    assert.deepEqual(to.headers, expected);
  });

  declare('a head that comes in two reads, the break inside a name and inside a value', async (bench) => {
    for (const cut of ['HTTP/1.1 200 OK\r\nX-A: 1\r\nX-Lo', 'HTTP/1.1 200 OK\r\nX-A: 1\r\nX-Long: some te']) {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      const whole = 'HTTP/1.1 200 OK\r\nX-A: 1\r\nX-Long: some text\r\nContent-Length: 2\r\n\r\nok';
      bench.forwarder().send(requestTo(upstream.endpoint), to);
      const connection = await upstream.accept();
      await connection.request();
      connection.write(cut);
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      connection.write(whole.slice(cut.length));
      await to.done();
      assert.deepEqual(to.headers, ['X-A', '1', 'X-Long', 'some text', 'Content-Length', '2']);
      assert.equal(to.body, 'ok');
    }
  });

  declare('a compressed body stays compressed', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const packed = gzipSync('hello');
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`;
    await (await upstream.accept()).answer(Buffer.concat([Buffer.from(head), packed]));
    await to.done();
    assert.deepEqual(Buffer.concat(to.chunks), packed);
  });

  declare('a redirect is a reply like others', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    await (await upstream.accept()).answer('HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n');
    await to.done();
    assert.equal(to.status, 302);
    assert.equal(upstream.connections.length, 1);
  });
}

function informTests(declare: Declare): void {
  declare('interim replies are told, then the final one', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    const connection = await upstream.accept();
    await connection.request();
    connection.write('HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nlink: </b>\r\n\r\n');
    await until(() => to.informs.length > 0, 'the first interim reply');
    connection.write('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await to.done();
    assert.deepEqual(to.informs, [
      { status: 103, headers: ['Link', '</a>; rel=preload', 'link', '</b>'] },
      { status: 102, headers: [] },
    ]);
    assert.equal(to.body, 'ok');
  });

  declare('what would frame a body is no part of an interim reply', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    const interim = 'HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nLink: </a>\r\nTrailer: X-Sum\r\n\r\n';
    await (await upstream.accept()).answer(`${interim}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
    await to.done();
    assert.deepEqual(to.informs, [{ status: 103, headers: ['Link', '</a>'] }]);
    assert.equal(to.body, 'ok');
  });

  declare('a 100 that nobody asked for is skipped', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint, { body: Buffer.from('hello') }), to);
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await to.done();
    assert.deepEqual(to.informs, []);
    assert.equal(to.body, 'ok');
  });
}
