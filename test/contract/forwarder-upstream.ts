/** An upstream that a test scripts byte by byte, and a recorder for what a forwarder tells about it. */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Fields, type Pairs } from '../../src/fields/fields.ts';
import type { EndpointPlan, TimeoutsPlan } from '../../src/types/plan.ts';
import type {
  Failure,
  Forwarder,
  UpgradedConnection,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import { CERTIFICATE, KEY } from './forwarder-tls.ts';

/** One request as it came over the wire. */
export interface WireRequest {
  readonly line: string;
  /** Lines of the head, without the first. */
  readonly fields: readonly string[];
  readonly body: Buffer;
}

/** One connection at the upstream's end. Reads nothing while {@link stopReading}. */
export class RawConnection {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  /** The other end sent FIN. */
  ended = false;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => {});
  }

  get received(): Buffer {
    return this.#received;
  }

  /** Drops what was received so far. */
  discard(): void {
    this.#received = Buffer.alloc(0);
  }

  /** Takes the next head off what was received. */
  async head(): Promise<{ line: string; fields: string[] }> {
    const end = await this.#find('\r\n\r\n', 'a request head');
    const [line, ...fields] = this.#take(end).toString('latin1').trimEnd().split('\r\n');
    return { line: line!, fields };
  }

  /** Takes a whole request, by its framing. */
  async request(): Promise<WireRequest> {
    const { line, fields } = await this.head();
    const length = fieldValue(fields, 'content-length');
    if (length !== undefined) {
      await until(() => this.#received.length >= Number(length), 'a request body');
      return { line, fields, body: this.#take(Number(length)) };
    }
    const chunked = fieldValue(fields, 'transfer-encoding') === 'chunked';
    return { line, fields, body: chunked ? await this.#chunks() : Buffer.alloc(0) };
  }

  async #chunks(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (;;) {
      const size = Number.parseInt(this.#take(await this.#find('\r\n', 'a chunk size')).toString('latin1'), 16);
      await until(() => this.#received.length >= size + 2, 'a chunk');
      pieces.push(this.#take(size));
      this.#take(2);
      if (size === 0) return Buffer.concat(pieces);
    }
  }

  /** Offset behind the next `mark`. */
  async #find(mark: string, what: string): Promise<number> {
    await until(() => this.#received.includes(mark), what);
    return this.#received.indexOf(mark) + mark.length;
  }

  #take(length: number): Buffer {
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  write(data: string | Buffer): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /** Answers the request that has come with this. */
  async answer(data: string | Buffer): Promise<WireRequest> {
    const request = await this.request();
    this.write(data);
    return request;
  }

  end(data = ''): void {
    this.socket.end(Buffer.from(data, 'latin1'));
  }

  /** Sends what was written, then RST. */
  async reset(): Promise<void> {
    await until(() => this.socket.writableLength === 0, 'the written bytes to leave');
    this.socket.resetAndDestroy();
  }

  /** Keeps nothing of what comes from now on: `socket.bytesRead` counts it. */
  forget(): void {
    this.socket.removeAllListeners('data').on('data', () => {});
  }

  stopReading(): void {
    this.socket.pause();
  }
  read(): void {
    this.socket.resume();
  }

  async gone(): Promise<void> {
    await until(() => this.ended || this.closed, 'the forwarder to close the connection');
  }
}

/** A listening upstream. */
export class RawUpstream {
  readonly connections: RawConnection[] = [];
  readonly #server: Server;
  readonly #secure: boolean;
  #taken = 0;

  private constructor(server: Server, secure: boolean) {
    this.#server = server;
    this.#secure = secure;
    server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) =>
      this.connections.push(new RawConnection(socket)),
    );
  }

  static async listen(secure = false): Promise<RawUpstream> {
    const options = { allowHalfOpen: true, noDelay: true };
    const server = secure ? createTlsServer({ ...options, cert: CERTIFICATE, key: KEY }) : createServer(options);
    server.on('tlsClientError', () => {});
    const upstream = new RawUpstream(server, secure);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** TLS upstreams go by the name in their certificate. */
  get endpoint(): EndpointPlan {
    return endpointAt(this.port, { secure: this.#secure, hostname: this.#secure ? 'localhost' : '127.0.0.1' });
  }

  /** The next connection not yet taken. */
  async accept(): Promise<RawConnection> {
    await until(() => this.connections.length > this.#taken, 'a connection');
    return this.connections[this.#taken++]!;
  }

  /** The port is free at once; Node's `close` event can fail to come after a broken TLS handshake. */
  close(): void {
    for (const connection of this.connections) connection.socket.destroy();
    this.#server.close();
  }
}

export function endpointAt(port: number, more: { secure?: boolean; hostname?: string } = {}): EndpointPlan {
  const { secure = false, hostname = '127.0.0.1' } = more;
  const origin = `${secure ? 'https' : 'http'}://${hostname}:${port}`;
  return {
    name: 'only',
    id: 'test/only',
    upstream: 'test',
    region: '',
    url: origin,
    origin,
    secure,
    hostname,
    port,
    authority: `${hostname}:${port}`,
    basePath: '',
    weight: 1,
    place: { file: 'test.yaml', line: 1, column: 1 },
  };
}

/** Far longer than any test takes; tests shorten the one they are about. */
export const PATIENT: TimeoutsPlan = { send: 30_000, firstByte: 30_000, idle: 30_000, total: 60_000 };

/** What a test says of a request; its fields as names and values in turn, too. */
export type Asked = Partial<Omit<UpstreamRequest, 'headers'>> & { readonly headers?: Fields | Pairs };

export function requestTo(endpoint: EndpointPlan, { headers, ...more }: Asked = {}): UpstreamRequest {
  const body = more.body ?? null;
  return {
    endpoint,
    method: body || more.bodyLength ? 'POST' : 'GET',
    target: '/',
    headers: headers instanceof Fields ? headers : Fields.from(headers ?? ['Host', 'test.example']),
    body,
    bodyLength: body?.length ?? 0,
    upgrade: '',
    trailers: false,
    timeouts: PATIENT,
    ...more,
  };
}

/** The owner of a streamed body: what a test writes before the forwarder asks for it waits until it does. */
class HeldCall implements UpstreamCall {
  readonly #call: UpstreamCall;
  readonly #to: Recorder;
  #waiting: (() => unknown)[] = [];

  constructor(call: UpstreamCall, to: Recorder) {
    this.#call = call;
    this.#to = to;
  }

  get #held(): boolean {
    return this.#to.mores === 0 && !this.#to.over && !this.#to.cancelled;
  }
  write(chunk: Buffer): boolean {
    if (!this.#held) return this.#call.write(chunk);
    this.#waiting.push(() => this.#call.write(chunk));
    return false;
  }
  finish(): void {
    if (this.#held) this.#waiting.push(() => this.#call.finish());
    else this.#call.finish();
  }
  asked(): void {
    for (const step of this.#waiting.splice(0)) step();
  }
  pause(): void {
    this.#call.pause();
  }
  resume(): void {
    this.#call.resume();
  }
  cancel(): void {
    this.#call.cancel();
  }
  queued(): Failure | null {
    return this.#call.queued();
  }
}

/** `forwarder` for tests that write a streamed body when they like. */
export function holdingBodies(forwarder: Forwarder): Forwarder {
  return {
    send: (request, to) => {
      const call = forwarder.send(request, to);
      const streamed = request.body === null && request.bodyLength !== 0;
      if (to instanceof Recorder) to.streamed = streamed;
      return streamed && to instanceof Recorder ? to.hold(call) : call;
    },
    stats: () => forwarder.stats(),
    close: () => forwarder.close(),
  };
}

/** Remembers what it is told, and whether it was told too much. */
export class Recorder implements UpstreamEvents {
  readonly informs: { status: number; headers: string[] }[] = [];
  readonly chunks: Buffer[] = [];
  /** What came after the end, or out of order. Must stay empty. */
  readonly faults: string[] = [];
  status = 0;
  headers: string[] = [];
  length = Number.NaN;
  bytes = 0;
  trailers: string[] | null = null;
  failure: Failure | null = null;
  ended = false;
  /** The connection that switched protocols. */
  connection: UpgradedConnection | null = null;
  cancelled = false;
  mores = 0;
  streamed = false;
  #held: HeldCall | null = null;
  /** Keeps no bodies: for the large ones. */
  readonly countOnly: boolean;
  onHead: () => void = () => {};
  onData: () => void = () => {};
  onMore: () => void = () => {};
  onOver: () => void = () => {};

  constructor(countOnly = false) {
    this.countOnly = countOnly;
  }

  get over(): boolean {
    return this.ended || this.failure !== null || this.connection !== null;
  }
  get body(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  informed(status: number, headers: Fields): void {
    this.#check('informed', this.status === 0);
    this.informs.push({ status, headers: headers.toPairs() });
  }
  head(status: number, headers: Fields, length: number): void {
    this.#check('head', this.status === 0);
    this.status = status;
    this.headers = headers.toPairs();
    // As the exchange may: they are its own, and nothing behind the forwarder may still read them.
    headers.dropWhere(() => true);
    this.length = length;
    this.onHead();
  }
  data(chunk: Buffer): void {
    this.#check('data', this.status > 0 && chunk.length > 0);
    this.bytes += chunk.length;
    if (!this.countOnly) this.chunks.push(Buffer.from(chunk));
    this.onData();
  }
  end(trailers: Fields | null): void {
    this.#check('end', this.status > 0);
    this.trailers = trailers?.toPairs() ?? null;
    this.ended = true;
    this.onOver();
  }
  upgraded(headers: Fields, connection: UpgradedConnection): void {
    this.#check('upgraded', this.status === 0);
    this.status = 101;
    this.headers = headers.toPairs();
    this.connection = connection;
    this.onOver();
  }
  failed(failure: Failure): void {
    this.#check('failed', true);
    this.failure = failure;
    this.onOver();
  }
  sendMore(): void {
    this.#check('sendMore', this.streamed);
    this.mores++;
    if (this.mores === 1) this.#held?.asked();
    this.onMore();
  }

  hold(call: UpstreamCall): UpstreamCall {
    this.#held = new HeldCall(call, this);
    return this.#held;
  }

  #check(what: string, inOrder: boolean): void {
    if (this.over || this.cancelled || !inOrder) this.faults.push(what);
  }

  cancel(call: UpstreamCall): void {
    this.cancelled = true;
    call.cancel();
  }

  async headed(): Promise<void> {
    await until(() => this.status > 0 || this.over, 'the head of the reply');
    if (this.failure) throw new Error(`failed: ${JSON.stringify(this.failure)}`);
  }
  /** Waits for a good end. */
  async done(): Promise<this> {
    await until(() => this.over, 'the end of the reply');
    if (this.failure) throw new Error(`failed: ${JSON.stringify(this.failure)}`);
    return this;
  }
  /** Waits for the protocol to be switched. */
  async switched(): Promise<UpgradedConnection> {
    await until(() => this.over, 'the upgrade');
    if (!this.connection) throw new Error(`not upgraded: ${this.status} ${JSON.stringify(this.failure)}`);
    return this.connection;
  }
  async fails(): Promise<Failure> {
    await until(() => this.over, 'the failure');
    if (!this.failure) throw new Error('ended well');
    return this.failure;
  }
}

/** Value of the first of `fields` called `name`, in lower case. */
export function fieldValue(fields: readonly string[], name: string): string | undefined {
  const prefix = `${name}:`;
  const field = fields.find((line) => line.toLowerCase().startsWith(prefix));
  return field?.slice(prefix.length).trim().toLowerCase();
}
