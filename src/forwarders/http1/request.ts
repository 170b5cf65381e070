/** The octets of a request, onto a socket. */

import { chunkPrefix, requestHead } from '../../http1/write.ts';
import type { StreamSocket } from '../../sockets/stream-socket.ts';
import type { UpstreamRequest } from '../../types/transport.ts';
import { withoutExpect } from '../raw-headers.ts';

export { LAST_CHUNK } from '../../http1/write.ts';

/** No body, and no field that says so. */
const UNSAID = -2;

/** Methods whose requests say so where they have no body (RFC 9110 §8.6). */
const SAYS_ZERO: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * The head of `request` as it goes on the wire, framing included.
 * @throws {RangeError} where a part of it cannot be sent.
 */
export function headOf(request: UpstreamRequest): string {
  const length = request.body === null ? request.bodyLength : request.body.length;
  const framing = length === 0 && !SAYS_ZERO.has(request.method) ? UNSAID : length;
  return requestHead(request.method, request.target, withoutExpect(request.headers), framing);
}

/** A head and the whole body behind it. */
export function sendWhole(socket: StreamSocket, head: string, body: Buffer | null): void {
  socket.text(head);
  if (body !== null && body.length > 0) socket.piece('', body, '');
  socket.flush();
}

/** One chunk of a chunked body; `chunk` must not be empty, which would end it. */
export function gatherChunk(socket: StreamSocket, chunk: Buffer): void {
  socket.piece(chunkPrefix(chunk.length), chunk, '\r\n');
}
