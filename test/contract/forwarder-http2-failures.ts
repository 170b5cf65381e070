/** HTTP/2 forwarder: every way an attempt fails, what it is called, and whether the request may be sent again. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import type { Failure } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import { asked, type Declare, reply } from './forwarder-http2-bench.ts';
import { endpointAt, PATIENT, requestTo } from './forwarder-upstream.ts';
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  type FramePeer,
  frame,
  goaway,
  HEADERS,
  headers,
  rst,
  WINDOW_UPDATE,
} from './http2-frames.ts';

const SHORT = 80;
const CANCEL = 8;

const STATUS = [':status', '200'];

function isFailure(failure: Failure, reason: Failure['reason'], sent: boolean): void {
  assert.deepEqual({ reason: failure.reason, sent: failure.sent }, { reason, sent }, failure.detail);
  assert.notEqual(failure.detail, '');
}

export function failureTests(declare: Declare): void {
  connectTests(declare);
  timeoutTests(declare);
  resetTests(declare);
  goawayTests(declare);
  malformedTests(declare);
}

function connectTests(declare: Declare): void {
  declare('a refused connection', async (bench) => {
    const upstream = await bench.frames();
    const { endpoint } = upstream;
    upstream.close();
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    const call = forwarder.send(requestTo(endpoint, { method: 'POST', bodyLength: -1 }), to);
    const other = bench.recorder();
    forwarder.send(requestTo(endpoint), other);
    assert.equal(call.write(Buffer.from('hello')), false);
    isFailure(await to.fails(), 'connect', false);
    isFailure(await other.fails(), 'connect', false);
    assert.equal(call.write(Buffer.from('more')), true);
    call.finish();
  });

  declare('an upstream that says nothing', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    bench.forwarder({ connect: SHORT }).send(requestTo(upstream.endpoint), to);
    const peer = await upstream.connection();
    isFailure(await to.fails(), 'connect', false);
    await peer.gone();
    assert.equal(peer.find(HEADERS), undefined, 'no request goes out before the other side has spoken HTTP/2');
  });

  for (const [what, greeting] of [
    ['HTTP/1.1', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
    ['another protocol', '220 smtp.example ESMTP\r\n'],
    ['nothing, and closes', ''],
  ])
    declare(`an upstream that speaks ${what}`, async (bench) => {
      const upstream = await bench.frames();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint), to);
      const peer = await upstream.connection();
      peer.socket.end(greeting!);
      isFailure(await to.fails(), 'connect', false);
    });

  declare('TLS to an endpoint whose certificate is another one', async (bench) => {
    const upstream = await bench.upstream(true);
    const to = bench.recorder();
    const endpoint = endpointAt(upstream.endpoint.port, { secure: true });
    bench.forwarder().send(requestTo(endpoint, { headers: Fields.from(['Host', 'localhost']) }), to);
    isFailure(await to.fails(), 'connect', false);
  });

  declare('TLS to an endpoint that speaks none', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    const endpoint = endpointAt(upstream.endpoint.port, { secure: true, hostname: 'localhost' });
    bench.forwarder({ tlsHandshake: SHORT }).send(requestTo(endpoint), to);
    isFailure(await to.fails(), 'connect', false);
  });
}

function timeoutTests(declare: Declare): void {
  declare('no first byte in time: the stream is reset, and the silent connection used no more', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder();
    const to = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint, { timeouts: { ...PATIENT, firstByte: SHORT } }), to);
    const peer = await upstream.accept();
    isFailure(await to.fails(), 'timeout', true);
    await peer.gone();
    await until(() => forwarder.stats().open === 0, 'the connection to be gone');
  });

  declare('no first byte in time on a connection that lives: only the stream ends', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder();
    const other = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint), other);
    const peer = await upstream.accept();
    await asked(peer, 1);
    const to = bench.recorder();
    forwarder.send(requestTo(upstream.endpoint, { timeouts: { ...PATIENT, firstByte: SHORT } }), to);
    await asked(peer, 3);
    peer.send(headers(1, STATUS, END_HEADERS), frame(DATA, 0, 1, 'x'));
    isFailure(await to.fails(), 'timeout', true);
    assert.equal(await peer.reset(3), CANCEL);
    peer.send(frame(DATA, END_STREAM, 1, 'y'));
    assert.equal((await other.done()).body, 'xy');
  });

  declare('no first byte in time after a streamed body, the time counting from its end', async (bench) => {
    const upstream = await bench.upstream();
    const to = bench.recorder();
    const timeouts = { ...PATIENT, firstByte: SHORT };
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: 10, timeouts }), to);
    call.write(Buffer.from('hello'));
    const taken = await upstream.request();
    await until(() => taken.body === 'hello', 'the first half');
    await new Promise((resolve) => setTimeout(resolve, SHORT * 2));
    assert.equal(to.failure, null, 'a slow client is no fault of the upstream');
    call.write(Buffer.from('world'));
    call.finish();
    isFailure(await to.fails(), 'timeout', true);
  });

  declare('a reply that stops', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint, { timeouts: { ...PATIENT, idle: SHORT } }), to);
    const peer = await upstream.accept();
    await asked(peer, 1);
    peer.send(headers(1, STATUS, END_HEADERS), frame(DATA, 0, 1, 'hello'));
    isFailure(await to.fails(), 'timeout', true);
    assert.equal(to.body, 'hello');
    assert.equal(await peer.reset(1), CANCEL);
  });

  declare('a paused reply is not idle', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    const call = bench.forwarder().send(requestTo(upstream.endpoint, { timeouts: { ...PATIENT, idle: SHORT } }), to);
    to.onHead = () => call.pause();
    const peer = await upstream.accept();
    await asked(peer, 1);
    peer.send(headers(1, STATUS, END_HEADERS), frame(DATA, 0, 1, 'hello'));
    await to.headed();
    await new Promise((resolve) => setTimeout(resolve, SHORT * 2));
    assert.equal(to.failure, null);
    call.resume();
    isFailure(await to.fails(), 'timeout', true);
  });

  for (const streamed of [false, true])
    declare(`an upstream that takes no more of a ${streamed ? 'streamed' : 'whole'} body`, async (bench) => {
      const upstream = await bench.frames();
      const to = bench.recorder();
      const timeouts = { ...PATIENT, send: SHORT };
      const body = Buffer.alloc(4 << 20);
      const more = streamed ? { body: null, bodyLength: -1 } : { body };
      const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', timeouts, ...more }), to);
      if (streamed) call.write(body);
      const peer = await upstream.accept();
      isFailure(await to.fails(), 'timeout', true);
      assert.equal(await peer.reset(1), CANCEL);
    });

  declare('a reply that drips is not idle, nor is an upload that trickles', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    const timeouts = { ...PATIENT, idle: 500, send: 500 };
    bench.forwarder().send(requestTo(upstream.endpoint, { body: Buffer.alloc(200_000), timeouts }), to);
    const peer = await upstream.accept();
    const window = (stream: number) => frame(WINDOW_UPDATE, 0, stream, Buffer.from([0, 0, 0xff, 0xff]));
    for (let i = 0; i < 6; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      peer.send(window(0), window(1));
    }
    await until(() => peer.frames.some(({ type, flags }) => type === DATA && flags === END_STREAM), 'the whole upload');
    peer.send(headers(1, STATUS, END_HEADERS));
    for (let i = 0; i < 8; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      peer.send(frame(DATA, 0, 1, 'x'));
    }
    peer.send(frame(DATA, END_STREAM, 1));
    assert.equal((await to.done()).bytes, 8);
  });
}

/** Sends a request, and what the upstream does with its stream. */
type Act = (peer: FramePeer) => unknown;

