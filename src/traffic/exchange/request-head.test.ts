/** The request's head, read once: what goes on, what is kept, and what it costs whoever sends nonsense. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsRead } from '../../testing/fields.ts';
import { type ProxyFields, readProxyFields } from './request-head.ts';

function read(
  received: string[],
  passing: readonly string[] = [],
): ProxyFields & { headers: string[]; readable: boolean } {
  const fields = fieldsRead(received);
  const head = {
    host: '',
    requestId: '',
    forwardedFor: null,
    forwardedHost: '',
    forwardedProto: '',
    via: '',
    maxForwards: '',
    trailers: false,
  };
  const readable = readProxyFields(fields, head, new Set(passing));
  return { ...head, headers: fields.toPairs(), readable };
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
    forwardedFor: '1.1.1.1, 2.2.2.2',
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
    const reply = fieldsRead(['Connection', options, 'Connection', 'b', ...fields]);
    reply.dropHopByHop();
    assert.equal(reply.size, (fields.length / 2) * (19 / 20));
  }
  const { user } = process.cpuUsage(before);
  assert.ok(user < 400_000, `20 heads took ${user / 1000} ms; looking for each option among the fields takes 1,000`);
});

test('of a reply, too, what is of the connection goes and the rest stays', () => {
  const reply = fieldsRead(
    [
      ['Date', 'd'],
      ['Keep-Alive', 'timeout=5'],
      ['Set-Cookie', 'a=b'],
      ['X-Hop', '1'],
      ['Connection', 'keep-alive, set-cookie, Cache-Control, x-hop, strict-transport-security'],
      ['Cache-Control', 'no-store'],
      ['Strict-Transport-Security', 'max-age=1'],
      ['Transfer-Encoding', 'chunked'],
      ['Set-Cookie', 'c=d'],
    ].flat(),
  );
  reply.dropHopByHop();
  assert.deepEqual(reply.toPairs(), [
    ...['Date', 'd', 'Set-Cookie', 'a=b', 'Cache-Control', 'no-store', 'Strict-Transport-Security', 'max-age=1'],
    ...['Set-Cookie', 'c=d'],
  ]);
  const plain = fieldsRead(['A', '1', 'B', '2']);
  plain.dropHopByHop();
  assert.deepEqual(plain.toPairs(), ['A', '1', 'B', '2']);
});
