/** The timestamps a signature can carry. Each time has one spelling per precision; anything else is refused. */

export type TimestampFormat = 'unix' | 'unixMillis' | 'rfc3339';

/**
 * Between these (ms since the epoch; 2001 to 2286) unix times have ten digits, and thirteen in milliseconds. Others are
 * outside every window that makes sense; refusing them in any case lets a signed text say where its time ends.
 */
export const EARLIEST = 1e12;
export const LATEST = 1e13 - 1;

/** Milliseconds since the epoch, or NaN where `text` is not exactly in the format. Allocates nothing. */
export function parseTimestamp(format: TimestampFormat, text: string): number {
  if (format === 'rfc3339') return parseRfc3339(text);
  return format === 'unix' ? digits(text, 0, text.length, 11) * 1000 : digits(text, 0, text.length, 14);
}

/** `ms` since the epoch in the format. */
export function formatTimestamp(format: TimestampFormat, ms: number): string {
  if (format === 'rfc3339') return new Date(ms).toISOString();
  return String(format === 'unix' ? Math.floor(ms / 1000) : Math.floor(ms));
}

/** A whole number without sign or leading zero, of at most `most` digits. */
function digits(text: string, from: number, to: number, most: number): number {
  if (to - from < 1 || to - from > most || text.charCodeAt(from) === 48) return Number.NaN;
  return fixed(text, from, to);
}

/** All of `text[from…to)` as a decimal number, leading zeros allowed. */
function fixed(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    // Written so that NaN, which charCodeAt gives past the end, fails too.
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * RFC 3339 §5.6 `date-time` with upper-case T and Z, at most nine digits of fraction, and no leap second (a clock that
 * shows one cannot be told from one that is wrong).
 */
function parseRfc3339(text: string): number {
  const year = fixed(text, 0, 4);
  const month = fixed(text, 5, 7);
  const day = fixed(text, 8, 10);
  const hour = fixed(text, 11, 13);
  const minute = fixed(text, 14, 16);
  const second = fixed(text, 17, 19);
  if (text[4] !== '-' || text[7] !== '-' || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':') return Number.NaN;
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return Number.NaN;
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  const zoneAt = fractionEnd(text);
  const fraction = zoneAt === 19 ? 0 : fixed(text, 20, zoneAt) / 10 ** (zoneAt - 20);
  const offset = offsetMinutes(text, zoneAt);
  // Date.UTC reads years below 100 as 19xx; such a time is outside every window all the same.
  return Date.UTC(year, month - 1, day, hour, minute - offset, second) + Math.floor(fraction * 1000);
}

/** Where the fraction ends and the zone begins; -1 where the fraction is empty or too long. */
function fractionEnd(text: string): number {
  if (text[19] !== '.') return 19;
  let i = 20;
  while (i < text.length && text.charCodeAt(i) >= 48 && text.charCodeAt(i) <= 57) i++;
  return i > 20 && i <= 29 ? i : -1;
}

function offsetMinutes(text: string, at: number): number {
  if (at < 0) return Number.NaN;
  if (text[at] === 'Z') return text.length === at + 1 ? 0 : Number.NaN;
  const sign = text[at] === '+' ? 1 : text[at] === '-' ? -1 : Number.NaN;
  const hours = fixed(text, at + 1, at + 3);
  const minutes = fixed(text, at + 4, at + 6);
  if (text.length !== at + 6 || text[at + 3] !== ':' || !(hours <= 23 && minutes <= 59)) return Number.NaN;
  return sign * (hours * 60 + minutes);
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}
