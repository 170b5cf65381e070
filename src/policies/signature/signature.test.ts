import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { Fields } from '../../fields/fields.ts';
import {
  admitted,
  type FakeHost,
  fakeExchange,
  fakeHost,
  laterStore,
  lostStore,
  resolveWith,
} from '../../testing/fake-env.ts';
import { runThreads } from '../../testing/threads.ts';
import type { Exchange } from '../../types/policy.ts';
import { StoreError } from '../../types/store.ts';
import type { RawSignature } from './config.ts';
import { signature } from './index.ts';
import { type SignOptions, signRequest } from './sign.ts';

const NOW = 1_700_000_000_000;
const BODY = Buffer.from('{"model":"m","messages":[]}');
const SECRET = 'a-secret-of-sixty-four-bytes-or-more-is-long-enough-for-each-algorithm';
/** The reference's `signed`, but for the defaults. */
const SIGNED: RawSignature = {
  keys: { 'partner-a': SECRET, 'partner-b': `another-${SECRET}` },
  headers: { key: 'x-key-id', timestamp: 'x-timestamp', nonce: 'x-nonce', signature: 'x-signature' },
  sign: '{timestamp}{nonce}{body}',
  algorithm: 'hmac-sha256',
  encoding: 'base64',
  timestamp: 'unix',
  window: '5m',
  replay: 'nonce',
  onStoreError: 'deny',
};
const LINES = '{timestamp}\n{nonce}\n{method}\n{path}{query}\n{body}';

function make(more: Partial<RawSignature> = {}, host: FakeHost = fakeHost(NOW), name = 'signed') {
  const { config, problems } = resolveWith(signature, { ...SIGNED, ...more });
  assert.deepEqual(problems, []);
  const hooks = signature.compile(config, host.env(name));
  let nonces = 0;
  /** A signed request, changed afterwards where `more` says so. */
  const request = (options: Partial<SignOptions> = {}, parts: Partial<Exchange> = {}) => {
    const x = fakeExchange({
      body: BODY,
      ...parts,
      headers: Fields.from(['Host', 'h', ...(parts.headers?.toPairs() ?? [])]),
    });
    x.headers.addAll(signRequest(config, x, { now: host.now, nonce: `nonce-${nonces++}`, ...options }));
    return x;
  };
  return { host, config, hooks, request, admit: (x: Exchange) => admitted(hooks, x) };
}

function change(x: Exchange, name: string, value: string): Exchange {
  x.headers.set(name, value);
  return x;
}

test('a signed request passes once and tells its key', async () => {
  const { request, admit, host } = make();
  const readKey = host.env('signed').fact('signature.key');
  const x = request({ key: 'partner-b' });
  assert.equal(await admit(x), '');
  assert.equal(readKey(x), 'partner-b');
  assert.equal(await admit(x), 'SIGNATURE_REPLAYED');
  assert.equal(host.counts.weir_replay_refused_total, 1);
  assert.equal(host.counts['weir_signature_refused_total{reason=replayed}'], 1);
});

test('the embedded store is answered without a promise', () => {
  const { request, hooks } = make();
  assert.equal(hooks.admit?.(request()), undefined);
});

test('a store that answers later is waited for, and requests that wait do not mix', async () => {
  const { request, hooks, host } = make();
  host.store = laterStore(host.store);
  const requests = Array.from({ length: 50 }, (_, i) => request({ key: i % 2 ? 'partner-a' : 'partner-b' }));
  const codes = await Promise.all([...requests, ...requests].map((x) => admitted(hooks, x)));
  assert.deepEqual(codes.slice(0, 50), new Array(50).fill(''));
  assert.deepEqual(codes.slice(50), new Array(50).fill('SIGNATURE_REPLAYED'));
  const keys = requests.map((x) => host.env('signed').fact('signature.key')(x));
  assert.deepEqual(keys.slice(0, 2), ['partner-b', 'partner-a']);
});

