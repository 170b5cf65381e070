/**
 * The request fields that a proxy itself must know, told by name without making a string for each: by length and first
 * letter, then octet by octet.
 */

/** Goes upstream as it came. */
export const PASS = 0;
/** Belongs to this hop (RFC 9110 §7.6.1), or is the edge's to answer or the forwarder's to write. */
export const OWN = 1;
export const HOST = 2;
export const CONNECTION = 3;
export const FORWARDED_FOR = 4;
export const FORWARDED_HOST = 5;
export const FORWARDED_PROTO = 6;
export const VIA = 7;
export const REQUEST_ID = 8;
export const MAX_FORWARDS = 9;
/**
 * Says what upstreams believe of a proxy alone: whose request this is, what was asked for, how it came. Dropped, unless
 * the settings let it pass. So are names that CGI and its heirs (WSGI, Rack, PHP) cannot tell from one that is known
 * here, because they read `_` and `-` alike: `Transfer_Encoding`, `X_Forwarded_For`.
 */
export const CLAIM = 10;
/** Of this hop, but for `trailers`, which is true of the client wherever the reply goes on (RFC 9110 §10.1.4). */
export const TE = 11;

/**
 * Every field that begins so is a claim, but those with a kind of their own: what proxies forward, and what they found in a
 * client's certificate, under the names of nginx and ingress-nginx, HAProxy, and Amazon's load balancers.
 */
const FAMILIES: readonly string[] = ['x-forwarded-', 'ssl-client-', 'x-ssl-client-', 'x-amzn-mtls-'];

const KNOWN: Readonly<Record<string, number>> = {
  ...kinds(OWN, 'trailer upgrade expect keep-alive proxy-connection content-length transfer-encoding'),
  ...kinds(OWN, 'http2-settings proxy-authenticate proxy-authorization'),
  ...kinds(TE, 'te'),
  ...kinds(HOST, 'host'),
  ...kinds(CONNECTION, 'connection'),
  ...kinds(FORWARDED_FOR, 'x-forwarded-for'),
  ...kinds(FORWARDED_HOST, 'x-forwarded-host'),
  ...kinds(FORWARDED_PROTO, 'x-forwarded-proto'),
  ...kinds(VIA, 'via'),
  ...kinds(REQUEST_ID, 'x-request-id'),
  ...kinds(MAX_FORWARDS, 'max-forwards'),
  // whose request this is
  ...kinds(CLAIM, 'forwarded forwarded-for x-forwarded x-original-forwarded-for x-real-ip true-client-ip client-ip'),
  ...kinds(CLAIM, 'x-client-ip x-clientip cluster-client-ip x-cluster-client-ip proxy-client-ip wl-proxy-client-ip'),
  ...kinds(CLAIM, 'cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 fastly-client-ip fly-client-ip x-true-client-ip'),
  ...kinds(CLAIM, 'x-azure-clientip x-azure-socketip x-appengine-user-ip x-envoy-external-address x-remote-addr'),
  ...kinds(CLAIM, 'x-remote-ip x-originating-ip x-proxyuser-ip x-nf-client-connection-ip x-vercel-forwarded-for'),
  ...kinds(CLAIM, 'http-client-ip http-forwarded http-forwarded-for http-x-forwarded http-x-forwarded-for remote-addr'),
  ...kinds(CLAIM, 'http-x-cluster-client-ip http-via'),
  // what it asks for, and how it came
  ...kinds(CLAIM, 'x-original-url x-original-uri x-original-host x-original-path x-rewrite-url x-rewrite-uri x-host'),
  ...kinds(CLAIM, 'x-http-host-override x-http-destinationurl x-envoy-original-path x-scheme x-url-scheme'),
  ...kinds(CLAIM, 'x-original-proto front-end-https'),
  // the certificate it was sent with (RFC 9440 §4)
  ...kinds(CLAIM, 'client-cert client-cert-chain x-client-cert x-client-verify x-arr-clientcert'),
  // what a CGI program takes for the proxy it should use (httpoxy, CVE-2016-5385)
  ...kinds(CLAIM, 'proxy'),
};

function kinds(kind: number, names: string): Record<string, number> {
  return Object.fromEntries(names.split(' ').map((name) => [name, kind]));
}

interface Known {
  readonly name: string;
  readonly kind: number;
}

const LETTERS = 32;
const LONGEST = Math.max(...Object.keys(KNOWN).map(({ length }) => length));
/** By length and first letter, as {@link slot} says. Most slots are empty, so most names cost one look. */
const BY_SLOT: readonly (readonly Known[] | null)[] = bySlot();

function slot(length: number, firstLetter: number): number {
  return length * LETTERS + (firstLetter & (LETTERS - 1));
}

function bySlot(): (readonly Known[] | null)[] {
  const table: (Known[] | null)[] = new Array((LONGEST + 1) * LETTERS).fill(null);
  for (const [name, kind] of Object.entries(KNOWN)) {
    const at = slot(name.length, name.charCodeAt(0));
    table[at] = [...(table[at] ?? []), { name, kind }];
  }
  return table;
}

/** What the field `name` (a token, in any case) is. */
export function kindOf(name: string): number {
  const { length } = name;
  const first = name.charCodeAt(0);
  const known = length <= LONGEST ? BY_SLOT[slot(length, first)]! : null;
  if (known !== null) {
    for (let i = 0; i < known.length; i++) {
      const same = compare(name, known[i]!.name);
      if (same !== OTHER) return same === EQUAL ? known[i]!.kind : CLAIM;
    }
  }
  for (let i = 0; i < FAMILIES.length; i++) {
    const family = FAMILIES[i]!;
    if (length > family.length && (first | 0x20) === family.charCodeAt(0) && compare(name, family) !== OTHER)
      return CLAIM;
  }
  return PASS;
}

const HYPHEN = 0x2d;
const UNDERSCORE = 0x5f;

const OTHER = 0;
const EQUAL = 1;
/** Equal where `_` is read as `-`. */
const FOLDED = 2;

/** How `name` begins, beside `lower`. From the end: names that begin alike (`x-`, `content-`) are the usual ones. */
function compare(name: string, lower: string): number {
  let found = EQUAL;
  for (let i = lower.length - 1; i >= 0; i--) {
    const code = name.charCodeAt(i);
    const wanted = lower.charCodeAt(i);
    if (code === wanted) continue;
    if (code === UNDERSCORE && wanted === HYPHEN) found = FOLDED;
    else if ((code | 0x20) !== wanted) return OTHER;
  }
  return found;
}
