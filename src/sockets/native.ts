/**
 * What is used of the inner workings of Node's sockets: all of it is in this file, and looked for before it is used. On a
 * Node that lacks it sockets work through their streams, as documented; TLS always does.
 *
 * - Reads into a buffer of ours, which `net.connect` has as `onread`, on accepted sockets as well.
 * - Writes on the handle of a TCP socket. A `socket.write` costs a request object, three queues and a tick of its own,
 *   although the system takes nearly every write at once.
 */
import { Socket } from 'node:net';
import type { Output } from './output.ts';

/** The handle of a TCP socket, as far as it is used here. */
export interface Handle {
  reading?: boolean;
  /** Octets that libuv holds: 0 where the system took all. */
  readonly writeQueueSize: number;
  readStop(): number;
  useUserBuffer?(place: Uint8Array): void;
  writeBuffer(request: WriteRequest | null, bytes: Uint8Array): number | WriteRequest;
  writev(request: WriteRequest | null, chunks: readonly unknown[], allBuffers: boolean): number | WriteRequest;
}

/** A write that the system has not taken whole. */
export interface WriteRequest {
  oncomplete: (this: WriteRequest, status: number) => void;
  /** Who is told of its end. */
  writer: Output;
  /** What must stay in memory until then. */
  buffer: unknown;
  /** Where it ended before it could be told of; not on all Nodes. */
  writeStatus?: number | null;
  /** Negative until it is under way. */
  getAsyncId(): number;
}

/** Takes what was read into the place it had. False: no more for now. */
export type OnRead = (this: Socket, size: number, place: Uint8Array) => boolean;

type Fields = Socket & Record<symbol, unknown>;

/** How a write is asked for: with a request object in any case, or with one that is made where it is needed. */
type MakeRequest = (() => WriteRequest) | null;

/** The short ways, for one thread. */
export class Native {
  readonly #place: symbol;
  readonly #nextPlace: symbol;
  readonly #onRead: symbol;
  readonly #makeRequest: MakeRequest;
  /** Has never been under way. */
  #unused: WriteRequest | null = null;

  constructor(place: symbol, nextPlace: symbol, onRead: symbol, makeRequest: MakeRequest) {
    this.#place = place;
    this.#nextPlace = nextPlace;
    this.#onRead = onRead;
    this.#makeRequest = makeRequest;
  }