test('what openssl and bash sign passes', async () => {
  const { admit } = make();
  const script = `printf %s "$1$2$3" | openssl dgst -sha256 -hmac ${SECRET} -binary | base64`;
  const sign = execFileSync('bash', ['-c', script, 'sign', '1700000000', 'abc', BODY.toString()]).toString().trim();
  const headers = ['X-Key-Id', 'partner-a', 'X-Timestamp', '1700000000', 'X-Nonce', 'abc', 'X-Signature', sign];
  assert.equal(await admit(fakeExchange({ body: BODY, headers: Fields.from(headers) })), '');
});

test('{timestamp}:{body} in hex with RFC 3339 times: the signature itself is remembered', async () => {
  const { admit, config } = make({
    headers: {},
    sign: '{timestamp}:{body}',
    encoding: 'hex',
    timestamp: 'rfc3339',
    replay: undefined,
  });
  assert.equal(config.replay, 'signature');
  const timestamp = '2023-11-14T23:13:20+01:00';
  const sign = createHmac('sha256', SECRET).update(`${timestamp}:${BODY}`).digest('hex');
  const headers = ['x-key-id', 'partner-a', 'x-timestamp', timestamp, 'x-signature', sign];
  const x = fakeExchange({ body: BODY, headers: Fields.from(headers) });
  assert.equal(await admit(x), '');
  assert.equal(await admit(x), 'SIGNATURE_REPLAYED');
  assert.equal(await admit(change(x, 'x-signature', sign.toUpperCase())), 'SIGNATURE_INVALID');
});

for (const algorithm of ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const)
  for (const encoding of ['base64', 'base64url', 'hex'] as const)
    for (const timestamp of ['unix', 'unixMillis', 'rfc3339'] as const)
      test(`${algorithm}, ${encoding}, ${timestamp}`, async () => {
        const { request, admit } = make({ algorithm, encoding, timestamp, sign: LINES });
        assert.equal(await admit(request()), '');
        assert.equal(await admit(change(request(), 'x-nonce', 'other')), 'SIGNATURE_INVALID');
      });

test('every part that is signed is held to it', async () => {
  const { request, admit } = make({ sign: `${LINES}\n{header.X-Tenant}` });
  const headers = ['x-tenant', 't'];
  assert.equal(await admit(request({}, { headers: Fields.from(headers), query: '?a=1' })), '');
  const changed: Partial<Exchange>[] = [
    { method: 'PUT' },
    { path: '/v1/other' },
    { query: '?a=2' },
    { body: Buffer.from('{}') },
    { body: null },
  ];
  for (const part of changed)
    assert.equal(
      await admit({ ...request({}, { headers: Fields.from(headers), query: '?a=1' }), ...part }),
      'SIGNATURE_INVALID',
      Object.keys(part)[0]!,
    );
  assert.equal(
    await admit(change(request({}, { headers: Fields.from(headers) }), 'x-tenant', 'u')),
    'SIGNATURE_INVALID',
  );
  assert.equal(
    await admit(change(request({}, { headers: Fields.from(headers) }), 'x-timestamp', '1700000001')),
    'SIGNATURE_INVALID',
  );
});

test('fields that are missing, empty, doubled or too long are refused, each with its code', async () => {
  const { request, admit, host } = make({ sign: `{header.x-tenant}\n${LINES}` });
  const names = ['x-key-id', 'x-timestamp', 'x-nonce', 'x-signature', 'x-tenant'];
  for (const name of names) {
    const missing = request({}, { headers: Fields.from(['X-Tenant', 't']) });
    missing.headers.remove(name);
    assert.equal(await admit(missing), 'SIGNATURE_MISSING', name);
    assert.equal(
      await admit(change(request({}, { headers: Fields.from(['X-Tenant', 't']) }), name, '')),
      'SIGNATURE_MISSING',
      name,
    );
    const doubled = request({}, { headers: Fields.from(['X-Tenant', 't']) });
    doubled.headers.add(name.toUpperCase(), 'second');
    assert.equal(await admit(doubled), 'SIGNATURE_DUPLICATE', name);
    const long = change(request({}, { headers: Fields.from(['X-Tenant', 't']) }), name, '1'.repeat(5_000));
    assert.equal(await admit(long), 'SIGNATURE_OVERSIZED', name);
  }
  assert.deepEqual(host.counts, {
    'weir_signature_refused_total{reason=missing}': 10,
    'weir_signature_refused_total{reason=duplicate}': 5,
    'weir_signature_refused_total{reason=oversized}': 5,
  });
});

