import assert from 'node:assert/strict';
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
import type { Exchange, Hooks, Reply } from '../../types/policy.ts';
import { StoreError } from '../../types/store.ts';
import type { RawRateLimit } from './config.ts';
import { rateLimit } from './index.ts';

const NOW = 1_700_000_000_000;
/** The reference's `per-tenant`. */
const PER_TENANT: RawRateLimit = {
  key: '${signature.key}',
  limit: '600/1m',
  burst: 100,
  algorithm: 'tokenBucket',
  headers: 'both',
  onStoreError: 'local',
};

function make(more: Partial<RawRateLimit> = {}, host: FakeHost = fakeHost(NOW), name = 'per-tenant') {
  const { config, problems } = resolveWith(rateLimit, { ...PER_TENANT, ...more });
  assert.deepEqual(problems, []);
  const env = host.env(name);
  const hooks = rateLimit.compile(config, env);
  const setKey = env.provide('signature.key');
  const request = (key = 'a') => {
    const x = fakeExchange({ facts: [] });
    setKey(x, key);
    return x;
  };
  /** How many of `times` requests pass. */
  const send = async (times: number, key = 'a') => {
    let passed = 0;
    for (let i = 0; i < times; i++) if ((await admitted(hooks, request(key))) === '') passed++;
    return passed;
  };
  return { host, env, hooks, request, send };
}

/** The reply's header fields after the hooks of these policies, last one first. */
async function replied(x: Exchange, hooks: readonly Hooks[], headers = Fields.empty()): Promise<Fields> {
  const reply: Reply = { status: 200, headers, body: null, code: '' };
  for (const each of hooks.toReversed()) await each.reply?.(x, reply);
  return reply.headers;
}

test('a burst passes, then the rate', async () => {
  const { send, host } = make();
  assert.equal(await send(150), 100);
  assert.equal(host.counts.weir_rate_limited_total, 50);
  host.now += 1_000;
  assert.equal(await send(50), 10);
  assert.equal(await send(1, 'b'), 1, 'every key has its own');
});

test('without a burst the whole limit may come at once', async () => {
  assert.equal(await make({ burst: undefined, limit: '30/1m' }).send(40), 30);
});

test('a sliding window allows the limit in any such time', async () => {
  const { send, host } = make({ algorithm: 'slidingWindow', burst: undefined, limit: '20/10s' });
  assert.equal(await send(30), 20);
  host.now += 10_000;
  assert.equal(await send(30), 0, 'the window before still counts in full');
  host.now += 5_000;
  assert.equal(await send(30), 10);
});

test('a refusal says when to come again, and coming then is enough', async () => {
  const { hooks, request, send, host } = make({ limit: '6/1m', burst: 1 });
  assert.equal(await send(1), 1);
  const refusal = (await hooks.admit?.(request())) as Reply;
  assert.equal(refusal.code, 'TOO_MANY_REQUESTS');
  assert.equal(refusal.headers.get('retry-after'), '10');
  host.now += 10_000;
  assert.equal(await send(1), 1);
});

test('the embedded store is answered without a promise', () => {
  const { hooks, request } = make();
  assert.equal(hooks.admit?.(request()), undefined);
});

test('a store that answers later is waited for', async () => {
  const { send, host } = make();
  host.store = laterStore(host.store);
  assert.equal(await send(150), 100);
});

test('raising a limit or a burst keeps what was used; another window, key or name starts afresh', async () => {
  const host = fakeHost(NOW);
  assert.equal(await make({}, host).send(150), 100);
  assert.equal(await make({ limit: '900/1m' }, host).send(1), 0);
  assert.equal(await make({ burst: 120 }, host).send(150), 20);
  assert.equal(await make({ limit: '600/2m' }, host).send(1), 1);
  assert.equal(await make({ key: '-${signature.key}' }, host).send(1), 1);
  assert.equal(await make({ algorithm: 'slidingWindow', burst: undefined }, host).send(1), 1);
  assert.equal(await make({}, host, 'other').send(1), 1);
});

test('headers tell what is left: standard, legacy, both or none', async () => {
  const standard = ['ratelimit-policy', '"per-tenant";q=600;w=60', 'ratelimit', '"per-tenant";r=99;t=1'];
  const legacy = ['x-ratelimit-limit', '600', 'x-ratelimit-remaining', '99', 'x-ratelimit-reset', '1700000001'];
  for (const [headers, expected] of [
    ['standard', standard],
    ['legacy', legacy],
    ['both', [...standard, ...legacy]],
    ['none', []],
  ] as const) {
    const { hooks, request } = make({ headers });
    const x = request();
    await admitted(hooks, x);
    assert.deepEqual((await replied(x, [hooks])).toPairs(), expected, headers);
  }
});

