import assert from 'node:assert/strict';
import test from 'node:test';
import { createMemoryStore } from './memory.ts';
import { DEFAULT_NONCES, nonceLife, sustainedRate } from './nonces.ts';

const WINDOW = 300_000;

function zones(): (identity: string, bytes: number) => SharedArrayBuffer {
  const made = new Map<string, SharedArrayBuffer>();
  return (identity, bytes) => {
    const zone = made.get(identity) ?? new SharedArrayBuffer(bytes);
    made.set(identity, zone);
    return zone;
  };
}

test('the default holds 5,000 signed requests a second for the default window, and their clocks may be ahead', () => {
  assert.equal(nonceLife(WINDOW), 605_000);
  assert.ok(sustainedRate(DEFAULT_NONCES, nonceLife(WINDOW)) >= 5_000);
});

test('the rate that is told is held for good, over more than two lives of an entry', () => {
  const nonces = DEFAULT_NONCES / 64;
  const zone = zones();
  let now = 1.7e12;
  const store = createMemoryStore({ zone, now: () => now, thread: 1, nonces, limits: 0 });
  const rate = sustainedRate(nonces, nonceLife(WINDOW));
  for (let second = 0; second < 1_300; second++) {
    for (let i = 0; i < rate; i++) assert.ok(store.once(`nonce ${second} ${i}`, nonceLife(WINDOW)));
    now += 1_000;
  }
  const { refused, used } = store.stats().nonces;
  assert.equal(refused, 0);
  assert.ok(Math.abs(used - rate * 604) < nonces / 20, `${used}`);
});

test('how full a large table is, is told at once where nothing has expired, and nearly right where some has', () => {
  const zone = zones();
  let now = 1.7e12;
  const store = createMemoryStore({ zone, now: () => now, thread: 1, nonces: 2 ** 19, limits: 0 });
  for (let i = 0; i < 200_000; i++) store.once(`n${i}`, i % 4 === 0 ? 1_000 : 60_000);
  assert.equal(store.stats().nonces.used, 200_000);
  now += 2_000;
  const { used } = store.stats().nonces;
  assert.ok(used > 145_000 && used < 155_000, `${used}`);
});
