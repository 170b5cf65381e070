/**
 * A connected TCP or TLS socket, as both sides of Weir use it: what it reads goes to its owner as it comes, what is
 * written is gathered (see {@link Output}), and its events are told to one object, without a closure for each socket.
 */
import type { OnReadOpts, Socket } from 'node:net';
import type { Loop, TurnEnd } from './loop.ts';
import { interceptReads, releaseReads, startReading, stopReading } from './native.ts';
import { Output } from './output.ts';

/** Who is told what happens on a socket. Everything is told within a turn of the {@link Loop}. */
export interface SocketOwner extends TurnEnd {
  /** Octets came: the owner's to keep, or `lent` until this returns. */
  received(bytes: Buffer, lent: boolean): void;
  /** The other end has ended its side (FIN). */
  ended(): void;
  /** There is room again on a socket that was full. */
  drained(): void;
  /** Everything written is with the system, where that was asked for. */
  flushed(): void;
  /** The other end took nothing of what waits for it for `patience`. */
  stalled(): void;
  /** Comes last, whatever happened; `error` where the socket broke. */
  closed(error: Error | null): void;
  /** What the other end sent before it broke may still be of use. */
  readonly expectsMore: boolean;
  /** A message has begun and is not whole. */
  readonly midMessage: boolean;
}

const SOCKET = Symbol('stream socket');
/** What came before anybody was told. */
const EARLY = Symbol('early');
type Known = Socket & { [SOCKET]?: StreamSocket; [EARLY]?: Buffer[] };

export class StreamSocket extends Output {
  #owner: SocketOwner | null;
  /** The owner wants no more for now. */
  #paused = false;
  #atTurnEnd = false;
  /** Why it broke. */
  #reason: Error | null = null;
  /** It ends by an error, once what came before has been read. */
  #breaking = false;
  /** Reads go through the stream's `push`. */
  #intercepted = false;

  /**
   * Tells `owner` what happens on `socket` from now on, and reads it. A socket that was connected with {@link readsOf}
   * reads into the places of `loop` already.
   */
  constructor(loop: Loop, socket: Socket, owner: SocketOwner, secure: boolean, patience: number) {
    super(loop, socket, secure, patience);
    this.#owner = owner;
    const known = socket as Known;
    known[SOCKET] = this;
    socket.on('error', onError);
    socket.on('end', onEnd);
    socket.on('close', onClose);
    if (!this.direct) socket.on('drain', onDrain);
  }