test('refusals carry them too, and the upstream’s own are replaced', async () => {
  const { hooks, request } = make({ limit: '6/1m', burst: 1 });
  await admitted(hooks, request());
  const x = request();
  assert.equal(await admitted(hooks, x), 'TOO_MANY_REQUESTS');
  const headers = await replied(x, [hooks], Fields.of('RateLimit', '"up";r=5', 'X-RateLimit-Remaining', '5'));
  assert.equal(headers.get('ratelimit'), '"per-tenant";r=0;t=10');
  assert.equal(headers.get('x-ratelimit-remaining'), '0');
});

test('several policies on one route list a member each; the legacy fields are the tightest’s', async () => {
  const host = fakeHost(NOW);
  const wide = make({ limit: '1000/1h', burst: undefined }, host, 'wide');
  const tight = make({ limit: '5/1s', burst: undefined }, host, 'tight');
  const x = wide.request();
  await admitted(wide.hooks, x);
  await admitted(tight.hooks, x);
  const headers = await replied(x, [wide.hooks, tight.hooks]);
  assert.equal(headers.get('ratelimit-policy'), '"wide";q=1000;w=3600, "tight";q=5;w=1');
  assert.equal(headers.get('ratelimit'), '"wide";r=999;t=4, "tight";r=4;t=1');
  assert.equal(headers.get('x-ratelimit-limit'), '5');
  assert.equal(headers.size, 5, 'each field once');
  const y = wide.request();
  await admitted(tight.hooks, y);
  await admitted(wide.hooks, y);
  assert.equal((await replied(y, [tight.hooks, wide.hooks])).get('x-ratelimit-limit'), '5');
  assert.deepEqual(
    (await replied(x, [wide.hooks, tight.hooks])).toPairs(),
    headers.toPairs(),
    'a second reply is told the same',
  );
});

test('a name that no structured field can hold is escaped', async () => {
  const { hooks, request } = make({ headers: 'standard' }, fakeHost(NOW), 'a"b\\ü');
  const x = request();
  await admitted(hooks, x);
  assert.equal((await replied(x, [hooks])).get('ratelimit'), '"a\\"b\\\\?";r=99;t=1');
});

test('facts tell what is left', async () => {
  const { hooks, request, env } = make({ headers: 'none' });
  const x = request();
  await admitted(hooks, x);
  assert.deepEqual(
    ['limit', 'remaining', 'reset'].map((name) => env.fact(`rateLimit.${name}`)(x)),
    ['600', '99', '1'],
  );
});

for (const how of ['throws', 'rejects'] as const)
  test(`a store that ${how}: deny refuses, allow lets pass, local counts here`, async () => {
    const lost = lostStore(new StoreError('unavailable', 'gone'), how);
    const deny = make({ onStoreError: 'deny' });
    deny.host.store = lost;
    const x = deny.request();
    assert.equal(await admitted(deny.hooks, x), 'STORE_UNAVAILABLE');
    assert.deepEqual((await replied(x, [deny.hooks])).toPairs(), [], 'nothing is known, so nothing is told');

    const allow = make({ onStoreError: 'allow' });
    allow.host.store = lost;
    assert.equal(await allow.send(150), 150);
    assert.equal(allow.host.counts.weir_store_errors_total, 150);

    const local = make({ onStoreError: 'local' });
    local.host.store = lost;
    assert.equal(await local.send(150), 100);
    assert.equal(local.host.warnings.length, 1);
  });

test('checks', () => {
  const problems = (more: Partial<RawRateLimit>) => resolveWith(rateLimit, { ...PER_TENANT, ...more }).problems;
  assert.deepEqual(problems({ limit: '600 per minute' }), ['limit bad-unit']);
  assert.deepEqual(problems({ limit: '0/1m' }), ['limit bad-unit']);
  assert.deepEqual(problems({ algorithm: 'slidingWindow' }), ['burst rate-burst']);
  const { config } = resolveWith(rateLimit, PER_TENANT);
  assert.deepEqual(rateLimit.templates?.(config), [{ at: ['key'], text: '${signature.key}', phase: 'admit' }]);
});

test('the schema takes the example and the reference, and no typos', () => {
  const validate = new Ajv({ allErrors: true }).addVocabulary(['public']).compile(rateLimit.schema);
  const { policies } = parse(readFileSync(new URL('example.yaml', import.meta.url), 'utf8'));
  for (const name of Object.keys(policies)) {
    assert.ok(validate(policies[name].rateLimit), JSON.stringify(validate.errors));
    assert.deepEqual(resolveWith(rateLimit, policies[name].rateLimit).problems, []);
  }
  assert.ok(validate(PER_TENANT));
  assert.ok(!validate({ ...PER_TENANT, brust: 1 }));
  assert.ok(!validate({ limit: '1/s' }));
});
