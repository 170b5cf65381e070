/** HTTP/2 forwarder: what of a request reaches the upstream, and what of a reply the exchange. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import { NO_BODY } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import { asked, type Declare, reply } from './forwarder-http2-bench.ts';
import { requestTo } from './forwarder-upstream.ts';
import { DATA, END_HEADERS, END_STREAM, frame, headers } from './http2-frames.ts';

export function messageTests(declare: Declare): void {
  fieldTests(declare);
  bodyTests(declare);
  refusalTests(declare);
  replyTests(declare);
}

function fieldTests(declare: Declare): void {
  for (const secure of [false, true])
    declare(`a request over ${secure ? 'TLS, by ALPN' : 'TCP, by prior knowledge'}`, async (bench) => {
      const upstream = await bench.upstream(secure);
      const to = bench.recorder();
      const list = [
        'X-Zebra',
        '1',
        'aCCept',
        '*/*',
        'Host',
        'h.example',
        'x-zebra',
        'caf\xe9',
        'Cookie',
        'a',
        'Cookie',
        'b',
      ];
      bench.forwarder().send(requestTo(upstream.endpoint, { headers: Fields.from(list), target: '/a//b?x=%2F&y' }), to);
      const taken = await upstream.request();
      taken.answer();
      await to.done();
      assert.deepEqual(taken.fields, [
        ':method',
        'GET',
        ':scheme',
        secure ? 'https' : 'http',
        ':authority',
        'h.example',
        ':path',
        '/a//b?x=%2F&y',
        'x-zebra',
        '1',
        'accept',
        '*/*',
        'x-zebra',
        'caf\xe9',
        'cookie',
        'a',
        'cookie',
        'b',
      ]);
      assert.ok(taken.ended, 'no body, and the head says so');
      assert.equal(to.body, 'ok');
    });

  declare('without a Host, the endpoint’s authority', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint, { headers: Fields.empty() }), to);
    const taken = await upstream.request();
    taken.answer();
    await to.done();
    assert.equal(taken.get(':authority'), upstream.endpoint.authority);
  });

  declare('what belongs to a connection is not sent, nor an expectation', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const names = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade', 'HTTP2-Settings'];
    const list = ['Host', 'h', ...names.flatMap((name) => [name, 'x']), 'TE', 'gzip', 'Expect', '100-continue'];
    const body = Buffer.from('hello');
    bench
      .forwarder()
      .send(
        requestTo(upstream.endpoint, { headers: Fields.from([...list, 'TE', 'trailers', 'X-A', ' 1 ']), body }),
        to,
      );
    const taken = await (await upstream.request()).whole();
    taken.answer();
    await to.done();
    assert.deepEqual(taken.given, ['content-length', '5', 'te', 'trailers', 'x-a', '1']);
    assert.equal(taken.body, 'hello');
  });

  declare('a request of a thousand fields goes out, ours included, and none of one more', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    const fields = Array.from({ length: 995 }, (_, i) => [`x-${i}`, '']).flat();
    const request = { headers: ['host', 'h', ...fields], body: Buffer.from('hello') };
    const to = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint, request), to);
    const taken = await (await upstream.request()).whole();
    taken.answer();
    await to.done();
    assert.deepEqual([taken.given.length, taken.given[0]], [2 * 996, 'content-length']);
    const full = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint, { ...request, trailers: true }), full);
    const same = await (await upstream.request()).whole();
    same.answer();
    await full.done();
    assert.deepEqual(same.given, taken.given, '`te` stays behind');
    const over = bench.recorder();
    forwarder.send(
      requestTo(upstream.endpoint, { ...request, headers: Fields.from([...request.headers, 'x', '']) }),
      over,
    );
    assert.deepEqual({ ...(await over.fails()), detail: '' }, { reason: 'protocol', detail: '', sent: false });
  });

  declare('a client that takes trailers is one to the upstream too', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint, { trailers: true }), to);
    const taken = await upstream.request();
    taken.answer();
    await to.done();
    assert.deepEqual(taken.given, ['te', 'trailers']);
  });

  declare('OPTIONS * goes out as it is', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint, { method: 'OPTIONS', target: '*' }), to);
    const taken = await upstream.request();
    taken.answer();
    await to.done();
    assert.equal(taken.get(':path'), '*');
  });
}

