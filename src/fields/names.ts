/**
 * What the name of a field says about it, in one table: who a field is for, and which field it is where Weir itself reads
 * it. A name is classified once, when its line is made, by its length and first letter, then octet by octet.
 */

/**
 * Which field it is, for those that Weir reads: the low bits of a kind. 0 for all others.
 */
export const ID_MASK = 0x3f;
export const HOST = 1;
export const CONNECTION = 2;
export const FORWARDED_FOR = 3;
export const FORWARDED_HOST = 4;
export const FORWARDED_PROTO = 5;
export const VIA = 6;
export const REQUEST_ID = 7;
export const MAX_FORWARDS = 8;
/** Of this hop, but for `trailers`, which is true of the client wherever the reply goes on (RFC 9110 §10.1.4). */
export const TE = 9;
export const CONTENT_LENGTH = 10;
export const TRANSFER_ENCODING = 11;
export const EXPECT = 12;
export const UPGRADE = 13;
export const DATE = 14;
export const KEEP_ALIVE = 15;
export const CONTENT_TYPE = 16;
export const CONTENT_ENCODING = 17;
export const RETRY_AFTER = 18;

/** Belongs to one connection and never passes a proxy (RFC 9110 §7.6.1). */
export const HOP_BY_HOP: number = 1 << 6;
/** Frames a body, or announces what ends it (RFC 9110 §8.6, RFC 9112 §6). */
export const FRAMING: number = 1 << 7;
/** HTTP/2 has no such fields (RFC 9113 §8.2.2). */
export const CONNECTION_SPECIFIC: number = 1 << 8;
/** Of a request: read or answered here, and not passed on as it came. */
export const NOT_FORWARDED: number = 1 << 9;
/**
 * Says what upstreams believe of a proxy alone: whose request this is, what was asked for, how it came. Dropped, unless
 * the settings let it pass. So are names that CGI and its heirs (WSGI, Rack, PHP) cannot tell from one that is known
 * here, because they read `_` and `-` alike: `Transfer_Encoding`, `X_Forwarded_For`.
 */
export const CLAIM: number = 1 << 10;
/**
 * Means something only before the body (RFC 9110 §6.5.1): framing, routing, modifiers, authentication, content format, and
 * what proxies add. A later reader that merged it into the head could be fooled, so it never passes in trailers.
 */
export const NOT_IN_TRAILERS: number = 1 << 11;
/**
 * For whoever the message is meant for, so that `Connection` must not name it (RFC 9110 §7.6.1): framing, content,
 * credentials, conditions, what proxies say of the request. It stays even where `Connection` does: else a client could
 * take away what someone before or behind it relies on.
 */
const END_TO_END: number = 1 << 12;
/** A kind is below this. */
export const KIND_BITS = 13;

/**
 * Every field that begins so is a claim, but those with an id: what proxies forward, and what they found in a client's
 * certificate, under the names of nginx and ingress-nginx, HAProxy, and Amazon's load balancers.
 */
const CLAIM_FAMILIES: readonly string[] = ['x-forwarded-', 'ssl-client-', 'x-ssl-client-', 'x-amzn-mtls-'];
const END_TO_END_FAMILIES: readonly string[] = [
  'content-',
  'accept',
  'if-',
  'sec-',
  'access-control-',
  'x-forwarded-',
  'x-amz-',
];

