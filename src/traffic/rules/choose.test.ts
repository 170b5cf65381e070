/** Which endpoint takes a request: what latency teaches and forgets, over days of virtual time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Registry } from '../../metrics/registry.ts';
import { endpointPlan, FakeForwarder, SILENT, upstreamPlan } from '../../testing/fakes.ts';
import type { EndpointPlan, UpstreamPlan } from '../../types/plan.ts';
import { choose, retryAfter, usable } from './choose.ts';
import { Upstream, type UpstreamHost } from './upstream.ts';

const T0 = 1_700_000_000_000;
const DAY = 86_400_000;
const CLIENT = { address: '192.0.2.7', country: '', continent: '', region: '' };
/** How long the world's endpoints keep an unused connection. */
const IDLE = 30_000;

/** The same upstream, as each of several threads sees it. */
function threads(count: number, more: Partial<UpstreamPlan>): Upstream[] {
  const zones = new Map<string, SharedArrayBuffer>();
  const host = (thread: number): UpstreamHost => ({
    thread,
    threads: count,
    meters: new Registry(),
    log: SILENT,
    zone: (identity, bytes) => {
      const zone = zones.get(identity) ?? new SharedArrayBuffer(bytes);
      zones.set(identity, zone);
      return zone;
    },
    forwarder: () => new FakeForwarder(),
  });
  return Array.from({ length: count }, (_, i) => new Upstream(upstreamPlan('up', more), host(i + 1)));
}

