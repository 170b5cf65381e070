/**
 * Listening sockets that pass between threads and processes: over a Unix-domain connection, beside lines of JSON, as
 * `SCM_RIGHTS` (unix(7)). Whoever receives one has a descriptor of its own for the same socket and the same queue of
 * connections, so nothing in that queue is lost while one descriptor is open.
 *
 * Node offers this to a parent and its children only (`subprocess.send`), and a duplicate within a process not at all.
 * The bindings beneath can do it. This is the one file that touches them; where a Node lacks them `canPassSockets` is
 * false and threads listen by themselves.
 */
import { fstatSync } from 'node:fs';
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';

interface NativeHandle {
  readonly fd: number;
  close(): void;
}

interface NativeTcp extends NativeHandle {
  bind(address: string, port: number, flags: number): number;
  bind6(address: string, port: number, flags: number): number;
  open(fd: number): number;
  getsockname(out: object): number;
}

interface NativePipe extends NativeHandle {
  pendingHandle: NativeTcp | null;
  onread: (buffer: ArrayBuffer | undefined) => void;
  open(fd: number): number;
  connect(request: object, path: string): number;
  readStart(): number;
  writeUtf8String(request: object, text: string, handle?: NativeTcp): number;
}

interface Bindings {
  readonly TCP: new (type: number) => NativeTcp;
  readonly SERVER: number;
  readonly REUSEPORT: number;
  readonly Pipe: new (type: number) => NativePipe;
  readonly IPC: number;
  readonly PipeConnectWrap: new () => { oncomplete: (status: number) => void };
  readonly WriteWrap: new () => { oncomplete: (status: number) => void; handle?: object };
  /** What the last read came to, and how many bytes it gave. */
  readonly streamState: Int32Array;
  readonly BYTES: number;
  readonly OFFSET: number;
}

const NATIVE: Readonly<Bindings> | null = findBindings();

function findBindings(): Bindings | null {
  try {
    const { binding } = process as unknown as { binding(name: string): Record<string, never> };
    const tcp = binding.call(process, 'tcp_wrap') as Record<string, never>;
    const pipe = binding.call(process, 'pipe_wrap') as Record<string, never>;
    const stream = binding.call(process, 'stream_wrap') as Record<string, never>;
    const { SERVER, UV_TCP_REUSEPORT } = tcp.constants! as Record<string, number>;
    const found = {
      TCP: tcp.TCP!,
      SERVER: SERVER!,
      REUSEPORT: UV_TCP_REUSEPORT!,
      Pipe: pipe.Pipe!,
      IPC: (pipe.constants! as Record<string, number>).IPC!,
      PipeConnectWrap: pipe.PipeConnectWrap!,
      WriteWrap: stream.WriteWrap!,
      streamState: stream.streamBaseState!,
      BYTES: stream.kReadBytesOrError!,
      OFFSET: stream.kArrayBufferOffset!,
    };
    return Object.values(found).every((value) => value! !== undefined) ? found : null;
  } catch {
    return null;
  }
}

/** Can sockets pass between threads and processes here? */
export function canPassSockets(): boolean {
  return NATIVE !== null && process.platform !== 'win32';
}

/** A TCP socket that is bound. It takes connections once a server listens on it (`server.listen(socket.native)`). */
export class BoundSocket {
  readonly native: object;
  readonly #handle: NativeTcp;

  constructor(handle: object) {
    this.native = handle;
    this.#handle = handle as NativeTcp;
  }

  /**
   * Binds an IP address. `shared` sets `SO_REUSEPORT`: several sockets of one user may have the address.
   * @throws {Error} with the system's code; an address in use by a socket that is not shared shows when a server listens.
   */
  static bind(address: string, port: number, shared: boolean): BoundSocket {
    const { TCP, SERVER, REUSEPORT } = NATIVE!;
    const handle = new TCP(SERVER);
    const flags = shared ? REUSEPORT : 0;
    const status = address.includes(':') ? handle.bind6(address, port, flags) : handle.bind(address, port, flags);
    const socket = new BoundSocket(handle);
    if (status === 0) return socket;
    socket.close();
    throw systemError(status, `bind ${address}:${port}`);
  }

  /** A descriptor that this process has inherited. @throws {Error} where it is no TCP socket. */
  static open(fd: number): BoundSocket {
    const { TCP, SERVER } = NATIVE!;
    // It may be one of Node's own, which must not be touched.
    if (!isSocket(fd)) throw new Error(`descriptor ${fd} is not a bound TCP socket`);
    const handle = new TCP(SERVER);
    const status = handle.open(fd);
    if (status !== 0) throw systemError(status, `descriptor ${fd}`);
    const socket = new BoundSocket(handle);
    if (socket.port > 0) return socket;
    throw new Error(`descriptor ${fd} is not a bound TCP socket`);
  }

