/** The card's five rules in numbers: what every subject with rules is set up with, and what requests are made from. */

/** Endpoint (and upstream group) of each region. */
export const REGIONS = ['us', 'eu', 'asia'] as const;
export type Region = (typeof REGIONS)[number];

/** ISO country → region. Every other country belongs to {@link DEFAULT_REGION}. */
export const COUNTRY_REGION: Readonly<Record<string, Region>> = {
  US: 'us',
  CA: 'us',
  DE: 'eu',
  FR: 'eu',
  NL: 'eu',
  CN: 'asia',
  JP: 'asia',
  SG: 'asia',
};
export const DEFAULT_REGION: Region = 'us';

/** `cidr,country` pairs that beat the database. */
export const OVERRIDES: readonly (readonly [string, string])[] = [
  ['192.0.2.0/24', 'DE'],
  ['198.51.100.0/24', 'JP'],
  ['203.0.113.0/24', 'US'],
];

export const KEY_ID = 'partner-a';
export const SECRET = 'bench-secret-of-a-usual-length-0123456789abcdef';

/** Seconds by which a timestamp may differ. */
export const WINDOW_SECONDS = 300;

/** The path clients ask for and the one the upstream gets. */
export const POST_PATH = '/v1/messages';
export const POST_MAPPED = '/2024-03/messages';
export const GET_PATH = '/v1/user';

/** The breaker opens after this many requests of which half failed. */
export const BREAKER_MIN_REQUESTS = 10;
