/** What a forwarder reads from the fields of a reply. */
import type { Fields } from '../fields/fields.ts';
import { CONTENT_LENGTH, EXPECT } from '../fields/names.ts';

/**
 * Length of a reply's body as its head tells it: -1 where only its end will. Both parsers have refused replies that have
 * a transfer coding beside a length (RFC 9112 §6.3).
 */
export function replyLength(status: number, headers: Fields): number {
  if (status === 204) return 0;
  const at = headers.find(CONTENT_LENGTH);
  if (at < 0) return -1;
  const length = Number(headers.value(at));
  return Number.isSafeInteger(length) && length >= 0 ? length : -1;
}

/**
 * Can a final reply have this status? There are none from 600 up (RFC 9110 §15), so nobody can say what one of them means
 * for the message's framing or for caches, and an edge could not always write it; 1xx are not final.
 */
export function isFinalStatus(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** `headers` without `Expect`: the edge has answered it, and nothing else sends it on. */
export function withoutExpect(headers: Fields): Fields {
  if (headers.find(EXPECT) < 0) return headers;
  const fields = headers.copy();
  fields.dropId(EXPECT);
  return fields;
}
