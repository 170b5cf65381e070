/** Contract: every way an attempt fails, what it is called, and whether the request may be sent again. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { Fields } from '../../src/fields/fields.ts';
import type { Failure } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import type { Bench, Declare } from './forwarder.ts';
import { endpointAt, PATIENT, RawUpstream, requestTo } from './forwarder-upstream.ts';

const SHORT = 60;

function isFailure(failure: Failure, reason: Failure['reason'], sent: boolean): void {
  assert.deepEqual({ reason: failure.reason, sent: failure.sent }, { reason, sent }, failure.detail);
  assert.notEqual(failure.detail, '');
}

export function failureTests(declare: Declare): void {
  connectTests(declare);
  tlsTests(declare);
  timeoutTests(declare);
  earlyEndTests(declare);
  malformedTests(declare);
}

function connectTests(declare: Declare): void {
  declare('a refused connection', async (bench) => {
    const upstream = await RawUpstream.listen();
    const { endpoint } = upstream;
    upstream.close();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(endpoint, { body: Buffer.from('hello') }), to);
    assert.equal(to.failure, null);
    isFailure(await to.fails(), 'connect', false);
  });

  declare('a refused connection with a streamed body', async (bench) => {
    const upstream = await RawUpstream.listen();
    const { endpoint } = upstream;
    upstream.close();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(endpoint, { method: 'POST', bodyLength: -1 }), to);
    call.write(Buffer.from('hello'));
    isFailure(await to.fails(), 'connect', false);
    assert.equal(call.write(Buffer.from('more')), true);
    call.finish();
  });

  declare('a name that does not resolve', async (bench) => {
    const to = bench.recorder();
    // A label may have 63 octets (RFC 1035 §2.3.4), so no resolver is asked.
    const hostname = `${'x'.repeat(64)}.invalid`;
    bench.forwarder().send(requestTo(endpointAt(80, { hostname })), to);
    isFailure(await to.fails(), 'connect', false);
  });

  declare('a connection that takes too long', async (bench) => {
    const port = await deafPort(bench);
    const to = bench.recorder();
    bench.forwarder({ connect: SHORT }).send(requestTo(endpointAt(port)), to);
    isFailure(await to.fails(), 'connect', false);
  });

  declare(
    'a request waiting for a connection is failed, not sent, when the connection cannot be made',
    async (bench) => {
      const upstream = await RawUpstream.listen();
      const { endpoint } = upstream;
      upstream.close();
      const forwarder = bench.forwarder({ connections: 1 });
      const all = [bench.recorder(), bench.recorder(), bench.recorder()];
      for (const to of all) forwarder.send(requestTo(endpoint), to);
      for (const to of all) isFailure(await to.fails(), 'connect', false);
    },
  );
}

/** A port whose queue of unaccepted connections is full: the system ignores further ones. */
async function deafPort(bench: Bench): Promise<number> {
  const code = `
    const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
    });`;
  const worker = new Worker(code, { eval: true });
  bench.atEnd(() => worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  const fillers: Socket[] = [];
  let connected = 0;
  for (let i = 0; i < 6; i++) {
    const filler = connect(port, '127.0.0.1', () => connected++).on('error', () => {});
    fillers.push(filler);
  }
  bench.atEnd(() => fillers.forEach((filler) => void filler.destroy()));
  await until(() => connected >= 2, 'the queue to be full');
  return port;
}

function tlsTests(declare: Declare): void {
  declare('TLS to an endpoint whose certificate is trusted and its own', async (bench) => {
    const upstream = await bench.upstream(true);
    const forwarder = bench.forwarder();
    for (const host of ['first.example', 'second.example']) {
      const to = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint, { headers: Fields.from(['Host', host]) }), to);
      const connection = upstream.connections[0] ?? (await upstream.accept());
      await connection.answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      assert.equal((await to.done()).body, 'ok');
    }
    assert.equal(upstream.connections.length, 1, 'another Host is no reason for another connection');
  });

  declare('TLS to an endpoint whose certificate is another one, whatever Host says', async (bench) => {
    const upstream = await bench.upstream(true);
    const to = bench.recorder();
    const endpoint = endpointAt(upstream.port, { secure: true });
    bench.forwarder().send(requestTo(endpoint, { headers: Fields.from(['Host', 'localhost']) }), to);
    isFailure(await to.fails(), 'connect', false);
  });

  declare('TLS to an endpoint that speaks none', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(endpointAt(upstream.port, { secure: true, hostname: 'localhost' })), to);
    (await upstream.accept()).write('HTTP/1.1 400 Bad Request\r\n\r\n');
    isFailure(await to.fails(), 'connect', false);
  });

  declare('a TLS handshake that takes too long', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const endpoint = endpointAt(upstream.port, { secure: true, hostname: 'localhost' });
    bench.forwarder({ connect: 30_000, tlsHandshake: SHORT }).send(requestTo(endpoint), to);
    isFailure(await to.fails(), 'connect', false);
    await (await upstream.accept()).gone();
  });
}

