/** Heads of replies as HTTP/2 has them. Pure. */
import { type HeaderList, indexOfHeader, isFieldName, isFieldValue, removeFraming } from '../../headers.ts';
import { passingTrailers } from '../../http1/trailers.ts';
import { appendFields } from '../../http2-streams/fields.ts';

/** HTTP/2 has no way to say these but by its own frames, and a length is ours to say. */
const OWN: ReadonlySet<string> = new Set(['content-length']);

/** A reply with one of these has no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/**
 * Head of a final reply: `:status`, the length where it is known (not -1), `Date` where it is missing, then the fields
 * that may pass. Null where it cannot be written.
 */
export function finalHead(status: number, headers: HeaderList, length: number, date: string): HeaderList | null {
  // Node sends no others, and there are none (RFC 9110 §15).
  if (status < 200 || status > 599) return null;
  const head: HeaderList = [':status', String(status)];
  if (length >= 0 && !hasNoBody(status)) head.push('content-length', String(length));
  if (indexOfHeader(headers, 'date') < 0) head.push('date', date);
  return appendFields(head, headers, OWN) ? head : null;
}

/** Fields of an interim reply, none of them framing (RFC 9110 §8.6), or null where they cannot be written. */
export function interimFields(headers: HeaderList): HeaderList | null {
  removeFraming(headers);
  const fields: HeaderList = [];
  return appendFields(fields, headers, OWN) ? fields : null;
}

/** Trailers that may pass; those that would frame or route a message, or cannot be written, are left out. */
export function trailerFields(trailers: HeaderList | null): HeaderList {
  const fields: HeaderList = [];
  if (trailers === null) return fields;
  for (let i = 0; i < trailers.length; i += 2)
    if (isFieldName(trailers[i]!) && isFieldValue(trailers[i + 1]!)) fields.push(trailers[i]!, trailers[i + 1]!);
  const passing = passingTrailers(fields);
  const sent: HeaderList = [];
  if (passing !== null) appendFields(sent, passing, OWN);
  return sent;
}
