import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish, SlicedRun, type Steps } from './slices.ts';

/** A loop and a clock that the test moves: every step takes `ms`. */
function bench(steps: number, ms: number, failAt = -1) {
  const state = { clock: 0, taken: 0, ended: false, busy: false, slices: [] as number[], result: '' };
  let next: (() => void) | null = null;
  function* work(): Steps<string> {
    try {
      for (let i = 0; i < steps; i++) {
        if (i === failAt) throw new Error('no');
        state.clock += ms;
        state.taken++;
        yield;
      }
      return 'done';
    } finally {
      state.ended = true;
    }
  }
  const run = new SlicedRun(work(), {
    now: () => state.clock,
    later: (go) => {
      next = go;
    },
    busy: () => state.busy,
    done: (result) => {
      state.result += result;
    },
    failed: (error) => {
      state.result += error.message;
    },
  });
  const turn = (): boolean => {
    const go = next;
    if (go === null) return false;
    next = null;
    const before = state.clock;
    go();
    state.slices.push(state.clock - before);
    return true;
  };
  return { state, run, turn, work };
}

test('work goes on in slices of a few milliseconds until it is done', () => {
  const { state, turn } = bench(100, 0.5);
  assert.equal(state.taken, 0);
  while (turn());
  assert.equal(state.result, 'done');
  assert.ok(state.slices.length >= 12);
  assert.ok(Math.max(...state.slices) < 5);
});

test('while somebody waits slices are short, and they are long again when nobody does', () => {
  const { state, turn } = bench(1000, 0.1);
  state.busy = true;
  for (let i = 0; i < 10; i++) turn();
  assert.ok(Math.max(...state.slices) < 0.5, `${Math.max(...state.slices)} ms`);
  state.busy = false;
  turn();
  assert.ok(state.slices.at(-1)! >= 4);
});

test('a step longer than a slice is a slice of its own', () => {
  const { state, turn } = bench(3, 50);
  while (turn());
  assert.deepEqual(state.slices, [50, 50, 50, 0]);
});

test('work that is given up cleans up, says nothing, and is never gone on with', () => {
  const { state, run, turn } = bench(100, 1);
  turn();
  run.cancel();
  assert.ok(state.ended);
  const { taken } = state;
  while (turn());
  run.cancel();
  assert.deepEqual([state.taken, state.result], [taken, '']);
});

test('a failure is told once', () => {
  const { state, run, turn } = bench(10, 1, 6);
  while (turn());
  run.cancel();
  assert.deepEqual([state.result, state.ended], ['no', true]);
});

test('in one go', () => {
  const { work } = bench(1000, 1);
  assert.equal(finish(work()), 'done');
});
