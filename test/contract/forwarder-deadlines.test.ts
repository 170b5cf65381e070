/** Deadlines: expiry in order, moved and cleared ones, and a timer that keeps no process alive. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Deadlines, Timed } from '../../src/forwarders/deadlines.ts';
import { until } from '../tools/until.ts';

class Entry extends Timed {
  readonly #log: string[];
  readonly #name: string;
  constructor(log: string[], name: string) {
    super();
    this.#log = log;
    this.#name = name;
  }
  override expired(): void {
    this.#log.push(this.#name);
  }
}

describe('deadlines', () => {
  it('expire in order, each once; a shorter one wakes the timer earlier', async () => {
    const deadlines = new Deadlines();
    const log: string[] = [];
    deadlines.set(new Entry(log, 'long'), 120);
    deadlines.set(new Entry(log, 'short'), 20);
    deadlines.set(new Entry(log, 'middle'), 60);
    await until(() => log.length === 3, 'all to expire');
    assert.deepEqual(log, ['short', 'middle', 'long']);
  });

  it('can be moved and cleared, and 0 means never', async () => {
    const deadlines = new Deadlines();
    const log: string[] = [];
    const moved = new Entry(log, 'moved');
    const cleared = new Entry(log, 'cleared');
    const never = new Entry(log, 'never');
    for (const entry of [moved, cleared, never]) deadlines.set(entry, 20);
    deadlines.set(moved, 100);
    deadlines.clear(cleared);
    deadlines.clear(cleared);
    deadlines.set(never, 0);
    deadlines.set(new Entry(log, 'before'), 50);
    await until(() => log.includes('moved'), 'the moved one to expire');
    assert.deepEqual(log, ['before', 'moved']);
  });

  it('may be set and cleared from inside an expiry', async () => {
    const deadlines = new Deadlines();
    const log: string[] = [];
    const other = new Entry(log, 'other');
    const again = new (class extends Timed {
      times = 0;
      override expired(): void {
        deadlines.clear(other);
        if (++this.times < 3) deadlines.set(this, 10);
      }
    })();
    deadlines.set(other, 5000);
    deadlines.set(again, 10);
    await until(() => again.times === 3, 'three expiries');
    assert.deepEqual(log, []);
    assert.equal(other.deadline, Number.POSITIVE_INFINITY);
  });
});