function resetTests(declare: Declare): void {
  const half: Act = (peer) => peer.send(headers(1, STATUS, END_HEADERS), frame(DATA, 0, 1, 'hello'));
  const CASES: readonly (readonly [string, Act, Failure['reason'], boolean])[] = [
    ['REFUSED_STREAM', (peer) => peer.send(rst(1, 7)), 'reset', false],
    ['HTTP_1_1_REQUIRED to a plain endpoint’s upload', (peer) => peer.send(rst(1, 13)), 'reset', false],
    ['INTERNAL_ERROR before a head', (peer) => peer.send(rst(1, 2)), 'reset', true],
    ['CANCEL before a head', (peer) => peer.send(rst(1, 8)), 'reset', true],
    ['NO_ERROR before a head', (peer) => peer.send(rst(1, 0)), 'reset', true],
    ['PROTOCOL_ERROR', (peer) => peer.send(rst(1, 1)), 'protocol', true],
    ['a FIN before a head', (peer) => peer.socket.end(), 'reset', true],
    ['a RST before a head', (peer) => peer.socket.resetAndDestroy(), 'reset', true],
  ];
  for (const [what, act, reason, sent] of CASES)
    declare(`${what} is ${reason}, ${sent ? '' : 'not '}sent`, async (bench) => {
      const upstream = await bench.frames();
      const to = bench.recorder();
      const call = bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: -1 }), to);
      call.write(Buffer.from('q'));
      call.finish();
      const peer = await upstream.accept();
      await asked(peer, 1);
      await act(peer);
      isFailure(await to.fails(), reason, sent);
    });

  const LATE: readonly (readonly [string, Act, Failure['reason']])[] = [
    ['INTERNAL_ERROR', (peer) => peer.send(rst(1, 2)), 'truncated'],
    ['CANCEL', (peer) => peer.send(rst(1, 8)), 'truncated'],
    ['REFUSED_STREAM', (peer) => peer.send(rst(1, 7)), 'truncated'],
    ['NO_ERROR, which Node takes for a good end', (peer) => peer.send(rst(1, 0)), 'truncated'],
    ['a FIN', (peer) => peer.socket.end(), 'truncated'],
    ['a RST', (peer) => peer.socket.resetAndDestroy(), 'truncated'],
    ['a GOAWAY with an error', (peer) => peer.send(goaway(1, 2)), 'truncated'],
    ['less than the length said', (peer) => peer.send(frame(DATA, END_STREAM, 1)), 'protocol'],
  ];
  for (const [what, act, reason] of LATE)
    for (const stream of [false, true])
      declare(
        `${what} inside the body is ${reason} (${stream ? 'upload under way' : 'request whole'})`,
        async (bench) => {
          const upstream = await bench.frames();
          const to = bench.recorder();
          bench.forwarder().send(requestTo(upstream.endpoint, stream ? { method: 'POST', bodyLength: -1 } : {}), to);
          const peer = await upstream.accept();
          await asked(peer, 1);
          if (what.startsWith('less')) {
            peer.send(headers(1, [...STATUS, 'content-length', '9'], END_HEADERS), frame(DATA, 0, 1, 'hello'));
          } else half(peer);
          await until(() => to.body === 'hello', 'the first half');
          await act(peer);
          isFailure(await to.fails(), reason, true);
        },
      );
}

