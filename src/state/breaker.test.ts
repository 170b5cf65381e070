import assert from 'node:assert/strict';
import test from 'node:test';
import fc from '../testing/property.ts';
import { runThreads } from '../testing/threads.ts';
import { Breaker, type BreakerSettings } from './breaker.ts';

const JOBS = new URL('../testing/state-jobs.ts', import.meta.url).href;
const T0 = 1_700_000_000_000;
const SETTINGS: BreakerSettings = {
  window: 60_000,
  minRequests: 10,
  failureRate: 0.5,
  openFor: 30_000,
  probes: 2,
  lease: 5_000,
};

function make(settings: Partial<BreakerSettings> = {}, zone = new SharedArrayBuffer(Breaker.bytes)) {
  const breaker = new Breaker(zone, { ...SETTINGS, ...settings }, 1);
  const report = (good: boolean, times: number, now: number) => {
    for (let i = 0; i < times; i++) {
      const permit = breaker.enter(now);
      if (good) breaker.success(permit, now);
      else breaker.failure(permit, now);
    }
  };
  return { breaker, zone, report };
}

test('opens on exactly the request that reaches rate and minimum', () => {
  const { breaker, report } = make();
  report(true, 5, T0);
  report(false, 4, T0);
  assert.equal(breaker.state(T0), 'closed', '4 of 9');
  report(false, 1, T0);
  assert.equal(breaker.state(T0), 'open', '5 of 10');
  assert.equal(breaker.enter(T0), 0);
  assert.equal(breaker.available(T0), false);
  assert.equal(breaker.retryAfter(T0 + 10_000), 20_000);
});

test('a success can be the request that reaches the minimum', () => {
  const { breaker, report } = make();
  report(false, 9, T0);
  assert.equal(breaker.state(T0), 'closed');
  report(true, 1, T0);
  assert.equal(breaker.state(T0), 'open');
});

test('a rate of zero does not open without a failure', () => {
  const { breaker, report } = make({ failureRate: 0 });
  report(true, 50, T0);
  assert.equal(breaker.state(T0), 'closed');
});

test('what left the window counts no more', () => {
  const { breaker, report } = make();
  report(false, 9, T0);
  report(false, 9, T0 + 60_000);
  assert.equal(breaker.state(T0 + 60_000), 'closed');
  assert.deepEqual(breaker.counts(T0 + 60_000), { successes: 0, failures: 9 });
});

test('the window agrees with a list of results', () => {
  const width = SETTINGS.window / 20;
  const step = fc.record({ wait: fc.integer({ min: 0, max: 8000 }), good: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { breaker, report } = make({ minRequests: 1e9 });
      const seen: { bucket: number; good: boolean }[] = [];
      let now = T0;
      for (const { wait, good } of steps) {
        now += wait;
        report(good, 1, now);
        seen.push({ bucket: Math.floor(now / width), good });
        const inside = seen.filter((one) => one.bucket > Math.floor(now / width) - 20);
        const successes = inside.filter((one) => one.good).length;
        assert.deepEqual(breaker.counts(now), { successes, failures: inside.length - successes });
      }
    }),
    { numRuns: 50 },
  );
});

test('half-open lets `probes` through and closes when all of them succeed', () => {
  const { breaker, report } = make();
  breaker.force('open', T0);
  assert.equal(breaker.enter(T0 + 29_999), 0);
  const now = T0 + 30_000;
  assert.equal(breaker.state(now), 'halfOpen');
  assert.equal(breaker.available(now), true);
  assert.equal(breaker.available(now), true, 'asking consumes nothing');
  const [a, b] = [breaker.enter(now), breaker.enter(now)];
  assert.ok(a && b && a !== b);
  assert.equal(breaker.enter(now), 0);
  assert.equal(breaker.retryAfter(now), 5_000, 'until the first lease expires');
  breaker.success(a, now);
  assert.equal(breaker.enter(now), 0, 'no more probes than are needed');
  breaker.success(b, now);
  assert.equal(breaker.state(now), 'closed');
  assert.deepEqual(breaker.counts(now), { successes: 0, failures: 0 }, 'the window starts empty');
  report(false, 9, now);
  assert.equal(breaker.state(now), 'closed');
});