  /** Reads an accepted socket. */
  accept(): void {
    const { loop, socket } = this;
    this.#intercepted = loop.native?.readInto(socket, loop.reads.place, onRead) !== true;
    if (this.#intercepted) interceptReads(socket, onPush);
    socket.resume();
  }

  /**
   * Reads a socket that was connected with {@link readsOf}: first what came before this. Node ends a socket at once when a
   * write fails, with all that it has not read; this one waits, where its owner expects more.
   */
  begin(): void {
    const known = this.socket as Known;
    known.destroy = destroyInTime;
    const early = known[EARLY];
    known[EARLY] = undefined;
    for (const bytes of early ?? []) this.receive(bytes);
  }

  /** It has not been closed. */
  get usable(): boolean {
    return !this.socket.destroyed;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** No more for now; what has been read already may still come. */
  pause(): void {
    this.#paused = true;
    stopReading(this.socket);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    startReading(this.socket);
  }

  /** Calls the owner's `turnEnded` once what is done now is done; what was gathered is handed over before. */
  atTurnEnd(): void {
    if (this.#atTurnEnd) return;
    this.#atTurnEnd = true;
    this.loop.atTurnEnd(this);
  }

  turnEnded(): void {
    this.#atTurnEnd = false;
    if (this.#owner === null) return;
    this.flush();
    this.#owner.turnEnded();
  }

  /** Ends our side, behind what was written. */
  end(): void {
    this.flush();
    this.socket.end();
  }

  destroy(): void {
    this.closeOutput();
    this.socket.destroy();
  }

  /** Breaks it so that nobody takes it for an end: a reset, and over TLS no close_notify. */
  reset(): void {
    this.closeOutput();
    if (this.secure) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Writes nothing, and learns of a reset by it: nothing reads from a socket whose other end has ended its side. */
  probe(): void {
    this.socket.write('');
  }

  /** Gives it away as an ordinary one, paused. Its errors are the receiver's, but for those that nobody hears. */
  detach(): Socket {
    const { socket } = this;
    this.#owner = null;
    this.flush();
    this.closeOutput();
    socket.pause();
    socket.off('end', onEnd);
    socket.off('close', onClose);
    socket.off('drain', onDrain);
    if (this.#intercepted) releaseReads(socket);
    else this.loop.native?.readBy(socket, this.loop.reads.place, pushCopy);
    startReading(socket);
    return socket;
  }

  // ── what the socket says ───────────────────────────────────────────────────────────────────────────────────────

  /** True: there is room for more. */
  receive(bytes: Buffer, lent = false): boolean {
    const owner = this.#owner;
    if (owner === null) return true;
    this.loop.enter();
    try {
      owner.received(bytes, lent);
    } finally {
      this.loop.leave();
    }
    return !this.#paused;
  }

  read(size: number, place: Buffer): boolean {
    const { reads } = this.loop;
    const goesOn = this.receive(reads.take(size, place), reads.lends(place));
    // Asked only of who filled the place: few do.
    reads.moveOn(size, place, size === place.length && this.#owner?.midMessage === true);
    return goesOn;
  }

  readEnd(): void {
    const owner = this.#owner;
    if (owner !== null) this.loop.within(() => owner.ended());
  }

  /**
   * A socket's own errors have destroyed it already, but Node only tells of a TLS record that cannot be read or of a fatal
   * alert, and leaves the connection open.
   */
  errorCame(error: Error): void {
    this.#reason ??= error;
    this.socket.destroy();
  }

  closeCame(): void {
    const owner = this.#owner;
    this.#owner = null;
    this.closeOutput();
    if (owner !== null) this.loop.within(() => owner.closed(this.#reason));
  }

  drainCame(): void {
    this.loop.enter();
    try {
      this.streamDrained();
    } finally {
      this.loop.leave();
    }
  }

  // ── what becomes of what was written ───────────────────────────────────────────────────────────────────────────

  protected override flushed(): void {
    this.#owner?.flushed();
  }

  protected override roomAgain(): void {
    this.#owner?.drained();
  }

  protected override stalled(): void {
    this.#owner?.stalled();
  }

  protected override broke(error: Error): void {
    this.socket.destroy(error);
  }

  /**
   * Who wants no more of an upload answers and closes, so a write often fails before that answer was read (RFC 9112 §9.5).
   * Where one is expected the end by an error waits until the loop has polled once more. False: it does not wait.
   */
  breakLater(error: Error): boolean {
    if (this.#breaking) return true;
    if (this.#owner?.expectsMore !== true) return false;
    this.#breaking = true;
    // The first one may come from within a poll that looked before the answer was there.
    setImmediate(() => setImmediate(() => destroyNow(this.socket, error)));
    return true;
  }
}

/** The option `onread` of `connect`, for sockets that will be this loop's. */
export function readsOf(loop: Loop): OnReadOpts {
  return { buffer: loop.reads.place, callback: onRead as OnReadOpts['callback'] };
}

function destroyInTime(this: Known, error?: Error): Socket {
  if (error === undefined || !this[SOCKET]!.breakLater(error)) destroyNow(this, error);
  return this;
}

function destroyNow(socket: Socket, error?: Error): void {
  const { destroy } = Object.getPrototypeOf(socket) as Socket;
  destroy.call(socket, error);
}

function onRead(this: Known, size: number, place: Uint8Array): boolean {
  const to = this[SOCKET];
  if (to !== undefined) return to.read(size, place as Buffer);
  this[EARLY] ??= [];
  this[EARLY].push(Buffer.from(place.subarray(0, size)));
  return true;
}
function onPush(this: Known, bytes: Buffer): boolean {
  return this[SOCKET]!.receive(bytes);
}
/** For a socket that has been given away: through its stream, as any other. */
function pushCopy(this: Socket, size: number, place: Uint8Array): boolean {
  return this.push(Buffer.from(place.subarray(0, size)));
}
function onEnd(this: Known): void {
  this[SOCKET]!.readEnd();
}
function onError(this: Known, error: Error): void {
  this[SOCKET]!.errorCame(error);
}
function onClose(this: Known): void {
  this[SOCKET]!.closeCame();
}
function onDrain(this: Known): void {
  this[SOCKET]!.drainCame();
}
