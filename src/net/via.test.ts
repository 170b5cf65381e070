import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasPassed, withHop } from './via.ts';

test('a hop knows itself, and no other', () => {
  const me = 'weir-0123456789ab';
  for (const via of [me, `1.1 ${me}`, `1.0 a, 1.1 ${me}, 2 b`, `1.1\t${me}`, `1.1 ${me},1.1 b`, `1.1 ${me} (x)`])
    assert.ok(hasPassed(via, me), via);
  for (const via of ['', '1.1 weir-ba9876543210', `1.1 ${me}0`, `1.1 x${me}`, `1.1 ${me}:80`, '1.1 weir'])
    assert.ok(!hasPassed(via, me), via);
  assert.ok(hasPassed(withHop(withHop('', '1.1', me), '2', 'other'), me));
  assert.equal(withHop('1.0 a', '2', 'b'), '1.0 a, 2 b');
});