test('one failed probe opens it again for the whole time', () => {
  const { breaker } = make();
  breaker.force('halfOpen', T0);
  const [a, b] = [breaker.enter(T0), breaker.enter(T0)];
  breaker.success(a, T0 + 1);
  breaker.failure(b, T0 + 2);
  assert.equal(breaker.state(T0 + 2), 'open');
  assert.equal(breaker.retryAfter(T0 + 2), 30_000);
});

test('a probe is judged at its head: what follows is an ordinary reply', () => {
  const { breaker, report } = make({ probes: 1 });
  breaker.force('halfOpen', T0);
  const rest = breaker.judge(breaker.enter(T0), true, T0 + 1);
  assert.equal(breaker.state(T0 + 1), 'closed', 'the stream still runs');
  assert.equal(breaker.judge(rest, true, T0 + 1), rest, 'once');
  breaker.success(rest, T0 + 2);
  assert.deepEqual(breaker.counts(T0 + 2), { successes: 0, failures: 0 }, 'its success is not counted twice');

  breaker.force('halfOpen', T0);
  const breaks = breaker.judge(breaker.enter(T0), true, T0 + 1);
  breaker.failure(breaks, T0 + 2);
  assert.deepEqual(breaker.counts(T0 + 2), { successes: 0, failures: 1 }, 'a truncation is a failure like any other');
  report(false, 8, T0 + 2);
  assert.equal(breaker.state(T0 + 2), 'closed');
  report(false, 1, T0 + 2);
  assert.equal(breaker.state(T0 + 2), 'open');
});

test('a probe with a bad head opens it again, and its end counts nothing', () => {
  const { breaker } = make({ probes: 1 });
  breaker.force('halfOpen', T0);
  const rest = breaker.judge(breaker.enter(T0), false, T0 + 1);
  assert.equal(breaker.state(T0 + 1), 'open');
  breaker.failure(rest, T0 + 30_000);
  assert.equal(breaker.state(T0 + 30_001), 'halfOpen', 'openFor counts from the head');
});

test('with more probes than one a good head leaves its place taken, and a truncation is a failed probe', () => {
  const { breaker } = make({ probes: 2 });
  breaker.force('halfOpen', T0);
  const [a, b] = [breaker.enter(T0), breaker.enter(T0)];
  const first = breaker.judge(a, true, T0);
  assert.equal(breaker.state(T0), 'halfOpen');
  assert.equal(breaker.enter(T0), 0, 'no more probes than are needed');
  breaker.cancel(first, T0);
  assert.equal(breaker.enter(T0), 0, 'a client that leaves takes no success back');
  const second = breaker.judge(b, true, T0);
  assert.equal(breaker.state(T0), 'closed');
  breaker.failure(first, T0);
  breaker.failure(second, T0);
  assert.deepEqual(breaker.counts(T0), { successes: 0, failures: 2 }, 'counted where they end, in the window');

  breaker.force('halfOpen', T0);
  const third = breaker.judge(breaker.enter(T0), true, T0);
  breaker.failure(third, T0);
  assert.equal(breaker.state(T0), 'open');
});

test('what is left of a judged probe counts nothing in a later life of the breaker', () => {
  const { breaker, report } = make({ probes: 1, minRequests: 1 });
  breaker.force('halfOpen', T0);
  const old = breaker.judge(breaker.enter(T0), true, T0);
  report(false, 1, T0);
  assert.equal(breaker.state(T0), 'open');
  breaker.failure(old, T0 + 20_000);
  assert.equal(breaker.retryAfter(T0 + 20_000), 10_000, 'it is open since it opened');
  const now = T0 + 30_000;
  const probe = breaker.enter(now);
  breaker.failure(old, now);
  assert.equal(breaker.state(now), 'halfOpen');
  breaker.success(probe, now);
  breaker.failure(old, now);
  assert.equal(breaker.state(now), 'closed');
  assert.deepEqual(breaker.counts(now), { successes: 0, failures: 0 });
});

