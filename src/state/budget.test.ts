import assert from 'node:assert/strict';
import test from 'node:test';
import { runThreads } from '../testing/threads.ts';
import { type BudgetSettings, RetryBudget } from './budget.ts';

const JOBS = new URL('../testing/state-jobs.ts', import.meta.url).href;
const T0 = 1_700_000_000_000;

function make(settings: BudgetSettings) {
  const budget = new RetryBudget(new SharedArrayBuffer(RetryBudget.bytes), settings, 1);
  const takeAll = (now: number) => {
    let taken = 0;
    while (budget.take(now)) taken++;
    return taken;
  };
  return { budget, takeAll };
}

test('retries are a fraction of the requests of the last ten seconds', () => {
  const { budget, takeAll } = make({ ratio: 0.2, minimum: 0 });
  assert.equal(takeAll(T0), 0);
  for (let i = 0; i < 100; i++) budget.request(T0);
  assert.equal(takeAll(T0), 20);
  assert.equal(takeAll(T0 + 5_000), 0);
  for (let i = 0; i < 50; i++) budget.request(T0 + 10_000);
  assert.equal(takeAll(T0 + 10_000), 10, 'old requests and old retries are gone');
});

test('a floor lets low traffic retry', () => {
  const { budget, takeAll } = make({ ratio: 0.1, minimum: 0.5 });
  assert.equal(takeAll(T0), 5);
  budget.request(T0);
  assert.equal(takeAll(T0), 0);
});

test('the fraction is exact where binary fractions are not', () => {
  const { budget, takeAll } = make({ ratio: 0.29, minimum: 0 });
  for (let i = 0; i < 100; i++) budget.request(T0);
  assert.equal(takeAll(T0), 29);
});

test('four threads share one budget', async () => {
  const zone = new SharedArrayBuffer(RetryBudget.bytes);
  const taken = await runThreads<number>(JOBS, 'spendBudget', 4, { zone, times: 5_000, now: T0 });
  const total = taken.reduce((sum, n) => sum + n, 0);
  const rest = new RetryBudget(zone, { ratio: 0.2, minimum: 1 }, 9);
  let left = 0;
  while (rest.take(T0)) left++;
  assert.equal(total + left, 4_010);
});
