/** The request's head, read once: what goes on, what is kept, and what it costs whoever sends nonsense. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeaderList, removeHopByHop } from '../../headers.ts';
import { type RequestHead, readRequestHead } from './request-head.ts';

function read(received: HeaderList, passing: readonly string[] = []): RequestHead & { readable: boolean } {
  const head = {
    headers: [],
    host: '',
    requestId: '',
    forwardedFor: null,
    forwardedHost: '',
    forwardedProto: '',
    via: '',
    maxForwards: '',
    trailers: false,
  };
  return Object.assign(head, { readable: readRequestHead(received, head, new Set(passing)) });
}

test('what the proxy must know is kept, and what is of this hop goes no further', () => {
  const head = read(
    [
      ['Host', 'a'],
      ['Accept', 'b'],
      ['Via', '1.0 x'],
      ['TE', 'trailers'],
      ['X-Forwarded-For', '1.1.1.1'],
      ['Expect', '100-continue'],
      ['Via', '1.1 y'],
      ['X-Forwarded-For', '2.2.2.2'],
      ['X-Request-Id', 'id'],
      ['Proxy-Authorization', 'x'],
      ['Max-Forwards', '3'],
      ['X-Real-IP', '3.3.3.3'],
      ['X_Real_IP', '4.4.4.4'],
      ['Accept', 'c'],
    ].flat(),
    ['x_real_ip'],
  );
  assert.deepEqual(head, {
    headers: ['Accept', 'b', 'Max-Forwards', '3', 'X_Real_IP', '4.4.4.4', 'Accept', 'c'],
    host: 'a',
    requestId: 'id',
    forwardedFor: ['1.1.1.1', '2.2.2.2'],
    forwardedHost: '',
    forwardedProto: '',
    via: '1.0 x, 1.1 y',
    maxForwards: '3',
    trailers: true,
    readable: true,
  });
});

test('TE says whether the client takes trailers, whatever else is in it', () => {
  for (const fields of [
    ['te', 'trailers'],
    ['TE', 'gzip;q=0.5, Trailers'],
    ['Te', 'gzip', 'te', 'trailers,deflate'],
  ])
    assert.deepEqual([read(fields).trailers, read(fields).headers], [true, []]);
  for (const fields of [['te', 'gzip'], ['te', ''], ['te', 'trailers-not'], []])
    assert.equal(read(fields).trailers, false);
});

test('a field that was sent twice is none that can be believed', () => {
  const head = read(['X-Request-Id', 'a', 'x-request-id', 'b', 'Max-Forwards', '1', 'Max-Forwards', '2']);
  assert.equal(head.requestId, 'a, b');
  assert.equal(head.maxForwards, '1, 2');
});

test('Connection is a list over all its fields', () => {
  const head = read([
    'A',
    '1',
    'Connection',
    'a,,Keep-Alive',
    'B',
    '2',
    'connection',
    ' b , cookie',
    'Cookie',
    'c',
    'C',
    '3',
  ]);
  assert.ok(head.readable);
  assert.deepEqual(head.headers, ['Cookie', 'c', 'C', '3']);
});

test('thousands of options and fields cost one look at each', () => {
  const options = Array.from({ length: 4000 }, () => 'a').join(',');
  const fields = Array.from({ length: 1600 }, (_, i) => [String.fromCharCode(66 + (i % 20)), '']).flat();
  const before = process.cpuUsage();
  for (let i = 0; i < 20; i++) {
    assert.equal(read(['Host', 'a', 'Connection', options, ...fields]).readable, false);
    const reply = ['Connection', options, 'Connection', 'b', ...fields];
    removeHopByHop(reply);
    assert.equal(reply.length, (fields.length * 19) / 20);
  }
  const { user } = process.cpuUsage(before);
  assert.ok(user < 400_000, `20 heads took ${user / 1000} ms; looking for each option among the fields takes 1,000`);
});

test('of a reply, too, what is of the connection goes and the rest stays', () => {
  const reply = [
    ['Date', 'd'],
    ['Keep-Alive', 'timeout=5'],
    ['Set-Cookie', 'a=b'],
    ['X-Hop', '1'],
    ['Connection', 'keep-alive, set-cookie, Cache-Control, x-hop, strict-transport-security'],
    ['Cache-Control', 'no-store'],
    ['Strict-Transport-Security', 'max-age=1'],
    ['Transfer-Encoding', 'chunked'],
    ['Set-Cookie', 'c=d'],
  ].flat();
  removeHopByHop(reply);
  assert.deepEqual(reply, [
    ...['Date', 'd', 'Set-Cookie', 'a=b', 'Cache-Control', 'no-store', 'Strict-Transport-Security', 'max-age=1'],
    ...['Set-Cookie', 'c=d'],
  ]);
  const plain = ['A', '1', 'B', '2'];
  removeHopByHop(plain);
  assert.deepEqual(plain, ['A', '1', 'B', '2']);
});