const KNOWN: ReadonlyMap<string, number> = table([
  [HOST, 'host'],
  [CONNECTION, 'connection'],
  [FORWARDED_FOR, 'x-forwarded-for'],
  [FORWARDED_HOST, 'x-forwarded-host'],
  [FORWARDED_PROTO, 'x-forwarded-proto'],
  [VIA, 'via'],
  [REQUEST_ID, 'x-request-id'],
  [MAX_FORWARDS, 'max-forwards'],
  [TE, 'te'],
  [CONTENT_LENGTH, 'content-length'],
  [TRANSFER_ENCODING, 'transfer-encoding'],
  [EXPECT, 'expect'],
  [UPGRADE, 'upgrade'],
  [DATE, 'date'],
  [KEEP_ALIVE, 'keep-alive'],
  [CONTENT_TYPE, 'content-type'],
  [CONTENT_ENCODING, 'content-encoding'],
  [RETRY_AFTER, 'retry-after'],
  [HOP_BY_HOP, 'connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer upgrade'],
  [HOP_BY_HOP, 'transfer-encoding http2-settings'],
  [FRAMING, 'content-length transfer-encoding trailer'],
  [CONNECTION_SPECIFIC, 'connection keep-alive proxy-connection transfer-encoding upgrade http2-settings'],
  [NOT_FORWARDED, 'trailer upgrade expect keep-alive proxy-connection content-length transfer-encoding te host'],
  [NOT_FORWARDED, 'http2-settings proxy-authenticate proxy-authorization connection via x-request-id'],
  [NOT_FORWARDED, 'x-forwarded-for x-forwarded-host x-forwarded-proto'],
  // whose request this is
  [CLAIM, 'forwarded forwarded-for x-forwarded x-original-forwarded-for x-real-ip true-client-ip client-ip'],
  [CLAIM, 'x-client-ip x-clientip cluster-client-ip x-cluster-client-ip proxy-client-ip wl-proxy-client-ip'],
  [CLAIM, 'cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 fastly-client-ip fly-client-ip x-true-client-ip'],
  [CLAIM, 'x-azure-clientip x-azure-socketip x-appengine-user-ip x-envoy-external-address x-remote-addr'],
  [CLAIM, 'x-remote-ip x-originating-ip x-proxyuser-ip x-nf-client-connection-ip x-vercel-forwarded-for'],
  [CLAIM, 'http-client-ip http-forwarded http-forwarded-for http-x-forwarded http-x-forwarded-for remote-addr'],
  [CLAIM, 'http-x-cluster-client-ip http-via'],
  // what it asks for, and how it came
  [CLAIM, 'x-original-url x-original-uri x-original-host x-original-path x-rewrite-url x-rewrite-uri x-host'],
  [CLAIM, 'x-http-host-override x-http-destinationurl x-envoy-original-path x-scheme x-url-scheme'],
  [CLAIM, 'x-original-proto front-end-https'],
  // the certificate it was sent with (RFC 9440 §4)
  [CLAIM, 'client-cert client-cert-chain x-client-cert x-client-verify x-arr-clientcert'],
  // what a CGI program takes for the proxy it should use (httpoxy, CVE-2016-5385)
  [CLAIM, 'proxy'],
  [NOT_IN_TRAILERS, 'content-length transfer-encoding host connection keep-alive proxy-connection te trailer upgrade'],
  [NOT_IN_TRAILERS, 'http2-settings cache-control expect max-forwards pragma range'],
  [NOT_IN_TRAILERS, 'if-match if-none-match if-modified-since if-unmodified-since if-range'],
  [NOT_IN_TRAILERS, 'authorization proxy-authorization proxy-authenticate www-authenticate authentication-info'],
  [NOT_IN_TRAILERS, 'proxy-authentication-info cookie set-cookie age date expires location retry-after vary warning'],
  [NOT_IN_TRAILERS, 'content-encoding content-type content-range content-location content-disposition'],
  [NOT_IN_TRAILERS, 'forwarded via x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-real-ip'],
  [END_TO_END, 'host authorization cookie set-cookie x-api-key api-key x-auth-token x-csrf-token idempotency-key'],
  [END_TO_END, 'dpop signature signature-input digest repr-digest www-authenticate authentication-info'],
  [END_TO_END, 'x-goog-api-key age allow cache-control date etag expires from last-modified location origin pragma'],
  [END_TO_END, 'range referer retry-after server user-agent vary via warning link priority prefer forwarded'],
  [END_TO_END, 'max-forwards x-request-id request-id traceparent tracestate baggage strict-transport-security'],
  [END_TO_END, 'x-frame-options x-content-type-options anthropic-version anthropic-beta anthropic-organization-id'],
  [END_TO_END, 'openai-organization openai-project'],
]);

