import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { runThreads } from '../../test/contract/threads.ts';
import { Breaker, type BreakerSettings } from './breaker.ts';

const JOBS = new URL('../../test/contract/state-jobs.ts', import.meta.url).href;
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
  breaker.failure(early[0], now);
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
