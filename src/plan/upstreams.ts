/** The section `upstreams`, and the upstreams that exist because a policy names a URL. */
import type {
  BreakerPlan,
  ChooseStep,
  EndpointPlan,
  HealthPlan,
  PoolPlan,
  RetryPlan,
  TimeoutsPlan,
  UpstreamPlan,
} from '../types/plan.ts';
import { parseDuration, parsePercent } from '../units.ts';
import type { ProblemList, Spot } from './problems.ts';
import { parseDurationRange } from './schema/units.ts';
import type { RawUpstream } from './schema/upstreams.ts';
import { checkName, keyAt, type MergedRules, type SectionEntry, soundEntries, valueAt } from './sections.ts';
import { parseEndpointUrl, type UrlParts } from './urls.ts';

/** Milliseconds of a text that the schema has checked. */
const ms = (text: string): number => parseDuration(text) ?? 0;
const fraction = (text: string): number => parsePercent(text) ?? 0;

/** Resolves the upstreams as written. */
export function resolveUpstreams(rules: MergedRules, problems: ProblemList): UpstreamPlan[] {
  return soundEntries(rules.sections.upstreams).map((entry) => resolveUpstream(entry, rules, problems));
}

function resolveUpstream(entry: SectionEntry, rules: MergedRules, problems: ProblemList): UpstreamPlan {
  const raw = entry.node.value as RawUpstream;
  const endpoints = resolveEndpoints(entry, raw, rules, problems);
  const fallback = raw.fallback ?? [];
  fallback.forEach((name, i) => {
    checkName(rules, 'regions', name, valueAt(entry, ['fallback', i]), problems);
  });
  if (raw.forwarder === 'http-proxy' && raw.pool?.http2) {
    const hint = 'leave out http2, or use forwarder: http';
    problems.error(keyAt(entry, ['pool', 'http2']), 'http2-forwarder', 'http-proxy does not speak HTTP/2', hint);
  }
  return {
    name: entry.name,
    protocol: raw.protocol ?? 'generic',
    forwarder: raw.forwarder ?? 'http',
    endpoints,
    choose: raw.choose ?? defaultChoose(endpoints),
    fallback,
    pool: resolvePool(raw.pool),
    timeouts: resolveTimeouts(raw.timeouts),
    breaker: raw.breaker ? resolveBreaker(raw.breaker) : null,
    retry: raw.retry ? resolveRetry(raw.retry) : null,
    health: raw.health ? resolveHealth(raw.health) : null,
    place: entry.place,
  };
}

function defaultChoose(endpoints: readonly EndpointPlan[]): ChooseStep[] {
  return endpoints.some((endpoint) => endpoint.region !== '') ? ['region', 'weight'] : ['weight'];
}

function resolveEndpoints(
  entry: SectionEntry,
  raw: RawUpstream,
  rules: MergedRules,
  problems: ProblemList,
): EndpointPlan[] {
  const endpoints: EndpointPlan[] = [];
  for (const [name, { url, region = '', weight = 1 }] of Object.entries(raw.endpoints)) {
    const path = ['endpoints', name];
    if (region !== '') checkName(rules, 'regions', region, valueAt(entry, [...path, 'region']), problems);
    const parts = checkUrl(url, valueAt(entry, [...path, 'url']), problems);
    const spot = keyAt(entry, path);
    const place = spot.source.place(spot.offset);
    if (parts) endpoints.push({ name, ...idOf(entry.name, name), region, ...parts, weight, place });
  }
  if (endpoints.length > 0 && Object.values(raw.endpoints).every(({ weight = 1 }) => weight === 0)) {
    const message = `all endpoints of \`${entry.name}\` have weight 0, so none would be chosen`;
    problems.error(keyAt(entry, ['endpoints']), 'zero-weights', message, 'give one of them a weight above 0');
  }
  return endpoints;
}

function idOf(upstream: string, name: string): { id: string; upstream: string } {
  return { id: `${upstream}/${name}`, upstream };
}

function checkUrl(url: string, spot: Spot, problems: ProblemList): UrlParts | null {
  const parts = parseEndpointUrl(url);
  if (!('problem' in parts)) return parts;
  problems.error(spot, 'bad-url', parts.problem, parts.hint);
  return null;
}

function resolvePool(raw: RawUpstream['pool'] = {}): PoolPlan {
  return {
    connections: raw.connections ?? 4096,
    queue: { max: raw.queue?.max ?? 1024, wait: ms(raw.queue?.wait ?? '10s') },
    idle: ms(raw.idle ?? '30s'),
    connect: ms(raw.connect ?? '1s'),
    tlsHandshake: ms(raw.tlsHandshake ?? '5s'),
    http2: raw.http2 ?? false,
  };
}

function resolveTimeouts(raw: RawUpstream['timeouts'] = {}): TimeoutsPlan {
  return {
    send: ms(raw.send ?? '30s'),
    firstByte: ms(raw.firstByte ?? '60s'),
    idle: ms(raw.idle ?? '60s'),
    total: ms(raw.total ?? '10m'),
  };
}

function resolveBreaker(raw: NonNullable<RawUpstream['breaker']>): BreakerPlan {
  return {
    window: ms(raw.window ?? '60s'),
    minRequests: raw.minRequests ?? 10,
    failureRate: fraction(raw.failureRate ?? '50%'),
    openFor: ms(raw.openFor ?? '60s'),
    probes: raw.probes ?? 1,
    failures: raw.failures ?? ['connect', 'timeout', 'truncated', '5xx'],
  };
}

function resolveRetry(raw: NonNullable<RawUpstream['retry']>): RetryPlan {
  const [backoffMin, backoffMax] = parseDurationRange(raw.backoff ?? '500ms..5s') ?? [0, 0];
  return {
    attempts: raw.attempts ?? 3,
    on: raw.on ?? ['connect', 'busy', 429, 502, 503, 504, 529],
    backoffMin,
    backoffMax,
    budget: fraction(raw.budget ?? '20%'),
    unsafe: raw.unsafe ?? false,
  };
}

function resolveHealth(raw: NonNullable<RawUpstream['health']>): HealthPlan {
  return {
    path: raw.path ?? '/healthz',
    every: ms(raw.every ?? '5s'),
    timeout: ms(raw.timeout ?? '1s'),
    healthy: raw.healthy ?? 2,
    unhealthy: raw.unhealthy ?? 3,
    panic: raw.panic === 'off' ? 0 : fraction(raw.panic ?? '50%'),
  };
}

/** The upstream of a URL that a policy names: one endpoint called `url`, of no region, with every default. */
export function urlUpstream(name: string, url: string, spot: Spot, problems: ProblemList): UpstreamPlan | null {
  const parts = checkUrl(url, spot, problems);
  if (!parts) return null;
  const place = spot.source.place(spot.offset);
  return {
    name,
    protocol: 'generic',
    forwarder: 'http',
    endpoints: [{ name: 'url', ...idOf(name, 'url'), region: '', ...parts, weight: 1, place }],
    choose: ['weight'],
    fallback: [],
    pool: resolvePool(),
    timeouts: resolveTimeouts(),
    breaker: null,
    retry: null,
    health: null,
    place,
  };
}
