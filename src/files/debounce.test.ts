import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { debounced } from './debounce.ts';

/** A debouncer in virtual time, quiet after 100 ms. */
function virtual(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let calls = 0;
  const { trigger, cancel } = debounced(() => calls++, 100);
  return { trigger, cancel, pass: (ms: number) => t.mock.timers.tick(ms), calls: () => calls };
}

test('a burst is one call, after it has been quiet', (t) => {
  const { trigger, pass, calls } = virtual(t);
  for (let i = 0; i < 5; i++) {
    trigger();
    pass(99);
  }
  assert.equal(calls(), 0);
  pass(1);
  assert.equal(calls(), 1);
  pass(1000);
  assert.equal(calls(), 1);
  trigger();
  pass(100);
  assert.equal(calls(), 2);
});

test('triggers that never stop are cut off', (t) => {
  const { trigger, pass, calls } = virtual(t);
  for (let passed = 0; passed < 1000; passed += 50) {
    assert.equal(calls(), 0);
    trigger();
    pass(50);
  }
  assert.equal(calls(), 1);
});

test('a cancelled call does not come', (t) => {
  const { trigger, cancel, pass, calls } = virtual(t);
  trigger();
  cancel();
  pass(1000);
  assert.equal(calls(), 0);
});
