/** The octets of a request, onto a socket. */

import { checkRequestHead, chunkPrefix, requestHead, requestHeadOctets, writeRequestHead } from '../../http1/write.ts';
import type { StreamSocket } from '../../sockets/stream-socket.ts';
import type { UpstreamRequest } from '../../types/transport.ts';
import { withoutExpect } from '../raw-headers.ts';

export { LAST_CHUNK } from '../../http1/write.ts';

/** No body, and no field that says so. */
const UNSAID = -2;

/** Methods whose requests say so where they have no body (RFC 9110 §8.6). */
const SAYS_ZERO: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Length of a request's body as its head says it: -1 chunked, -2 nothing is said. */
function framingOf(request: UpstreamRequest): number {
  const length = request.body === null ? request.bodyLength : request.body.length;
  return length === 0 && !SAYS_ZERO.has(request.method) ? UNSAID : length;
}

/** @throws {RangeError} where a part of the head of `request` cannot be sent. */
export function checkHead(request: UpstreamRequest): void {
  checkRequestHead(request.method, request.target, request.headers, framingOf(request));
}

/**
 * The head of `request` as it goes on the wire, framing included.
 * @throws {RangeError} where a part of it cannot be sent.
 */
export function headOf(request: UpstreamRequest): string {
  return requestHead(request.method, request.target, withoutExpect(request.headers), framingOf(request));
}

/** Gathers the head of a request that {@link checkHead} has passed. */
export function gatherHead(socket: StreamSocket, request: UpstreamRequest): void {
  const { method, target } = request;
  const headers = withoutExpect(request.headers);
  const room = socket.place(requestHeadOctets(method, target, headers));
  if (room === null) socket.text(headOf(request));
  else writeRequestHead(room, method, target, headers, framingOf(request));
}

/** A head and the whole body behind it. */
export function sendWhole(socket: StreamSocket, request: UpstreamRequest): void {
  gatherHead(socket, request);
  const { body } = request;
  if (body !== null && body.length > 0) socket.piece('', body, '');
  socket.flush();
}

/** One chunk of a chunked body; `chunk` must not be empty, which would end it. */
export function gatherChunk(socket: StreamSocket, chunk: Buffer): void {
  socket.piece(chunkPrefix(chunk.length), chunk, '\r\n');
}
