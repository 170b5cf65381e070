import assert from 'node:assert/strict';
import test from 'node:test';
import { Windows } from '../../store/windows.ts';
import { admitted, type FakeHost, fakeExchange, fakeHost, resolveWith } from '../../testing/fake-env.ts';
import type { Exchange } from '../../types/policy.ts';
import type { RawSignature } from './config.ts';
import { signature } from './index.ts';
import { signRequest } from './sign.ts';

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;
const SECRET = 'a secret that partners share with us';

function make(host: FakeHost, more: Partial<RawSignature>, name = 'signed') {
  const raw = { keys: { partner: SECRET }, sign: '{timestamp}\n{nonce}', ...more };
  const { config, problems } = resolveWith(signature, raw);
  assert.deepEqual(problems, []);
  const hooks = signature.compile(config, host.env(name));
  let nonces = 0;
  const request = (now = host.now): Exchange => {
    const x = fakeExchange();
    x.headers.addAll(signRequest(config, x, { now, nonce: `${name} ${now} ${nonces++}`.replaceAll(' ', '-') }));
    return x;
  };
  return { request, admit: (x: Exchange) => admitted(hooks, x) };
}

for (const [what, name] of [
  ['a window that a reload made longer', 'signed'],
  ['the longer window of another policy with the secret', 'other'],
])
  test(`a nonce that was forgotten does not pass under ${what}`, async () => {
    const host = fakeHost(NOW);
    const short = make(host, { window: '30s' });
    const x = short.request();
    assert.equal(await short.admit(x), '');
    host.now += MINUTE;
    const long = make(host, { window: '10m' }, name);
    assert.equal(await long.admit(x), 'SIGNATURE_BEFORE_START');
    assert.equal(host.warnings.length, 1);
    assert.equal(await long.admit(long.request()), '');
    assert.equal(await long.admit(long.request(host.now - 20_000)), '', 'what the shorter window would have taken');
  });

test('one that was about to be forgotten does not pass later', async () => {
  const host = fakeHost(NOW);
  const short = make(host, { window: '30s' });
  const x = short.request();
  const ahead = short.request(NOW + 25_000);
  assert.equal(await short.admit(x), '');
  assert.equal(await short.admit(ahead), '');
  host.now += 29_000;
  const long = make(host, { window: '10m' });
  assert.equal(await long.admit(long.request()), '');
  for (let second = 0; second < 600; second += 10, host.now += 10_000) {
    assert.notEqual(await long.admit(x), '');
    assert.notEqual(await long.admit(ahead), '');
  }
});

test('policies with one secret remember for the longest of their windows', async () => {
  const host = fakeHost(NOW);
  const long = make(host, { window: '10m' }, 'long');
  const short = make(host, { window: '30s' }, 'short');
  assert.equal(await long.admit(long.request()), '');
  const x = short.request();
  assert.equal(await short.admit(x), '');
  host.now += 5 * MINUTE;
  assert.equal(await long.admit(x), 'SIGNATURE_REPLAYED');
  assert.equal(await long.admit(long.request(host.now - 9 * MINUTE)), '', 'nothing is held to the shorter one');
});

test('other secrets, and what is used at first, are not held to anything', async () => {
  const host = fakeHost(NOW);
  const first = make(host, { window: '10m' });
  assert.equal(await first.admit(first.request(NOW - 9 * MINUTE)), '');
  const short = make(host, { keys: { other: `${SECRET} too` }, window: '30s' }, 'short');
  assert.equal(await short.admit(short.request()), '');
  assert.equal(await first.admit(first.request(NOW - 9 * MINUTE)), '');
});

test('a window that nobody has any more is not remembered for', () => {
  const windows = new Windows(new SharedArrayBuffer(Windows.bytes), 1);
  const bucket = windows.bucketOf(0xffffffff);
  assert.equal(windows.use(bucket, 600_000, NOW), 600_000);
  assert.equal(windows.use(bucket, 30_000, NOW + 599_000), 600_000);
  assert.equal(windows.use(bucket, 30_000, NOW + 601_000), 30_000);
  assert.equal(windows.remembers(bucket, NOW + 601_000 - 600_000, NOW + 601_000), true);
  assert.equal(windows.use(bucket, 600_000, NOW + 602_000), 600_000);
  assert.equal(windows.remembers(bucket, NOW + 571_000, NOW + 602_000), false);
  assert.equal(windows.remembers(bucket, NOW + 573_000, NOW + 602_000), true);
  assert.equal(windows.remembers(bucket, NOW + 634_000, NOW + 1_200_000), true, 'signed since then');
  assert.equal(windows.remembers(bucket, NOW + 573_000, NOW + 605_000), false, 'the shorter one still binds');
});
