/** Networks whose country people know better than any database: offices, partners, test ranges. */
import { type Address, networkOf, parseAddress, parseCidr } from '../net/address.ts';
import { CONTINENT_OF } from './continents.ts';

/** One line of the file that cannot be used. Lines start at 1. */
export interface OverrideProblem {
  readonly line: number;
  readonly message: string;
}

/** Networks of one version and prefix length: network → country. */
interface Level {
  readonly version: 4 | 6;
  readonly prefix: number;
  readonly countries: Map<number | string, string>;
}

const keyOf = (network: Address): number | string => (typeof network === 'number' ? network : network.join());

/** Compiled overrides; immutable. Lookups cost a hash per prefix length in use, so callers cache them. */
export class Overrides {
  readonly #levels: readonly Level[];
  /** How many networks there are. */
  readonly size: number;

  /** Entries must not repeat a network. */
  constructor(entries: readonly { readonly cidr: string; readonly country: string }[] = []) {
    const levels = new Map<string, Level>();
    for (const { cidr, country } of entries) {
      const parsed = parseCidr(cidr);
      if (!parsed) throw new TypeError(`not a network: ${cidr}`);
      const { version, prefix, address } = parsed;
      const name = `${version}/${prefix}`;
      const level = levels.get(name) ?? { version, prefix, countries: new Map() };
      levels.set(name, level);
      level.countries.set(keyOf(address), country);
    }
    this.#levels = [...levels.values()].sort((a, b) => b.prefix - a.prefix);
    this.size = entries.length;
  }

  /** Country of the longest network that holds `address`, or ''. */
  country(address: string): string {
    const parsed = this.size === 0 ? null : parseAddress(address);
    if (parsed === null) return '';
    const version = typeof parsed === 'number' ? 4 : 6;
    for (const level of this.#levels) {
      if (level.version !== version) continue;
      const country = level.countries.get(keyOf(networkOf(parsed, level.prefix)));
      if (country !== undefined) return country;
    }
    return '';
  }
}

/**
 * Reads `cidr,country` lines. `#` starts a comment, empty lines and a first line `cidr,country` are skipped, country
 * codes may be in lower case. A line with a problem is left out of `overrides`; whoever calls decides whether the rest
 * may be used. One network with two countries is a problem, the same line twice is not.
 */
export function parseOverrides(text: string): { overrides: Overrides; problems: OverrideProblem[] } {
  const problems: OverrideProblem[] = [];
  const seen = new Map<string, { line: number; country: string }>();
  const entries: { cidr: string; country: string }[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  lines.forEach((raw, index) => {
    const line = index + 1;
    const content = raw.split('#', 1)[0]!.trim();
    if (content === '' || (line === 1 && content.toLowerCase() === 'cidr,country')) return;
    const entry = parseLine(content);
    if (typeof entry === 'string') {
      problems.push({ line, message: entry });
      return;
    }
    const before = seen.get(entry.key);
    if (before) {
      if (before.country !== entry.country)
        problems.push({ line, message: `${entry.cidr} is already ${before.country} in line ${before.line}` });
      return;
    }
    seen.set(entry.key, { line, country: entry.country });
    entries.push(entry);
  });
  return { overrides: new Overrides(entries), problems };
}

/** The entry, or what is wrong with the line. */
function parseLine(content: string): { cidr: string; country: string; key: string } | string {
  const fields = content.split(',');
  if (fields.length !== 2) return `expected "cidr,country", found ${shown(content)}`;
  const cidr = fields[0]!.trim();
  const country = fields[1]!.trim().toUpperCase();
  const parsed = parseCidr(cidr);
  if (!parsed) return `${shown(cidr)} is no network such as 192.0.2.0/24 or 2001:db8::/32`;
  if (CONTINENT_OF[country] === undefined) return `${shown(country)} is no ISO 3166-1 alpha-2 country code`;
  return { cidr, country, key: `${parsed.version}/${parsed.prefix}/${keyOf(parsed.address)}` };
}

/** For messages: quoted, and truncated in case the wrong file is configured. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
