/** Too few healthy endpoints: all are used, within regions and breakers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Registry } from '../../metrics/registry.ts';
import { endpointPlan, FakeForwarder, SILENT, upstreamPlan } from '../../testing/fakes.ts';
import type { BreakerPlan, HealthPlan, UpstreamPlan } from '../../types/plan.ts';
import { choose, usable } from './choose.ts';
import { isPanicking, regionsOf } from './panic.ts';
import { Upstream } from './upstream.ts';

const T0 = 1_700_000_000_000;
const HEALTH: HealthPlan = { path: '/', every: 5000, timeout: 1000, healthy: 2, unhealthy: 3, panic: 0.5 };
const BREAKER: BreakerPlan = {
  window: 60_000,
  minRequests: 1,
  failureRate: 0.5,
  openFor: 30_000,
  probes: 1,
  failures: ['5xx'],
};

/** Endpoints by name; what stands before a digit is the region, `any` for none, `off` for weight 0. */
function upstream(names: string, more: Partial<UpstreamPlan> = {}): Upstream {
  const endpoints = names.split(' ').map((name) => {
    const region = name.replace(/\d+$/, '');
    return endpointPlan('up', name, { region: region === 'any' ? '' : region, weight: name.startsWith('off') ? 0 : 1 });
  });
  const choose = ['region', 'weight'] as const;
  return new Upstream(upstreamPlan('up', { endpoints, choose, health: HEALTH, breaker: BREAKER, ...more }), {
    thread: 1,
    threads: 8,
    meters: new Registry(),
    log: SILENT,
    zone: (_identity, bytes) => new SharedArrayBuffer(bytes),
    forwarder: () => new FakeForwarder(),
  });
}

function endpoint(subject: Upstream, name: string) {
  const found = subject.endpoints.find(({ plan }) => plan.name === name);
  assert.ok(found, name);
  return found;
}

function fell(subject: Upstream, names: string): Upstream {
  for (const name of names.split(' ')) endpoint(subject, name).state.setHealthy(false);
  return subject;
}

/** All endpoints that a client of `region` may come to. */
function reached(subject: Upstream, region: string, tried: string[] = []): string {
  const client = { address: '192.0.2.7', country: '', continent: '', region };
  const names = new Set<string>();
  for (let i = 0; i < 64; i++) {
    const skip = tried.map((name) => endpoint(subject, name));
    const chosen = choose(subject, usable(subject, skip, T0, region), client, () => i / 64);
    if (chosen) names.add(chosen.plan.name);
  }
  return [...names].sort().join(' ');
}

describe('the share', () => {
  test('unhealthy endpoints of weight 0 do not count and are not used: they are out of service', () => {
    const choose = ['latency'] as const;
    const subject = fell(upstream('any1 off1 off2', { choose }), 'off1 off2');
    assert.deepEqual([reached(subject, ''), isPanicking(subject, '')], ['any1', false]);
    fell(subject, 'any1');
    assert.deepEqual([reached(subject, ''), isPanicking(subject, '')], ['any1', true]);
    // A healthy one stands in for the others, as ever.
    const spare = fell(upstream('any1 off1', { choose }), 'any1');
    assert.deepEqual([reached(spare, ''), isPanicking(spare, '')], ['off1', false]);
  });

  test('at the threshold only healthy ones are used, below it all', () => {
    const subject = upstream('any1 any2 any3 any4', { choose: ['weight'] });
    fell(subject, 'any1 any2');
    assert.equal(reached(subject, ''), 'any3 any4');
    fell(subject, 'any3');
    assert.equal(reached(subject, ''), 'any1 any2 any3 any4');
    assert.equal(isPanicking(subject, ''), true);
    fell(subject, 'any4');
    assert.equal(reached(subject, ''), 'any1 any2 any3 any4');
    endpoint(subject, 'any1').state.setHealthy(true);
    endpoint(subject, 'any2').state.setHealthy(true);
    assert.equal(reached(subject, ''), 'any1 any2');
    assert.equal(isPanicking(subject, ''), false);
  });

  test('0 never panics, 1 always', () => {
    const off = fell(upstream('any1 any2', { health: { ...HEALTH, panic: 0 } }), 'any1 any2');
    assert.equal(reached(off, ''), '');
    assert.equal(isPanicking(off, ''), false);
    const always = fell(upstream('any1 any2', { health: { ...HEALTH, panic: 1 } }), 'any1');
    assert.equal(reached(always, ''), 'any1 any2');
  });

  test('is that of the endpoints for the client’s region, with those of none', () => {
    const subject = fell(upstream('eu1 eu2 us1 us2 us3 us4'), 'eu1 eu2');
    assert.equal(reached(subject, 'eu'), 'eu1 eu2', 'though four of six are healthy');
    assert.equal(reached(subject, 'us'), 'us1 us2 us3 us4');
    assert.deepEqual(regionsOf(subject), ['eu', 'us']);
    assert.deepEqual([isPanicking(subject, 'eu'), isPanicking(subject, 'us')], [true, false]);
    const mixed = fell(upstream('eu1 any1 us1'), 'eu1 us1');
    assert.equal(reached(mixed, 'eu'), 'any1', 'one of two');
    fell(mixed, 'any1');
    assert.equal(reached(mixed, 'eu'), 'any1 eu1');
    assert.equal(reached(mixed, 'asia'), 'any1', 'a region without endpoints has those of none');
  });
});

