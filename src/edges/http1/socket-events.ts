/**
 * A socket's events, told to one object: without a closure for each connection, and with what was read handed on as it
 * comes. What is used of the inner workings of Node's sockets is all in this file.
 */
import { Socket } from 'node:net';

export interface SocketEvents {
  /** Bytes came. False: no more for now; {@link readOn} asks again. */
  received(bytes: Buffer): boolean;
  /** The client has ended its side: FIN. */
  ended(): void;
  drained(): void;
  /** Comes last, whatever happened. */
  closed(): void;
}

const TOLD = Symbol('told');
type Known = Socket & { [TOLD]?: SocketEvents };

/** From now on `to` is told what happens on `socket`, and reading starts. */
export function attach(socket: Socket, to: SocketEvents): void {
  (socket as Known)[TOLD] = to;
  socket.on('error', onError);
  socket.on('end', onEnd);
  socket.on('drain', onDrain);
  socket.on('close', onClose);
  socket.push = pushed;
  socket.resume();
}

/** Reads again after `received` said no. */
export function readOn(socket: Socket): void {
  // Not `resume`: the stream's own account of what it reads and holds is not kept here.
  if (!socket.destroyed) socket._read(0);
}

/** The socket is somebody else's now, and an ordinary one; it is paused. */
export function detach(socket: Socket): void {
  socket.pause();
  socket.push = Socket.prototype.push;
  socket.off('end', onEnd);
  socket.off('drain', onDrain);
  socket.off('close', onClose);
  readOn(socket);
}

/**
 * In the place of the stream's own `push`, which a socket calls with each piece it has read: a `data` event and the turn
 * of the loop in which the stream looks whether it should read more are work that nothing here needs.
 */
function pushed(this: Known, chunk: Buffer | null): boolean {
  return chunk === null ? Socket.prototype.push.call(this, null) : this[TOLD]!.received(chunk);
}
function onEnd(this: Known): void {
  this[TOLD]!.ended();
}
function onDrain(this: Known): void {
  this[TOLD]!.drained();
}
function onClose(this: Known): void {
  this[TOLD]!.closed();
}
/**
 * `close` says all there is to say; without a listener the process would end. A socket's own errors have destroyed it
 * already, but Node only tells of a TLS record that cannot be read or a fatal alert, and leaves the connection open.
 */
function onError(this: Known): void {
  this.destroy();
}
