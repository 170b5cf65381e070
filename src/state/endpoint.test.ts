import assert from 'node:assert/strict';
import test from 'node:test';
import { runThreads } from '../testing/threads.ts';
import { EndpointState, forgetInFlight } from './endpoint.ts';

const JOBS = new URL('../testing/state-jobs.ts', import.meta.url).href;
const T0 = 1_700_000_000_000;

function zoneOf(): SharedArrayBuffer {
  return new SharedArrayBuffer(EndpointState.bytes(8));
}

test('in-flight attempts of all threads add up, and a dead thread’s are forgotten', async () => {
  const zone = zoneOf();
  await runThreads(JOBS, 'attempts', 4, { zone, times: 2_000, now: T0 });
  const endpoint = new EndpointState(zone, 0);
  assert.equal(endpoint.inFlight(), 4, 'each thread left one open');
  forgetInFlight(zone, 2);
  assert.equal(endpoint.inFlight(), 3);
  assert.equal(endpoint.latency(), 20, 'equal samples of all threads give their value');
  endpoint.started();
  assert.equal(new EndpointState(zone, 7).inFlight(), 4);
  endpoint.ended();
  assert.equal(endpoint.inFlight(), 3);
});

test('every thread there may be has a count of its own', () => {
  for (const threads of [1, 15, 16, 64, 65, 1024]) {
    const zone = new SharedArrayBuffer(EndpointState.bytes(threads));
    const states = Array.from({ length: threads + 1 }, (_, thread) => new EndpointState(zone, thread));
    for (const state of states) state.started();
    forgetInFlight(zone, threads);
    assert.equal(states[0]!.inFlight(), threads, 'only that of the dead one is forgotten');
    for (const state of states.slice(0, -1)) state.ended();
    assert.equal(states[0]!.inFlight(), 0);
    assert.throws(() => new EndpointState(zone, zone.byteLength / 4), RangeError, 'a thread with no room there');
  }
});

test('what a thread has in flight is forgotten in zones of endpoints only', () => {
  const other = new SharedArrayBuffer(EndpointState.bytes(8));
  new Int32Array(other).fill(7);
  forgetInFlight(other, 2);
  assert.ok(new Int32Array(other).every((word) => word === 7));
  forgetInFlight(new SharedArrayBuffer(0), 2);
});

test('latency is unknown, then the first sample, then leans to the newer ones', () => {
  const endpoint = new EndpointState(zoneOf(), 1);
  assert.equal(endpoint.latency(), 0);
  endpoint.observe(100, T0);
  assert.equal(endpoint.latency(), 100);
  endpoint.observe(200, T0 + 1);
  assert.ok(endpoint.latency() > 100 && endpoint.latency() < 120, 'close together: one sixteenth');
  endpoint.observe(200, T0 + 30_001);
  assert.ok(endpoint.latency() > 190, 'after three time constants the old hardly counts');
});

test('an average that went stale is due to be measured, and replaced by the next measurement', () => {
  const endpoint = new EndpointState(zoneOf(), 1);
  endpoint.observe(5_000, T0);
  assert.equal(endpoint.explore(T0 + 60_000), false);
  assert.equal(endpoint.explore(T0 + 60_001), true);
  assert.equal(endpoint.latency(), 5_000, 'the best guess there is');
  endpoint.observe(100, T0 + 60_001);
  assert.equal(endpoint.latency(), 100);
});

test('neither a clock that is set back nor one that wraps makes an average fresh for ever', () => {
  const isDue = (now: number) => {
    const endpoint = new EndpointState(zoneOf(), 1);
    endpoint.observe(5_000, T0);
    return endpoint.explore(now);
  };
  assert.ok(isDue(T0 - 3_600_000));
  const days = 86_400_000;
  for (let day = 1; day < 100; day++) assert.ok(isDue(T0 + day * days), `day ${day}`);
});

