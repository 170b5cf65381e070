/** Refusals of what never became a request, and the end of connections whose client may still be sending. */

import http from 'node:http';
import type { Socket } from 'node:net';
import { ALLOW_USUAL, ERRORS, type ErrorCode, errorBody } from '../../../src/errors.ts';

/** How long an ended connection is kept so that its client can read the answer before a reset wipes it out. */
export const LINGER_MS = 1000;

/** Answers with a row of the error table and closes. A peer that is gone or never reads costs nothing more. */
export function refuse(socket: Socket, code: ErrorCode): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, message } = ERRORS[code];
  const body = errorBody('generic', status, code, message, '');
  const allow = code === 'METHOD_NOT_ALLOWED' ? `${ALLOW_USUAL.join(': ')}\r\n` : '';
  socket.write(
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${allow}content-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  linger(socket);
}

/** Ends our side and gives the client a moment to end its own. */
export function linger(socket: Socket): void {
  socket.end();
  const timer = setTimeout(destroy, LINGER_MS, socket);
  socket.once('close', () => clearTimeout(timer));
}

function destroy(socket: Socket): void {
  socket.destroy();
}
