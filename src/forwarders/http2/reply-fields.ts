/** What the head of a reply says of its body, and how large a head may be. */

import type { Fields } from '../../fields/fields.ts';
import { isGrpc } from '../../grpc.ts';
import { NO_BODY } from '../../types/transport.ts';
import { replyLength } from '../raw-headers.ts';
import { HEAD_MAX } from './limits.ts';

/**
 * Length of a body as `UpstreamEvents.head` tells it; `last`: the head has ended the stream. The last byte of a body
 * whose length is known ends it for the exchange, so gRPC's, which says in the trailers how the call ended, has none.
 */
export function bodyLength(method: string, status: number, headers: Fields, last: boolean): number {
  const length = replyLength(status, headers);
  if (last) return length < 0 && method !== 'HEAD' && status !== 304 ? NO_BODY : length;
  return length >= 0 && isGrpc(headers) ? -1 : length;
}

/** Node holds upstreams to the number of fields, but not to the size of a head. */
export function isTooLarge(fields: Fields): boolean {
  return fields.octets > HEAD_MAX;
}
