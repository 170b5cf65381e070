/** What our own edge answers to what it cannot take: the status of the rule that was broken, as problem+json, then the end. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Http1Edge } from '../../src/edges/http1/index.ts';
import { Bench, type CreateEdge } from './edge.ts';

const create: CreateEdge = (settings, accept) => new Http1Edge(settings, accept);
const HOST = 'Host: weir.test\r\n';
const post = (fields: string) => `POST / HTTP/1.1\r\n${HOST}${fields}\r\nhello`;

/** Bytes → status and code. */
const REFUSED: readonly (readonly [string, number, string])[] = [
  [`GET / HTTP/0.9\r\n${HOST}\r\n`, 505, 'VERSION_NOT_SUPPORTED'],
  [`GET / HTTP/1.2\r\n${HOST}\r\n`, 505, 'VERSION_NOT_SUPPORTED'],
  [`GET / HTTP/2.0\r\n${HOST}\r\n`, 505, 'VERSION_NOT_SUPPORTED'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 501, 'NOT_IMPLEMENTED'],
  [`get / HTTP/1.1\r\n${HOST}\r\n`, 501, 'NOT_IMPLEMENTED'],
  [`BREW / HTTP/1.1\r\n${HOST}\r\n`, 501, 'NOT_IMPLEMENTED'],
  [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 414, 'URI_TOO_LONG'],
  [post('Transfer-Encoding: identity\r\n'), 501, 'NOT_IMPLEMENTED'],
  [post('Transfer-Encoding: gzip, chunked\r\n'), 501, 'NOT_IMPLEMENTED'],
  [post('Transfer-Encoding: chunked, chunked\r\n'), 501, 'NOT_IMPLEMENTED'],
  [post('Transfer-Encoding: "chunked"\r\n'), 501, 'NOT_IMPLEMENTED'],
  [post('Transfer-Encoding:\r\n'), 501, 'NOT_IMPLEMENTED'],
  [post('Content-Length: 9007199254740993\r\n'), 413, 'PAYLOAD_TOO_LARGE'],
  [post('Content-Length: 18446744073709551621\r\n'), 413, 'PAYLOAD_TOO_LARGE'],
  [post('Content-Length: 5\r\nExpect: 200-ok\r\n'), 417, 'EXPECTATION_FAILED'],
  [`GET / HTTP/1.1\r\n${HOST}X-Big: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  [`GET / HTTP/1.1\r\n${HOST}\r\n`.replace('\r\n', '\n'), 400, 'BAD_REQUEST'],
  ['CONNECT weir.test:443 HTTP/1.1\r\nHost: weir.test:443\r\n\r\n', 405, 'METHOD_NOT_ALLOWED'],
];

describe('http1: refusals', { concurrency: 8 }, () => {
  for (const [bytes, status, code] of REFUSED)
    it(`${JSON.stringify(bytes.slice(0, 70))} → ${status} ${code}, once, and the end`, async (t) => {
      const bench = new Bench(create);
      t.after(() => bench.end());
      const client = await bench.client();
      const started = performance.now();
      client.send(`${bytes}GET /behind HTTP/1.1\r\n${HOST}\r\n`);
      const reply = await client.reply();
      assert.deepEqual(
        [reply.status, reply.get('connection'), reply.get('content-type')],
        [status, 'close', 'application/problem+json'],
      );
      const problem = JSON.parse(reply.body);
      assert.deepEqual([problem.status, problem.code], [status, code]);
      assert.ok(problem.title.length > 10);
      assert.equal(await client.rest(), '');
      assert.ok(performance.now() - started < 1000);
      assert.deepEqual([bench.calls.length, client.error], [0, '']);
    });

  it('a body that breaks while nobody reads it, behind an answer that was given, ends the connection', async (t) => {
    const bench = new Bench(create);
    t.after(() => bench.end());
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
    call.ok('early');
    assert.equal((await client.reply()).body, 'early');
    client.send('oops\r\n');
    await client.over(1000);
    assert.deepEqual([client.text, client.error, call.failed], ['', '', '']);
  });
});
