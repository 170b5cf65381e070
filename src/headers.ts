/**
 * Header fields as a flat list: name, value, name, value… Order, case and duplicates stay as they came, because a
 * proxy that normalises them breaks signatures and hides attacks (RFC 9110 §5.3: order of same-named fields matters).
 */
export type HeaderList = string[];

/**
 * Fields of a head or of trailers that leave, at most, ours included. Node before 24.18.1 and 26.5.1 drops what comes
 * behind the thousandth, framing too (CVE-2026-58044), and others have such limits of their own.
 */
export const FIELDS_MAX = 1000;

/** How many of them edges and forwarders may add: framing, connection, date, or what is a pseudo field in HTTP/2. */
const FIELDS_ADDED = 4;

/** Has a head more fields than may leave, once an edge or a forwarder has added its own? */
export function hasTooManyFields(list: HeaderList): boolean {
  return list.length > (FIELDS_MAX - FIELDS_ADDED) * 2;
}

/** `list` with its `Host` first (RFC 9110 §7.2), where no reader can lose it: itself where it stands so already. */
export function hostFirst(list: HeaderList): HeaderList {
  const at = indexOfHeader(list, 'host');
  if (at <= 0) return list;
  return [list[at]!, list[at + 1]!, ...list.slice(0, at), ...list.slice(at + 2)];
}

/** Index of the name in `list` (case-insensitive), or -1. `name` must be lower case. */
export function indexOfHeader(list: HeaderList, name: string, from = 0): number {
  for (let i = from; i < list.length; i += 2) {
    const candidate = list[i]!;
    if (candidate.length === name.length && (candidate === name || candidate.toLowerCase() === name)) return i;
  }
  return -1;
}

/**
 * As {@link indexOfHeader}, with `_` read as `-`. Many programs behind a proxy cannot tell the two apart (RFC 3875 §4.1.18),
 * so what a rule looks for must not hide behind the other spelling.
 */
export function indexOfTwin(list: HeaderList, name: string, from = 0): number {
  for (let i = from; i < list.length; i += 2) if (isTwin(list[i]!, name)) return i;
  return -1;
}

function isTwin(candidate: string, name: string): boolean {
  return candidate.length === name.length && beginsLike(candidate, name);
}

/** Does `candidate` start with `head`, in whatever case and with `_` read as `-`? */
export function beginsLike(candidate: string, head: string): boolean {
  if (candidate.length < head.length) return false;
  for (let i = 0; i < head.length; i++)
    if (folded(candidate.charCodeAt(i)) !== folded(head.charCodeAt(i))) return false;
  return true;
}

function folded(code: number): number {
  if (code === 0x5f) return 0x2d;
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
}

/** First value of `name` (lower case), or undefined. */
export function getHeader(list: HeaderList, name: string): string | undefined {
  const i = indexOfHeader(list, name);
  return i < 0 ? undefined : list[i + 1];
}

/** How many fields carry `name` (lower case). */
export function countHeader(list: HeaderList, name: string): number {
  let count = 0;
  for (let i = indexOfHeader(list, name); i >= 0; i = indexOfHeader(list, name, i + 2)) count++;
  return count;
}

/** Removes every field called `name` (lower case), in place. */
export function removeHeader(list: HeaderList, name: string): void {
  const first = indexOfHeader(list, name);
  if (first < 0) return;
  let to = first;
  for (let i = first + 2; i < list.length; i += 2) {
    const candidate = list[i]!;
    if (candidate.length === name.length && candidate.toLowerCase() === name) continue;
    list[to++] = candidate;
    list[to++] = list[i + 1]!;
  }
  list.length = to;
}

/** Replaces the first field called `name` and drops the others; appends it where there was none. */
export function setHeader(list: HeaderList, name: string, value: string): void {
  const lower = name.toLowerCase();
  const first = indexOfHeader(list, lower);
  if (first < 0) {
    list.push(name, value);
    return;
  }
  list[first] = name;
  list[first + 1] = value;
  if (indexOfHeader(list, lower, first + 2) < 0) return;
  let to = first + 2;
  for (let i = first + 2; i < list.length; i += 2) {
    if (list[i]!.toLowerCase() === lower) continue;
    list[to++] = list[i]!;
    list[to++] = list[i + 1]!;
  }
  list.length = to;
}