test('the window holds in both directions, to the millisecond', async () => {
  const { request, admit } = make({ timestamp: 'unixMillis' });
  assert.equal(await admit(request({ now: NOW - 300_000 })), '');
  assert.equal(await admit(request({ now: NOW - 300_001 })), 'SIGNATURE_EXPIRED');
  assert.equal(await admit(request({ now: NOW + 300_000 })), '');
  assert.equal(await admit(request({ now: NOW + 300_001 })), 'SIGNATURE_EXPIRED');
  assert.equal(await admit(change(request(), 'x-timestamp', '01700000000000')), 'SIGNATURE_TIMESTAMP');
});

test('a unix time has ten digits, however wide the window is', async () => {
  const { request, admit } = make({ window: '20000d' });
  for (const text of ['1', '999999999', '10000000000'])
    assert.equal(await admit(change(request(), 'x-timestamp', text)), 'SIGNATURE_EXPIRED', text);
  assert.equal(await admit(change(request(), 'x-timestamp', '1000000000')), 'SIGNATURE_INVALID');
});

test('a nonce is remembered for as long as its timestamp is accepted', async () => {
  const { request, admit, host } = make();
  for (const ahead of [-299_000, 0, 299_000]) {
    const sentAt = host.now;
    const x = request({ now: sentAt + ahead });
    assert.equal(await admit(x), '');
    for (host.now = sentAt; host.now <= sentAt + ahead + 300_000; host.now += 9_000)
      assert.equal(await admit(x), 'SIGNATURE_REPLAYED', `${host.now - sentAt} ms later`);
    host.now = sentAt + ahead + 300_001;
    assert.equal(await admit(x), 'SIGNATURE_EXPIRED');
  }
});

test('a nonce is not free for another timestamp while the window lasts', async () => {
  const { request, admit, host } = make();
  assert.equal(await admit(request({ nonce: 'n', now: NOW - 290_000 })), '');
  host.now += 299_000;
  assert.equal(await admit(request({ nonce: 'n' })), 'SIGNATURE_REPLAYED');
});

test('a wrong signature uses no nonce up', async () => {
  const { request, admit } = make();
  const right = request({ nonce: 'precious' });
  const wrong = change(request({ nonce: 'precious' }), 'x-signature', request().headers.get('x-signature')!);
  assert.equal(await admit(wrong), 'SIGNATURE_INVALID');
  assert.equal(await admit(right), '');
});

test('unknown key and wrong signature are one and the same to the client', async () => {
  const { request, admit, host } = make();
  assert.equal(await admit(change(request(), 'x-key-id', 'nobody')), 'SIGNATURE_INVALID');
  assert.equal(await admit(change(request(), 'x-key-id', '__proto__')), 'SIGNATURE_INVALID');
  assert.equal(await admit(change(request({ key: 'partner-a' }), 'x-key-id', 'partner-b')), 'SIGNATURE_INVALID');
  assert.deepEqual(host.counts, { 'weir_signature_refused_total{reason=invalid}': 3 });
});

