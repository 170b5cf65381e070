/** The section `regions`. */
import { CONTINENT_OF } from '../geo/continents.ts';
import type { RegionPlan } from '../types/plan.ts';
import { type ProblemList, quotable, type Spot } from './problems.ts';
import type { RawRegion } from './schema/regions.ts';
import { elsewhere, keyAt, keyOf, type MergedRules, type SectionEntry, soundEntries, valueAt } from './sections.ts';
import { nearest } from './suggest.ts';

const CONTINENTS = ['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'] as const;

/** Who has claimed what so far. */
interface Claims {
  readonly countries: Map<string, Spot>;
  readonly continents: Map<string, Spot>;
  default: SectionEntry | null;
}

/** Resolves the regions; no country or continent belongs to two. */
export function resolveRegions(rules: MergedRules, problems: ProblemList): RegionPlan[] {
  const claims: Claims = { countries: new Map(), continents: new Map(), default: null };
  return soundEntries(rules.sections.regions).map((entry) => resolveRegion(entry, claims, problems));
}

function resolveRegion(entry: SectionEntry, claims: Claims, problems: ProblemList): RegionPlan {
  const { countries = [], continents = [], default: isDefault = false } = entry.node.value as RawRegion;
  countries.forEach((code, i) => {
    const spot = valueAt(entry, ['countries', i]);
    if (checkCountry(code, spot, problems)) claim(claims.countries, 'country', code, spot, problems);
  });
  continents.forEach((code, i) => {
    const spot = valueAt(entry, ['continents', i]);
    if (checkContinent(code, spot, problems)) claim(claims.continents, 'continent', code, spot, problems);
  });
  if (isDefault) claimDefault(entry, claims, problems);
  return { name: entry.name, countries, continents, default: isDefault, place: entry.place };
}

function claim(claims: Map<string, Spot>, what: string, code: string, spot: Spot, problems: ProblemList): void {
  const first = claims.get(code);
  if (!first) {
    claims.set(code, spot);
    return;
  }
  const message = `the ${what} ${quotable(code, spot)} belongs to two regions: here and at ${elsewhere(first.source.place(first.offset), spot.source)}`;
  problems.error(spot, 'overlapping-regions', message, 'keep one of them');
}

function claimDefault(entry: SectionEntry, claims: Claims, problems: ProblemList): void {
  if (!claims.default) {
    claims.default = entry;
    return;
  }
  const { name, place } = claims.default;
  const message = `\`${entry.name}\` is a default region, and so is \`${name}\` at ${elsewhere(place, entry.source)}`;
  problems.error(keyAt(entry, ['default']), 'several-defaults', message, 'one region at most can be the default');
}

/** Reports a country that does not exist. */
export function checkCountry(code: string, spot: Spot, problems: ProblemList): boolean {
  if (CONTINENT_OF[code] !== undefined) return true;
  const quoted = quotable(code, spot);
  problems.error(spot, 'unknown-country', `there is no country \`${quoted}\``, countryHint(quoted));
  return false;
}

function countryHint(code: string): string {
  if (CONTINENT_OF[code.toUpperCase()] !== undefined) return `write it in upper case: ${code.toUpperCase()}`;
  if (code.toUpperCase() === 'UK') return 'did you mean `GB`?';
  if (code.toUpperCase() === 'EU') return 'EU is a continent here: list it under `continents`';
  return 'use ISO 3166-1 alpha-2 codes, such as DE or US';
}

function checkContinent(code: string, spot: Spot, problems: ProblemList): boolean {
  if ((CONTINENTS as readonly string[]).includes(code)) return true;
  const quoted = quotable(code, spot);
  const near = nearest(quoted, CONTINENTS);
  const hint = near?.toLowerCase() === quoted.toLowerCase() ? `write it in upper case: ${near}` : '';
  const listed = `continents: ${CONTINENTS.join(', ')}`;
  problems.error(spot, 'unknown-continent', `there is no continent \`${quoted}\``, hint || listed);
  return false;
}

/** Clients from elsewhere have no region, and upstreams that choose by it then offer them whatever is left. */
export function checkDefaultRegion(rules: MergedRules, plans: readonly RegionPlan[], problems: ProblemList): void {
  if (!rules.sound || plans.length === 0 || plans.some((region) => region.default)) return;
  const [first] = rules.sections.regions.values();
  const message = 'no region is the default, but upstreams choose by region';
  problems.warning(keyOf(first!), 'no-default-region', message, 'write `default: true` in one of them');
}
