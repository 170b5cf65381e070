/** The section `tests`: checked, so that a typo in a test is a problem and not a test that tests nothing. */
import { canonicalAddress } from '../net/address.ts';
import type { TestPlan, UpstreamPlan } from '../types/plan.ts';
import { checkHeaders, resolveBody } from './bodies.ts';
import { type ProblemList, quotable, type Spot } from './problems.ts';
import { checkCountry } from './regions.ts';
import type { RawTest } from './schema/tests.ts';
import { checkName, keyAt, type MergedRules, type SectionEntry, soundEntries, valueAt } from './sections.ts';
import { didYouMean } from './suggest.ts';

/** Resolves the tests; `upstreams` are all there are, those that URLs made included. */
export function resolveTests(
  rules: MergedRules,
  upstreams: readonly UpstreamPlan[],
  problems: ProblemList,
): TestPlan[] {
  const endpoints = upstreams.flatMap((upstream) => upstream.endpoints.map((endpoint) => endpoint.id));
  return soundEntries(rules.sections.tests).map((entry) => {
    const { given = {}, request, expect } = entry.node.value as RawTest;
    checkGiven(entry, given, endpoints, rules, problems);
    checkExpect(entry, expect, endpoints, rules, problems);
    return {
      name: entry.name,
      given: { breakers: {}, ...given },
      request: resolveRequest(entry, request, problems),
      expect: expect as TestPlan['expect'],
      place: entry.place,
    };
  });
}

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

function checkGiven(
  entry: SectionEntry,
  given: NonNullable<RawTest['given']>,
  endpoints: readonly string[],
  rules: MergedRules,
  problems: ProblemList,
): void {
  for (const id of Object.keys(given.breakers ?? {}))
    checkEndpoint(id, keyAt(entry, ['given', 'breakers', id]), endpoints, rules, problems);
  const { now } = given;
  if (now === undefined || (INSTANT.test(now) && !Number.isNaN(Date.parse(now)))) return;
  const hint = 'write it like 2026-01-31T12:00:00Z';
  problems.error(valueAt(entry, ['given', 'now']), 'bad-time', `\`${now}\` is not a time in ISO 8601`, hint);
}

function checkExpect(
  entry: SectionEntry,
  { route, policy, endpoint }: RawTest['expect'],
  endpoints: readonly string[],
  rules: MergedRules,
  problems: ProblemList,
): void {
  const spotOf = (key: string) => valueAt(entry, ['expect', key]);
  if (route !== undefined) checkName(rules, 'routes', route, spotOf('route'), problems);
  if (policy !== undefined) checkName(rules, 'policies', policy, spotOf('policy'), problems);
  if (endpoint !== undefined) checkEndpoint(endpoint, spotOf('endpoint'), endpoints, rules, problems);
}

function checkEndpoint(
  id: string,
  spot: Spot,
  endpoints: readonly string[],
  rules: MergedRules,
  problems: ProblemList,
): void {
  if (endpoints.includes(id) || !rules.sound) return;
  const quoted = quotable(id, spot);
  const hint = didYouMean(quoted, endpoints, 'endpoints');
  problems.error(spot, 'unknown-endpoint', `there is no endpoint \`${quoted}\``, hint);
}

function resolveRequest(entry: SectionEntry, raw: RawTest['request'], problems: ProblemList): TestPlan['request'] {
  const { body, type } = resolveBody(raw, entry, ['request'], problems);
  const headers = raw.headers ?? {};
  checkHeaders(headers, entry, ['request', 'headers'], problems);
  if (raw.host !== undefined) checkHeaders({ host: raw.host }, entry, ['request'], problems);
  if (raw.country !== undefined) checkCountry(raw.country, valueAt(entry, ['request', 'country']), problems);
  return {
    method: raw.method ?? 'GET',
    host: (raw.host ?? 'localhost').toLowerCase(),
    path: raw.path,
    headers: type === '' ? headers : { 'content-type': type, ...headers },
    body,
    address: resolveAddress(entry, raw.address ?? '127.0.0.1', problems),
    country: raw.country ?? '',
  };
}

function resolveAddress(entry: SectionEntry, text: string, problems: ProblemList): string {
  const address = canonicalAddress(text);
  if (address !== null) return address;
  const hint = 'write an IPv4 or IPv6 address, without port';
  problems.error(valueAt(entry, ['request', 'address']), 'bad-address', `\`${text}\` is not an IP address`, hint);
  return text;
}