function goawayTests(declare: Declare): void {
  declare('a GOAWAY that leaves streams out: those are sent again, elsewhere; the others go on', async (bench) => {
    const upstream = await bench.frames();
    const forwarder = bench.forwarder();
    const [first, second, third] = [bench.recorder(), bench.recorder(), bench.recorder()];
    forwarder.send(requestTo(upstream.endpoint), first);
    forwarder.send(requestTo(upstream.endpoint, { body: Buffer.from('a POST') }), second);
    const peer = await upstream.accept();
    await asked(peer, 1);
    await asked(peer, 3);
    peer.send(goaway(1, 0));
    const other = await upstream.accept();
    await asked(other, 1);
    assert.equal((await other.frame(DATA, 1)).payload.toString(), 'a POST');
    other.send(reply(1));
    await second.done();
    forwarder.send(requestTo(upstream.endpoint), third);
    await asked(other, 3);
    other.send(reply(3));
    await third.done();
    peer.send(headers(1, STATUS, END_HEADERS), frame(DATA, END_STREAM, 1, 'late'));
    assert.equal((await first.done()).body, 'late');
    await peer.gone();
  });

  for (const code of [0, 11])
    declare(`a streamed request that a GOAWAY (${code}) leaves out fails, not sent`, async (bench) => {
      const upstream = await bench.frames();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint, { method: 'POST', bodyLength: -1 }), to);
      const peer = await upstream.accept();
      await asked(peer, 1);
      peer.send(goaway(0, code));
      isFailure(await to.fails(), 'reset', false);
      await peer.gone();
    });

  declare('a request is sent again once, not for ever', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    for (let i = 0; i < 2; i++) {
      const peer = await upstream.accept();
      await asked(peer, 1);
      peer.send(goaway(0, 0));
    }
    isFailure(await to.fails(), 'reset', false);
    assert.equal(upstream.peers.length, 2);
  });

  declare('a GOAWAY with an error fails what was looked at', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    const peer = await upstream.accept();
    await asked(peer, 1);
    peer.send(goaway(1, 11));
    isFailure(await to.fails(), 'reset', true);
  });

  for (const [method, again] of [
    ['GET', true],
    ['PUT', true],
    ['POST', false],
  ] as const)
    declare(
      `a ${method} on a kept connection that breaks just then is ${again ? '' : 'not '}sent again`,
      async (bench) => {
        const upstream = await bench.frames();
        const forwarder = bench.forwarder();
        const warm = bench.recorder();
        forwarder.send(requestTo(upstream.endpoint), warm);
        const stale = await upstream.accept();
        await asked(stale, 1);
        stale.send(reply(1));
        await warm.done();
        const to = bench.recorder();
        forwarder.send(requestTo(upstream.endpoint, { method, body: method === 'GET' ? null : Buffer.from('q') }), to);
        await asked(stale, 3);
        stale.close();
        if (!again) return isFailure(await to.fails(), 'reset', true);
        const fresh = await upstream.accept();
        await asked(fresh, 1);
        fresh.send(reply(1));
        await to.done();
      },
    );

  declare('a GET on a new connection that breaks is not sent again', async (bench) => {
    const upstream = await bench.frames();
    const to = bench.recorder();
    bench.forwarder().send(requestTo(upstream.endpoint), to);
    const peer = await upstream.accept();
    await asked(peer, 1);
    peer.close();
    isFailure(await to.fails(), 'reset', true);
    assert.equal(upstream.peers.length, 1);
  });
}