/** Fields that belong to one connection and never pass a proxy (RFC 9110 §7.6.1), lower case. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** True for the fields of {@link HOP_BY_HOP}, in any case. Most names have a length that none of them has. */
function isHopByHop(name: string): boolean {
  switch (name.length) {
    case 2:
    case 7:
    case 10:
    case 14:
    case 16:
    case 17:
    case 18:
    case 19:
      return HOP_BY_HOP.has(name) || HOP_BY_HOP.has(name.toLowerCase());
  }
  return false;
}

/** Drops hop-by-hop fields and every field that `Connection` names, in place (RFC 9110 §7.6.1). */
export function removeHopByHop(list: HeaderList): void {
  let named: Set<string> | null = null;
  let to = 0;
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!;
    const value = list[i + 1]!;
    if (isHopByHop(name)) {
      if (name.length === CONNECTION.length && name.toLowerCase() === CONNECTION)
        named = namedByConnection(value, named);
      continue;
    }
    if (to !== i) {
      list[to] = name;
      list[to + 1] = value;
    }
    to += 2;
  }
  if (to !== list.length) list.length = to;
  if (named !== null) removeNamed(list, named);
}

/** Drops the fields whose names, in lower case, are in `named`, in place. */
export function removeNamed(list: HeaderList, named: ReadonlySet<string>): void {
  let to = 0;
  for (let i = 0; i < list.length; i += 2) {
    if (named.has(list[i]!.toLowerCase())) continue;
    list[to++] = list[i]!;
    list[to++] = list[i + 1]!;
  }
  list.length = to;
}

const CONNECTION = 'connection';

/**
 * The fields that a value of `Connection` takes away, in lower case, put into `names`, which is made where there is a
 * need. One pass over the value, whatever it holds.
 */
export function namedByConnection(value: string, names: Set<string> | null): Set<string> | null {
  let set = names;
  for (let from = 0; from < value.length; ) {
    let to = value.indexOf(',', from);
    if (to < 0) to = value.length;
    const name = value.slice(from, to).trim().toLowerCase();
    from = to + 1;
    if (name === 'keep-alive' || name === 'close' || name === '' || isEndToEnd(name)) continue;
    set ??= new Set();
    set.add(name);
  }
  return set;
}

/**
 * Fields for whoever the message is meant for, which `Connection` must not name (RFC 9110 §7.6.1): framing, content,
 * credentials, conditions, what proxies say of the request. They stay even where it does: else a client could take away
 * what someone before or behind it relies on.
 */
const END_TO_END: ReadonlySet<string> = new Set(
  (
    'host authorization cookie set-cookie x-api-key api-key x-auth-token x-csrf-token idempotency-key dpop signature ' +
    'signature-input digest repr-digest www-authenticate authentication-info x-goog-api-key ' +
    'age allow cache-control date etag expires from last-modified location origin pragma range referer retry-after ' +
    'server user-agent vary via warning link priority prefer forwarded max-forwards x-request-id request-id ' +
    'traceparent tracestate baggage strict-transport-security x-frame-options x-content-type-options ' +
    'anthropic-version anthropic-beta anthropic-organization-id openai-organization openai-project'
  ).split(' '),
);
const END_TO_END_FAMILIES = ['content-', 'accept', 'if-', 'sec-', 'access-control-', 'x-forwarded-', 'x-amz-'] as const;

function isEndToEnd(lower: string): boolean {
  return END_TO_END.has(lower) || END_TO_END_FAMILIES.some((head) => lower.startsWith(head));
}

/**
 * What `Allow` says where any method is taken: those of RFC 9110 §9 and RFC 5789 that a relay forwards without being
 * told to.
 */
export const USUAL_METHODS: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** Drops what would frame a body, in place: a 1xx never has one (RFC 9110 §8.6, RFC 9112 §6.1). */
export function removeFraming(list: HeaderList): void {
  for (const name of FRAMING) removeHeader(list, name);
}

const FRAMING = ['content-length', 'transfer-encoding', 'trailer'] as const;

/** True where `value` can stand in a header field: no CR, LF, NUL or other control but tab (RFC 9110 §5.5). */
export function isFieldValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** True where `name` is an RFC 9110 §5.6.2 token, so usable as a field name. */
export function isFieldName(name: string): boolean {
  return TOKEN.test(name);
}