function bodyTests(declare: Declare): void {
  const WITHOUT = { GET: undefined, HEAD: undefined, DELETE: undefined, POST: '0', PUT: '0' };
  for (const [method, length] of Object.entries(WITHOUT))
    declare(`a ${method} without a body has ${length ? 'a length of 0' : 'no length'}`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint, { method }), to);
      const taken = await (await upstream.request()).whole();
      taken.answer(method === 'HEAD' ? '' : 'ok');
      await to.done();
      assert.equal(taken.get('content-length'), length);
      assert.equal(taken.bytes, 0);
    });

  for (const method of ['POST', 'DELETE', 'GET'])
    for (const size of [1, 32_768, 3_000_000])
      declare(`a ${method} with a whole body of ${size} bytes`, async (bench) => {
        const upstream = await bench.upstream();
        const to = bench.recorder();
        bench.forwarder().send(requestTo(upstream.endpoint, { method, body: Buffer.alloc(size), bodyLength: -1 }), to);
        const taken = await (await upstream.request()).whole();
        taken.answer();
        await to.done();
        assert.deepEqual([taken.get('content-length'), taken.bytes], [String(size), size]);
      });

  for (const method of ['POST', 'DELETE'])
    for (const bodyLength of [11, -1])
      declare(`a ${method} streams a body of ${bodyLength < 0 ? 'unknown' : 'known'} length`, async (bench) => {
        const upstream = await bench.upstream();
        const to = bench.recorder();
        const call = bench.forwarder().send(requestTo(upstream.endpoint, { method, bodyLength }), to);
        call.write(Buffer.from('hello '));
        const taken = await upstream.request();
        await until(() => taken.body === 'hello ', 'the first piece, before the last is written');
        call.write(Buffer.alloc(0));
        call.write(Buffer.from('world'));
        call.finish();
        await taken.whole();
        taken.answer();
        await to.done();
        assert.equal(taken.body, 'hello world');
        assert.equal(taken.get('content-length'), bodyLength < 0 ? undefined : '11');
      });

  declare('a streamed body may end without a byte', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench
      .forwarder()
      .send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: -1 }), to)
      .finish();
    const taken = await (await upstream.request()).whole();
    taken.answer();
    await to.done();
    assert.equal(taken.bytes, 0);
  });

  declare('a body longer than its length never passes it', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 5 }), to);
    call.write(Buffer.from('hel'));
    const taken = await upstream.request();
    await until(() => taken.body === 'hel', 'the first piece');
    call.write(Buffer.from('lo and more'));
    call.finish();
    assert.deepEqual({ ...(await to.fails()), detail: '' }, { reason: 'protocol', detail: '', sent: true });
    await until(() => taken.closed, 'the stream to be reset');
    assert.deepEqual([taken.body, taken.ended], ['hel', false]);
  });

  declare('a body shorter than its length is a failure', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 5 }), to);
    call.write(Buffer.from('hel'));
    const taken = await upstream.request();
    call.finish();
    assert.equal((await to.fails()).reason, 'protocol');
    await until(() => taken.closed, 'the stream to be reset');
    assert.equal(taken.ended, false);
  });
}

function refusalTests(declare: Declare): void {
  const UNSENDABLE = {
    'a space in the target': { target: '/a b' },
    'a line break in the target': { target: '/a\r\nX-B: 2' },
    'a target that is no path': { target: 'http://x/y' },
    'a space in the method': { method: 'GET /admin' },
    CONNECT: { method: 'CONNECT' },
  };
  for (const [what, request] of Object.entries(UNSENDABLE))
    declare(`${what} fails without a throw, in a later turn, and nothing is sent`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint, request), to);
      assert.equal(to.failure, null);
      assert.deepEqual({ ...(await to.fails()), detail: '' }, { reason: 'protocol', detail: '', sent: false });
      assert.equal(upstream.requests.length, 0);
    });
}

