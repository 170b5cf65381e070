/** `match` of a route: hosts, path, headers and countries checked and brought into one form. */
import { isFieldName } from '../fields/line.ts';
import { parsePattern } from '../match/pattern.ts';
import { normalHost } from '../net/host.ts';
import type { MatchPlan } from '../types/plan.ts';
import { HEADER_NAMES } from './bodies.ts';
import { type ProblemList, quotable, type Spot } from './problems.ts';
import { checkCountry } from './regions.ts';
import type { RawRoute } from './schema/routes.ts';
import { keyAt, type SectionEntry, valueAt } from './sections.ts';

/** One text or a list of them, with the place of each. */
function listOf(entry: SectionEntry, key: string, written: string | readonly string[]): { text: string; spot: Spot }[] {
  if (typeof written === 'string') return [{ text: written, spot: valueAt(entry, ['match', key]) }];
  return written.map((text, i) => ({ text, spot: valueAt(entry, ['match', key, i]) }));
}

export function resolveMatch(entry: SectionEntry, raw: RawRoute['match'], problems: ProblemList): MatchPlan {
  const { host = '*', path = '/**', methods = [], headers = {}, country = [] } = raw ?? {};
  const hosts = listOf(entry, 'host', host);
  for (const { text, spot } of hosts) checkHost(text, spot, problems);
  const countries = listOf(entry, 'country', country);
  for (const { text, spot } of countries) checkCountry(text, spot, problems);
  checkPath(path, valueAt(entry, ['match', 'path']), problems);
  return {
    hosts: [...new Set(hosts.map(({ text }) => hostPattern(text) ?? text))],
    path,
    methods,
    headers: resolveHeaders(entry, headers, problems),
    countries: countries.map(({ text }) => text),
  };
}

const LABELS = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;

/** A host pattern in the normal form that requests are matched in, or null where it is none. */
function hostPattern(written: string): string | null {
  if (written === '*') return written;
  const below = written.startsWith('*.');
  const host = normalHost(below ? written.slice(2) : written);
  if (host === null || !(LABELS.test(host) || (!below && host.startsWith('[')))) return null;
  return below ? `*.${host}` : host;
}

function checkHost(host: string, spot: Spot, problems: ProblemList): void {
  if (hostPattern(host) !== null) return;
  const quoted = quotable(host, spot);
  problems.error(spot, 'bad-host', `\`${quoted}\` is not a host pattern`, hostHint(quoted));
}

function hostHint(host: string): string {
  if (/:\d+$/.test(host)) return 'leave out the port: every listener is matched';
  if (host.includes('/')) return 'write the host alone, without scheme and path';
  if (host.includes('*')) return '`*` must be alone, or the first label as in *.example.com';
  return 'write it like api.example.com, *.example.com or *';
}

function checkPath(path: string, spot: Spot, problems: ProblemList): void {
  const pattern = parsePattern(path);
  if (!('problem' in pattern)) return;
  const hint = 'write it like /v1/messages, /v1/models/:id, /v1/* or /v1/**';
  problems.error(spot, 'bad-path', `\`${path}\`: ${pattern.problem}`, hint);
}

function resolveHeaders(
  entry: SectionEntry,
  headers: Readonly<Record<string, string>>,
  problems: ProblemList,
): Readonly<Record<string, string>> {
  const lower: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const spot = keyAt(entry, ['match', 'headers', name]);
    if (!isFieldName(name))
      problems.error(spot, 'bad-header', `\`${name}\` cannot be the name of a header`, HEADER_NAMES);
    else if (name.toLowerCase() in lower)
      problems.error(spot, 'bad-header', `\`${name}\` appears twice, in different cases`, 'keep one of them');
    lower[name.toLowerCase()] = value;
  }
  return lower;
}
