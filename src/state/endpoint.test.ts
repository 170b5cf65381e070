import assert from 'node:assert/strict';
import test from 'node:test';
import { runThreads } from '../../test/contract/threads.ts';
import { EndpointState } from './endpoint.ts';

const JOBS = new URL('../../test/contract/state-jobs.ts', import.meta.url).href;
const T0 = 1_700_000_000_000;

function zoneOf(): SharedArrayBuffer {
  return new SharedArrayBuffer(EndpointState.bytes);
}

test('in-flight attempts of all threads add up, and a dead thread’s are forgotten', async () => {
  const zone = zoneOf();
  await runThreads(JOBS, 'attempts', 4, { zone, times: 2_000, now: T0 });
  const endpoint = new EndpointState(zone, 0);
  assert.equal(endpoint.inFlight(), 4, 'each thread left one open');
  endpoint.clearThread(2);
  assert.equal(endpoint.inFlight(), 3);
  assert.equal(endpoint.latency(), 20, 'equal samples of all threads give their value');
  endpoint.started();
  assert.equal(new EndpointState(zone, 70).inFlight(), 4);
  endpoint.ended();
  assert.equal(endpoint.inFlight(), 3);
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

test('an average that went stale is unknown again', () => {
  const endpoint = new EndpointState(zoneOf(), 1);
  endpoint.observe(5_000, T0);
  assert.equal(endpoint.latency(T0 + 60_000), 5_000);
  assert.equal(endpoint.latency(T0 + 60_001), 0);
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
