/** The metrics of a pool whose settings a reload has changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from '../../metrics/registry.ts';
import { memoryLog } from '../../testing/control.ts';
import { FakeForwarder } from '../../testing/fakes.ts';
import type { ForwarderStats, PoolCounts } from '../../types/transport.ts';
import { OpenPool } from './pools.ts';

class Counting extends FakeForwarder {
  readonly #open: number;
  constructor(open: number) {
    super();
    this.#open = open;
  }
  override stats(): ForwarderStats & { idle: number } {
    return { open: this.#open, idle: 0, upgraded: this.#open * 10, waiting: 0, opened: this.#open, served: 0 };
  }
}

function upstream() {
  const registry = new Registry();
  const counts: PoolCounts[] = [];
  const value = (family: string, label = '') =>
    registry.snapshot().find((s) => s.family === family && (label === '' || Object.values(s.labels).includes(label)))
      ?.values[0];
  return {
    registry,
    counts,
    busy: () => value('weir_pool_connections', 'busy'),
    upgraded: () => value('weir_pool_connections', 'upgraded'),
    opened: () => value('weir_pool_connections_opened_total'),
    open: (connections: number) =>
      new OpenPool(
        (_crowded, own) => {
          counts.push(own);
          return new Counting(connections);
        },
        'up',
        registry,
        memoryLog(),
      ),
  };
}

test('a pool that is being replaced counts with the new one until it has ended, and no longer', async () => {
  const { registry, busy, open } = upstream();
  const old = open(1);
  const before = registry.gauges().length;
  const next = open(2);
  assert.deepEqual([busy(), registry.gauges().length], [3, before]);
  await old.close();
  assert.deepEqual([busy(), registry.gauges().length], [2, before]);
  await next.close();
  assert.equal(registry.gauges().length, 0);
});

test('a pool that was prepared and given up leaves the metrics of the one in use alone', async () => {
  const { registry, busy, open } = upstream();
  open(1);
  const before = registry.snapshot().length;
  await open(0).close();
  assert.deepEqual([busy(), registry.snapshot().length], [1, before]);
});

test('what pools count goes on from one to the next', async () => {
  const { opened, counts, open } = upstream();
  const old = open(1);
  counts[0]!.opened.value += 3;
  open(1);
  counts[1]!.opened.value += 2;
  assert.equal(opened(), 5);
  await old.close();
  assert.equal(opened(), 5);
});

test('upgraded connections are shown apart from those that the pool lends out', async () => {
  const { busy, upgraded, open } = upstream();
  const pool = open(2);
  assert.deepEqual([busy(), upgraded()], [2, 20]);
  await pool.close();
});
