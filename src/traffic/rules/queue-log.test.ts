/** One log line a minute of each kind and endpoint, however many requests find the line long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryLog } from '../../testing/control.ts';
import { endpointPlan } from '../../testing/fakes.ts';
import { QueueLog } from './queue-log.ts';

const queue = (waiting: number, full: number, late = 0) => ({ waiting, waited: 0, waitedMs: 0, full, late });

test('a queue that is long, and one that refuses, are told once a minute, with all that were refused since', () => {
  let clock = 5;
  const log = memoryLog();
  const queues = new QueueLog(log, () => clock);
  const [a, b] = ['a', 'b'].map((name) => endpointPlan('up', name));
  for (let i = 0; i < 100; i++) queues.crowded(a!, queue(60, 0));
  for (let i = 1; i <= 100; i++) queues.crowded(a!, queue(100, i));
  queues.crowded(b!, queue(100, 0, 1));
  clock += 59_000;
  queues.crowded(a!, queue(100, 101));
  clock += 1000;
  queues.crowded(a!, queue(100, 101, 3));
  queues.crowded(a!, queue(60, 101, 3));
  const said = log.lines.map(({ level, fields, message }) => [level, fields, message.split(':')[0]]);
  const long = 'the queue for a connection is long';
  const refused = 'requests were refused';
  assert.deepEqual(said, [
    ['warn', { endpoint: 'up/a', waiting: 60 }, long],
    ['warn', { endpoint: 'up/a', waiting: 100, refused: 1 }, refused],
    ['warn', { endpoint: 'up/b', waiting: 100, refused: 1 }, refused],
    ['warn', { endpoint: 'up/a', waiting: 100, refused: 103 }, refused],
    ['warn', { endpoint: 'up/a', waiting: 60 }, long],
  ]);
});
