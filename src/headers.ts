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
  return [list[at], list[at + 1], ...list.slice(0, at), ...list.slice(at + 2)];
}

/** Index of the name in `list` (case-insensitive), or -1. `name` must be lower case. */
export function indexOfHeader(list: HeaderList, name: string, from = 0): number {
  for (let i = from; i < list.length; i += 2) {
    const candidate = list[i];
    if (candidate.length === name.length && (candidate === name || candidate.toLowerCase() === name)) return i;
  }
  return -1;
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
    const candidate = list[i];
    if (candidate.length === name.length && candidate.toLowerCase() === name) continue;
    list[to++] = candidate;
    list[to++] = list[i + 1];
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
    if (list[i].toLowerCase() === lower) continue;
    list[to++] = list[i];
    list[to++] = list[i + 1];
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

/**
 * Drops hop-by-hop fields and every field that `Connection` names, in place (RFC 9110 §7.6.1).
 * A `Connection` that names `content-length`, `host` or the like must not strip what the framing needs, so those stay.
 */
export function removeHopByHop(list: HeaderList): void {
  let named: Set<string> | null = null;
  let dirty = false;
  for (let i = 0; i < list.length; i += 2) {
    const lower = list[i].toLowerCase();
    if (lower === 'connection') {
      dirty = true;
      const value = list[i + 1].toLowerCase();
      if (value === 'keep-alive' || value === 'close' || value === '') continue;
      named ??= new Set();
      for (const token of value.split(',')) {
        const name = token.trim();
        if (!KEPT_EVEN_IF_NAMED.has(name)) named.add(name);
      }
    } else if (HOP_BY_HOP.has(lower)) dirty = true;
  }
  if (!dirty) return;
  let to = 0;
  for (let i = 0; i < list.length; i += 2) {
    const lower = list[i].toLowerCase();
    if (HOP_BY_HOP.has(lower) || named?.has(lower)) continue;
    list[to++] = list[i];
    list[to++] = list[i + 1];
  }
  list.length = to;
}

const KEPT_EVEN_IF_NAMED: ReadonlySet<string> = new Set(['host', 'content-length', 'content-type', 'authorization']);

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
