/** Deadlines that fall due together, where what one does changes another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../testing/until.ts';
import { Deadlines, Timed } from './deadlines.ts';

class Entry extends Timed {
  expiries = 0;
  readonly #then: () => void;
  constructor(then: () => void = () => {}) {
    super();
    this.#then = then;
  }
  override expired(): void {
    this.expiries++;
    this.#then();
  }
}

test('an entry that another one ended, or set anew, in the same turn does not expire', async () => {
  const deadlines = new Deadlines();
  const ended = new Entry();
  const renewed = new Entry();
  const last = new Entry();
  const meddler = new Entry(() => {
    deadlines.clear(ended);
    deadlines.set(renewed, 60_000);
  });
  // The one due first goes first.
  deadlines.set(meddler, 4);
  for (const entry of [last, renewed, ended]) deadlines.set(entry, 5);
  const end = performance.now() + 10;
  while (performance.now() < end);
  await until(() => last.expiries === 1, 'the last one');
  assert.deepEqual([meddler.expiries, ended.expiries, renewed.expiries], [1, 0, 0]);
  deadlines.clear(renewed);
});
