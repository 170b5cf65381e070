/** Client addresses for the load: spread over the whole IPv4 space, each with the region that must serve it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Reader, type Response } from 'maxmind';
import type { Client } from './requests.ts';
import { COUNTRY_REGION, DEFAULT_REGION } from './rules.ts';

/** The country database that npm brings along; every subject with rules reads this one. */
export const DATABASE = createRequire(import.meta.url).resolve(
  '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb',
);

/** `count` public addresses, the same on every run, in about the proportions of the address space. */
export function makeClients(count: number): Client[] {
  const reader = new Reader<Response & { country_code?: string }>(readFileSync(DATABASE));
  const clients: Client[] = [];
  for (let seed = 1; clients.length < count; seed++) {
    const bits = scramble(seed);
    const address = [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
    const country = reader.get(address)?.country_code;
    if (country) clients.push({ address, region: COUNTRY_REGION[country] ?? DEFAULT_REGION });
  }
  return clients;
}

/** A 32-bit mix (murmur3's finaliser): neighbouring seeds give unrelated addresses. */
function scramble(seed: number): number {
  let h = Math.imul(seed, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