function replyTests(declare: Declare): void {
  declare('a reply: fields as received, in order, with duplicates', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    const peer = await upstream.accept();
    await asked(peer, 1);
    const fields = ['set-cookie', 'a=1', 'x-z', '2', 'set-cookie', 'b=2', 'x-octets', 'caf\xe9', 'content-length', '5'];
    peer.send(headers(1, [':status', '200', ...fields], END_HEADERS), frame(DATA, END_STREAM, 1, 'hello'));
    await to.done();
    assert.deepEqual([to.status, to.headers, to.length, to.body], [200, fields, 5, 'hello']);
    assert.equal(to.trailers, null);
  });

  const REPLIES: Readonly<
    Record<string, { fields: string[]; method?: string; data?: string; length: number; status?: number }>
  > = {
    'a body of unknown length': { fields: [':status', '200'], data: 'hello', length: -1 },
    'no body, said at once': { fields: [':status', '200'], length: NO_BODY },
    'an error of gRPC, said at once': {
      fields: [':status', '200', 'content-type', 'application/grpc', 'grpc-status', '5'],
      length: NO_BODY,
    },
    'a length before trailers that say how a gRPC call ended': {
      fields: [':status', '200', 'content-type', 'application/grpc+proto', 'content-length', '5'],
      data: 'hello',
      length: -1,
    },
    'a length of 0': { fields: [':status', '200', 'content-length', '0'], length: 0 },
    'a reply to HEAD': { fields: [':status', '200', 'content-length', '5'], method: 'HEAD', length: 5 },
    'a reply to HEAD without a length': { fields: [':status', '200'], method: 'HEAD', length: -1 },
    'a 204': { fields: [':status', '204'], length: 0, status: 204 },
    'a 304': { fields: [':status', '304', 'content-length', '5'], length: 5, status: 304 },
    'an unknown status': { fields: [':status', '599'], data: 'ok', length: -1, status: 599 },
  };
  for (const [what, { fields, method = 'GET', data, length, status = 200 }] of Object.entries(REPLIES))
    declare(`reply: ${what}`, async (bench) => {
      const upstream = await bench.frames();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint, { method }), to);
      const peer = await upstream.accept();
      await asked(peer, 1);
      if (data === undefined) peer.send(headers(1, fields));
      else peer.send(headers(1, fields, END_HEADERS), frame(DATA, END_STREAM, 1, data));
      await to.done();
      assert.deepEqual([to.status, to.length, to.body], [status, length, data ?? '']);
    });

  declare('trailers of a reply', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    const peer = await upstream.accept();
    await asked(peer, 1);
    peer.send(
      headers(1, [':status', '200'], END_HEADERS),
      frame(DATA, 0, 1, 'hello'),
      headers(1, ['x-sum', '1', 'x-sum', '2']),
    );
    await to.done();
    assert.deepEqual([to.body, to.trailers], ['hello', ['x-sum', '1', 'x-sum', '2']]);
  });

  declare('interim replies are told, but for a 100 that nobody asked for', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    const peer = await upstream.accept();
    await asked(peer, 1);
    peer.send(
      headers(1, [':status', '103', 'link', '</a>', 'trailer', 'x-sum', 'link', '</b>'], END_HEADERS),
      headers(1, [':status', '100'], END_HEADERS),
      headers(1, [':status', '102'], END_HEADERS),
      reply(1),
    );
    await to.done();
    assert.deepEqual(to.informs, [
      { status: 103, headers: ['link', '</a>', 'link', '</b>'] },
      { status: 102, headers: [] },
    ]);
  });

  declare('a reply that comes in two halves is told as it comes', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    const peer = await upstream.accept();
    await asked(peer, 1);
    peer.send(headers(1, [':status', '200'], END_HEADERS), frame(DATA, 0, 1, 'hel'));
    await until(() => to.body === 'hel', 'the first half');
    peer.send(frame(DATA, END_STREAM, 1, 'lo'));
    assert.equal((await to.done()).body, 'hello');
  });
}
