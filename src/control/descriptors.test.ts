import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, memoryLog } from '../testing/control.ts';
import { fitConnections } from './descriptors.ts';

/** What `fitConnections` makes of `connections`, 0 for auto, and what it says. */
function fit(connections: number, limit: number | null, { threads = 4, listeners = 1 } = {}) {
  const { limits, listeners: one } = config();
  const wanted = config({
    listeners: new Array(listeners).fill(one[0]),
    limits: { ...limits, connections },
  });
  const log = memoryLog();
  const fitted = fitConnections(wanted, threads, log, limit).limits.connections;
  return { fitted, said: log.lines.map(({ level }) => level), lines: log.lines };
}

test('auto: as many as fit, beside what the process itself has open', () => {
  for (const limit of [1_000, 4_096, 65_536])
    for (const threads of [1, 8, 32])
      for (const listeners of [1, 3]) {
        const { fitted } = fit(0, limit, { threads, listeners });
        // Measured: 28, 6 for each thread, 2 for each thread of each listener.
        const own = 28 + 6 * threads + 2 * threads * listeners;
        const all = own + 2 * fitted * threads * listeners;
        assert.ok(all <= limit || fitted === 1, `${threads} threads, ${listeners} listeners: ${all} of ${limit}`);
      }
  assert.deepEqual(fit(0, 1_048_576).fitted, 20_000);
  assert.deepEqual(fit(0, null).fitted, 20_000);
});

test('auto says what it came to where that is less than usual, and warns where it is little', () => {
  assert.deepEqual(fit(0, 1_048_576).said, []);
  assert.deepEqual(fit(0, 65_536).said, ['info']);
  for (const limit of [1_024, 120, 60]) {
    const { fitted, said, lines } = fit(0, limit);
    assert.deepEqual(said, ['warn']);
    assert.ok(lines[0]!.message.includes(`limits.connections is ${fitted} `), lines[0]!.message);
    assert.equal(lines[0]!.fields.limit, limit);
  }
});

test('a number that is written is kept, and warned of where it does not fit', () => {
  assert.partialDeepStrictEqual(fit(100, 4_096), { fitted: 100, said: [] });
  assert.partialDeepStrictEqual(fit(5_000, 4_096), { fitted: 5_000, said: ['warn'] });
});
