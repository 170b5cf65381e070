/** Contract: what of a request reaches the upstream, byte by byte. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import { until } from '../tools/until.ts';
import type { Declare } from './forwarder.ts';
import { fieldValue, requestTo } from './forwarder-upstream.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** string[] of a head without those a forwarder adds. */
function given(fields: readonly string[], but: readonly string[] = ADDED): string[] {
  return fields.filter((field) => !but.includes(field.slice(0, field.indexOf(':')).toLowerCase()));
}
const ADDED = ['connection', 'content-length', 'transfer-encoding'];

function lines(list: string[]): string[] {
  const fields: string[] = [];
  for (let i = 0; i < list.length; i += 2) fields.push(`${list[i]}: ${list[i + 1]}`);
  return fields;
}

export function requestTests(declare: Declare): void {
  fieldTests(declare);
  bodyTests(declare);
  streamTests(declare);
  refusalTests(declare);
}

function fieldTests(declare: Declare): void {
  declare('fields keep their order, case and values, and none is added but for framing', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const headers = ['X-Zebra', '1', 'aCCept', '*/*', 'x-apple', 'caf\xe9 "q"', 'TE-like', '', 'content-TYPE', 'a/b'];
    bench
      .forwarder()
      .send(requestTo(upstream.endpoint, { headers: Fields.from([...headers, 'Host', 'h.example']) }), to);
    const { line, fields } = await (await upstream.accept()).answer(OK);
    await to.done();
    assert.equal(line, 'GET / HTTP/1.1');
    assert.deepEqual(
      given(fields, [...ADDED, 'host']).map((field) => field.trimEnd()),
      lines(headers).map((field) => field.trimEnd()),
    );
    assert.deepEqual(
      fields.filter((field) => /^host:/i.test(field)).map((field) => field.slice(5)),
      [' h.example'],
    );
  });

  for (const [framing, more] of [
    ['Content-Length: 5', { body: Buffer.from('hello') }],
    ['Content-Length: 5', { bodyLength: 5 }],
    ['Transfer-Encoding: chunked', { bodyLength: -1 }],
  ] as const)
    declare(
      `Host goes first, whatever its place, then ${framing}${'body' in more ? '' : ', streamed'}`,
      async (bench) => {
        const upstream = await bench.upstream();
        const to = bench.recorder();
        const headers = ['X-A', '1', 'hOsT', 'h.example', 'X-B', '2'];
        const call = bench
          .forwarder()
          .send(requestTo(upstream.endpoint, { headers: Fields.from(headers), method: 'POST', ...more }), to);
        if (!('body' in more)) {
          call.write(Buffer.from('hello'));
          call.finish();
        }
        const { fields, body } = await (await upstream.accept()).answer(OK);
        await to.done();
        assert.deepEqual(fields.slice(0, 4), ['hOsT: h.example', framing, 'X-A: 1', 'X-B: 2']);
        assert.equal(body.toString(), 'hello');
      },
    );

  declare('a request of a thousand fields, ours included, goes out, and none of many more', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const send = (count: number) => {
      const to = bench.recorder();
      const tiny = Array.from({ length: count - 1 }, () => ['a', '']).flat();
      const headers = [...tiny, 'Host', 'h.example'];
      forwarder.send(requestTo(upstream.endpoint, { headers: Fields.from(headers), body: Buffer.from('hello') }), to);
      return to;
    };
    const to = send(996);
    const { fields, body } = await (await upstream.accept()).answer(OK);
    await to.done();
    assert.deepEqual(fields.slice(0, 2), ['Host: h.example', 'Content-Length: 5']);
    assert.ok(fields.length >= 997 && fields.length <= 1000, `${fields.length} fields`);
    assert.equal(body.toString(), 'hello');
    const over = await send(1001).fails();
    assert.deepEqual({ ...over, detail: '' }, { reason: 'protocol', detail: '', sent: false });
  });

  declare('same-named fields stay apart and in order', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const headers = ['Host', 'h.example', 'Via', 'a', 'X-N', '1', 'Via', 'b', 'X-N', '2', 'Accept', 'x', 'Via', 'a'];
    bench.forwarder().send(requestTo(upstream.endpoint, { headers: Fields.from(headers) }), to);
    const { fields } = await (await upstream.accept()).answer(OK);
    await to.done();
    const named = (name: string): string[] => fields.filter((field) => field.startsWith(name));
    assert.deepEqual(named('Via'), ['Via: a', 'Via: b', 'Via: a']);
    assert.deepEqual(named('X-N'), ['X-N: 1', 'X-N: 2']);
  });

  declare('Cookie fields stay apart', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench
      .forwarder()
      .send(
        requestTo(upstream.endpoint, { headers: Fields.from(['Host', 'h', 'Cookie', 'a=1', 'Cookie', 'b=2']) }),
        to,
      );
    const { fields } = await (await upstream.accept()).answer(OK);
    await to.done();
    assert.deepEqual(given(fields, [...ADDED, 'host']), ['Cookie: a=1', 'Cookie: b=2']);
  });

  declare('same-named fields keep their places and spelling', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const headers = ['X-N', '1', 'Accept', 'x', 'x-n', '2'];
    bench
      .forwarder()
      .send(requestTo(upstream.endpoint, { headers: Fields.from(['Host', 'h.example', ...headers]) }), to);
    const { fields } = await (await upstream.accept()).answer(OK);
    await to.done();
    assert.deepEqual(given(fields, [...ADDED, 'host']), lines(headers));
  });

  for (const target of ['/a//b///c?x=1&x=2', '/a/../b/./c', '/%2F%zz?a=b?c=d', '/?', '/http://x/y', '/caf\xe9'])
    declare(`the target ${target} goes out as it is`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint, { target }), to);
      await until(() => to.over || upstream.connections.length > 0, 'something to happen');
      assert.equal(to.failure, null);
      const { line } = await (await upstream.accept()).answer(OK);
      await to.done();
      assert.equal(line, `GET ${target} HTTP/1.1`);
    });

  declare('OPTIONS * goes out as it is', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint, { method: 'OPTIONS', target: '*' }), to);
    await until(() => to.over || upstream.connections.length > 0, 'something to happen');
    assert.equal(to.failure, null);
    const { line } = await (await upstream.accept()).answer(OK);
    await to.done();
    assert.equal(line, 'OPTIONS * HTTP/1.1');
  });

  declare('an expectation, which the edge has met, is not sent on', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const headers = ['Host', 'h.example', 'Expect', '100-continue', 'X-A', '1'];
    bench
      .forwarder()
      .send(requestTo(upstream.endpoint, { headers: Fields.from(headers), body: Buffer.from('hello') }), to);
    const { fields, body } = await (await upstream.accept()).answer(OK);
    await to.done();
    assert.equal(fieldValue(fields, 'expect'), undefined);
    assert.equal(fieldValue(fields, 'x-a'), '1');
    assert.equal(body.toString(), 'hello');
  });
}

