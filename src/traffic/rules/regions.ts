/** From a client's address to the region it belongs to. */
import { CONTINENT_OF } from '../../geo/continents.ts';
import { Logged } from '../../log/json-bytes.ts';
import type { RegionPlan } from '../../types/plan.ts';
import type { Client } from '../../types/policy.ts';
import { hash32 } from './choose.ts';

/** Countries beat continents, both beat the default; '' where nothing says so. */
export function compileRegions(regions: readonly RegionPlan[]): (country: string) => string {
  const byCountry = new Map<string, string>();
  const byContinent = new Map<string, string>();
  let fallback = '';
  for (const region of regions) {
    for (const country of region.countries) byCountry.set(country, region.name);
    for (const continent of region.continents) byContinent.set(continent, region.name);
    if (region.default) fallback = region.name;
  }
  return (country) => byCountry.get(country) ?? byContinent.get(CONTINENT_OF[country] ?? '') ?? fallback;
}

/** Clients remembered by one thread: a power of two. Two whose addresses share a slot take turns in it. */
const SLOTS = 8192;

/** A client, and how the access log writes it. */
export interface KnownClient extends Client {
  readonly logged: Logged;
}

/** What is known of clients, by address: one that comes back costs a hash and a comparison. */
export class ClientDirectory {
  /** Stands where no client is known yet. */
  readonly nobody: KnownClient = known('', '', '', '');
  readonly #regionOf: (country: string) => string;
  #countryOf: (address: string) => string;
  readonly #known = new Array<KnownClient | null>(SLOTS).fill(null);

  constructor(regions: readonly RegionPlan[], countryOf: (address: string) => string) {
    this.#regionOf = compileRegions(regions);
    this.#countryOf = countryOf;
  }

  /** Forgets what an older country database said. */
  useGeo(countryOf: (address: string) => string): void {
    this.#countryOf = countryOf;
    this.#known.fill(null);
  }

  get(address: string): KnownClient {
    const slot = hash32(address) & (SLOTS - 1);
    const known = this.#known[slot]!;
    if (known !== null && known.address === address) return known;
    const client = this.describe(address, this.#countryOf(address));
    this.#known[slot] = client;
    return client;
  }

  /** A client of a country that is given, not looked up: `weir test` and `explain` say it outright. */
  describe(address: string, country: string): KnownClient {
    return known(address, country, CONTINENT_OF[country] ?? '', this.#regionOf(country));
  }
}

function known(address: string, country: string, continent: string, region: string): KnownClient {
  return Object.freeze({ address, country, continent, region, logged: new Logged() });
}