function timeoutTests(declare: Declare): void {
  declare('no first byte in time', async (bench) => {
    const upstream = await bench.upstream();
    const forwarder = bench.forwarder();
    for (const body of [null, Buffer.from('hello')]) {
      const to = bench.recorder();
      forwarder.send(requestTo(upstream.endpoint, { body, timeouts: { ...PATIENT, firstByte: SHORT } }), to);
      const connection = await upstream.accept();
      isFailure(await to.fails(), 'timeout', true);
      await connection.gone();
    }
  });

  declare('no first byte in time after a streamed body, the time counting from its end', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const timeouts = { ...PATIENT, firstByte: SHORT };
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 10, timeouts }), to);
    call.write(Buffer.from('hello'));
    const connection = await upstream.accept();
    await until(() => connection.received.includes('hello'), 'the first half');
    await new Promise((resolve) => setTimeout(resolve, SHORT * 2));
    assert.equal(to.failure, null, 'a slow client is no fault of the upstream');
    call.write(Buffer.from('world'));
    call.finish();
    isFailure(await to.fails(), 'timeout', true);
  });

  declare('half a head is no first byte', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint, { timeouts: { ...PATIENT, firstByte: SHORT } }), to);
    await (await upstream.accept()).answer('HTTP/1.1 200 OK\r\nX-A: ');
    isFailure(await to.fails(), 'timeout', true);
  });

  declare('a reply that stops', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint, { timeouts: { ...PATIENT, idle: SHORT } }), to);
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello');
    isFailure(await to.fails(), 'timeout', true);
    assert.equal(to.body, 'hello');
    await connection.gone();
  });

  declare('a reply that drips is not idle', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint, { timeouts: { ...PATIENT, idle: 500 } }), to);
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n');
    for (let i = 0; i < 8; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      connection.write('x');
    }
    assert.equal((await to.done()).bytes, 8);
  });

  declare('a paused reply is not idle', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { timeouts: { ...PATIENT, idle: SHORT } }), to);
    to.onHead = () => call.pause();
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel');
    await to.headed();
    await new Promise((resolve) => setTimeout(resolve, SHORT * 2));
    assert.equal(to.failure, null);
    call.resume();
    isFailure(await to.fails(), 'timeout', true);
  });

  for (const streamed of [false, true])
    declare(`an upstream that takes no more of a ${streamed ? 'streamed' : 'whole'} body`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      const forwarder = bench.forwarder();
      const timeouts = { ...PATIENT, send: SHORT };
      const body = Buffer.alloc(32 << 20);
      const request = requestTo(upstream.endpoint, { method: 'POST', timeouts, ...(streamed ? STREAMED : { body }) });
      const accepted = upstream.accept().then((connection) => connection.stopReading());
      const call = forwarder.send(request, to);
      if (streamed) {
        to.onMore = () => void call.write(body);
        call.write(body);
      }
      await accepted;
      isFailure(await to.fails(), 'timeout', true);
    });
}