  /** The address it is bound to; '' where there is none. */
  get address(): string {
    return this.#name().address ?? '';
  }

  /** 0 where it is not bound. */
  get port(): number {
    return this.#name().port ?? 0;
  }

  /** The same number for every descriptor of one socket. */
  get inode(): number {
    return fstatSync(this.#handle.fd).ino;
  }

  /** Closes this descriptor. The socket stays open while another descriptor refers to it. */
  close(): void {
    this.#handle.close();
  }

  #name(): { address?: string; port?: number } {
    const out = {};
    this.#handle.getsockname(out);
    return out;
  }
}

type Message = Readonly<Record<string, unknown>>;

/** Characters that a message may have; longer ones are none of ours. */
const MESSAGE_MAX = 65_536;

/** A Unix-domain connection that carries messages, each with a socket or without. */
export class SocketPipe {
  onMessage: (message: Message, socket: BoundSocket | null) => void = () => {};
  /** The other side has ended, or what came cannot be understood. */
  onEnd: () => void = () => {};
  readonly #pipe: NativePipe;
  #text = '';
  /** Sockets that have come; a message says whether one is its own. */
  readonly #sockets: BoundSocket[] = [];
  #closed = false;

  private constructor(pipe: NativePipe) {
    this.#pipe = pipe;
    pipe.pendingHandle = null;
    pipe.onread = (buffer) => this.#read(buffer);
    pipe.readStart();
  }

  /** @throws {Error} with the system's code: `ENOENT` and `ECONNREFUSED` say that no process listens there. */
  static connect(path: string): Promise<SocketPipe> {
    const { Pipe, IPC, PipeConnectWrap } = NATIVE!;
    const pipe = new Pipe(IPC);
    return new Promise((resolve, reject) => {
      const fail = (status: number): void => {
        pipe.close();
        reject(systemError(status, `connect ${path}`));
      };
      const request = new PipeConnectWrap();
      request.oncomplete = (status) => (status === 0 ? resolve(new SocketPipe(pipe)) : fail(status));
      const status = pipe.connect(request, path);
      if (status !== 0) fail(status);
    });
  }

  /**
   * Takes over the descriptor of a connection that a server with `pauseOnConnect` has accepted. Node has no way to make
   * a connection let go of its descriptor, so the object is never closed: closing it would close whatever else has got
   * its number by then. That keeps a few hundred bytes for each.
   */
  static accept(connection: Socket): SocketPipe {
    const { Pipe, IPC } = NATIVE!;
    const { fd } = (connection as unknown as { _handle: NativeHandle })._handle;
    const pipe = new Pipe(IPC);
    const status = pipe.open(fd);
    if (status !== 0) throw systemError(status, 'pipe');
    return new SocketPipe(pipe);
  }

  /** Nothing can be sent or received any more. */
  get closed(): boolean {
    return this.#closed;
  }

  send(message: Message, socket: BoundSocket | null = null): void {
    if (this.#closed) return;
    const request = new NATIVE!.WriteWrap();
    // Kept until the kernel has it. A reader that is gone shows as the end of reading.
    request.oncomplete = () => {};
    const handle = socket === null ? undefined : (socket.native as NativeTcp);
    request.handle = handle;
    this.#pipe.writeUtf8String(request, `${JSON.stringify({ ...message, socket: socket !== null })}\n`, handle);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pipe.close();
    for (const socket of this.#sockets) socket.close();
  }

  #read(buffer: ArrayBuffer | undefined): void {
    const { streamState, BYTES, OFFSET } = NATIVE!;
    const bytes = streamState[BYTES]!;
    const handle = this.#pipe.pendingHandle;
    this.#pipe.pendingHandle = null;
    if (handle) this.#sockets.push(new BoundSocket(handle));
    if (bytes <= 0 || buffer === undefined) return this.#end();
    this.#text += Buffer.from(buffer, streamState[OFFSET], bytes).toString();
    for (let end = this.#text.indexOf('\n'); end >= 0 && !this.#closed; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      this.#receive(line);
    }
    if (this.#text.length > MESSAGE_MAX) this.#end();
  }

  #receive(line: string): void {
    const message = parsed(line);
    if (message === null) return this.#end();
    this.onMessage(message, message.socket === true ? (this.#sockets.shift() ?? null) : null);
  }

  #end(): void {
    if (this.#closed) return;
    this.close();
    this.onEnd();
  }
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

/** Null where `line` is no object. */
function parsed(line: string): Message | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' ? (value as Message | null) : null;
  } catch {
    return null;
  }
}

function systemError(status: number, what: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`${what}: ${code}`), { code, errno: status });
}