  /** Has `socket`, which reads already, read into what `place` gives. */
  readInto(socket: Socket, place: () => Buffer, onRead: OnRead): boolean {
    const handle = handleOf(socket);
    if (typeof handle?.useUserBuffer !== 'function') return false;
    const fields = socket as unknown as Fields;
    const first = place();
    fields[this.#place] = first;
    fields[this.#nextPlace] = place;
    fields[this.#onRead] = onRead;
    handle.useUserBuffer(first);
    return true;
  }

  /** From now on `onRead` takes what is read on a socket that reads into places of ours: they cannot be taken away. */
  readBy(socket: Socket, place: () => Buffer, onRead: OnRead): void {
    const fields = socket as unknown as Fields;
    fields[this.#nextPlace] = place;
    fields[this.#onRead] = onRead;
  }

  // The writers: 0 where the system has taken all, its error (negative), or 1 where `writer` is told of the end.

  bytes(handle: Handle, bytes: Buffer, writer: Output): number {
    return this.#sent(handle.writeBuffer(this.#request(), bytes), bytes, writer);
  }

  /** Octets with others before them and text behind, uncopied. */
  around(handle: Handle, before: Buffer | null, bytes: Buffer, after: string, writer: Output): number {
    if (before === null && after === '') return this.bytes(handle, bytes, writer);
    const pieces: unknown[] = before === null ? [bytes, 'buffer'] : [before, 'buffer', bytes, 'buffer'];
    if (after !== '') pieces.push(after, 'latin1');
    return this.#sent(handle.writev(this.#request(), pieces, false), pieces, writer);
  }

  #request(): WriteRequest | null {
    if (this.#makeRequest === null) return null;
    this.#unused ??= this.#makeRequest();
    return this.#unused;
  }

  #sent(answer: number | WriteRequest, buffer: unknown, writer: Output): number {
    // Without a request of ours 0 says that none was needed; with one it may be under way. An empty queue does not say that
    // it is not: libuv tries once more before it queues, and tells of the end later even where nothing is left.
    if (answer === 0 && (this.#unused === null || this.#unused.getAsyncId() < 0)) return 0;
    const request = typeof answer === 'number' ? this.#unused : answer;
    this.#unused = null;
    if (typeof answer === 'number' && answer !== 0) return answer;
    request!.writer = writer;
    request!.buffer = buffer;
    request!.oncomplete = onComplete;
    if (request!.writeStatus != null) request!.oncomplete(request!.writeStatus);
    return 1;
  }
}

function onComplete(this: WriteRequest, status: number): void {
  this.buffer = null;
  this.writer.written(status);
}

/** The handle of a socket, null once it is closed. */
export function handleOf(socket: Socket): Handle | null {
  return (socket as unknown as { readonly _handle: Handle | null })._handle;
}

/** Can this one be written to directly? Over TLS what is written is not what leaves, and never at once. */
export function isDirect(handle: Handle | null, secure: boolean): handle is Handle {
  return !secure && typeof handle?.writeQueueSize === 'number' && typeof handle.writev === 'function';
}

/** Stops reading now; {@link startReading} goes on. */
export function stopReading(socket: Socket): void {
  const handle = handleOf(socket);
  if (handle?.reading !== true || typeof handle.readStop !== 'function') return;
  handle.reading = false;
  handle.readStop();
}

/** Not `resume`: the stream's own account of what it reads and holds is not kept. */
export function startReading(socket: Socket): void {
  if (!socket.destroyed) socket._read(0);
}

/**
 * Has `told` take what the stream of `socket` is given to hold: a `data` event and the turn of the loop in which the stream
 * looks whether it should read more are work that nothing here needs. `told` says whether there is room for more.
 */
export function interceptReads(socket: Socket, told: (this: Socket, bytes: Buffer) => boolean): void {
  socket.push = function (this: Socket, chunk: Buffer | null): boolean {
    return chunk === null ? Socket.prototype.push.call(this, null) : told.call(this, chunk);
  };
}

export function releaseReads(socket: Socket): void {
  socket.push = Socket.prototype.push;
}

/** What this Node has of the short ways: all of it, or null. Nothing goes over a network: Node writes to a handle of ours. */
export function findNative(): Native | null {
  let asked: unknown;
  const handle = {
    readStart: () => 0,
    readStop: () => 0,
    writeLatin1String: (request: unknown) => {
      asked = request;
      return 0;
    },
    close() {},
  };
  try {
    // @ts-expect-error a handle can be handed over; the types leave it out
    const socket = new Socket({ handle, readable: false, writable: true });
    socket.on('error', () => {});
    socket.write('x', 'latin1');
    const symbols = new Map(Object.getOwnPropertySymbols(socket).map((symbol) => [symbol.description, symbol]));
    const [place, nextPlace, onRead] = ['kBuffer', 'kBufferGen', 'kBufferCb'].map((name) => symbols.get(name));
    socket.destroy();
    if (place === undefined || nextPlace === undefined || onRead === undefined || asked === undefined) return null;
    const makeRequest = makerOf(asked);
    // Ours is used again, which needs to be told apart from one under way.
    if (makeRequest !== null && typeof makeRequest().getAsyncId !== 'function') return null;
    return new Native(place, nextPlace, onRead, makeRequest);
  } catch {
    return null;
  }
}

/** Node 26 asks for a write without a request object and gets one where it must wait; before, one was made each time. */
function makerOf(asked: unknown): MakeRequest {
  if (asked === null) return null;
  const { constructor: Request } = asked as { readonly constructor: new () => WriteRequest };
  return () => new Request();
}
