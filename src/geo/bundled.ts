/** The country database that comes with Weir. */
import { createRequire } from 'node:module';

/** SHA-256 of the bundled database, whose every record the tests have checked. A newer one is checked at the start. */
export const BUNDLED_SHA256 = 'c5f7c0e9bd6a6ccb5a2e9634764544a0d08bd0bd8788b8aedfac87bea184c652';

/**
 * Absolute path of the bundled database (IPv4 and IPv6), wherever npm put the package.
 * @throws {Error} where the package is not installed
 */
export function bundledDatabase(): string {
  return createRequire(import.meta.url).resolve(
    '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb',
  );
}