test('a signature has one spelling', async () => {
  for (const [encoding, spellings] of Object.entries({
    base64: [
      (text: string) => text.replace(/=+$/, ''),
      (text: string) => `${text}=`,
      (text: string) => ` ${text}`,
      (text: string) => `${text.slice(0, 5)}\t${text.slice(5)}`,
      // The last character before the padding has bits that say nothing; only zeros are taken.
      (text: string) => `${text.slice(0, -2)}${String.fromCharCode(text.charCodeAt(text.length - 2) + 1)}=`,
      (text: string) => `${text.slice(0, -4)}====`,
      (text: string) => Buffer.from(text, 'base64').toString('hex'),
    ],
    base64url: [(text: string) => `${text}=`, (text: string) => `${text}==`],
    hex: [(text: string) => text.replace(/[a-f]/, (digit) => digit.toUpperCase()), (text: string) => `${text}00`],
  }))
    for (const spell of spellings) {
      const { request, admit } = make({ encoding: encoding as RawSignature['encoding'] });
      const x = request();
      const sign = x.headers.get('x-signature')!;
      assert.equal(
        await admit(change(x, 'x-signature', spell(sign))),
        'SIGNATURE_INVALID',
        `${encoding}: ${spell(sign)}`,
      );
      assert.equal(await admit(change(x, 'x-signature', sign)), '');
    }
});

test('the standard and the URL alphabet are not mixed', async () => {
  const { request, admit } = make();
  let x = request();
  while (!/[+/]/.test(x.headers.get('x-signature')!)) x = request();
  const url = x.headers.get('x-signature')!.replaceAll('+', '-').replaceAll('/', '_');
  assert.equal(await admit(change(x, 'x-signature', url)), 'SIGNATURE_INVALID');
});

test('between nonce and body stands what no nonce has, so that neither can take of the other', async () => {
  const { request, admit, host } = make();
  const x = request({ nonce: 'abcdef' });
  const shorter = { ...change(x, 'x-nonce', 'abcde'), body: Buffer.concat([Buffer.from('f'), BODY]) };
  assert.equal(await admit(shorter), 'SIGNATURE_AMBIGUOUS');
  const longer = { ...change(x, 'x-nonce', `abcdef${BODY}`), body: Buffer.alloc(0) };
  assert.equal(await admit(longer), 'SIGNATURE_INVALID', 'nonces here have no brace');
  assert.equal(await admit(change(x, 'x-nonce', 'abcdef')), '', 'nothing of it was used up');
  assert.equal(host.counts['weir_signature_refused_total{reason=ambiguous}'], 1);
  for (const body of ['{}', '[1]', '"text"', '<a/>', ' x', '\n', '\0\0\0\0\x05', '\u00e9', ''])
    assert.equal(await admit(request({}, { body: Buffer.from(body) })), '', JSON.stringify(body));
  for (const body of ['text', 'a=b', '--boundary', '1'])
    assert.equal(await admit(request({}, { body: Buffer.from(body) })), 'SIGNATURE_AMBIGUOUS', body);
  assert.equal(
    await admit(change(request(), 'x-signature', request().headers.get('x-signature')!)),
    'SIGNATURE_INVALID',
  );
});

test('one request takes one entry of the store, whatever the template', async () => {
  for (const more of [{}, { sign: LINES }, { nonceLength: 8 }, { replay: 'signature' as const }]) {
    const { request, admit } = make(more, fakeHost(NOW, {}, 10));
    for (let i = 0; i < 10; i++) assert.equal(await admit(request({ nonce: `1234567${i}` })), '');
    assert.equal(await admit(request({ nonce: 'onemore!' })), 'STORE_UNAVAILABLE');
  }
});

test('with a fixed length, or a character after it, a nonce cannot be cut up', async () => {
  const fixed = make({ nonceLength: 8 });
  const x = fixed.request({ nonce: '12345678' });
  assert.equal(await fixed.admit(x), '');
  const moved = { ...change(x, 'x-nonce', '1234567'), body: Buffer.concat([Buffer.from('8'), BODY]) };
  assert.equal(await fixed.admit(moved), 'SIGNATURE_INVALID');

  const lined = make({ sign: '{timestamp}:{nonce}:{body}' });
  assert.equal(await lined.admit(lined.request({ nonce: 'a:b' })), 'SIGNATURE_INVALID');
  assert.equal(await lined.admit(lined.request({ nonce: 'a-b' })), '');
});