function bodyTests(declare: Declare): void {
  const WITHOUT = { GET: undefined, HEAD: undefined, DELETE: undefined, POST: '0', PUT: '0' };
  for (const [method, length] of Object.entries(WITHOUT))
    declare(`a ${method} without a body has ${length ? 'a length of 0' : 'no framing'}`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint, { method }), to);
      const { line, fields } = await (await upstream.accept()).answer(OK);
      await to.done();
      assert.equal(line, `${method} / HTTP/1.1`);
      assert.equal(fieldValue(fields, 'content-length'), length);
      assert.equal(fieldValue(fields, 'transfer-encoding'), undefined);
    });

  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'OPTIONS'])
    declare(`a ${method} with a whole body has its length`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      const body = Buffer.from('{"a":"ü"}');
      bench.forwarder().send(requestTo(upstream.endpoint, { method, body, bodyLength: -1 }), to);
      const connection = await upstream.accept();
      const request = await connection.answer(OK);
      await to.done();
      assert.deepEqual(request.body, body);
      assert.equal(connection.received.length, 0);
    });
}

function streamTests(declare: Declare): void {
  for (const method of ['POST', 'DELETE', 'OPTIONS', 'GET'])
    for (const bodyLength of [11, -1])
      declare(`a ${method} streams a body of ${bodyLength < 0 ? 'unknown' : 'known'} length`, async (bench) => {
        const upstream = await bench.upstream();
        const to = bench.recorder();
        const call = bench.forwarder().send(requestTo(upstream.endpoint, { method, bodyLength }), to);
        call.write(Buffer.from('hello '));
        const connection = await upstream.accept();
        const head = await connection.head();
        await until(() => connection.received.includes('hello '), 'the first piece, before the last is written');
        call.write(Buffer.from('world'));
        call.finish();
        const framing = bodyLength < 0 ? 'transfer-encoding' : 'content-length';
        assert.equal(fieldValue(head.fields, framing), bodyLength < 0 ? 'chunked' : '11');
        const wire = bodyLength < 0 ? '6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n' : 'hello world';
        await until(() => connection.received.length >= wire.length, 'the rest of the body');
        connection.write(OK);
        await to.done();
        assert.equal(connection.received.toString(), wire);
      });

  declare('a streamed body may end without a byte', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench
      .forwarder()
      .send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: -1 }), to)
      .finish();
    const connection = await upstream.accept();
    assert.equal((await connection.answer(OK)).body.length, 0);
    await to.done();
    assert.equal(connection.received.length, 0);
  });

  declare('a chunked DELETE cannot smuggle a second request', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'DELETE', bodyLength: -1 }), to);
    call.write(Buffer.from('GET /admin HTTP/1.1\r\nHost: x\r\n\r\n'));
    call.finish();
    const connection = await upstream.accept();
    const request = await connection.answer(OK);
    await to.done();
    assert.equal(fieldValue(request.fields, 'content-length'), undefined);
    assert.equal(request.body.toString(), 'GET /admin HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal(connection.received.length, 0);
  });

  declare('a body longer than its length never passes it', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 5 }), to);
    const connection = await upstream.accept();
    call.write(Buffer.from('hel'));
    await until(() => to.mores > 0 || connection.received.includes('hel'), 'the first piece to go');
    call.write(Buffer.from('lo GET /admin HTTP/1.1\r\n\r\n'));
    call.finish();
    assert.deepEqual({ ...(await to.fails()), detail: '' }, { reason: 'protocol', detail: '', sent: true });
    await connection.gone();
    assert.ok(!connection.received.includes('admin'));
  });

  declare('a body shorter than its length is a failure', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const forwarder = bench.forwarder();
    const call = forwarder.send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 5 }), to);
    call.write(Buffer.from('hel'));
    call.finish();
    assert.equal((await to.fails()).reason, 'protocol');
    for (const connection of upstream.connections)
      await until(
        () => connection.ended || connection.received.length === 0,
        'a connection with half a request to close',
      );
  });
}

function refusalTests(declare: Declare): void {
  const UNSENDABLE = {
    'a space in the target': { target: '/a b' },
    'a line break in the target': { target: '/a\r\nX-B: 2' },
    'a space in the method': { method: 'GET /admin' },
  };
  for (const [what, request] of Object.entries(UNSENDABLE))
    declare(`${what} fails without a throw, in a later turn, and nothing is sent`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint, request), to);
      assert.equal(to.failure, null);
      assert.deepEqual({ ...(await to.fails()), detail: '' }, { reason: 'protocol', detail: '', sent: false });
      assert.ok(upstream.connections.every((connection) => connection.received.length === 0));
    });
}
