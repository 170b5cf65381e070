/** The line for a connection, on a clock that the test moves: order, bounds, and what is expected of it. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { Loop } from '../sockets/loop.ts';
import { Line, sumLines, Waiter } from './line.ts';

class Passenger extends Waiter {
  override onTimeout(): void {}
}

let clock = 0;

beforeEach(() => {
  clock = 1000;
  mock.method(performance, 'now', () => clock);
});
afterEach(() => mock.restoreAll());

/** A line and what it said of being crowded: how many were in it. */
function lineOf(max: number, wait: number) {
  const crowded: number[] = [];
  return { line: new Line<Passenger>({ max, wait }, new Loop(), ({ waiting }) => crowded.push(waiting)), crowded };
}

const join = (line: Line<Passenger>) => {
  const passenger = new Passenger();
  assert.equal(line.join(passenger), null);
  return passenger;
};

describe('a line', () => {
  test('first come, first served, and whoever leaves in the middle changes nothing for the others', () => {
    const { line } = lineOf(10, 1000);
    const [a, b, c, d] = Array.from({ length: 4 }, () => join(line));
    assert.equal(line.leave(b!), true);
    assert.equal(line.leave(b!), false);
    assert.equal(line.next(), a);
    assert.equal(line.leave(d!), true);
    assert.equal(line.next(), c);
    assert.equal(line.next(), null);
    assert.deepEqual([line.waiting, line.waited], [0, 4]);
  });

  test('holds as many as it may, those who wait for what is coming not counted', () => {
    const { line, crowded } = lineOf(4, 1000);
    for (let i = 0; i < 4; i++) join(line);
    assert.deepEqual(crowded, [3, 4]);
    assert.equal(line.join(new Passenger())?.reason, 'busy');
    assert.equal(line.join(new Passenger(), 1), null);
    assert.deepEqual([line.waiting, line.full], [5, 1]);
  });

  test('says how long those in it will take, by the turns lately', () => {
    const { line } = lineOf(8, 60_000);
    for (let i = 0; i < 8; i++) join(line);
    for (let i = 0; i < 4; i++) {
      clock += 500;
      line.next();
    }
    assert.equal(line.failure().retryAfter, 5 * 500);
    clock += 2000;
    assert.equal(line.failure().retryAfter, 5 * 2000, 'the next turn is overdue');
  });

  test('never says more than one may wait, as nobody in it waits longer; and nothing where it knows nothing', () => {
    const { line } = lineOf(8, 5000);
    for (let i = 0; i < 8; i++) join(line);
    clock += 4000;
    assert.equal(line.failure().retryAfter, 5000);
    assert.equal(lineOf(0, 5000).line.join(new Passenger())?.retryAfter, 0);
  });

  test('counts who waited how long, in vain or not', () => {
    const { line } = lineOf(8, 5000);
    const [, late] = [join(line), join(line)];
    clock += 100;
    line.next();
    clock += 100;
    assert.equal(line.expire(late).reason, 'busy');
    assert.deepEqual(sumLines([{ line }, { line: lineOf(1, 1).line }]), {
      ...{ waiting: 0, waited: 2, waitedMs: 300, full: 0, late: 1 },
    });
  });
});