test('a permit that is no probe’s is judged at its end', () => {
  const { breaker } = make();
  const permit = breaker.enter(T0);
  assert.equal(breaker.judge(permit, false, T0), permit);
  assert.deepEqual(breaker.counts(T0), { successes: 0, failures: 0 });
  assert.equal(breaker.judge(0, true, T0), 0);
  breaker.force('halfOpen', T0);
  const probe = breaker.enter(T0);
  breaker.force('closed', T0);
  assert.equal(breaker.judge(probe, true, T0), 0, 'of another generation: nothing to count any more');
});

test('however attempts end, no permit counts twice and no place is lost', () => {
  const act = fc.record({
    do: fc.constantFrom('enter', 'head', 'end'),
    which: fc.nat(7),
    good: fc.boolean(),
    cancel: fc.boolean(),
    wait: fc.integer({ min: 0, max: 4000 }),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
      const { breaker } = make({ minRequests: 3, openFor: 5000, lease: 1e9, window: 1e9 });
      const open: { permit: number; judged: boolean }[] = [];
      let now = T0;
      let failed = 0;
      for (const { do: what, which, good, cancel, wait } of acts) {
        now += wait;
        const one = open[which % Math.max(open.length, 1)];
        const before = breaker.counts(now);
        if (what === 'enter') {
          const permit = breaker.enter(now);
          if (permit !== 0) open.push({ permit, judged: false });
        } else if (one && what === 'head' && !one.judged) {
          one.judged = true;
          one.permit = breaker.judge(one.permit, good, now);
        } else if (one) {
          open.splice(open.indexOf(one), 1);
          if (cancel) breaker.cancel(one.permit, now);
          else if (good) breaker.success(one.permit, now);
          else breaker.failure(one.permit, now);
          failed += good || cancel ? 0 : 1;
        }
        const after = breaker.counts(now);
        assert.ok(after.successes + after.failures <= before.successes + before.failures + 1);
        assert.ok(after.failures <= failed);
      }
      // With everything ended, a half-open breaker must let probes through again.
      for (const { permit } of open) breaker.cancel(permit, now);
      now += 5000;
      assert.ok(breaker.available(now));
    }),
    { numRuns: 200 },
  );
});

test('a cancelled probe gives its lease back and counts nothing', () => {
  const { breaker } = make({ probes: 1 });
  breaker.force('halfOpen', T0);
  for (let i = 0; i < 5000; i++) {
    const permit = breaker.enter(T0);
    assert.notEqual(permit, 0);
    assert.equal(breaker.enter(T0), 0);
    breaker.cancel(permit, T0);
  }
  assert.equal(breaker.state(T0), 'halfOpen');
});

test('a vanished probe gives its lease back when it expires; its late result still counts', () => {
  const { breaker } = make({ probes: 1 });
  breaker.force('halfOpen', T0);
  const vanished = breaker.enter(T0);
  assert.equal(breaker.enter(T0 + 4_999), 0);
  const next = breaker.enter(T0 + 5_000);
  assert.notEqual(next, 0);
  breaker.cancel(vanished, T0 + 5_001);
  assert.equal(breaker.enter(T0 + 5_001), 0, 'the old permit cannot free the new lease');
  breaker.success(vanished, T0 + 5_002);
  assert.equal(breaker.state(T0 + 5_002), 'closed');
});

test('results of attempts from before a change of state count nothing', () => {
  const { breaker, report } = make();
  const early = Array.from({ length: 20 }, () => breaker.enter(T0));
  report(false, 10, T0);
  const now = T0 + 30_000;
  const probe = breaker.enter(now);
  assert.equal(breaker.state(now), 'halfOpen');
  for (const permit of early.slice(0, 10)) breaker.success(permit, now);
  assert.equal(breaker.state(now), 'halfOpen', 'late successes are no probes');
  for (const permit of early.slice(10)) breaker.failure(permit, now);
  assert.equal(breaker.state(now), 'halfOpen', 'nor are late failures');
  breaker.success(probe, now);
  breaker.success(breaker.enter(now), now);
  assert.equal(breaker.state(now), 'closed');
  breaker.failure(early[0]!, now);
  assert.deepEqual(breaker.counts(now), { successes: 0, failures: 0 });
});

