/** The country of a client: overrides first, then the database. */
import type { GeoData } from '../types/threads.ts';
import { GeoDatabase } from './database.ts';
import { type Overrides, parseOverrides } from './overrides.ts';

/** Power of two. Clients come back, so most requests find theirs; a stranger costs about a microsecond. */
const SLOTS = 4096;
/** No IP address is longer (RFC 4291 §2.2 with an IPv4 tail and no zone); longer texts are not worth a slot. */
const TEXT_MAX = 45;

/** Immutable but for its cache; a new database or new overrides make a new one. */
export class Geo {
  readonly #database: GeoDatabase | null;
  readonly #overrides: Overrides;
  readonly #addresses: string[] = new Array<string>(SLOTS).fill('');
  readonly #countries: string[] = new Array<string>(SLOTS).fill('');

  constructor(database: GeoDatabase | null, overrides: Overrides) {
    this.#database = database;
    this.#overrides = overrides;
  }

  /** ISO 3166-1 alpha-2 code: the override's, else the database's, else ''. Never throws. */
  lookup(address: string): string {
    if (address.length > TEXT_MAX) return '';
    const slot = slotOf(address);
    if (this.#addresses[slot] === address) return this.#countries[slot]!;
    const country = this.#overrides.country(address) || (this.#database?.country(address) ?? '');
    this.#addresses[slot] = address;
    this.#countries[slot] = country;
    return country;
  }
}

/** FNV-1a over the characters: the low bits of neighbouring addresses must not collide. */
function slotOf(address: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ address.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

/**
 * Opens what the control plane handed out.
 * @throws {Error} where that was not verified: the control plane hands out verified data only
 */
export function geoFrom(data: GeoData): Geo {
  const database = data.database === null ? null : GeoDatabase.open(new Uint8Array(data.database));
  return new Geo(database, parseOverrides(data.overrides).overrides);
}