describe('regions', () => {
  test('are kept: no client gets an endpoint that the rules do not give it', () => {
    const subject = fell(upstream('eu1 eu2 us1'), 'eu1 eu2 us1');
    assert.equal(reached(subject, 'eu'), 'eu1 eu2');
    assert.equal(reached(subject, 'us'), 'us1');
    assert.equal(reached(subject, 'asia'), '');
  });

  test('a fallback that has healthy endpoints comes before a panic', () => {
    const subject = fell(upstream('eu1 eu2 us1 us2', { fallback: ['us'] }), 'eu1 eu2');
    assert.equal(reached(subject, 'eu'), 'us1 us2');
    assert.equal(isPanicking(subject, 'eu'), false);
    fell(subject, 'us1 us2');
    assert.equal(reached(subject, 'eu'), 'eu1 eu2', 'nobody has any: the own region');
    assert.deepEqual([isPanicking(subject, 'eu'), isPanicking(subject, 'us')], [true, true]);
  });

  test('a region with one healthy endpoint of three keeps its clients, and uses all three', () => {
    const subject = fell(upstream('eu1 eu2 eu3 us1', { fallback: ['us'] }), 'eu1 eu2');
    assert.equal(reached(subject, 'eu'), 'eu1 eu2 eu3');
  });

  test('a fallback that is short itself is used whole', () => {
    const subject = fell(upstream('eu1 us1 us2 us3', { fallback: ['us'] }), 'eu1 us1 us2');
    assert.equal(reached(subject, 'eu'), 'us1 us2 us3');
  });
});

describe('breakers and retries', () => {
  test('an open breaker keeps its endpoint out', () => {
    const subject = fell(upstream('eu1 eu2'), 'eu1 eu2');
    endpoint(subject, 'eu1').breaker!.force('open', T0);
    assert.equal(reached(subject, 'eu'), 'eu2');
    endpoint(subject, 'eu2').breaker!.force('open', T0);
    assert.equal(reached(subject, 'eu'), '');
  });

  test('an open breaker is no reason to panic', () => {
    const subject = fell(upstream('eu1 eu2'), 'eu1');
    endpoint(subject, 'eu2').breaker!.force('open', T0);
    assert.equal(reached(subject, 'eu'), '', 'one of two is healthy');
  });

  test('where a fallback’s healthy endpoints have open breakers, the own region’s unhealthy ones are used', () => {
    const subject = fell(upstream('eu1 us1', { fallback: ['us'] }), 'eu1');
    endpoint(subject, 'us1').breaker!.force('open', T0);
    assert.equal(reached(subject, 'eu'), 'eu1');
  });

  test('a retry goes to what was not tried', () => {
    const subject = fell(upstream('eu1 eu2 eu3'), 'eu1 eu2');
    assert.equal(reached(subject, 'eu', ['eu3']), 'eu1 eu2');
    assert.equal(reached(subject, 'eu', ['eu3', 'eu1']), 'eu2');
  });
});