test('nonces are visible ASCII', async () => {
  const { request, admit } = make();
  for (const nonce of ['a b', 'a\tb', 'caf\xe9']) assert.equal(await admit(request({ nonce })), 'SIGNATURE_INVALID');
});

test('texts beyond Latin-1 are never taken for others', async () => {
  const { request, admit } = make({ sign: LINES });
  const x = request({}, { path: '/A' });
  assert.equal(await admit({ ...x, path: '/\u0141' }), 'SIGNATURE_INVALID');
  assert.equal(await admit(x), '');
});

test('a nonce belongs to the secret, under whatever name of policy or key', async () => {
  const host = fakeHost(NOW);
  const [one, two] = [make({}, host, 'one'), make({}, host, 'two')];
  const x = one.request({ nonce: 'n' });
  assert.equal(await one.admit(x), '');
  assert.equal(await two.admit(x), 'SIGNATURE_REPLAYED', 'a policy with the same secret, or the same one renamed');
  assert.equal(await one.admit(one.request({ nonce: 'n', key: 'partner-b' })), '', 'another secret');
  assert.equal(await one.admit(one.request({ nonce: 'n' })), 'SIGNATURE_REPLAYED');
  const alias = make({ keys: { renamed: SECRET } }, host);
  assert.equal(await alias.admit(change(x, 'x-key-id', 'renamed')), 'SIGNATURE_REPLAYED', 'another key id');
});

test('a signature that is remembered is the same in every encoding', async () => {
  const host = fakeHost(NOW);
  const more = { sign: '{timestamp}\n{body}', headers: {}, replay: undefined };
  const [one, two] = [make(more, host), make({ ...more, encoding: 'hex' }, host)];
  const x = one.request();
  assert.equal(await one.admit(x), '');
  const hex = Buffer.from(x.headers.get('x-signature')!, 'base64').toString('hex');
  assert.equal(await two.admit(change(x, 'x-signature', hex)), 'SIGNATURE_REPLAYED');
});

test('what was signed before the store began to remember is refused, unless the policy takes it', async () => {
  const born = NOW + 400;
  for (const timestamp of ['unix', 'unixMillis', 'rfc3339'] as const) {
    const host = fakeHost(born, {}, 50_000, null);
    const { request, admit } = make({ timestamp }, host);
    host.now = NOW + 1_000;
    for (const before of [NOW - 200_000, NOW, NOW + 999])
      assert.equal(await admit(request({ now: before })), 'SIGNATURE_BEFORE_START', timestamp);
    assert.equal(await admit(request({ now: NOW + 1_000 })), '', timestamp);
    assert.equal(host.counts['weir_signature_refused_total{reason=before_start}'], 3);
    assert.equal(host.warnings.length, 1);
    const taking = make({ timestamp, beforeStart: 'accept' }, host);
    const x = taking.request({ now: NOW });
    assert.equal(await taking.admit(x), '');
    assert.equal(await taking.admit(x), 'SIGNATURE_REPLAYED');
    const off = make({ timestamp, replay: 'off' }, host);
    assert.equal(await off.admit(off.request({ now: NOW })), '', 'nothing is remembered anyway');
  }
});

test('a store that is adopted by the next rule set has not begun anew', async () => {
  const zones = {};
  const before = fakeHost(NOW, zones, 50_000, null);
  const x = make({}, before).request();
  const after = fakeHost(NOW + 60_000, zones, 50_000, null);
  assert.equal(await make({}, after).admit(x), '');
});

test('a clock that is set back leaves nobody out for longer than the second it is in', async () => {
  const host = fakeHost(NOW, {}, 50_000, null);
  const { request, admit } = make({ timestamp: 'unixMillis' }, host);
  host.now = NOW - 3_600_000;
  assert.equal(await admit(request({ now: host.now - 1 })), 'SIGNATURE_BEFORE_START');
  assert.equal(await admit(request({ now: host.now })), '');
});

