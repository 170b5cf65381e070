/** What a forwarder reads from, or leaves out of, a flat header list. */
import { type HeaderList, indexOfHeader } from '../headers.ts';

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

/**
 * Can a final reply have this status? There are none from 600 up (RFC 9110 §15), so nobody can say what one of them means
 * for the message's framing or for caches, and an edge could not always write it; 1xx are not final.
 */
export function isFinalStatus(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** `headers` without `Expect`: the edge has answered it, and neither library sends it on. */
export function withoutExpect(headers: HeaderList): HeaderList {
  const at = indexOfHeader(headers, 'expect');
  if (at < 0) return headers;
  const list: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i]!.toLowerCase() !== 'expect') list.push(headers[i]!, headers[i + 1]!);
  return list;
}