function malformedTests(declare: Declare): void {
  const MALFORMED: Readonly<Record<string, readonly Buffer[]>> = {
    'no status': [headers(1, ['x-a', '1'])],
    'a status that is none': [headers(1, [':status', 'ok'])],
    'an upper-case name': [headers(1, [...STATUS, 'X-A', '1'])],
    'a connection field': [headers(1, [...STATUS, 'connection', 'close'])],
    'two lengths': [headers(1, [...STATUS, 'content-length', '1', 'content-length', '2'], END_HEADERS)],
    'a length that is no number': [headers(1, [...STATUS, 'content-length', '-1'], END_HEADERS)],
    'DATA before a head': [frame(DATA, END_STREAM, 1, 'x')],
    'a switch of protocols': [headers(1, [':status', '101'], END_HEADERS)],
    'a status of 099': [headers(1, [':status', '099'])],
    'a status of 600': [headers(1, [':status', '600'])],
    'a status of 999': [headers(1, [':status', '999'], END_HEADERS), frame(DATA, END_STREAM, 1, 'ok')],
    'an interim reply with a length': [headers(1, [':status', '103', 'content-length', '0'], END_HEADERS)],
    'interim replies without end': Array.from({ length: 65 }, () => headers(1, [':status', '103'], END_HEADERS)),
    garbage: [Buffer.from('this is not HTTP/2 at all, and long enough to be noticed')],
    'a push': [frame(5, END_HEADERS, 1, Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.alloc(0)]))],
    'a head that is too large': [
      headers(1, [...STATUS, 'x-a', 'a'.repeat(16_000)], 0),
      ...Array.from({ length: 5 }, (_, i) => {
        const block = headers(1, [`x-${i}`, 'a'.repeat(16_000)]).subarray(9);
        return frame(CONTINUATION, i === 4 ? END_HEADERS : 0, 1, block);
      }),
    ],
  };
  for (const [what, frames] of Object.entries(MALFORMED))
    declare(`${what} is a protocol failure`, async (bench) => {
      const upstream = await bench.frames();
      const to = bench.recorder();
      bench.forwarder().send(requestTo(upstream.endpoint), to);
      const peer = await upstream.accept();
      await asked(peer, 1);
      peer.send(...frames);
      isFailure(await to.fails(), 'protocol', true);
      assert.equal(to.status, 0);
    });
}
