/** What shared memory says, as samples: read once, by the main thread, instead of by every thread. */

import type { GeoStatus } from '../geo/source.ts';
import type { Labels, Sample } from '../metrics/series.ts';
import type { BreakerState } from '../state/breaker.ts';
import type { MemoryStoreStats } from '../store/memory.ts';
import { isPanicking, regionsOf } from '../traffic/rules/panic.ts';
import type { RuleSet } from '../traffic/rules/rules.ts';
import type { Upstream } from '../traffic/rules/upstream.ts';

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, halfOpen: 1, open: 2 };

/** Breakers and health of every endpoint, and the levels where health is not asked for, of the rule set in use. `now` in milliseconds since the epoch. */
export function endpointSamples(rules: RuleSet, now: number): Sample[] {
  const samples: Sample[] = [];
  for (const upstream of rules.upstreams.values()) {
    samples.push(...panicSamples(upstream));
    for (const { plan, breaker, state } of upstream.endpoints) {
      const labels = { endpoint: plan.id };
      if (breaker) samples.push(gauge('weir_breaker_state', BREAKER_VALUES[breaker.state(now)], labels));
      samples.push(gauge('weir_endpoint_healthy', state.healthy() ? 1 : 0, labels));
    }
  }
  return samples;
}

function panicSamples(upstream: Upstream): Sample[] {
  if (upstream.plan.health === null) return [];
  return regionsOf(upstream).map((region) => {
    const labels = { upstream: upstream.plan.name, region };
    return gauge('weir_upstream_panic', isPanicking(upstream, region) ? 1 : 0, labels);
  });
}

/** What `/api/v1/status` says of an endpoint. Times in milliseconds. */
export interface EndpointStatus {
  /** '' where the rules give it no breaker. */
  readonly breaker: BreakerState | '';
  /** Until the breaker lets a request through. */
  readonly retryAfter: number;
  /** Results in the breaker's window. */
  readonly successes: number;
  readonly failures: number;
  readonly healthy: boolean;
  readonly inFlight: number;
}

/** Every endpoint of the rule set in use, by id. `now` in milliseconds since the epoch. */
export function endpointStatus({ upstreams }: RuleSet, now: number): Record<string, EndpointStatus> {
  const all: [string, EndpointStatus][] = [];
  for (const { endpoints } of upstreams.values())
    for (const { plan, breaker, state } of endpoints) {
      const { successes, failures } = breaker?.counts(now) ?? { successes: 0, failures: 0 };
      all.push([
        plan.id,
        {
          breaker: breaker?.state(now) ?? '',
          retryAfter: Math.ceil(breaker?.retryAfter(now) ?? 0),
          successes,
          failures,
          healthy: state.healthy(),
          inFlight: state.inFlight(),
        },
      ]);
    }
  return Object.fromEntries(all);
}

/** How full the memory store is. */
export function storeSamples(stats: MemoryStoreStats): Sample[] {
  return Object.entries(stats).flatMap(([table, { used, capacity, refused, evicted }]) => [
    gauge('weir_store_used', used, { table }),
    gauge('weir_store_capacity', capacity, { table }),
    counter('weir_store_refused_total', refused, { table }),
    counter('weir_store_evicted_total', evicted, { table }),
  ]);
}

/** The country database. */
export function geoSamples(status: GeoStatus): Sample[] {
  const samples = [
    gauge('weir_geoip_loaded', status.build === null ? 0 : 1),
    counter('weir_geoip_reloads_total', status.reloads),
    counter('weir_geoip_failures_total', status.failures),
  ];
  if (status.build !== null) samples.push(gauge('weir_geoip_build_timestamp_seconds', Date.parse(status.build) / 1000));
  return samples;
}

export function gauge(family: string, value: number, labels: Labels = {}): Sample {
  return { family, type: 'gauge', labels, values: [value] };
}

export function counter(family: string, value: number, labels: Labels = {}): Sample {
  return { family, type: 'counter', labels, values: [value] };
}
