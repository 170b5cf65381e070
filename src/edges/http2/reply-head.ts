/** Heads of replies as HTTP/2 has them. Pure. */
import type { Fields } from '../../fields/fields.ts';
import { CONTENT_LENGTH, DATE } from '../../fields/names.ts';
import { appendFields } from '../../http2-streams/fields.ts';

/** A length is ours to say. */
const OWN = [CONTENT_LENGTH];

/** A reply with one of these has no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/**
 * Head of a final reply as names and values in turn: `:status`, the length where it is known (not -1), `Date` where it is
 * missing, then the fields that may pass. Null where it cannot be written.
 */
export function finalHead(status: number, headers: Fields, length: number, date: string): string[] | null {
  // Node sends no others, and there are none (RFC 9110 §15).
  if (status < 200 || status > 599) return null;
  const head = [':status', String(status)];
  if (length >= 0 && !hasNoBody(status)) head.push('content-length', String(length));
  if (headers.find(DATE) < 0) head.push('date', date);
  return appendFields(head, headers, OWN) ? head : null;
}

/** Fields of an interim reply, none of them framing (RFC 9110 §8.6), or null where there are too many. */
export function interimFields(headers: Fields): string[] | null {
  headers.dropFraming();
  const fields: string[] = [];
  return appendFields(fields, headers, OWN) ? fields : null;
}

/** Trailers that may pass; those that would frame or route a message are left out. */
export function trailerFields(trailers: Fields | null): string[] {
  const sent: string[] = [];
  const passing = trailers?.passingTrailers() ?? null;
  if (passing !== null) appendFields(sent, passing, OWN);
  return sent;
}
