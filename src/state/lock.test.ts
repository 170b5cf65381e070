import assert from 'node:assert/strict';
import test from 'node:test';
import { runThreads, startThread } from '../testing/threads.ts';
import { ANONYMOUS, lock, lockBytes, lockWord, markLocks, releaseLocks, unlock } from './lock.ts';

const JOBS = new URL('../testing/state-jobs.ts', import.meta.url).href;
const WORD = lockWord(0);

/** A zone whose lock a thread took to its grave. */
async function abandonedZone(thread: number): Promise<SharedArrayBuffer> {
  const zone = new SharedArrayBuffer(lockBytes(1));
  const words = markLocks(zone, 1);
  const gate = new Int32Array(new SharedArrayBuffer(8)).fill(1);
  const worker = startThread({ module: JOBS, job: 'dieInside', data: { zone, thread }, index: 0, gate });
  await Atomics.waitAsync(words, WORD + 2, 0).value;
  await worker.terminate();
  return zone;
}

test('one thread at a time is inside', async () => {
  const zone = new SharedArrayBuffer(lockBytes(1));
  await runThreads(JOBS, 'countUnderLock', 4, { zone, times: 25_000 });
  assert.equal(new Int32Array(zone)[WORD + 1], 100_000);
});

test('a lock that a dead thread held is handed on at once when the control plane says so', async () => {
  const zone = await abandonedZone(7);
  const words = new Int32Array(zone);
  assert.equal(releaseLocks(zone, 8), 0, 'another thread held nothing');
  assert.equal(releaseLocks(zone, 7), 1);
  const before = performance.now();
  assert.equal(lock(words, WORD, 1), true, 'the new owner is told to repair');
  assert.ok(performance.now() - before < 500, 'without waiting for the bound');
  unlock(words, WORD, 1);
  assert.equal(lock(words, WORD, 2), false);
});

test('a lock that a waiter took over in the meantime is not orphaned', async (t) => {
  const zone = await abandonedZone(7);
  const words = new Int32Array(zone);
  const { load } = Atomics;
  // Another thread takes the lock over between the control plane's look at it and its write.
  const taken = t.mock.method(Atomics, 'load', (array: Int32Array, index: number) => {
    const seen = load(array, index);
    if (index === WORD) {
      taken.mock.restore();
      lock(words, WORD, 1);
    }
    return seen;
  });
  assert.equal(releaseLocks(zone, 7), 0);
  assert.equal(Atomics.load(words, WORD) & 0xfff, 2, 'its new owner is inside alone');
  unlock(words, WORD, 1);
  assert.equal(lock(words, WORD, 2), false, 'and leaves nothing to repair');
});

test('without that, a waiter takes it over after the bound', async () => {
  const zone = await abandonedZone(7);
  const words = new Int32Array(zone);
  assert.equal(lock(words, WORD, 1), true);
  unlock(words, WORD, 7);
  assert.equal(Atomics.load(words, WORD) & 0xfff, 2, 'an unlock of the former owner changes nothing');
  unlock(words, WORD, 1);
  assert.equal(Atomics.load(words, WORD) & 0xfff, 0);
});

test('zones without locks and anonymous owners are left alone', () => {
  assert.equal(releaseLocks(new SharedArrayBuffer(4), 1), 0);
  const plain = new SharedArrayBuffer(256);
  new Int32Array(plain).fill(2);
  assert.equal(releaseLocks(plain, 1), 0);
  assert.ok(new Int32Array(plain).every((word) => word === 2));

  const zone = new SharedArrayBuffer(lockBytes(1));
  const words = markLocks(zone, 1);
  lock(words, WORD, ANONYMOUS);
  assert.equal(releaseLocks(zone, ANONYMOUS), 0);
  unlock(words, WORD, ANONYMOUS);
  assert.equal(lock(words, WORD, 1), false);
});
