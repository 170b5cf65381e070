/** A client that speaks byte by byte, and reads replies by their framing alone. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { until } from '../tools/until.ts';

/** One reply as it came over the wire. */
export interface WireReply {
  readonly status: number;
  /** Lines of the head, without the first. */
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  /** Value of a field (lower-case name), or undefined; several are joined. */
  get(name: string): string | undefined;
}

export class WireClient {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  /** Bytes that came in all. */
  bytes = 0;
  /** The edge sent FIN. */
  ended = false;
  closed = false;
  /** Milliseconds to wait for a reply, or a part of one. */
  patience = 10_000;
  /** Code of the socket's error, `ECONNRESET` above all, or ''. */
  error = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
  }

  static async connect(port: number, allowHalfOpen = false): Promise<WireClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen, noDelay: true });
    const client = new WireClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Resolves when the handshake is done or has failed: see `error`. */
  static async connectTls(port: number, options: ConnectionOptions = {}): Promise<WireClient> {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    const client = new WireClient(socket);
    await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]).catch(() => {});
    return client;
  }

  /** Text goes out as latin1. Resolves when the system took it. */
  send(data: string | Buffer): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  get text(): string {
    return this.#received.toString('latin1');
  }

  /** The next head: status line and fields. Interim replies are replies here. */
  async head(): Promise<{ status: number; fields: string[] }> {
    const head = await this.#through('\r\n\r\n', 'a reply head');
    const [line, ...fields] = head.trimEnd().split('\r\n');
    if (!/^HTTP\/1\.1 \d{3} /.test(line!)) throw new Error(`not a status line: ${line}`);
    return { status: Number(line!.slice(9, 12)), fields };
  }

  /** The next reply. `bodyless`: as the answer to HEAD. */
  async reply(bodyless = false): Promise<WireReply> {
    const { status, fields } = await this.head();
    const get = (name: string) => fieldOf(fields, name);
    const reply = { status, fields, get, trailers: [] as string[], body: '' };
    if (bodyless || status < 200 || status === 204 || status === 304) return reply;
    if (get('transfer-encoding') === 'chunked') return { ...reply, ...(await this.#chunks()) };
    const length = get('content-length');
    if (length === undefined) return { ...reply, body: await this.rest() };
    await this.#until(() => this.#received.length >= Number(length), 'a body');
    return { ...reply, body: this.take(Number(length)) };
  }

  async #chunks(): Promise<{ body: string; trailers: string[] }> {
    let body = '';
    for (;;) {
      const size = Number.parseInt(await this.line(), 16);
      if (size === 0) break;
      await this.#until(() => this.#received.length >= size + 2, 'a chunk');
      body += this.take(size);
      if (this.take(2) !== '\r\n') throw new Error('a chunk without its end');
    }
    const trailers: string[] = [];
    for (let line = await this.line(); line !== ''; line = await this.line()) trailers.push(line);
    return { body, trailers };
  }

  /** The next line, without its end. */
  async line(): Promise<string> {
    return (await this.#through('\r\n', 'a line')).slice(0, -2);
  }

  /** All that comes until the edge ends the connection in good order. */
  async rest(): Promise<string> {
    await this.#until(() => this.ended, 'the end');
    return this.take(this.#received.length);
  }

  /** Waits for something to be in what was received; fails at once when nothing more can come. */
  async #until(condition: () => boolean, what: string): Promise<void> {
    await until(() => condition() || this.ended || this.closed, what, this.patience);
    if (condition()) return;
    throw new Error(`the connection ended (${this.error || 'FIN'}) before ${what}; got ${JSON.stringify(this.text)}`);
  }

  /** Waits for `mark`, then takes all up to it and it. */
  async #through(mark: string, what: string): Promise<string> {
    await this.#until(() => this.#received.includes(mark), what);
    return this.take(this.#received.indexOf(mark) + mark.length);
  }

  take(length: number): string {
    const taken = this.#received.toString('latin1', 0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  /** Resolves when the edge has ended the connection, however it did. */
  async over(within = 10_000): Promise<void> {
    await until(() => this.ended || this.closed, 'the edge to end the connection', within);
  }

  /** Shuts the sending side down: FIN. */
  finish(data: string | Buffer = ''): void {
    this.socket.end(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /** Closes with RST. */
  async reset(): Promise<void> {
    await until(() => this.socket.writableLength === 0, 'the written bytes to leave');
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }
}

function fieldOf(fields: readonly string[], name: string): string | undefined {
  const found = fields.filter((field) => field.toLowerCase().startsWith(`${name}:`));
  return found.length > 0 ? found.map((field) => field.slice(name.length + 1).trim()).join(', ') : undefined;
}
