import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TokenCache, type Verified } from './cache.ts';

const keys = [new Uint8Array(1)];
const entry = (until = 1000): Verified => ({ until, keys, facts: [] });

describe('TokenCache', () => {
  it('holds until a token expires, and while the keys are the same', () => {
    const cache = new TokenCache(10);
    const verified = entry(1000);
    cache.put('t', verified);
    assert.equal(cache.get('t', keys, 999), verified);
    assert.equal(cache.get('t', keys, 1000), undefined);
    assert.equal(cache.size, 0);
    cache.put('t', verified);
    assert.equal(cache.get('t', [new Uint8Array(1)], 0), undefined);
    assert.equal(cache.get('other', keys, 0), undefined);
  });

  it('is bounded, and keeps what is asked for', () => {
    const cache = new TokenCache(100);
    cache.put('kept', entry());
    for (let i = 0; i < 5000; i++) {
      cache.put(`t${i}`, entry());
      assert.ok(cache.get('kept', keys, 0), `after ${i}`);
      assert.ok(cache.size <= 201, `${cache.size}`);
    }
    assert.ok(cache.get('t4999', keys, 0));
    assert.equal(cache.get('t100', keys, 0), undefined);
  });
});
