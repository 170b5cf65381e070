/** Choosing within levels: the same endpoint as a walk over all of them finds, and no look at the others. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Registry } from '../../metrics/registry.ts';
import type { EndpointState } from '../../state/endpoint.ts';
import { endpointPlan, FakeForwarder, SILENT, upstreamPlan } from '../../testing/fakes.ts';
import fc from '../../testing/property.ts';
import type { BreakerPlan, ChooseStep, UpstreamPlan } from '../../types/plan.ts';
import { choose, usable, usableAnywhere } from './choose.ts';
import { type Endpoint, Upstream } from './upstream.ts';

const T0 = 1_700_000_000_000;
const REGIONS = ['', 'eu', 'us', 'asia'] as const;
const STEPS = ['region', 'latency', 'leastBusy', 'hash', 'weight'] as const satisfies readonly ChooseStep[];
const BREAKER: BreakerPlan = {
  window: 60_000,
  minRequests: 1,
  failureRate: 0.5,
  openFor: 30_000,
  probes: 1,
  failures: ['5xx'],
};

function upstreamOf(more: Partial<UpstreamPlan>): Upstream {
  return new Upstream(upstreamPlan('up', more), {
    thread: 1,
    threads: 1,
    meters: new Registry(),
    log: SILENT,
    zone: (_identity, bytes) => new SharedArrayBuffer(bytes),
    forwarder: () => new FakeForwarder(),
  });
}

const endpointCase = fc.record({
  region: fc.constantFrom(...REGIONS),
  weight: fc.constantFrom(0, 1, 3),
  healthy: fc.boolean(),
  breaker: fc.constantFrom('closed', 'closed', 'open', 'halfOpen'),
  busy: fc.nat(2),
  latency: fc.constantFrom(0, 5, 6, 50),
  tried: fc.constantFrom(false, false, true),
});

const worldCase = fc.record({
  endpoints: fc.array(endpointCase, { minLength: 1, maxLength: 8 }),
  steps: fc.uniqueArray(fc.constantFrom(...STEPS), { maxLength: 4 }),
  regionFirst: fc.boolean(),
  fallback: fc.uniqueArray(fc.constantFrom('eu', 'us', 'asia', 'empty'), { maxLength: 3 }),
  panic: fc.constantFrom(0, 0.5, 1),
  region: fc.constantFrom('', 'eu', 'us', 'nowhere'),
  address: fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3'),
});

type World = typeof worldCase extends fc.Arbitrary<infer T> ? T : never;

/** The same state each time that it is built. */
function build({ endpoints, steps, regionFirst, fallback, panic }: World) {
  const order = regionFirst ? (['region', ...steps.filter((step) => step !== 'region')] as const) : steps;
  const upstream = upstreamOf({
    endpoints: endpoints.map(({ region, weight }, i) => endpointPlan('up', `e${i}`, { region, weight })),
    choose: order,
    fallback,
    breaker: BREAKER,
    health: { path: '/', every: 5000, timeout: 1000, healthy: 2, unhealthy: 3, panic },
  });
  endpoints.forEach(({ healthy, breaker, busy, latency }, i) => {
    const endpoint = upstream.endpoints[i]!;
    endpoint.state.setHealthy(healthy);
    if (breaker !== 'closed') endpoint.breaker!.force(breaker as 'open' | 'halfOpen', T0);
    if (breaker === 'halfOpen' && busy > 0) endpoint.breaker!.enter(T0);
    for (let n = 0; n < busy; n++) endpoint.state.started();
    if (latency > 0) endpoint.state.observe(latency, T0 - 120_000);
  });
  return { upstream, tried: upstream.endpoints.filter((_, i) => endpoints[i]!.tried) };
}

function may({ plan }: Endpoint, { plan: { choose } }: Upstream, region: string): boolean {
  return !choose.includes('region') || plan.region === region || plan.region === '';
}

