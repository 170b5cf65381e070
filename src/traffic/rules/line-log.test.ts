/** One log line a minute of each kind and endpoint, however many requests find the line long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryLog } from '../../testing/control.ts';
import { endpointPlan } from '../../testing/fakes.ts';
import { LineLog } from './line-log.ts';

const line = (waiting: number, full: number, late = 0) => ({ waiting, waited: 0, waitedMs: 0, full, late });

test('a line that is long, and one that refuses, are told once a minute, with all that were refused since', () => {
  let clock = 5;
  const log = memoryLog();
  const lines = new LineLog(log, () => clock);
  const [a, b] = ['a', 'b'].map((name) => endpointPlan('up', name));
  for (let i = 0; i < 100; i++) lines.crowded(a!, line(60, 0));
  for (let i = 1; i <= 100; i++) lines.crowded(a!, line(100, i));
  lines.crowded(b!, line(100, 0, 1));
  clock += 59_000;
  lines.crowded(a!, line(100, 101));
  clock += 1000;
  lines.crowded(a!, line(100, 101, 3));
  lines.crowded(a!, line(60, 101, 3));
  const said = log.lines.map(({ level, fields, message }) => [level, fields, message.split(':')[0]]);
  const long = 'the line for a connection is long';
  const refused = 'requests were refused';
  assert.deepEqual(said, [
    ['warn', { endpoint: 'up/a', waiting: 60 }, long],
    ['warn', { endpoint: 'up/a', waiting: 100, refused: 1 }, refused],
    ['warn', { endpoint: 'up/b', waiting: 100, refused: 1 }, refused],
    ['warn', { endpoint: 'up/a', waiting: 100, refused: 103 }, refused],
    ['warn', { endpoint: 'up/a', waiting: 60 }, long],
  ]);
});
