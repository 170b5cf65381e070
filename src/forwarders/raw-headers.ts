/** Header fields between the form libraries give them in and the flat list of strings. */
import { type HeaderList, indexOfHeader } from '../headers.ts';

/**
 * Decodes undici's raw header list. Its buffers are slices of one chunk in most cases, so the whole section becomes one
 * string that is cut up: 0.65 µs for eleven fields, where decoding each slice takes 0.95. Octets above 0x7f are opaque
 * (RFC 9110 §5.5), hence Latin-1.
 */
export function decodeHeaders(raw: readonly Buffer[]): HeaderList {
  const count = raw.length;
  if (count === 0) return [];
  const first = raw[0];
  const last = raw[count - 1];
  const start = first.byteOffset;
  const span = last.byteOffset + last.length - start;
  if (last.buffer !== first.buffer || span < 0 || span > LONGEST_SECTION) return decodeEach(raw);
  const text = Buffer.from(first.buffer, start, span).toString('latin1');
  const list: HeaderList = new Array(count);
  for (let i = 0; i < count; i++) {
    const slice = raw[i];
    const from = slice.byteOffset - start;
    // A field split over two reads was copied into a buffer of its own.
    if (slice.buffer !== first.buffer || from < 0 || from + slice.length > span) return decodeEach(raw);
    list[i] = text.substring(from, from + (i & 1 ? trimmedLength(slice) : slice.length));
  }
  return list;
}

/** A section longer than any allowed one: the ends are not of one read. */
const LONGEST_SECTION = 65_536;

function decodeEach(raw: readonly Buffer[]): HeaderList {
  const list: HeaderList = new Array(raw.length);
  for (let i = 0; i < raw.length; i++)
    list[i] = raw[i].toString('latin1', 0, i & 1 ? trimmedLength(raw[i]) : raw[i].length);
  return list;
}

/** White space behind a value is no part of it (RFC 9110 §5.5); llhttp takes off only what is in front. */
function trimmedLength(value: Buffer): number {
  let length = value.length;
  while (length > 0 && (value[length - 1] === 0x20 || value[length - 1] === 0x09)) length--;
  return length;
}

/**
 * Length of a reply's body as its head tells it: -1 where only its end will. Both parsers have refused replies that have
 * a transfer coding beside a length (RFC 9112 §6.3).
 */
export function replyLength(status: number, headers: HeaderList): number {
  if (status === 204) return 0;
  const at = indexOfHeader(headers, 'content-length');
  if (at < 0) return -1;
  const length = Number(headers[at + 1]);
  return Number.isSafeInteger(length) && length >= 0 ? length : -1;
}

/** `headers` without `Expect`: the edge has answered it, and neither library sends it on. */
export function withoutExpect(headers: HeaderList): HeaderList {
  const at = indexOfHeader(headers, 'expect');
  if (at < 0) return headers;
  const list: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i].toLowerCase() !== 'expect') list.push(headers[i], headers[i + 1]);
  return list;
}