test('limits change on reload and the counts stay', () => {
  const { zone, report } = make();
  report(false, 9, T0);
  const { breaker, report: reportAfter } = make({ minRequests: 20 }, zone);
  reportAfter(false, 10, T0);
  assert.equal(breaker.state(T0), 'closed');
  reportAfter(false, 1, T0);
  assert.equal(breaker.state(T0), 'open');
  const { breaker: shorter } = make({ openFor: 1_000 }, zone);
  assert.equal(shorter.retryAfter(T0), 1_000);
});

test('fewer probes than have already succeeded close the breaker at the next request', () => {
  const { breaker, zone } = make({ probes: 5 });
  breaker.force('halfOpen', T0);
  for (let i = 0; i < 3; i++) breaker.success(breaker.enter(T0), T0);
  const { breaker: after } = make({ probes: 2 }, zone);
  assert.equal(after.available(T0), true);
  after.success(after.enter(T0), T0);
  assert.equal(after.state(T0), 'closed');
});

test('a clock that is set back neither stops the window nor keeps the breaker open', () => {
  const { breaker, report } = make();
  report(false, 5, T0);
  const back = T0 - 3_600_000;
  report(false, 10, back);
  assert.equal(breaker.state(back), 'open');
  breaker.force('open', T0);
  assert.equal(breaker.retryAfter(back), 30_000);

  const other = make();
  other.report(false, 5, T0);
  other.report(false, 4, back);
  assert.deepEqual(other.breaker.counts(back + 60_000), { successes: 0, failures: 0 });
});

test('force sets each state and starts afresh', () => {
  const { breaker, report } = make();
  report(false, 9, T0);
  for (const state of ['open', 'halfOpen', 'closed'] as const) {
    breaker.force(state, T0);
    assert.equal(breaker.state(T0), state);
  }
  assert.deepEqual(breaker.counts(T0), { successes: 0, failures: 0 });
});

test('identity changes with what changes the meaning', () => {
  const identity = Breaker.identity('claude/eu-1', 'http://a', 60_000);
  assert.notEqual(identity, Breaker.identity('claude/eu-1', 'http://b', 60_000));
  assert.notEqual(identity, Breaker.identity('claude/eu-1', 'http://a', 30_000));
});

test('counts of four threads are exact', async () => {
  const zone = new SharedArrayBuffer(Breaker.bytes);
  const settings = { ...SETTINGS, minRequests: 1e9 };
  await runThreads(JOBS, 'reportOutcomes', 4, { zone, settings, times: 3_000, now: T0 });
  assert.deepEqual(new Breaker(zone, settings, 9).counts(T0), { successes: 24_000, failures: 12_000 });
});

test('over four threads it opens on exactly the right request', async () => {
  const settings = { ...SETTINGS, minRequests: 1000, failureRate: 1 };
  const { breaker, zone, report } = make(settings);
  const entered = await runThreads<number>(JOBS, 'fail', 4, { zone, settings, times: 249, now: T0 });
  assert.deepEqual(entered, [249, 249, 249, 249]);
  report(false, 3, T0);
  assert.equal(breaker.state(T0), 'closed');
  report(false, 1, T0);
  assert.equal(breaker.state(T0), 'open');
});

test('half-open, eight racing threads get exactly `probes` permits between them', async () => {
  const settings = { ...SETTINGS, probes: 3 };
  const { breaker, zone } = make(settings);
  breaker.force('open', T0);
  const entered = await runThreads<number>(JOBS, 'enterOnly', 8, { zone, settings, times: 500, now: T0 + 30_000 });
  assert.equal(
    entered.reduce((sum, n) => sum + n, 0),
    3,
  );
});
