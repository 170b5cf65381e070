/** What becomes of counters when threads end, routes go, and come back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from '../metrics/registry.ts';
import { planOf, routePlan } from '../testing/fakes.ts';
import { SeriesDirectory } from './series-directory.ts';

const KEEP = 1000;
const BY = { label: 'status_class', values: ['2xx', '5xx'] };

/** A directory and threads whose messages arrive at once. */
function house() {
  const state = { now: 1 };
  const threads = new Map<number, Registry>();
  const directory = new SeriesDirectory({
    keep: KEEP,
    now: () => state.now,
    forget: (thread, ids) => threads.get(thread)?.forget(ids),
  });
  return {
    directory,
    threads,
    thread: (number: number): Registry => {
      const registry = new Registry((series) => directory.add(number, structuredClone(series)));
      threads.set(number, registry);
      return registry;
    },
    follow: (...routes: string[]) => directory.follow(planOf({ routes: routes.map((name) => routePlan(name)) })),
    pass: (ms: number) => {
      state.now += ms;
      directory.sweep();
    },
    count: (route: string, family = 'weir_requests_total') =>
      directory
        .samples()
        .find((sample) => sample.family === family && sample.labels.route === route)
        ?.values.at(-1),
    size: () => directory.samples().length,
  };
}

test('threads add up, and what one counted stays when it ends', () => {
  const { directory, thread, count } = house();
  for (const number of [1, 2]) {
    const registry = thread(number);
    const set = registry.counterSet('weir_requests_total', { route: 'a' }, BY);
    for (let i = 0; i < number; i++) set.add(0);
    registry.histogram('weir_request_duration_seconds', { route: 'a' }).observe(1);
  }
  assert.deepEqual([count('a'), count('a', 'weir_request_duration_seconds')], [3, 2]);
  directory.retire(1);
  assert.deepEqual([count('a'), count('a', 'weir_request_duration_seconds')], [3, 2]);
  directory.retire(2);
  thread(3).counterSet('weir_requests_total', { route: 'a' }, BY).add(1);
  assert.deepEqual([count('a'), directory.samples().length], [3, 3]);
});

test('the series of a route that was removed go some time later, and their memory with them', () => {
  const { thread, follow, pass, count, threads } = house();
  follow('a', 'b');
  const rules = thread(1).hold();
  for (const route of ['a', 'b']) rules.counterSet('weir_requests_total', { route }, BY).add(0);
  follow('a');
  rules.release();
  pass(KEEP - 1);
  assert.equal(count('b'), 1);
  pass(1);
  assert.deepEqual([count('a'), count('b')], [1, undefined]);
  assert.equal(threads.get(1)!.snapshot().length, 2);
});

test('a route that lives never loses its series, however long it rests, whatever is reloaded', () => {
  const { thread, follow, pass, count } = house();
  follow('a');
  const rules = thread(1).hold();
  rules.counterSet('weir_requests_total', { route: 'a' }, BY).add(0);
  rules.release();
  for (let i = 0; i < 10; i++) {
    pass(KEEP * 10);
    follow('a', `other-${i}`);
  }
  assert.equal(count('a'), 1);
});

test('a route that comes back in time goes on counting; later it begins anew', () => {
  const { thread, follow, pass, count } = house();
  const registry = thread(1);
  const request = (): void => {
    const rules = registry.hold();
    rules.counterSet('weir_requests_total', { route: 'a' }, BY).add(0);
    rules.release();
  };
  follow('a');
  request();
  follow('b');
  pass(KEEP - 1);
  follow('a');
  pass(KEEP);
  request();
  assert.equal(count('a'), 2);
  follow('b');
  pass(KEEP);
  assert.equal(count('a'), undefined);
  follow('a');
  request();
  assert.equal(count('a'), 1);
});

test('a request that outlives its route by far is counted, and then forgotten too', () => {
  const { thread, follow, pass, count, size } = house();
  follow('a');
  const rules = thread(1).hold();
  const set = rules.counterSet('weir_requests_total', { route: 'a' }, BY);
  set.add(0);
  follow('b');
  pass(KEEP);
  set.add(0);
  assert.equal(count('a'), 2);
  rules.release();
  pass(KEEP);
  assert.equal(size(), 0);
});

test('upstreams, endpoints and policies count as long as the rules name them; what names none always', () => {
  const { directory, thread, follow, pass } = house();
  const meters = thread(1);
  const rules = meters.hold();
  const all: Record<string, string>[] = [
    { upstream: 'up', endpoint: 'up/a' },
    { upstream: 'up', endpoint: 'up/gone' },
    { upstream: 'gone' },
    { policy: 'gone' },
    { route: '' },
    { reason: 'x' },
  ];
  for (const labels of all) rules.counter('c_total', labels).value = 1;
  follow('a');
  rules.release();
  pass(KEEP);
  const left = directory.samples().map(({ labels }) => Object.values(labels).join());
  assert.deepEqual(left, ['up,up/a', '', 'x']);
});

test('what nothing names and never counted is not shown: the counters of rules that were refused', () => {
  const { thread, follow, size } = house();
  follow('a');
  thread(1).counter('weir_rate_limited_total', { policy: 'refused' });
  assert.equal(size(), 0);
});