const STREAMED = { body: null, bodyLength: -1 } as const;

type Breaking = 'FIN' | 'RST';

function earlyEndTests(declare: Declare): void {
  const CASES: readonly (readonly [string, string, Breaking, Failure['reason']])[] = [
    ['before a byte', '', 'FIN', 'reset'],
    ['before a byte', '', 'RST', 'reset'],
    ['inside the head', 'HTTP/1.1 200 OK\r\nX-A:', 'FIN', 'reset'],
    ['inside the head', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:', 'RST', 'reset'],
    ['after an interim reply', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'FIN', 'reset'],
    ['inside a body with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', 'FIN', 'truncated'],
    ['inside a body with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', 'RST', 'truncated'],
    [
      'inside a body with a length that was to be the last',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nhello',
      'FIN',
      'truncated',
    ],
    ['inside a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello', 'FIN', 'truncated'],
    ['inside a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello', 'RST', 'truncated'],
    ['between chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 'FIN', 'truncated'],
    [
      'before the last chunk, which was to be the last',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      'FIN',
      'truncated',
    ],
    ['inside a body that only an orderly close ends', 'HTTP/1.1 200 OK\r\n\r\nhello', 'RST', 'truncated'],
  ];
  for (const [where, reply, how, reason] of CASES)
    declare(`a ${how} ${where} is ${reason}`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint, { body: Buffer.from('q') }), to);
      const connection = await upstream.accept();
      await connection.answer(reply);
      if (reply.includes('\r\n\r\n')) await until(() => to.body === 'hello' || to.informs.length > 0, 'what was sent');
      if (how === 'FIN') connection.end();
      else await connection.reset();
      isFailure(await to.fails(), reason, true);
    });
}

const MALFORMED: Readonly<Record<string, string>> = {
  'a greeting of another protocol': '220 smtp.example ESMTP\r\n',
  'a status line without a status': 'HTTP/1.1 OK\r\n\r\n',
  'a version that is none': 'HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n',
  'a space before the colon': 'HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 0\r\n\r\n',
  'a NUL in a value': 'HTTP/1.1 200 OK\r\nX-A: 1\0\r\nContent-Length: 0\r\n\r\n',
  'a bare CR in a value': 'HTTP/1.1 200 OK\r\nX-A: 1\rX-B: 2\r\nContent-Length: 0\r\n\r\n',
  'a malformed field after the length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX A: 1\r\n\r\nhello',
  'a length and a transfer coding':
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a transfer coding and a length':
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!',
  'a length that is no number': 'HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello',
  'a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello',
  'an upgrade that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  'an upgrade to nothing': 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  'an upgrade to nothing, with a length': 'HTTP/1.1 101 Switching Protocols\r\nContent-Length: 2\r\n\r\nok',
  'a status of 099': 'HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok',
  'a status of 600': 'HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nok',
  'a status of 999': 'HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok',
  'interim replies without end': 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(65),
  'a head that is too large': `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(80_000)}\r\nContent-Length: 0\r\n\r\n`,
};

function malformedTests(declare: Declare): void {
  for (const [what, reply] of Object.entries(MALFORMED))
    declare(`${what} is a protocol failure`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint), to);
      const connection = await upstream.accept();
      await connection.answer(reply);
      isFailure(await to.fails(), 'protocol', true);
      assert.equal(to.status, 0);
      await connection.gone();
    });

  for (const size of ['zz', '5x', '-5', 'fffffffffffffffff'])
    declare(`a chunk size of ${size} is a protocol failure`, async (bench) => {
      const upstream = await bench.upstream();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint), to);
      const connection = await upstream.accept();
      await connection.answer(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\nhello\r\n0\r\n\r\n`);
      isFailure(await to.fails(), 'protocol', true);
      await connection.gone();
    });
}
