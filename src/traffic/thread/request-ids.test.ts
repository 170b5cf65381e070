import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestIds } from './request-ids.ts';

test('ids of one thread differ, and begin with what only this thread has', () => {
  const next = requestIds(Buffer.from('random 9!'));
  const ids = Array.from({ length: 200_000 }, next);
  assert.equal(new Set(ids).size, ids.length);
  const prefix = `req_${Buffer.from('random 9!').toString('base64url')}`;
  for (const id of ids) {
    assert.ok(id.startsWith(prefix), id);
    // A header's value, and at most as long as those that are taken from other proxies.
    assert.match(id.slice(prefix.length), /^[0-9a-z]{2,8}$/);
  }
});
