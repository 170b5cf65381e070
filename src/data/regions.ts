/** From a client's address to the region it belongs to. */
import { CONTINENT_OF } from '../geo/continents.ts';
import type { RegionPlan } from '../types/plan.ts';
import type { Client } from '../types/policy.ts';

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

/** Addresses remembered by one thread; the directory starts afresh when it is full. */
const CLIENTS_REMEMBERED = 8192;

/** What is known of clients, by address: a client that comes back costs one look-up. */
export class ClientDirectory {
  readonly #regionOf: (country: string) => string;
  #countryOf: (address: string) => string;
  readonly #known = new Map<string, Client>();

  constructor(regions: readonly RegionPlan[], countryOf: (address: string) => string) {
    this.#regionOf = compileRegions(regions);
    this.#countryOf = countryOf;
  }

  /** Forgets what an older country database said. */
  useGeo(countryOf: (address: string) => string): void {
    this.#countryOf = countryOf;
    this.#known.clear();
  }

  get(address: string): Client {
    return this.#known.get(address) ?? this.#learn(address);
  }

  /** A client of a country that is given, not looked up: `weir test` and `explain` say it outright. */
  describe(address: string, country: string): Client {
    return Object.freeze({ address, country, continent: CONTINENT_OF[country] ?? '', region: this.#regionOf(country) });
  }

  #learn(address: string): Client {
    if (this.#known.size >= CLIENTS_REMEMBERED) this.#known.clear();
    const client = this.describe(address, this.#countryOf(address));
    this.#known.set(address, client);
    return client;
  }
}
