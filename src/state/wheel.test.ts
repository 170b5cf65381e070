import assert from 'node:assert/strict';
import test from 'node:test';
import fc from '../testing/property.ts';
import { Timer, TimerWheel } from './wheel.ts';

const RESOLUTION = 20;

class Probe extends Timer {
  readonly clock: { now: number };
  readonly firedAt: number[] = [];
  action: () => void = () => {};
  constructor(clock: { now: number }) {
    super();
    this.clock = clock;
  }
  onTimeout(): void {
    this.firedAt.push(this.clock.now);
    this.action();
  }
}

function make() {
  const clock = { now: 1_000 };
  const running = { intervals: 0 };
  const wheel = new TimerWheel(
    RESOLUTION,
    () => clock.now,
    () => {
      running.intervals++;
      return () => running.intervals--;
    },
  );
  const advanceTo = (now: number) => {
    while (clock.now < now) {
      clock.now = Math.min(now, clock.now + RESOLUTION);
      wheel.advance(clock.now);
    }
  };
  return { clock, wheel, running, advanceTo, probe: () => new Probe(clock) };
}

test('fires once, not before its time and at most a tick after', () => {
  const { wheel, probe, advanceTo } = make();
  const timers = [0, 1, 20, 399, 60_000, 600_000].map((delay) => ({ delay, timer: probe() }));
  for (const { delay, timer } of timers) wheel.set(timer, delay);
  advanceTo(700_000);
  for (const { delay, timer } of timers) {
    assert.equal(timer.firedAt.length, 1);
    const late = timer.firedAt[0]! - 1_000 - delay;
    assert.ok(late >= 0 && late <= RESOLUTION, `${delay} ms came ${late} ms late`);
  }
});