/** Chance that is the same at every run: xorshift. */
function chance(): () => number {
  let x = 0x9e3779b9;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** How an endpoint behaves at a time: milliseconds to the head on a kept connection, and the status. */
type Behaviour = (at: number) => { readonly warm: number; readonly cold: number; readonly status?: number };

/** Sends a request every `gap` milliseconds for `span`; gives what each endpoint got, and the times of one's requests. */
function simulate(upstreams: Upstream[], behaviours: Record<string, Behaviour>, gap: number, span: number) {
  const random = chance();
  const picks: Record<string, number> = {};
  const times: Record<string, number[]> = {};
  const lastUse = new Map<string, number>();
  for (let at = 0, i = 0; at < span; at += gap, i++) {
    const thread = i % upstreams.length;
    const upstream = upstreams[thread]!;
    const now = T0 + at;
    const { plan, state } = choose(upstream, usable(upstream, [], now, ''), CLIENT, random, now)!;
    const { warm, cold, status = 200 } = behaviours[plan.name]!(at);
    picks[plan.name] = (picks[plan.name] ?? 0) + 1;
    times[plan.name] ??= [];
    times[plan.name]!.push(at);
    const connection = `${thread} ${plan.name}`;
    const kept = at - (lastUse.get(connection) ?? Number.NEGATIVE_INFINITY) <= IDLE;
    lastUse.set(connection, at);
    if (status < 400) state.observe(kept ? warm : cold, now, !kept);
    else state.untold(now);
  }
  return { picks, times };
}

const steady =
  (warm: number, cold = warm): Behaviour =>
  () => ({ warm, cold });
const LATENCY = { choose: ['latency'] as const };

/** The longest time without a request. */
function longestGap(times: readonly number[], span: number): number {
  let longest = times[0] ?? span;
  for (let i = 1; i < times.length; i++) longest = Math.max(longest, times[i]! - times[i - 1]!);
  return Math.max(longest, span - (times.at(-1) ?? 0));
}

describe('latency', () => {
  for (const count of [1, 4, 16])
    test(`one cold sample is no sentence: the faster endpoint takes over within minutes (${count} threads)`, () => {
      const upstreams = threads(count, LATENCY);
      upstreams[0]!.endpoints[1]!.state.observe(40, T0, true);
      upstreams[0]!.endpoints[0]!.state.observe(20, T0);
      const { picks, times } = simulate(upstreams, { a: steady(20), b: steady(5, 40) }, 200, DAY / 12);
      assert.ok(picks.b! > 0.97 * (picks.a! + picks.b!), `b got ${picks.b}, a ${picks.a}`);
      assert.ok(times.b![0]! <= 90_000, `b was tried first after ${times.b![0]} ms`);
    });

  for (const [what, gap, longest, share] of [
    ['a hundred requests a second', 10, 71_000, 0.002],
    ['a request a second', 1000, 101_000, 0.05],
    ['a request in ten seconds', 10_000, 300_000, 0.06],
    ['a request in two minutes', 120_000, 2_700_000, 0.06],
  ] as const)
    test(`a day of ${what}: a slow endpoint is tried again and again, and costs little`, () => {
      const span = gap < 1000 ? DAY / 12 : DAY;
      const { picks, times } = simulate(threads(4, LATENCY), { a: steady(20, 60), b: steady(200, 400) }, gap, span);
      const gapSeen = longestGap(times.b!, span);
      assert.ok(gapSeen <= longest, `${gapSeen} ms without a request`);
      assert.ok(picks.b! <= share * (picks.a! + picks.b!) + 2, `b got ${picks.b} of ${picks.a! + picks.b!}`);
      for (let i = 2; i < times.b!.length; i++)
        assert.ok(times.b![i]! - times.b![i - 2]! >= 10_000, 'two in ten seconds');
    });

  test('an endpoint that becomes the faster one takes over, whichever it is, within two minutes', () => {
    const swap = 3_600_000;
    const a: Behaviour = (at) => ({ warm: at < swap ? 20 : 300, cold: 500 });
    const { times } = simulate(threads(4, LATENCY), { a, b: steady(100, 200) }, 100, 2 * swap);
    const late = (name: string) => times[name]!.filter((at) => at > swap + 120_000).length;
    assert.ok(late('b') > 30 * late('a'), `b ${late('b')}, a ${late('a')}`);
    assert.ok(times.b!.filter((at) => at < swap).length < 0.01 * (swap / 100));
  });

  test('an endpoint that only fails, however fast, loses its requests within minutes; refused ones teach nothing', () => {
    for (const status of [500, 401, 429]) {
      const a: Behaviour = (at) => ({ warm: at < 600_000 ? 20 : 1, cold: 1, status: at < 600_000 ? 200 : status });
      const { times } = simulate(threads(4, LATENCY), { a, b: steady(100, 200) }, 100, 3_600_000);
      const late = times.a!.filter((at) => at > 600_000 + 90_000);
      assert.ok(late.length <= 292, `${status}: ${late.length} after it was forgotten: one in ten seconds`);
    }
  });

  test('where no endpoint keeps connections, the nearer one is preferred all the same', () => {
    const { picks } = simulate(threads(2, LATENCY), { a: steady(20, 60), b: steady(200, 400) }, 61_000, DAY);
    assert.ok(picks.a! > 0.9 * (picks.a! + picks.b!), `a got ${picks.a}, b ${picks.b}`);
  });

  test('an endpoint that never answers is asked seldom, though nothing is known of it', () => {
    const [upstream] = threads(1, LATENCY);
    const [a] = upstream!.endpoints;
    let unanswered = 0;
    for (let at = 0; at < 600_000; at += 100) {
      const chosen = choose(upstream!, upstream!.endpoints.slice(), CLIENT, () => 0.5, T0 + at)!;
      if (chosen === a) a.state.observe(20, T0 + at);
      else if (a!.state.latency() > 0) unanswered++;
      else a!.state.observe(20, T0 + at);
    }
    assert.ok(unanswered > 0 && unanswered <= 61, `${unanswered}`);
  });

  test('asking without a clock explores nothing', () => {
    const [upstream] = threads(1, LATENCY);
    const [a, b] = upstream!.endpoints;
    a!.state.observe(20, T0);
    for (let i = 0; i < 100; i++)
      assert.equal(
        choose(upstream!, [a!, b!], CLIENT, () => 0),
        a,
      );
    assert.equal(
      choose(upstream!, [a!, b!], CLIENT, () => 0, T0),
      b,
    );
  });

  test('no request fails, leaves its region or goes to weight 0 for an exploration', () => {
    const eu = endpointPlan('up', 'eu', { region: 'eu' });
    const us = endpointPlan('up', 'us', { region: 'us' });
    const none = endpointPlan('up', 'none', { region: 'eu', weight: 0 });
    for (const steps of [
      ['region', 'latency'],
      ['latency', 'region'],
      ['latency', 'region', 'weight'],
    ] as const) {
      const [upstream] = threads(1, { choose: steps, endpoints: [eu, us, none] });
      const client = { ...CLIENT, region: 'eu' };
      for (let at = 0; at < 300_000; at += 100) {
        upstream!.endpoints[0]!.state.observe(20, T0 + at);
        const chosen = choose(upstream!, upstream!.endpoints.slice(), client, () => 0, T0 + at);
        assert.equal(chosen?.plan.name, 'eu', `${steps} after ${at} ms`);
      }
    }
  });
});

describe('Retry-After of our own', () => {
  const BREAKER = {
    window: 60_000,
    minRequests: 1,
    failureRate: 0.5,
    openFor: 30_000,
    probes: 1,
    failures: ['5xx'],
  } as const;
  const HEALTH = { path: '/', every: 5000, timeout: 1000, healthy: 2, unhealthy: 3, panic: 0 };
  const eu = endpointPlan('up', 'eu', { region: 'eu' });
  const us = endpointPlan('up', 'us', { region: 'us' });
  const one = (endpoints: EndpointPlan[], more: Partial<UpstreamPlan> = {}): Upstream =>
    threads(1, { breaker: BREAKER, choose: ['region', 'weight'], endpoints, ...more })[0]!;

  test('a probe under way is waited for as long as answers take, and no longer than its lease', () => {
    const upstream = one([eu]);
    const { breaker, state } = upstream.endpoints[0]!;
    breaker!.force('halfOpen', T0);
    breaker!.enter(T0);
    assert.equal(retryAfter(upstream, 'eu', T0), 1000);
    state.observe(4000, T0);
    assert.equal(retryAfter(upstream, 'eu', T0), 4000);
    state.observe(400_000, T0 + 1_000_000);
    assert.equal(
      breaker!.retryAfter(T0 + 1000),
      3000,
      'the lease: connect, TLS handshake, send and first byte, up to total',
    );
  });

  test('is that of endpoints that may take this client’s requests', () => {
    const upstream = one([eu, us]);
    upstream.endpoints[0]!.breaker!.force('open', T0);
    upstream.endpoints[1]!.breaker!.force('open', T0 - 25_000);
    assert.equal(retryAfter(upstream, 'eu', T0), 30_000);
    assert.equal(retryAfter(upstream, 'us', T0), 5000);
    const falls = one([eu, us], { fallback: ['us'] });
    falls.endpoints[0]!.breaker!.force('open', T0);
    falls.endpoints[1]!.breaker!.force('open', T0 - 25_000);
    assert.equal(retryAfter(falls, 'eu', T0), 5000);
  });

  test('an unhealthy endpoint may be back after its next probe', () => {
    const upstream = one([eu, endpointPlan('up', 'eu2', { region: 'eu' })], { health: HEALTH });
    upstream.endpoints[0]!.breaker!.force('open', T0);
    upstream.endpoints[1]!.state.setHealthy(false);
    assert.equal(retryAfter(upstream, 'eu', T0), 5000);
    assert.equal(retryAfter(one([eu], { breaker: null, health: HEALTH }), 'eu', T0), 5000);
    assert.equal(retryAfter(one([eu], { breaker: null }), 'eu', T0), 1000);
  });
});