function table(rows: readonly (readonly [bits: number, names: string])[]): ReadonlyMap<string, number> {
  const known = new Map<string, number>();
  for (const [bits, names] of rows) for (const name of names.split(' ')) known.set(name, (known.get(name) ?? 0) | bits);
  // Neither a field of this hop nor one with an id is a mere claim, but `x-forwarded-port` is one of a family.
  for (const [name, kind] of known)
    if ((kind & (ID_MASK | NOT_FORWARDED)) === 0 && CLAIM_FAMILIES.some((family) => name.startsWith(family)))
      known.set(name, kind | CLAIM);
  return known;
}

interface Known {
  readonly name: string;
  readonly kind: number;
  /** What a name is that reads like this one where `_` is `-`. */
  readonly folded: number;
}

const LETTERS = 32;
const LONGEST = Math.max(...Array.from(KNOWN.keys(), ({ length }) => length));
/** By length and first letter, as {@link slot} says. Most slots are empty, so most names cost one look. */
const BY_SLOT: readonly (readonly Known[] | null)[] = bySlot();

function slot(length: number, firstLetter: number): number {
  return length * LETTERS + (firstLetter & (LETTERS - 1));
}

function bySlot(): (readonly Known[] | null)[] {
  const slots: (Known[] | null)[] = new Array((LONGEST + 1) * LETTERS).fill(null);
  for (const [name, kind] of KNOWN) {
    const at = slot(name.length, name.charCodeAt(0));
    const known = (kind & (NOT_FORWARDED | CLAIM)) !== 0 || (kind & ID_MASK) === MAX_FORWARDS;
    slots[at] = [...(slots[at] ?? []), { name, kind, folded: known ? CLAIM : 0 }];
  }
  return slots;
}

/** What the field `name` (a token, in any case) is: an id and bits of this file, or 0. */
export function kindOf(name: string): number {
  const { length } = name;
  const first = name.charCodeAt(0);
  const known = length <= LONGEST ? BY_SLOT[slot(length, first)]! : null;
  if (known !== null) {
    for (let i = 0; i < known.length; i++) {
      const same = compare(name, known[i]!.name);
      if (same !== OTHER) return same === EQUAL ? known[i]!.kind : known[i]!.folded;
    }
  }
  for (let i = 0; i < CLAIM_FAMILIES.length; i++) {
    const family = CLAIM_FAMILIES[i]!;
    if (length > family.length && (first | 0x20) === family.charCodeAt(0) && compare(name, family) !== OTHER)
      return CLAIM;
  }
  return 0;
}

/** As {@link kindOf}, of the `length` octets at `at`. */
export function kindAt(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at]!;
  const known = length <= LONGEST ? BY_SLOT[slot(length, first)]! : null;
  if (known !== null) {
    for (let i = 0; i < known.length; i++) {
      const same = compareAt(bytes, at, known[i]!.name);
      if (same !== OTHER) return same === EQUAL ? known[i]!.kind : known[i]!.folded;
    }
  }
  // All families begin with one of two letters.
  const letter = first | 0x20;
  if (letter !== LETTER_X && letter !== LETTER_S) return 0;
  for (let i = 0; i < CLAIM_FAMILIES.length; i++) {
    const family = CLAIM_FAMILIES[i]!;
    if (length > family.length && letter === family.charCodeAt(0) && compareAt(bytes, at, family) !== OTHER)
      return CLAIM;
  }
  return 0;
}

/** Must a field of this name stay although `Connection` names it? `lower` is in lower case. */
export function isEndToEnd(lower: string): boolean {
  return ((KNOWN.get(lower) ?? 0) & END_TO_END) !== 0 || END_TO_END_FAMILIES.some((head) => lower.startsWith(head));
}

const LETTER_S = 0x73;
const LETTER_X = 0x78;
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

function compareAt(bytes: Uint8Array, at: number, lower: string): number {
  let found = EQUAL;
  for (let i = lower.length - 1; i >= 0; i--) {
    const code = bytes[at + i]!;
    const wanted = lower.charCodeAt(i);
    if (code === wanted) continue;
    if (code === UNDERSCORE && wanted === HYPHEN) found = FOLDED;
    else if ((code | 0x20) !== wanted) return OTHER;
  }
  return found;
}