test('a cold sample only stands in where nothing else is known', () => {
  const endpoint = new EndpointState(zoneOf(), 1);
  endpoint.observe(40, T0, true);
  assert.equal(endpoint.latency(), 40, 'a guess');
  assert.ok(endpoint.explore(T0), 'and due to be measured');
  endpoint.observe(5, T0 + 1);
  assert.equal(endpoint.latency(), 5, 'the first warm one takes its place');
  assert.ok(!endpoint.explore(T0 + 1), 'and is fresh');
  for (let i = 0; i < 100; i++) endpoint.observe(40, T0 + 2 + i, true);
  assert.equal(endpoint.latency(), 5);
  endpoint.observe(40, T0 + 61_000, true);
  assert.ok(endpoint.latency() > 39, 'an endpoint that keeps no connections is measured as it is');
});

test('a stale endpoint is explored by one request in ten seconds and in twenty, whatever the number of threads', () => {
  const zone = zoneOf();
  const threads = [1, 2, 3].map((thread) => new EndpointState(zone, thread));
  const explored = (now: number, times: number) => {
    let count = 0;
    for (let i = 0; i < times; i++) if (threads[i % 3]!.explore(now)) count++;
    return count;
  };
  assert.equal(explored(T0, 100), 1, 'never measured: at once');
  assert.equal(explored(T0 + 9_999, 100), 0);
  assert.equal(explored(T0 + 10_000, 100), 1);
  threads[0]!.observe(20, T0 + 60_000);
  assert.equal(explored(T0 + 120_000, 1000), 0, 'known for a minute');
  assert.equal(explored(T0 + 120_001, 1), 1);
  assert.equal(explored(T0 + 180_000, 19), 0);
  assert.equal(explored(T0 + 180_000, 1), 1);
});

test('a cold answer is followed by one request on the connection it made, when that is free', () => {
  const zone = zoneOf();
  const [first, second] = [new EndpointState(zone, 1), new EndpointState(zone, 2)];
  assert.equal(first.explore(T0), true);
  first.started();
  first.observe(40, T0 + 40, true);
  assert.equal(first.explore(T0 + 41), false, 'the reply still runs');
  first.ended();
  assert.equal(second.explore(T0 + 41), false, 'another thread has other connections');
  assert.equal(first.explore(T0 + 41), true);
  first.observe(40, T0 + 80, true);
  for (let i = 0; i < 10; i++) assert.equal(first.explore(T0 + 81), false, 'cold again: no more of them');
});

test('an endpoint that tells nothing any more is forgotten, and an occasional failure changes nothing', () => {
  const endpoint = new EndpointState(zoneOf(), 1);
  endpoint.observe(5, T0);
  for (let i = 0; i < 1000; i++) endpoint.untold(T0 + 60_000);
  assert.equal(endpoint.latency(), 5, 'within a minute it is still fresh');
  for (let i = 0; i < 19; i++) endpoint.untold(T0 + 60_001);
  assert.equal(endpoint.latency(), 5);
  endpoint.untold(T0 + 60_001);
  assert.equal(endpoint.latency(), 0);
  endpoint.observe(5, T0 + 60_002);
  for (let i = 0; i < 19; i++) endpoint.untold(T0 + 200_000);
  endpoint.observe(5, T0 + 200_000);
  for (let i = 0; i < 19; i++) endpoint.untold(T0 + 300_000);
  assert.equal(endpoint.latency(), 5, 'only failures in a row');
});

test('the longest stream fits', () => {
  const endpoint = new EndpointState(zoneOf(), 1);
  endpoint.observe(600_000, T0);
  assert.equal(endpoint.latency(), 600_000);
  endpoint.observe(1e12, T0 + 100_000);
  assert.ok(endpoint.latency() > 600_000 && endpoint.latency() < 2_147_484);
});

test('healthy until told otherwise', () => {
  const zone = zoneOf();
  const endpoint = new EndpointState(zone, 1);
  assert.equal(endpoint.healthy(), true);
  endpoint.setHealthy(false);
  assert.equal(new EndpointState(zone, 2).healthy(), false);
  endpoint.setHealthy(true);
  assert.equal(endpoint.healthy(), true);
});