test('agrees with a plain list of deadlines', () => {
  const step = fc.record({
    timer: fc.nat(4),
    what: fc.constantFrom('set', 'set', 'clear', 'wait'),
    ms: fc.nat(30_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (actions) => {
      const { clock, wheel, probe, advanceTo } = make();
      const timers = Array.from({ length: 5 }, () => ({ probe: probe(), deadline: -1 }));
      for (const { timer, what, ms } of actions) {
        const one = timers[timer]!;
        if (what === 'set') {
          wheel.set(one.probe, ms);
          one.deadline = clock.now + ms;
        } else if (what === 'clear') {
          wheel.clear(one.probe);
          one.deadline = -1;
        } else advanceTo(clock.now + ms);
        for (const each of timers) {
          const fired = each.probe.firedAt.pop();
          if (fired !== undefined) {
            assert.ok(each.deadline >= 0 && fired >= each.deadline && fired <= each.deadline + 2 * RESOLUTION);
            each.deadline = -1;
          }
          assert.equal(wheel.isSet(each.probe), each.deadline >= 0);
          if (each.deadline >= 0) assert.ok(clock.now <= each.deadline + 2 * RESOLUTION, 'overdue');
        }
        assert.equal(wheel.size, timers.filter((each) => each.deadline >= 0).length);
      }
    }),
    { numRuns: 100 },
  );
});

test('a timer may set and clear others, and itself, while firing', () => {
  const { wheel, probe, advanceTo } = make();
  const [first, second, third] = [probe(), probe(), probe()];
  first.action = () => {
    wheel.clear(second);
    wheel.set(third, 100);
    if (first.firedAt.length < 3) wheel.set(first, 0);
  };
  for (const timer of [first, second, third]) wheel.set(timer, 50);
  advanceTo(2_000);
  assert.equal(first.firedAt.length, 3);
  assert.equal(second.firedAt.length, 0);
  assert.equal(third.firedAt.length, 1);
  assert.ok(third.firedAt[0]! >= 1_050 + 100);
});

test('a throwing timer costs the others nothing', () => {
  const { clock, wheel, probe } = make();
  const [bad, good] = [probe(), probe()];
  bad.action = () => {
    throw new Error('mine');
  };
  wheel.set(bad, 10);
  wheel.set(good, 10);
  clock.now += 100;
  assert.throws(() => wheel.advance(clock.now), /mine/);
  wheel.advance(clock.now);
  assert.equal(good.firedAt.length, 1);
  assert.equal(wheel.size, 0);
});

test('a long pause fires everything that fell into it', () => {
  const { clock, wheel, probe } = make();
  const timers = Array.from({ length: 1_000 }, (_, i) => {
    const timer = probe();
    wheel.set(timer, i * 37);
    return timer;
  });
  clock.now += 1_000_000;
  wheel.advance(clock.now);
  assert.ok(timers.every((timer) => timer.firedAt.length === 1));
});

test('of those due in one tick, one that another ended or set anew does not fire', () => {
  const { wheel, probe, advanceTo } = make();
  const [first, ended, renewed, last] = [probe(), probe(), probe(), probe()];
  first.action = () => {
    wheel.clear(ended);
    wheel.set(renewed, 60_000);
  };
  for (const timer of [first, ended, renewed, last]) wheel.set(timer, 50);
  advanceTo(2_000);
  assert.deepEqual(
    [first, ended, renewed, last].map((timer) => timer.firedAt.length),
    [1, 0, 0, 1],
  );
});

test('a limit of 0 is none, and takes off what was on', () => {
  const { wheel, probe, advanceTo } = make();
  const timer = probe();
  wheel.limit(timer, 100);
  wheel.limit(timer, 0);
  assert.equal(wheel.size, 0);
  wheel.limit(timer, 100);
  advanceTo(2_000);
  assert.equal(timer.firedAt.length, 1);
});

/** A wheel on a schedule that wakes it in time, as Node's timers do, and counts how often. */
function sleeper() {
  const clock = { now: 1_000 };
  const wakes: number[] = [];
  let waiting: { at: number; tick: () => void; ms: number } | null = null;
  const wheel = new TimerWheel(
    RESOLUTION,
    () => clock.now,
    (tick, ms) => {
      const mine = { at: clock.now + ms, tick, ms };
      waiting = mine;
      return () => {
        if (waiting === mine) waiting = null;
      };
    },
  );
  const sleepTo = (now: number) => {
    while (waiting !== null && waiting.at <= now) {
      clock.now = waiting.at;
      waiting.at += waiting.ms;
      wakes.push(clock.now);
      waiting.tick();
    }
    clock.now = now;
  };
  return { clock, wheel, wakes, sleepTo };
}

test('it sleeps until something is due, and wakes earlier for what is put on meanwhile', () => {
  const { clock, wheel, wakes, sleepTo } = sleeper();
  const [late, soon] = [new Probe(clock), new Probe(clock)];
  wheel.set(late, 5_000);
  sleepTo(2_000);
  assert.deepEqual(wakes, []);
  wheel.set(soon, 100);
  sleepTo(7_000);
  assert.deepEqual(wakes, [2_100, 6_000]);
  assert.deepEqual([soon.firedAt, late.firedAt], [[2_100], [6_000]]);
});

test('what lies many turns ahead wakes it once a turn, and what was cleared at most once', () => {
  const { clock, wheel, wakes, sleepTo } = sleeper();
  const [far, cleared] = [new Probe(clock), new Probe(clock)];
  wheel.set(cleared, 1_000);
  wheel.clear(cleared);
  wheel.set(far, 100_000);
  sleepTo(200_000);
  assert.deepEqual(far.firedAt, [101_000]);
  assert.ok(wakes.length <= 2 + Math.ceil(100_000 / (512 * RESOLUTION)), `${wakes.length}`);
});

test('where one throws, the others are woken for all the same', () => {
  const { clock, wheel, sleepTo } = sleeper();
  const [bad, same, later] = [new Probe(clock), new Probe(clock), new Probe(clock)];
  bad.action = () => {
    throw new Error('mine');
  };
  for (const timer of [bad, same]) wheel.set(timer, 40);
  wheel.set(later, 4_000);
  assert.throws(() => sleepTo(2_000), /mine/);
  sleepTo(6_000);
  assert.deepEqual([same.firedAt, later.firedAt], [[1_060], [5_000]]);
});

test('the interval runs only while something is on', () => {
  const { wheel, probe, running, advanceTo } = make();
  assert.equal(running.intervals, 0);
  const timer = probe();
  wheel.set(timer, 30);
  wheel.set(probe(), 30);
  assert.equal(running.intervals, 1);
  advanceTo(1_100);
  assert.equal(running.intervals, 0);
  wheel.set(timer, 30);
  advanceTo(1_200);
  assert.equal(timer.firedAt.length, 2);
});

test('on real time it fires, and does not keep the process alive', async () => {
  const wheel = new TimerWheel(5, () => performance.now());
  const keepAlive = setInterval(() => {}, 1_000);
  await new Promise<void>((resolve) => {
    const timer = new Probe({ now: 0 });
    timer.action = resolve;
    wheel.set(timer, 10);
  });
  clearInterval(keepAlive);
  wheel.set(new Probe({ now: 0 }), 3_600_000);
});