test('{host} is the host in normal form, with the port that is not the scheme’s own', async () => {
  const { request, admit } = make({ sign: '{timestamp}\n{nonce}\n{host}' });
  assert.equal(await admit(request({}, { authority: 'relay.test:8443' })), '');
  const x = request({}, { authority: 'relay.test' });
  assert.equal(await admit({ ...x, authority: 'other.test' }), 'SIGNATURE_INVALID');
  assert.equal(await admit({ ...x, authority: '' }), 'SIGNATURE_MISSING');
  assert.equal(await admit(x), '');
});

test('a second field that reads like a signed one is a duplicate', async () => {
  const { request, admit } = make({ sign: `${LINES}\n{header.x-tenant}` });
  for (const headers of [
    ['x-tenant', 't', 'X_Tenant', 'u'],
    ['x_tenant', 'u', 'x-tenant', 't'],
  ])
    assert.equal(await admit(request({}, { headers: Fields.from(headers) })), 'SIGNATURE_DUPLICATE', headers.join());
  const x = request({}, { headers: Fields.from(['x-tenant', 't']) });
  x.headers.addFirst('X_Nonce', 'n');
  assert.equal(await admit(x), 'SIGNATURE_DUPLICATE');
});

test('a rule set that replaces another keeps the nonces', async () => {
  const host = fakeHost(NOW);
  const x = make({}, host).request();
  assert.equal(await make({}, host).admit(x), '');
  assert.equal(await make({ window: '10m' }, host).admit(x), 'SIGNATURE_REPLAYED');
});

test('replay: off remembers nothing', async () => {
  const { request, admit } = make({ replay: 'off' });
  const x = request();
  assert.equal(await admit(x), '');
  assert.equal(await admit(x), '');
});

test('with one key, requests need not name it', async () => {
  const { request, admit, host } = make({ keys: { only: SECRET }, headers: { key: false } });
  const x = request();
  assert.ok(x.headers.indexOf('x-key-id') < 0);
  assert.equal(await admit(x), '');
  assert.equal(host.env('signed').fact('signature.key')(x), 'only');
});

for (const how of ['throws', 'rejects'] as const) {
  const lost = new StoreError('unavailable', 'gone');
  test(`a store that ${how}: deny refuses, allow lets pass, local checks here`, async () => {
    const deny = make();
    deny.host.store = lostStore(lost, how);
    assert.equal(await deny.admit(deny.request()), 'STORE_UNAVAILABLE');
    assert.equal(await deny.admit(deny.request()), 'STORE_UNAVAILABLE');
    assert.equal(deny.host.counts['weir_signature_refused_total{reason=store}'], 2);
    assert.equal(deny.host.counts.weir_store_errors_total, 2);
    assert.equal(deny.host.warnings.length, 1, 'the log is not flooded');

    const allow = make({ onStoreError: 'allow' });
    allow.host.store = lostStore(lost, how);
    const x = allow.request();
    assert.equal(await allow.admit(x), '');
    assert.equal(await allow.admit(x), '');
    assert.equal(await allow.admit(change(x, 'x-nonce', 'other')), 'SIGNATURE_INVALID', 'signatures are still checked');

    const local = make({ onStoreError: 'local' });
    local.host.store = lostStore(lost, how);
    const y = local.request();
    assert.equal(await local.admit(y), '');
    assert.equal(await local.admit(y), 'SIGNATURE_REPLAYED');
  });
}

test('local: what passed while the store was full does not pass again once there is room', async () => {
  const host = fakeHost(NOW, {}, 1);
  const { request, admit } = make({ onStoreError: 'local' }, host);
  assert.equal(await admit(request()), '');
  host.now += 299_000;
  const x = request();
  assert.equal(await admit(x), '', 'the local table has room');
  assert.equal(host.counts.weir_store_errors_total, 1);
  host.now += 10_000;
  assert.equal(await admit(x), 'SIGNATURE_REPLAYED');
});

