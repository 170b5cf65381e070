/** The metrics of a pool whose settings a reload has changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from '../metrics/registry.ts';
import { memoryLog } from '../testing/control.ts';
import { FakeForwarder } from '../testing/fakes.ts';
import type { ForwarderStats } from '../types/transport.ts';
import { OpenPool } from './pools.ts';

class Counting extends FakeForwarder {
  readonly #open: number;
  constructor(open: number) {
    super();
    this.#open = open;
  }
  override stats(): ForwarderStats & { idle: number } {
    return { open: this.#open, idle: 0, waiting: 0, opened: this.#open, served: 0 };
  }
}

test('closing the pool that was replaced takes none of the new one’s metrics away', async () => {
  const registry = new Registry();
  const busy = () => registry.snapshot().find(({ labels }) => labels.state === 'busy')?.values[0];
  const series = () => registry.snapshot().length;
  const open = (connections: number) => new OpenPool(() => new Counting(connections), 'up', registry, memoryLog());
  const old = open(1);
  const before = series();
  const next = open(2);
  assert.deepEqual([busy(), series()], [2, before]);
  await old.close();
  assert.deepEqual([busy(), series()], [2, before]);
  await next.close();
  assert.equal(series(), 0);
});
