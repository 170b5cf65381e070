/** One reading for each callback, and none that outlives it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from './clock.ts';

/** A clock whose sources count how often they are read, and go on with each reading. */
function counted() {
  const reads = { wall: 0, steady: 0 };
  const clock = new Clock(
    () => 1_000_000 + ++reads.wall,
    () => ++reads.steady,
  );
  return { clock, reads };
}

test('within a callback each clock is read at most once, and only where somebody asks', () => {
  const { clock, reads } = counted();
  clock.within(() => {});
  assert.deepEqual(reads, { wall: 0, steady: 0 });
  clock.within(() => {
    assert.deepEqual([clock.monotonic(), clock.monotonic(), clock.now(), clock.now()], [1, 1, 1_000_001, 1_000_001]);
  });
  assert.deepEqual(reads, { wall: 1, steady: 1 });
});

test('the next callback reads anew, and whoever is outside of one reads each time', () => {
  const { clock } = counted();
  clock.within(() => assert.equal(clock.monotonic(), 1));
  assert.deepEqual([clock.monotonic(), clock.monotonic(), clock.now(), clock.now()], [2, 3, 1_000_001, 1_000_002]);
  clock.within(() => assert.equal(clock.monotonic(), 4));
});

test('a callback within another one does not end the reading of the outer one early, nor keep it', () => {
  const { clock } = counted();
  clock.within(() => {
    assert.equal(clock.monotonic(), 1);
    clock.within(() => assert.equal(clock.monotonic(), 1));
    assert.equal(clock.monotonic(), 1);
  });
  assert.equal(clock.monotonic(), 2);
});

test('what is thrown in a callback leaves no stale reading behind', () => {
  const { clock } = counted();
  const broken = () =>
    clock.within(() => {
      clock.now();
      throw new Error('mine');
    });
  assert.throws(broken, /mine/);
  assert.deepEqual([clock.now(), clock.now()], [1_000_002, 1_000_003]);
});

test('promises, ticks and immediates that a callback leaves behind read for themselves', async () => {
  const { clock } = counted();
  const read: number[] = [];
  const note = () => read.push(clock.monotonic());
  clock.within(() => {
    note();
    process.nextTick(note);
    void Promise.resolve().then(note);
    setImmediate(note);
    void (async () => {
      note(); // still within
      await null;
      note();
    })();
  });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.deepEqual(read, [1, 1, 2, 3, 4, 5]);
});
