import assert from 'node:assert/strict';
import test from 'node:test';
import { Fingerprint } from './fingerprint.ts';

const SEED = Int32Array.of(1, -2, 3, -4);

function hex(seed: Int32Array, key: string): string {
  const fingerprint = new Fingerprint(seed);
  fingerprint.of(key);
  return [...fingerprint.words].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

test('the same key and seed give the same fingerprint, another of either does not', () => {
  assert.equal(hex(SEED, 'key'), hex(SEED, 'key'));
  for (let i = 0; i < 4; i++) {
    const other = SEED.slice();
    other[i]! ^= 1;
    assert.notEqual(hex(SEED, 'key'), hex(other, 'key'), `seed word ${i}`);
  }
});

test('keys that look alike differ in every word', () => {
  const keys = ['', '\0', '\0\0', '\0\0\0', 'a', 'b', 'ab', 'ba', 'a\0', 'ÿ', '\u0161', 'a'];
  const words = keys.slice(0, -1).map((key) => hex(SEED, key));
  for (const part of [0, 8, 16])
    assert.equal(new Set(words.map((word) => word.slice(part, part + 8))).size, words.length);
});

test('one changed bit changes about half of the 96', () => {
  let changed = 0;
  const rounds = 500;
  for (let i = 0; i < rounds; i++) {
    const [a, b] = [hex(SEED, `nonce ${i} x`), hex(SEED, `nonce ${i} y`)];
    for (let d = 0; d < 24; d++) changed += popcount(Number.parseInt(a[d]!, 16) ^ Number.parseInt(b[d]!, 16));
  }
  const mean = changed / rounds;
  assert.ok(mean > 46 && mean < 50, `${mean}`);
});

test('the first word is never the empty slot’s 0, and counting keys spread evenly', () => {
  const slots = new Array<number>(256).fill(0);
  const fingerprint = new Fingerprint(SEED);
  for (let i = 0; i < 51_200; i++) {
    fingerprint.of(`signature/signed/partner-a/${i}`);
    assert.notEqual(fingerprint.words[0], 0);
    slots[fingerprint.words[1]! & 255]!++;
  }
  assert.ok(Math.min(...slots) > 130 && Math.max(...slots) < 280);
});

function popcount(nibble: number): number {
  return (nibble & 1) + ((nibble >> 1) & 1) + ((nibble >> 2) & 1) + (nibble >> 3);
}
