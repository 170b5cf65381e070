/** Bytes of a request onto a socket, in as few system calls as they can go in. */
import type { Socket } from 'node:net';
import { writeLatin1 } from '../../fields/chars.ts';
import { chunkPrefix, requestHead } from '../../http1/write.ts';
import type { UpstreamRequest } from '../../types/transport.ts';
import { withoutExpect } from '../raw-headers.ts';

export { LAST_CHUNK } from '../../http1/write.ts';

/** Up to here copying bytes behind one another is cheaper than handing them over apart (measured: equal at 4 KiB). */
const SMALL = 4096;

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
export function sendWhole(socket: Socket, head: string, body: Buffer | null): void {
  if (body === null || body.length === 0) {
    socket.write(head, 'latin1');
    return;
  }
  const size = head.length + body.length;
  if (size > SMALL) return sendApart(socket, head, body, '');
  const bytes = Buffer.allocUnsafe(size);
  writeLatin1(bytes, head, 0);
  body.copy(bytes, head.length);
  socket.write(bytes);
}

/** One chunk of a chunked body; `chunk` must not be empty, which would end it. */
export function sendChunk(socket: Socket, chunk: Buffer): void {
  const prefix = chunkPrefix(chunk.length);
  if (chunk.length > SMALL) return sendApart(socket, prefix, chunk, '\r\n');
  const size = prefix.length + chunk.length;
  const bytes = Buffer.allocUnsafe(size + 2);
  writeLatin1(bytes, prefix, 0);
  chunk.copy(bytes, prefix.length);
  bytes[size] = 0x0d;
  bytes[size + 1] = 0x0a;
  socket.write(bytes);
}

/** Gathered by the system (writev), so that the middle is not copied. */
function sendApart(socket: Socket, before: string, bytes: Buffer, behind: string): void {
  socket.cork();
  socket.write(before, 'latin1');
  socket.write(bytes);
  if (behind !== '') socket.write(behind, 'latin1');
  socket.uncork();
}

/**
 * Does the socket take more? What `write` answers goes by the size of what it was given, although the system may have
 * taken all of it at once.
 */
export function hasRoom(socket: Socket): boolean {
  return !socket.writableNeedDrain || socket.writableLength === 0;
}
