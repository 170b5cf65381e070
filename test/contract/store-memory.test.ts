import assert from 'node:assert/strict';
import test from 'node:test';
import { lock, lockWord, releaseLocks } from '../../src/state/lock.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { Random } from '../../src/testing/random.ts';
import { SEED, SEED_NOTE } from '../../src/testing/seed.ts';
import { MODEL_START } from './limit-models.ts';
import { type StoreSubject, storeContract } from './store.ts';
import { openStore, type SharedZones } from './store-memory-open.ts';

function create(nonces: number, limits: number) {
  const clock = new Float64Array(new SharedArrayBuffer(8)).fill(MODEL_START);
  const zones: Record<string, SharedArrayBuffer> = {};
  const zone = (identity: string, bytes: number) => (zones[identity] ??= new SharedArrayBuffer(bytes));
  const store = createMemoryStore({ zone, now: () => clock[0]!, thread: 0, nonces, limits });
  const data: SharedZones = { zones, nonces, limits, clock };
  const advance = (ms: number) => {
    clock[0]! += ms;
  };
  const module = new URL('store-memory-open.ts', import.meta.url).href;
  return { store, advance, shared: { module, data }, data, close() {} } satisfies StoreSubject & { data: SharedZones };
}

storeContract('memory', create, { virtualTime: true, bounded: true });

test('stats tell what is alive and how often there was no room', () => {
  const { store, advance } = create(10, 10);
  for (let i = 0; i < 10; i++) store.once(`n${i}`, i < 4 ? 1_000 : 60_000);
  assert.throws(() => store.once('more', 1), /full/);
  store.take('k', { algorithm: 'tokenBucket', count: 1, per: 1_000, burst: 1 }, 1);
  assert.deepEqual(store.stats(), {
    nonces: { used: 10, capacity: 10, refused: 1, evicted: 0 },
    limits: { used: 1, capacity: 10, refused: 0, evicted: 0 },
  });
  for (let i = 0; i < 12; i++) store.take(`k${i}`, { algorithm: 'tokenBucket', count: 2, per: 1_000, burst: 2 }, 1);
  assert.deepEqual(store.stats().limits, { used: 10, capacity: 10, refused: 0, evicted: 3 });
  advance(2_000);
  assert.equal(store.stats().nonces.used, 6);
  assert.equal(store.stats().limits.used, 0);
});

test('a store of many segments takes what it promises, refuses beyond it and reclaims', () => {
  const { store, advance } = create(12_000, 10);
  let taken = 0;
  assert.throws(() => {
    for (; ; taken++) assert.equal(store.once(`n${taken}`, 10_000), true);
  }, /full/);
  assert.ok(taken >= 12_000 && taken < 15_000, `${taken}`);
  for (let i = 0; i < taken; i++) assert.equal(store.once(`n${i}`, 10_000), false);
  advance(10_100);
  for (let i = 0; i < 12_000; i++) assert.equal(store.once(`m${i}`, 10_000), true);
});

test(`random traffic with random lives agrees with a map (${SEED_NOTE})`, () => {
  const { store, data, advance } = create(300, 10);
  const alive = new Map<string, number>();
  let refused = 0;
  const chance = new Random(SEED);
  const random = (below: number) => chance.below(below);
  for (let i = 0; i < 30_000; i++) {
    advance(random(4) * 100);
    const now = data.clock[0]!;
    const key = `k${random(500)}`;
    // Whole steps of the table's resolution, so that both forget at the same instant.
    const ttl = (1 + random(3_000)) * 100;
    const known = (alive.get(key) ?? 0) > now;
    const room = [...alive.values()].filter((until) => until > now).length < 300;
    if (known || room) {
      assert.equal(store.once(key, ttl), !known, `call ${i}`);
      if (!known) alive.set(key, now + ttl);
    } else {
      assert.throws(() => store.once(key, ttl), /full/);
      refused++;
    }
    if (i % 500 === 0) for (const [old, until] of alive) if (until <= now) alive.delete(old);
  }
  assert.ok(refused > 100, 'the test has been to the limit');
});

test('seeds are not the same for two stores, and shared by all threads of one', () => {
  const seeds: Uint8Array[] = [];
  const seed = (bytes: number) => {
    seeds.push(crypto.getRandomValues(new Uint8Array(bytes)));
    return seeds[seeds.length - 1]!;
  };
  const zones: Record<string, SharedArrayBuffer> = {};
  const zone = (identity: string, bytes: number) => (zones[identity] ??= new SharedArrayBuffer(bytes));
  const open = (thread: number) => createMemoryStore({ zone, now: () => 0, thread, nonces: 10, limits: 10, seed });
  const first = open(1);
  const second = open(2);
  assert.equal(seeds.length, 2, 'one for each table, drawn once');
  assert.equal(first.once('a', 1_000), true);
  assert.equal(second.once('a', 1_000), false);
});

test('where a thread died inside a segment its replacement, opening the store, mends it', () => {
  const { store, data } = create(100, 10);
  for (let i = 0; i < 50; i++) store.once(`n${i}`, 60_000);
  const zone = data.zones['store nonces 100']!;
  const words = new Int32Array(zone);
  lock(words, lockWord(0), 7);
  words[lockWord(0) + 1] = 99;
  assert.equal(releaseLocks(zone, 7), 1);
  // It is the first to take the lock over, so it is the one who is told to repair.
  const replacement = openStore(data, 6);
  for (let i = 0; i < 50; i++) assert.equal(replacement.once(`n${i}`, 60_000), false);
  for (let i = 50; i < 100; i++) assert.equal(store.once(`n${i}`, 60_000), true, 'the count was repaired');
});

test('a clock that is set back forgets no nonce and stops no bucket', () => {
  const { store, advance } = create(10, 10);
  const limit = { algorithm: 'tokenBucket', count: 10, per: 1_000, burst: 5 } as const;
  store.once('n', 60_000);
  store.take('k', limit, 5);
  advance(-3_600_000);
  assert.equal(store.once('n', 60_000), false);
  assert.equal(store.take('k', limit, 1).allowed, false);
  advance(100);
  assert.equal(store.take('k', limit, 1).allowed, true);
  assert.equal(store.take('k', limit, 1).allowed, false);
});
