/** The queue for a connection, on a clock that the test moves: order, bounds, and what is expected of it. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { Loop } from '../sockets/loop.ts';
import { ConnectionQueue, sumQueues, Waiter } from './queue.ts';

class Passenger extends Waiter {
  override onTimeout(): void {}
}

let clock = 0;

beforeEach(() => {
  clock = 1000;
  mock.method(performance, 'now', () => clock);
});
afterEach(() => mock.restoreAll());

/** A queue and what it said of being crowded: how many were in it. */
function queueOf(max: number, wait: number) {
  const crowded: number[] = [];
  return {
    queue: new ConnectionQueue<Passenger>({ max, wait }, new Loop(), ({ waiting }) => crowded.push(waiting)),
    crowded,
  };
}

const join = (queue: ConnectionQueue<Passenger>) => {
  const passenger = new Passenger();
  assert.equal(queue.join(passenger), null);
  return passenger;
};

describe('a queue', () => {
  test('first come, first served, and whoever leaves in the middle changes nothing for the others', () => {
    const { queue } = queueOf(10, 1000);
    const [a, b, c, d] = Array.from({ length: 4 }, () => join(queue));
    assert.equal(queue.leave(b!), true);
    assert.equal(queue.leave(b!), false);
    assert.equal(queue.next(), a);
    assert.equal(queue.leave(d!), true);
    assert.equal(queue.next(), c);
    assert.equal(queue.next(), null);
    assert.deepEqual([queue.waiting, queue.waited], [0, 4]);
  });

  test('holds as many as it may, those who wait for what is coming not counted', () => {
    const { queue, crowded } = queueOf(4, 1000);
    for (let i = 0; i < 4; i++) join(queue);
    assert.deepEqual(crowded, [3, 4]);
    assert.equal(queue.join(new Passenger())?.reason, 'busy');
    assert.equal(queue.join(new Passenger(), 1), null);
    assert.deepEqual([queue.waiting, queue.full], [5, 1]);
  });

  test('says how long those in it will take, by the turns lately', () => {
    const { queue } = queueOf(8, 60_000);
    for (let i = 0; i < 8; i++) join(queue);
    for (let i = 0; i < 4; i++) {
      clock += 500;
      queue.next();
    }
    assert.equal(queue.failure().retryAfter, 5 * 500);
    clock += 2000;
    assert.equal(queue.failure().retryAfter, 5 * 2000, 'the next turn is overdue');
  });

  test('never says more than one may wait, as nobody in it waits longer; and nothing where it knows nothing', () => {
    const { queue } = queueOf(8, 5000);
    for (let i = 0; i < 8; i++) join(queue);
    clock += 4000;
    assert.equal(queue.failure().retryAfter, 5000);
    assert.equal(queueOf(0, 5000).queue.join(new Passenger())?.retryAfter, 0);
  });

  test('counts who waited how long, in vain or not', () => {
    const { queue } = queueOf(8, 5000);
    const [, late] = [join(queue), join(queue)];
    clock += 100;
    queue.next();
    clock += 100;
    assert.equal(queue.expire(late).reason, 'busy');
    assert.deepEqual(sumQueues([{ queue }, { queue: queueOf(1, 1).queue }]), {
      ...{ waiting: 0, waited: 2, waitedMs: 300, full: 0, late: 1 },
    });
  });
});
