/**
 * The normal form of paths. Every decision (routes, version maps, signatures) is made on it and the upstream gets it,
 * so that no other spelling of a path can slip past a rule. Spellings that servers behind us may read in more than one
 * way have no normal form: they are refused, never guessed.
 */

const PLAIN = 0;
const SLASH = 1;
const REWRITE = 2;
const REFUSED = 3;

/** What each ASCII character means in a raw path. */
const CLASS: Readonly<Uint8Array> = classTable();

function classTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (let code = 0; code < 128; code++) {
    const char = String.fromCharCode(code);
    if (code <= 0x20 || code === 0x7f || char === '\\' || char === '?' || char === '#') table[code] = REFUSED;
    // No URI can have these raw (RFC 3986 §2), yet browsers send some of them: escaping gives them one spelling.
    else if ('"<>^`{|}%'.includes(char)) table[code] = REWRITE;
    else if (char === '/') table[code] = SLASH;
  }
  return table;
}

/**
 * The normal form of a raw path (RFC 3986 §6.2.2): escapes of unreserved characters decoded, the others in upper case,
 * characters that no URI can have raw escaped. A path that is in normal form already comes back as it is, after one
 * scan and without allocation. `*` is its own normal form.
 *
 * Null where the path is ambiguous or malformed:
 * - dot segments, raw or encoded, also with a parameter (`/..;x/`, which Java servers read as `/../`);
 * - `/` or `\` encoded, `\` raw, control characters raw or encoded;
 * - overlong UTF-8 (`%C0%AF`), which lenient decoders read as another character;
 * - empty segments (`//`): nginx and others merge them, so `//admin` could pass a rule on `/admin` and still reach it.
 *   One empty segment at the end (`/a/`) is kept and is not the same path as `/a`;
 * - segments of parameters alone (`/;a/admin`): without them they are empty;
 * - a bad escape, a space, `?`, `#` or anything that is not ASCII; a path that does not begin with `/`.
 */
export function normalizePath(raw: string): string | null {
  if (raw.charCodeAt(0) !== 0x2f) return raw === '*' ? raw : null;
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    const kind = code < 128 ? CLASS[code] : REFUSED;
    if (kind === PLAIN) continue;
    if (kind === REFUSED) return null;
    if (kind === REWRITE) return rewrite(raw);
    if (!mayBegin(raw, i + 1)) return null;
  }
  return raw;
}

/** Whether a segment may begin at `at` as it does: no dot segment, and not empty, unless it is the last and has no parameter. */
function mayBegin(path: string, at: number): boolean {
  const code = path.charCodeAt(at);
  if (code === 0x2f || code === 0x3b || (code === 0x25 && path.startsWith('%3B', at))) return false;
  return code !== 0x2e || !isDotSegment(path, at);
}

function isDotSegment(path: string, at: number): boolean {
  const end = path.charCodeAt(at + 1) === 0x2e ? at + 2 : at + 1;
  if (end >= path.length) return true;
  const next = path.charCodeAt(end);
  return next === 0x2f || next === 0x3b || path.startsWith('%3B', end);
}

/**
 * A path in normal form without the parameters of its segments (RFC 3986 §3.3): `/a;v=1/b` → `/a/b`. An escaped `;`
 * begins one too, because some servers decode before they cut. A path without any comes back as it is.
 */
export function withoutParameters(path: string): string {
  if (path.indexOf(';') < 0 && path.indexOf('%3B') < 0) return path;
  let out = '';
  for (let at = 0; at < path.length; ) {
    const slash = path.indexOf('/', at + 1);
    const end = slash < 0 ? path.length : slash;
    out += path.slice(at, endOfName(path, at, end));
    at = end;
  }
  return out;
}

/** Where the parameters of the segment `path[at, end)` begin; `end` where it has none. */
export function endOfName(path: string, at: number, end: number): number {
  for (let i = at; i < end; i++) {
    const code = path.charCodeAt(i);
    if (code === 0x3b || (code === 0x25 && path.startsWith('%3B', i))) return i;
  }
  return end;
}

function rewrite(raw: string): string | null {
  let out = '';
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    const kind = code < 128 ? CLASS[code] : REFUSED;
    if (kind === REFUSED) return null;
    if (code === 0x25) {
      const byte = escapedByte(raw, i);
      if (byte < 0 || isRefusedByte(raw, i, byte)) return null;
      out += isUnreserved(byte) ? String.fromCharCode(byte) : percent(byte);
      i += 2;
    } else out += kind === REWRITE ? percent(code) : raw[i];
  }
  for (let i = out.indexOf('/'); i >= 0; i = out.indexOf('/', i + 1)) if (!mayBegin(out, i + 1)) return null;
  return out;
}

/** The byte that the escape at `at` stands for, or -1 where there is no escape. */
function escapedByte(text: string, at: number): number {
  const high = hexDigit(text.charCodeAt(at + 1));
  const low = hexDigit(text.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Bytes that must not hide in an escape: separators, controls, and the lead of overlong UTF-8 (RFC 3629 §3). */
function isRefusedByte(text: string, at: number, byte: number): boolean {
  if (byte < 0x20 || byte === 0x7f || byte === 0x2f || byte === 0x5c || byte === 0xc0 || byte === 0xc1) return true;
  if (byte !== 0xe0 && byte !== 0xf0) return false;
  const next = text.charCodeAt(at + 3) === 0x25 ? escapedByte(text, at + 3) : -1;
  return next >= 0x80 && next < (byte === 0xe0 ? 0xa0 : 0x90);
}

/** RFC 3986 §2.3: letters, digits, `-` `.` `_` `~`. */
function isUnreserved(byte: number): boolean {
  const lower = byte | 0x20;
  if ((lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39)) return true;
  return byte === 0x2d || byte === 0x2e || byte === 0x5f || byte === 0x7e;
}

function percent(byte: number): string {
  return `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
}