/** What may be tried, as the rules say it: every endpoint looked at, every level counted anew. */
function naiveUsable(upstream: Upstream, tried: readonly Endpoint[], region: string): Endpoint[] {
  const free = (e: Endpoint) => e.breaker!.available(T0) && !tried.includes(e);
  const out = upstream.endpoints.filter((e) => e.state.healthy() && free(e));
  const panic = upstream.plan.health!.panic;
  if (panic === 0) return out;
  const all = upstream.plan.choose.includes('region') ? [region, ...upstream.plan.fallback] : [''];
  const used = all.find((level) => out.some((e) => may(e, upstream, level)));
  for (const level of used === undefined ? all : [used]) {
    const members = upstream.endpoints.filter((e) => may(e, upstream, level));
    const counted = members.filter((e) => e.state.healthy() || e.plan.weight > 0);
    const healthy = counted.filter((e) => e.state.healthy());
    if (counted.length === 0 || healthy.length >= counted.length * panic) continue;
    const added = members.filter((e) => !e.state.healthy() && e.plan.weight > 0 && free(e));
    if (added.length > 0) return [...out, ...added];
  }
  return out;
}

/** What the `region` step leaves. */
function naiveRegion(upstream: Upstream, from: readonly Endpoint[], region: string): readonly Endpoint[] {
  for (const level of [region, ...upstream.plan.fallback]) {
    const members = from.filter((e) => may(e, upstream, level));
    if (members.length > 0) return members;
  }
  return [];
}

const names = (endpoints: readonly Endpoint[]): string[] => endpoints.map(({ plan }) => plan.name);

describe('against a walk over all endpoints', () => {
  test('the same are usable, in the same order', () => {
    fc.assert(
      fc.property(worldCase, (world) => {
        const { upstream, tried } = build(world);
        const naive = naiveUsable(upstream, tried, world.region);
        assert.deepEqual(names(usableAnywhere(upstream, tried, T0, world.region)), names(naive));
        const found = usable(upstream, tried, T0, world.region);
        if (upstream.plan.choose[0] !== 'region') return assert.deepEqual(names(found), names(naive));
        const left = naiveRegion(upstream, naive, world.region);
        assert.deepEqual(names(naiveRegion(upstream, found, world.region)), names(left));
      }),
      { numRuns: 2000 },
    );
  });

  test('the same is chosen, by the same chance, and the same are explored', () => {
    fc.assert(
      fc.property(
        worldCase,
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 5 }),
        (world, dice) => {
          const client = { address: world.address, country: '', continent: '', region: world.region };
          const picks = [
            usable,
            (up: Upstream, tried: readonly Endpoint[]) => naiveUsable(up, tried, world.region),
          ].map((from) => {
            const { upstream, tried } = build(world);
            return dice.map((die, i) => {
              const now = T0 + i * 11_000;
              return choose(upstream, from(upstream, tried, T0, world.region), client, () => die, now)?.plan.name;
            });
          });
          assert.deepEqual(picks[0], picks[1]);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a thousand regions', () => {
  const endpoints = Array.from({ length: 1000 }, (_, i) => endpointPlan('up', `e${i}`, { region: `r${i}` }));
  const build1000 = (more: Partial<UpstreamPlan> = {}) => {
    const upstream = upstreamOf({ endpoints, choose: ['region'], fallback: ['r0'], breaker: BREAKER, ...more });
    const asked: string[] = [];
    for (const { plan, state } of upstream.endpoints) {
      const healthy = state.healthy.bind(state);
      (state as { healthy: EndpointState['healthy'] }).healthy = () => {
        asked.push(plan.name);
        return healthy();
      };
    }
    return { upstream, asked };
  };

  test('only the endpoints of the client’s region are looked at', () => {
    const { upstream, asked } = build1000();
    assert.deepEqual(names(usable(upstream, [], T0, 'r500')), ['e500']);
    assert.deepEqual(names(usable(upstream, [], T0, 'nowhere')), ['e0']);
    assert.deepEqual(asked, ['e500', 'e0']);
  });

  test('behind the own region those of its fallbacks, one after the other', () => {
    const { upstream, asked } = build1000({ fallback: ['r1', 'r2', 'r3'] });
    const [, one] = upstream.endpoints;
    one!.breaker!.force('open', T0);
    assert.deepEqual(names(usable(upstream, [upstream.endpoints[7]!], T0, 'r7')), ['e2']);
    assert.deepEqual(asked, ['e7', 'e1', 'e2']);
  });

  test('where all of a level are usable its list is the one that was made with the upstream', () => {
    const { upstream } = build1000();
    assert.equal(usable(upstream, [], T0, 'r5'), usable(upstream, [], T0, 'r5'));
  });
});