test('local: rules that came in the middle of a second take what is signed in it', async () => {
  const { request, admit, host } = make({ onStoreError: 'local' }, fakeHost(NOW + 700));
  host.store = lostStore(new StoreError('unavailable', 'gone'), 'throws');
  assert.equal(await admit(request()), '');
});

test('local: what passed while the store was lost does not pass again once it is back', async () => {
  for (const how of ['throws', 'rejects'] as const) {
    const { request, admit, host } = make({ onStoreError: 'local' });
    const { store } = host;
    host.store = lostStore(new StoreError('unavailable', 'gone'), how);
    const x = request();
    assert.equal(await admit(x), '');
    host.store = how === 'throws' ? store : laterStore(store);
    assert.equal(await admit(x), 'SIGNATURE_REPLAYED');
    assert.equal(await admit(request()), '');
  }
});

test('a full store refuses and forgets nothing', async () => {
  const { request, admit } = make({ nonceLength: 8 }, fakeHost(NOW, {}, 3));
  const kept = [1, 2, 3].map((i) => request({ nonce: `1234567${i}` }));
  for (const x of kept) assert.equal(await admit(x), '');
  assert.equal(await admit(request({ nonce: '12345678' })), 'STORE_UNAVAILABLE');
  for (const x of kept) assert.equal(await admit(x), 'SIGNATURE_REPLAYED');
});

test('errors that are no store errors come through', async () => {
  const { request, admit, host } = make();
  host.store = lostStore(new TypeError('a bug'), 'throws');
  await assert.rejects(admit(request()), TypeError);
});

test('10,000 duplicates of 100 signed requests over several threads: exactly 100 pass', async () => {
  const host = fakeHost(NOW);
  const { config, request } = make({}, host);
  const requests = Array.from({ length: 100 }, () => request().headers.toPairs());
  const data = { zones: host.zones, config, requests, body: BODY.toString(), now: NOW, rounds: 25 };
  const jobs = new URL('../../testing/signature-jobs.ts', import.meta.url).href;
  const passed = await runThreads<number>(jobs, 'replay', 4, data);
  assert.equal(
    passed.reduce((sum, n) => sum + n, 0),
    100,
  );
});

