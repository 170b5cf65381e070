/** Keeps the allowed members of a JSON object, byte for byte. */
import { isUtf8 } from 'node:buffer';
import { skipColon, skipSpace, skipString, skipValue } from './json.ts';

/** What is wrong with a body. `unknown`: only where unknown members are refused. */
export type FilterRefusal = 'unreadable' | 'duplicate' | 'unknown';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Compiles a filter for JSON objects. It gives the same buffer where every member is allowed, else a new one with the
 * allowed members in their order, or says why the body is refused:
 * - `unreadable`: not UTF-8, not JSON, not an object, or too deep;
 * - `duplicate`: an allowed member is there twice. Parsers differ on which one counts, so a check made on one and a
 *   decision made on the other could be two different requests (RFC 8259 §4);
 * - `unknown`: a member is not allowed, and `unknown` is `reject`.
 *
 * Names compare by what they mean (`"mod\u0065l"` is `model`) and exactly (`Model` is another name: some parsers
 * would take it for `model`, and so it never passes).
 */
export function compileFilter(
  allow: readonly string[],
  unknown: 'drop' | 'reject',
): (body: Buffer) => Buffer | FilterRefusal {
  const find = nameFinder(allow);
  const seen = new Uint8Array(allow.length);
  const dropping = unknown === 'drop';

  return (body) => {
    let i = skipSpace(body, 0);
    if (body[i] !== OPEN_OBJECT || !isUtf8(body)) return 'unreadable';
    seen.fill(0);
    let out: Buffer | null = null;
    let length = 0;
    /** Start of the run of allowed members that has not been copied yet, and its end. */
    let runStart = -1;
    let runEnd = -1;
    let rejected = false;
    i = skipSpace(body, i + 1);
    let more = body[i] !== CLOSE_OBJECT;
    while (more) {
      const start = i;
      const keyEnd = skipString(body, start);
      const valueStart = keyEnd < 0 ? -1 : skipColon(body, keyEnd);
      const end = valueStart < 0 ? -1 : skipValue(body, valueStart, 1);
      if (end < 0) return 'unreadable';
      const name = find(body, start, keyEnd);
      if (name >= 0) {
        if (seen[name] === 1) return 'duplicate';
        seen[name] = 1;
        if (runStart < 0) runStart = start;
        runEnd = end;
      } else if (dropping) {
        out ??= Buffer.allocUnsafe(body.length);
        if (runStart >= 0) length = copyRun(body, runStart, runEnd, out, length);
        runStart = -1;
      } else rejected = true;
      i = skipSpace(body, end);
      more = body[i] === COMMA;
      if (more) i = skipSpace(body, i + 1);
    }
    if (body[i] !== CLOSE_OBJECT || skipSpace(body, i + 1) !== body.length) return 'unreadable';
    // Only now: what is not even JSON should be called that.
    if (rejected) return 'unknown';
    if (out === null) return body;
    if (runStart >= 0) length = copyRun(body, runStart, runEnd, out, length);
    return closed(out, length);
  };
}

/** Copies members with what stands between them; returns the new length. A run is never longer than what it came from. */
function copyRun(body: Buffer, start: number, end: number, out: Buffer, length: number): number {
  out[length] = length === 0 ? OPEN_OBJECT : COMMA;
  body.copy(out, length + 1, start, end);
  return length + 1 + end - start;
}

function closed(out: Buffer, length: number): Buffer {
  if (length === 0) out[length++] = OPEN_OBJECT;
  out[length++] = CLOSE_OBJECT;
  return out.subarray(0, length);
}

/** Finds the index of the name that the quoted key in `body[start, end)` means, or -1. */
function nameFinder(allow: readonly string[]): (body: Buffer, start: number, end: number) => number {
  const names = allow.map((name) => Buffer.from(name));
  return (body, start, end) => {
    for (let i = start + 1; i < end - 1; i++)
      if (body[i] === BACKSLASH) return allow.indexOf(JSON.parse(body.toString('utf8', start, end)));
    const length = end - start - 2;
    for (let n = 0; n < names.length; n++)
      if (names[n]!.length === length && sameBytes(names[n]!, body, start + 1)) return n;
    return -1;
  };
}

function sameBytes(name: Buffer, body: Buffer, at: number): boolean {
  for (let i = 0; i < name.length; i++) if (name[i] !== body[at + i]) return false;
  return body[at + name.length] === QUOTE;
}
