import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile, ratios, summarize } from './stats.ts';

test('median of an odd and an even count, whatever the order', () => {
  assert.equal(summarize([10, 9, 100]).median, 10);
  assert.equal(summarize([4, 1, 3, 2]).median, 2.5);
});

test('extremes and quartiles', () => {
  assert.deepEqual(summarize([5, 1, 4, 2, 3]), { count: 5, min: 1, lower: 2, median: 3, upper: 4, max: 5 });
});

test('quantiles interpolate; of nothing there is none', () => {
  assert.equal(quantile([0, 10], 0.99), 9.9);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test('ratios go round by round, so a slow minute of the machine falls out', () => {
  const { min, median, max } = ratios([10, 100, 12], [20, 200, 24]);
  assert.deepEqual([min, median, max], [0.5, 0.5, 0.5]);
});
