/** The rule set that a thread makes beside the one in use: what a second question, a refusal or the end do to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Steps } from '../../slices.ts';
import { planOf, Stage } from '../../testing/fakes.ts';
import type { Generation } from '../exchange/core.ts';
import { Preparing } from './preparing.ts';

/** A thread whose loop turns when the test says so; every step is a slice. */
function thread() {
  const stage = new Stage(planOf());
  const said: string[] = [];
  const waiting: (() => void)[] = [];
  let clock = 0;
  const preparing = new Preparing({
    prepared: (id, problem) => said.push(`${id} ${problem}`),
    now: () => clock++ * 100,
    later: (next) => waiting.push(next),
    busy: () => false,
  });
  function* work(name: string, steps: number): Steps<Generation> {
    let done = false;
    try {
      for (let i = 0; i < steps; i++) yield;
      if (name === 'bad') throw new Error('policy x refuses');
      done = true;
      return stage.generation(planOf({ revision: name }));
    } finally {
      if (!done) said.push(`${name} let go`);
    }
  }
  return {
    stage,
    said,
    preparing,
    work,
    turn: (times = 1) => {
      for (let i = 0; i < times; i++) waiting.shift()?.();
    },
  };
}

test('it is made bit by bit, said to be prepared, and taken once', () => {
  const { said, preparing, work, turn } = thread();
  preparing.begin(7, work('r1', 3));
  assert.equal(preparing.take(7), null);
  turn(3);
  assert.deepEqual(said, []);
  turn();
  assert.deepEqual(said, ['7 null']);
  assert.equal(preparing.take(6), null);
  assert.equal(preparing.take(7)?.rules.plan.revision, 'r1');
  assert.equal(preparing.take(7), null);
});

test('newer rules take the place of those being made', () => {
  const { said, preparing, work, turn } = thread();
  preparing.begin(1, work('r1', 10));
  turn(5);
  preparing.begin(2, work('r2', 1));
  turn(20);
  assert.deepEqual(said, ['r1 let go', '1 newer rules came', '2 null']);
  assert.equal(preparing.take(1), null);
  assert.equal(preparing.take(2)?.rules.plan.revision, 'r2');
});

test('rules that are given up are answered for where somebody waits for them', () => {
  const { stage, said, preparing, work, turn } = thread();
  preparing.begin(1, work('r1', 10));
  turn(5);
  preparing.abandon(2);
  preparing.abandon(1);
  turn(20);
  assert.deepEqual(said, ['r1 let go', '1 the rules were given up']);
  preparing.begin(3, work('r3', 0));
  turn();
  preparing.abandon(3);
  assert.deepEqual([said.at(-1), stage.disposed, preparing.take(3)], ['3 null', 1, null]);
});

test('rules that wait to be taken give way to newer ones, and let go of what they hold', () => {
  const { stage, preparing, work, turn } = thread();
  preparing.begin(1, work('r1', 0));
  turn();
  preparing.begin(2, work('r2', 0));
  assert.equal(stage.disposed, 1);
  turn();
  assert.equal(preparing.take(2)?.rules.plan.revision, 'r2');
});

test('a refusal in the middle is the answer', () => {
  const { said, preparing, work, turn } = thread();
  preparing.begin(1, work('bad', 2));
  turn(3);
  assert.deepEqual(said, ['bad let go', '1 policy x refuses']);
});

test('a thread that ends makes no more', () => {
  const { said, preparing, work, turn } = thread();
  preparing.begin(1, work('r1', 5));
  turn(2);
  preparing.close();
  preparing.begin(2, work('r2', 0));
  turn(5);
  assert.deepEqual(said, ['r1 let go', '1 the thread is ending', '2 the thread is ending']);
});
