/**
 * TCP handles that do nothing: real handles, as `net` makes them, whose reads come from the bench and whose writes go
 * nowhere and are done at once. Above them everything is real, `net.Socket` included, and whoever uses a handle directly
 * is counted as well. Bytes are copied where libuv or the kernel would have Node copy them: a string into memory, a read
 * into the reader's buffer.
 */

/** What is used of a native handle, and of the bindings it comes from. */
export interface NativeTcp {
  quiet: QuietSocket;
  onread: ((this: NativeTcp, bytes: ArrayBuffer | undefined) => unknown) | undefined;
  useUserBuffer(buffer: Uint8Array): void;
  connect(request: ConnectRequest, address: string, port: number): number;
}

interface ConnectRequest {
  oncomplete(status: number, handle: object, request: object, readable: boolean, writable: boolean): void;
}

interface ShutdownRequest {
  oncomplete(status: number): void;
}

interface TcpConstructor {
  new (type: number): NativeTcp;
  prototype: NativeTcp;
}

interface StreamState {
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kArrayBufferOffset: number;
  readonly kBytesWritten: number;
  readonly kLastWriteWasAsync: number;
}

const { binding } = process as unknown as { binding(name: string): unknown };
const { TCP, constants } = binding.call(process, 'tcp_wrap') as { TCP: TcpConstructor; constants: { SOCKET: number } };
const STREAM = binding.call(process, 'stream_wrap') as StreamState;
const { streamBaseState: STATE, kReadBytesOrError: READ, kArrayBufferOffset: OFFSET } = STREAM;
const { kBytesWritten: WRITTEN, kLastWriteWasAsync: ASYNC } = STREAM;

/** As after each callback that Node makes into JavaScript: what waits for the next tick, and promises. */
const runTicks = (process as unknown as { _tickCallback(): void })._tickCallback;

const ROOM = 64 * 1024;
const CR = 0x0d;
const LF = 0x0a;

/** What the handles of this thread were asked to do: each is a system call otherwise. */
export interface Calls {
  reads: number;
  writes: number;
  shutdowns: number;
  /** `readStart` and `readStop`: system calls (epoll_ctl) only at times. */
  switches: number;
}

export const calls: Calls = { reads: 0, writes: 0, shutdowns: 0, switches: 0 };

/** The other end of a handle. */
export interface Peer {
  /** Everything of one message was written. */
  whole(socket: QuietSocket): void;
}

/** What one handle holds. */
export class QuietSocket {
  readonly handle: NativeTcp;
  readonly peer: Peer;
  /** Port it was connected to, 0 on an accepted one. */
  readonly port: number;
  reading = false;
  onread: NativeTcp['onread'];
  /** Where the reader wants its bytes; null: in a new ArrayBuffer for each read. */
  place: Uint8Array | null = null;
  /** Bytes that follow the head of each message written here; -1: every write is a message. */
  bodyLength = 0;
  readonly #store = Buffer.allocUnsafeSlow(ROOM);
  #stored = 0;
  #last: Buffer = this.#store;
  #lastLength = 0;

  constructor(handle: NativeTcp, peer: Peer, port: number) {
    this.handle = handle;
    this.peer = peer;
    this.port = port;
  }

  /** Is the last whole message a reply with status 200? Two octets tell it from all else that a proxy answers. */
  get isOk(): boolean {
    return this.#last[9] === 0x32 && this.#last[11] === 0x30;
  }

  /** The last whole message. */
  get message(): string {
    return this.#last.toString('latin1', 0, this.#lastLength);
  }

  /** The bytes of a message that is not whole. */
  get partial(): string {
    return this.#store.toString('latin1', 0, this.#stored);
  }

  /** Delivers what came, in one read where the reader's buffer is large enough. False: it is not being read from. */
  deliver(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (!this.reading) return false;
    if (this.place === null) {
      this.#read(bytes.length, bytes.buffer.slice(0));
      return true;
    }
    let left = bytes;
    while (left.length > this.place.length) {
      const size = this.place.length;
      this.place.set(left.subarray(0, size));
      left = left.subarray(size);
      this.#read(size, undefined);
    }
    this.place.set(left);
    this.#read(left.length, undefined);
    return true;
  }

