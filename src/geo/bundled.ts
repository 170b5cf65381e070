/** The country database that comes with Weir. */
import { createRequire } from 'node:module';

/**
 * Absolute path of the bundled database (IPv4 and IPv6), wherever npm put the package.
 * @throws {Error} where the package is not installed
 */
export function bundledDatabase(): string {
  return createRequire(import.meta.url).resolve(
    '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb',
  );
}
