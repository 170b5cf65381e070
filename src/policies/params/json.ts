/**
 * A strict JSON scanner (RFC 8259) that finds where values end without making them: what it skips can be copied byte
 * for byte, so numbers keep every digit and strings their spelling. It refuses exactly what `JSON.parse` refuses, and
 * what is nested deeper than the limit. All functions return an index, or -1 where the text is not JSON.
 */

/** Containers inside one another, the outermost included. Deeper bodies are attacks on somebody's recursive parser. */
export const DEPTH_MAX = 128;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** First index from `i` on that is no white space; may be the end. */
export function skipSpace(b: Buffer, i: number): number {
  for (; i < b.length; i++) {
    const code = b[i];
    if (code !== SPACE && code !== LF && code !== CR && code !== TAB) break;
  }
  return i;
}

/** Index behind the string that starts at `i`. */
export function skipString(b: Buffer, i: number): number {
  if (b[i] !== QUOTE) return -1;
  for (i++; i < b.length; i++) {
    const code = b[i]!;
    if (code === QUOTE) return i + 1;
    if (code < SPACE) return -1;
    if (code === BACKSLASH) {
      i = skipEscape(b, i + 1);
      if (i < 0) return -1;
    }
  }
  return -1;
}

/** Last index of the escape whose letter is at `i`. */
function skipEscape(b: Buffer, i: number): number {
  switch (b[i]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return i;
    case 0x75: // u
      for (let digit = i + 1; digit <= i + 4; digit++) if (!isHex(b[digit])) return -1;
      return i + 4;
    default:
      return -1;
  }
}

function isHex(code: number | undefined): boolean {
  if (code === undefined) return false;
  const letter = code | 0x20;
  return (code >= ZERO && code <= NINE) || (letter >= 0x61 && letter <= 0x66);
}

/** Index of the first byte from `i` on that is no digit, or -1 where `i` is none. */
function skipDigits(b: Buffer, i: number): number {
  const start = i;
  while (i < b.length && b[i]! >= ZERO && b[i]! <= NINE) i++;
  return i === start ? -1 : i;
}

function skipNumber(b: Buffer, i: number): number {
  if (b[i] === MINUS) i++;
  if (b[i] === ZERO) i++;
  else i = skipDigits(b, i);
  if (i >= 0 && i < b.length && b[i] === DOT) i = skipDigits(b, i + 1);
  if (i >= 0 && i < b.length && (b[i]! | 0x20) === 0x65) {
    i++;
    if (b[i] === PLUS || b[i] === MINUS) i++;
    i = skipDigits(b, i);
  }
  return i;
}

function skipWord(b: Buffer, i: number, word: string): number {
  if (i + word.length > b.length) return -1;
  for (let n = 0; n < word.length; n++) if (b[i + n] !== word.charCodeAt(n)) return -1;
  return i + word.length;
}

/** Index behind the value that starts at `i`; `depth` containers are open around it. */
export function skipValue(b: Buffer, i: number, depth: number): number {
  if (i >= b.length) return -1;
  switch (b[i]) {
    case QUOTE:
      return skipString(b, i);
    case OPEN_OBJECT:
      return depth < DEPTH_MAX ? skipObject(b, i, depth + 1) : -1;
    case OPEN_ARRAY:
      return depth < DEPTH_MAX ? skipArray(b, i, depth + 1) : -1;
    case 0x74:
      return skipWord(b, i, 'true');
    case 0x66:
      return skipWord(b, i, 'false');
    case 0x6e:
      return skipWord(b, i, 'null');
    default:
      return skipNumber(b, i);
  }
}

function skipArray(b: Buffer, i: number, depth: number): number {
  i = skipSpace(b, i + 1);
  if (i < b.length && b[i] === CLOSE_ARRAY) return i + 1;
  for (;;) {
    i = skipValue(b, i, depth);
    if (i < 0) return -1;
    i = skipSpace(b, i);
    if (i >= b.length) return -1;
    if (b[i] === CLOSE_ARRAY) return i + 1;
    if (b[i] !== COMMA) return -1;
    i = skipSpace(b, i + 1);
  }
}

/** Index of the value of the member whose key ends before `i`. */
export function skipColon(b: Buffer, i: number): number {
  i = skipSpace(b, i);
  return i < b.length && b[i] === COLON ? skipSpace(b, i + 1) : -1;
}

function skipObject(b: Buffer, i: number, depth: number): number {
  i = skipSpace(b, i + 1);
  if (i < b.length && b[i] === CLOSE_OBJECT) return i + 1;
  for (;;) {
    i = skipString(b, i);
    if (i >= 0) i = skipColon(b, i);
    if (i >= 0) i = skipValue(b, i, depth);
    if (i < 0) return -1;
    i = skipSpace(b, i);
    if (i >= b.length) return -1;
    if (b[i] === CLOSE_OBJECT) return i + 1;
    if (b[i] !== COMMA) return -1;
    i = skipSpace(b, i + 1);
  }
}