  /** As libuv's callback does, with what runs behind it. */
  #read(size: number, buffer: ArrayBuffer | undefined): void {
    calls.reads++;
    STATE[READ] = size;
    STATE[OFFSET] = 0;
    const next = this.onread!.call(this.handle, buffer);
    if (next instanceof Uint8Array) this.place = next;
    runTicks.call(process);
  }

  text(text: string, encoding: 'latin1' | 'utf8' | 'ucs2'): number {
    calls.writes++;
    const bytes = this.#append(text, encoding);
    this.#look();
    return done(bytes);
  }

  bytes(buffer: Buffer): number {
    calls.writes++;
    // Most messages are one piece: nothing to copy then, as the kernel would.
    if (this.#stored === 0 && ends(buffer, buffer.length, this.bodyLength)) this.#whole(buffer, buffer.length);
    else {
      buffer.copy(this.#store, this.#stored);
      this.#stored += buffer.length;
      this.#look();
    }
    return done(buffer.length);
  }

  many(chunks: readonly unknown[], allBuffers: boolean): number {
    calls.writes++;
    let bytes = 0;
    for (let i = 0; i < chunks.length; i += allBuffers ? 1 : 2) {
      const chunk = chunks[i] as Buffer | string;
      if (typeof chunk === 'string') bytes += this.#append(chunk, chunks[i + 1] as BufferEncoding);
      else {
        chunk.copy(this.#store, this.#stored);
        this.#stored += chunk.length;
        bytes += chunk.length;
      }
    }
    this.#look();
    return done(bytes);
  }

  #append(text: string, encoding: BufferEncoding): number {
    const store = this.#store;
    const bytes = store.write(text, this.#stored, encoding);
    this.#stored += bytes;
    return bytes;
  }

  #look(): void {
    const length = this.#stored;
    if (!ends(this.#store, length, this.bodyLength)) return;
    this.#stored = 0;
    this.#whole(this.#store, length);
  }

  #whole(buffer: Buffer, length: number): void {
    this.#last = buffer;
    this.#lastLength = length;
    this.peer.whole(this);
  }
}

/** Is the end of a head `body` bytes before `length`? */
function ends(buffer: Buffer, length: number, body: number): boolean {
  if (body < 0) return true;
  const at = length - body - 4;
  return at >= 0 && buffer[at] === CR && buffer[at + 1] === LF && buffer[at + 2] === CR && buffer[at + 3] === LF;
}

function done(bytes: number): number {
  STATE[WRITTEN] = bytes;
  STATE[ASYNC] = 0;
  return 0;
}

/** The methods that replace a native handle's; all others stay as they are. */
const METHODS = {
  readStart(this: NativeTcp): number {
    calls.switches++;
    this.quiet.reading = true;
    return 0;
  },
  readStop(this: NativeTcp): number {
    calls.switches++;
    this.quiet.reading = false;
    return 0;
  },
  useUserBuffer(this: NativeTcp, buffer: Uint8Array): void {
    this.quiet.place = buffer;
  },
  writeLatin1String(this: NativeTcp, _request: unknown, text: string): number {
    return this.quiet.text(text, 'latin1');
  },
  writeAsciiString(this: NativeTcp, _request: unknown, text: string): number {
    return this.quiet.text(text, 'latin1');
  },
  writeUtf8String(this: NativeTcp, _request: unknown, text: string): number {
    return this.quiet.text(text, 'utf8');
  },
  writeUcs2String(this: NativeTcp, _request: unknown, text: string): number {
    return this.quiet.text(text, 'ucs2');
  },
  writeBuffer(this: NativeTcp, _request: unknown, buffer: Buffer): number {
    return this.quiet.bytes(buffer);
  },
  writev(this: NativeTcp, _request: unknown, chunks: readonly unknown[], allBuffers: boolean): number {
    return this.quiet.many(chunks, allBuffers);
  },
  shutdown(this: NativeTcp, request: ShutdownRequest): number {
    calls.shutdowns++;
    setImmediate(() => request.oncomplete(0));
    return 0;
  },
  setNoDelay: () => 0,
  setKeepAlive: () => 0,
  getpeername(this: NativeTcp, out: { address?: string; port?: number; family?: string }): number {
    out.address = '127.0.0.1';
    out.port = this.quiet.port || 40_000;
    out.family = 'IPv4';
    return 0;
  },
  getsockname(this: NativeTcp, out: { address?: string; port?: number; family?: string }): number {
    return METHODS.getpeername.call(this, out);
  },
};

const QUIET_PROTOTYPE: object = Object.create(TCP.prototype, {
  ...Object.getOwnPropertyDescriptors(METHODS),
  onread: {
    get(this: NativeTcp) {
      return this.quiet.onread;
    },
    set(this: NativeTcp, onread: NativeTcp['onread']) {
      this.quiet.onread = onread;
    },
  },
  writeQueueSize: { get: () => 0 },
  fd: { get: () => -1 },
});

/** Takes the system out of `handle`. */
function quieten(handle: NativeTcp, peer: Peer, port: number): QuietSocket {
  const quiet = new QuietSocket(handle, peer, port);
  quiet.onread = handle.onread;
  handle.quiet = quiet;
  Object.setPrototypeOf(handle, QUIET_PROTOTYPE);
  return quiet;
}

/** A new connection from a client, to be accepted. */
export function acceptedSocket(peer: Peer): QuietSocket {
  return quieten(new TCP(constants.SOCKET), peer, 0);
}

/** From now on connections to one of `ports` are quiet, and stand at once; `opened` is told of each. */
export function quietenConnects(ports: ReadonlySet<number>, peer: Peer, opened: (socket: QuietSocket) => void): void {
  const { connect, useUserBuffer } = TCP.prototype;
  const places = new WeakMap<NativeTcp, Uint8Array>();
  TCP.prototype.useUserBuffer = function (this: NativeTcp, buffer) {
    places.set(this, buffer);
    useUserBuffer.call(this, buffer);
  };
  TCP.prototype.connect = function (this: NativeTcp, request, address, port) {
    if (!ports.has(port)) return connect.call(this, request, address, port);
    const quiet = quieten(this, peer, port);
    quiet.place = places.get(this) ?? null;
    opened(quiet);
    setImmediate(() => {
      request.oncomplete(0, this, request, true, true);
      runTicks.call(process);
    });
    return 0;
  };
}