const CHECKS: [string, Partial<RawSignature>, string[]][] = [
  ['an unknown placeholder', { sign: '{timestamp}{nonce}{bdy}' }, ['sign sign-template']],
  ['a brace that is not closed', { sign: '{timestamp}{nonce' }, ['sign sign-template']],
  ['a brace that closes nothing', { sign: '{timestamp}}{nonce}' }, ['sign sign-template']],
  ['a header without a name', { sign: '{timestamp}{nonce}:{header.}' }, ['sign sign-template']],
  ['no timestamp', { sign: '{nonce}\n{body}' }, ['sign sign-timestamp']],
  ['query and body side by side', { sign: '{timestamp}{nonce}\n{query}{body}' }, ['sign sign-ambiguous']],
  ['header and path side by side', { sign: '{timestamp}{nonce}\n{header.a}{path}' }, ['sign sign-ambiguous']],
  ['path and body side by side', { sign: '{timestamp}{nonce}\n{path}{body}' }, ['sign sign-ambiguous']],
  ['replay: nonce without a nonce', { sign: '{timestamp}:{body}', headers: {} }, ['replay replay-nonce']],
  [
    'nonce settings without a nonce',
    { sign: '{timestamp}:{body}', replay: 'signature', nonceLength: 16 },
    ['nonceLength signature-no-nonce', 'headers.nonce signature-no-nonce'],
  ],
  ['a secret shorter than the hash', { keys: { a: 'x'.repeat(31) } }, ['keys.a signature-secret']],
  ['bytes count, not characters', { keys: { a: 'ü'.repeat(16) } }, []],
  [
    'sha384 and sha512 need longer ones',
    { algorithm: 'hmac-sha512', keys: { a: SECRET, b: SECRET.slice(0, 63), c: SECRET.slice(0, 64) } },
    ['keys.b signature-secret'],
  ],
  ['nor 47 bytes', { algorithm: 'hmac-sha384', keys: { a: SECRET.slice(0, 47) } }, ['keys.a signature-secret']],
  ['a short secret that is meant', { keys: { a: 'x' }, allowShortSecrets: true }, []],
  ['a key id that no header can hold', { keys: { 'a b': SECRET, ok: SECRET } }, ['keys.a b signature-key-id']],
  ['several keys and no header', { headers: { key: false } }, ['headers.key signature-key-header']],
  ['one header for two things', { headers: { key: 'X-Nonce' } }, ['headers.nonce signature-same-header']],
  [
    'two headers that read alike',
    { headers: { key: 'x-id', timestamp: 'X_Id' } },
    ['headers.timestamp signature-same-header'],
  ],
  [
    'a signed header that reads like the signature',
    { sign: `${LINES}\n{header.x_signature}` },
    ['sign signature-same-header'],
  ],
  [
    'two signed headers that read alike',
    { sign: '{timestamp}\n{nonce}\n{header.x_user}\n{header.x-user}\n{header.x_user}' },
    ['sign signature-same-header'],
  ],
  ['a name that is none', { headers: { signature: 'x signature' } }, ['headers.signature bad-header']],
  ['a window that is none', { window: '5 minutes' }, ['window bad-unit']],
  ['no window at all', { window: '0s' }, ['window bad-unit']],
];

for (const [title, more, expected] of CHECKS)
  test(`check: ${title}`, () => assert.deepEqual(resolveWith(signature, { ...SIGNED, ...more }).problems, expected));

test('the schema takes the example and the reference, and no typos', () => {
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true })
    .addVocabulary(['public'])
    .compile(signature.schema);
  const example = readFileSync(new URL('example.yaml', import.meta.url), 'utf8');
  const { policies } = parse(example.replaceAll(/\$\{env:\w+\}/g, SECRET));
  for (const name of Object.keys(policies)) {
    const raw = policies[name].signature;
    assert.ok(validate(raw), JSON.stringify(validate.errors));
    assert.deepEqual(resolveWith(signature, raw).problems, []);
  }
  assert.ok(validate(SIGNED), JSON.stringify(validate.errors));
  assert.ok(!validate({ ...SIGNED, widnow: '5m' }));
  assert.ok(!validate({ ...SIGNED, algorithm: 'hmac-sha1' }));
  assert.ok(!validate({ ...SIGNED, keys: {} }));
  assert.ok(!validate({ ...SIGNED, keys: { a: '' } }));
  assert.ok(!validate({ ...SIGNED, headers: { key: true } }));
  assert.ok(!validate({ keys: SIGNED.keys }));
});

test('secrets are marked as such, and the body is only asked for where it is signed', () => {
  const { config } = resolveWith(signature, SIGNED);
  assert.deepEqual(config.keys['partner-a'], { secret: SECRET });
  assert.equal(signature.needsBody?.(config), true);
  assert.equal(signature.needsBody?.(resolveWith(signature, { ...SIGNED, sign: '{timestamp}{nonce}' }).config), false);
  assert.deepEqual(signature.provides?.(config), ['signature.key']);
});

test('signRequest says what it lacks', () => {
  const { config } = resolveWith(signature, { ...SIGNED, sign: '{timestamp}\n{nonce}\n{header.a}' });
  const request = { method: 'GET', path: '/' };
  assert.throws(() => signRequest(config, request, { now: NOW, nonce: 'n', key: 'nobody' }), /no key "nobody"/);
  assert.throws(() => signRequest(config, request, { now: NOW }), /nonce/);
  assert.throws(() => signRequest(config, request, { now: NOW, nonce: 'n' }), /header "a"/);
});
