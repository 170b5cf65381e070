/** HTTP/2 upstreams for tests: Node's servers for what is proper, frames by hand for the rest. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2, { type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createHttp1Forwarder } from '../../src/forwarders/http1/index.ts';
import { createHttp2Forwarder } from '../../src/forwarders/http2/index.ts';
import type { EndpointPlan, PoolPlan } from '../../src/types/plan.ts';
import type { Forwarder } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import { CERTIFICATE, KEY } from './forwarder-tls.ts';
import { endpointAt, holdingBodies, Recorder } from './forwarder-upstream.ts';
import { ACK, type Frame, FramePeer, frame, HEADERS, headers, SETTINGS, settings } from './http2-frames.ts';

/** One request as Node's server got it. */
export class Taken {
  readonly stream: ServerHttp2Stream;
  readonly fields: string[];
  readonly chunks: Buffer[] = [];
  bytes = 0;
  /** END_STREAM came. */
  ended = false;
  aborted = false;
  closed = false;

  constructor(stream: ServerHttp2Stream, fields: string[]) {
    this.stream = stream;
    this.fields = fields;
    stream.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (this.bytes < 1 << 20) this.chunks.push(chunk);
    });
    stream.on('end', () => {
      this.ended = !stream.aborted && !stream.closed;
    });
    stream.on('aborted', () => {
      this.aborted = true;
    });
    stream.on('close', () => {
      this.closed = true;
    });
    stream.on('error', () => {});
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  get(name: string): string | undefined {
    const at = this.fields.findIndex((one, i) => i % 2 === 0 && one === name);
    return at < 0 ? undefined : this.fields[at + 1];
  }

  /** The fields that are no pseudo fields. */
  get given(): string[] {
    const at = this.fields.findIndex((one, i) => i % 2 === 0 && !one.startsWith(':'));
    return at < 0 ? [] : this.fields.slice(at);
  }

  async whole(): Promise<this> {
    await until(() => this.ended, 'the end of the request');
    return this;
  }

  answer(body = 'ok', fields: string[] = []): void {
    this.stream.respond([':status', '200', ...fields] as never);
    this.stream.end(body);
  }
}

/** A proper upstream. */
export class H2Upstream {
  readonly requests: Taken[] = [];
  readonly sessions: ServerHttp2Session[] = [];
  onRequest: (taken: Taken) => void = () => {};
  readonly #server: Http2Server;
  readonly #secure: boolean;
  #taken = 0;

  constructor(server: Http2Server, secure: boolean) {
    this.#server = server;
    this.#secure = secure;
    server.on('session', (session) => {
      this.sessions.push(session);
      session.on('error', () => {});
    });
    server.on('stream', (stream, _headers, _flags, raw: string[]) => {
      const taken = new Taken(stream as ServerHttp2Stream, raw);
      this.requests.push(taken);
      this.onRequest(taken);
    });
    server.on('sessionError', () => {});
    server.on('error', () => {});
  }

  static async listen(secure = false, more: http2.ServerOptions = {}): Promise<H2Upstream> {
    const options = { maxHeaderListPairs: 2000, ...more };
    const server = secure
      ? http2.createSecureServer({ ...options, cert: CERTIFICATE, key: KEY })
      : http2.createServer(options);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new H2Upstream(server as Http2Server, secure);
  }

  get endpoint(): EndpointPlan {
    const { port } = this.#server.address() as AddressInfo;
    return endpointAt(port, { secure: this.#secure, hostname: this.#secure ? 'localhost' : '127.0.0.1' });
  }

  /** Sessions that are still open. */
  get open(): number {
    return this.sessions.filter((session) => !session.destroyed).length;
  }

  /** The next request not yet taken. */
  async request(): Promise<Taken> {
    await until(() => this.requests.length > this.#taken, 'a request');
    return this.requests[this.#taken++]!;
  }

  close(): void {
    for (const session of this.sessions) session.destroy();
    this.#server.close();
  }
}

/** An upstream whose every frame a test makes. */
export class FrameUpstream {
  readonly peers: FramePeer[] = [];
  readonly #server: Server;
  #taken = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => this.peers.push(new FramePeer(socket, true)));
  }

  static async listen(): Promise<FrameUpstream> {
    const server = createServer({ noDelay: true });
    const upstream = new FrameUpstream(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return upstream;
  }

  get endpoint(): EndpointPlan {
    return endpointAt((this.#server.address() as AddressInfo).port);
  }

  /** The next connection, without a word said. */
  async connection(): Promise<FramePeer> {
    await until(() => this.peers.length > this.#taken, 'a connection');
    return this.peers[this.#taken++]!;
  }

  /** The next connection, greeted. */
  async accept(...pairs: readonly (readonly [number, number])[]): Promise<FramePeer> {
    const peer = await this.connection();
    peer.send(settings(...pairs), frame(SETTINGS, ACK, 0));
    return peer;
  }

  close(): void {
    for (const peer of this.peers) peer.close();
    this.#server.close();
  }
}

/** The request on a stream has come. */
export function asked(peer: FramePeer, stream: number): Promise<Frame> {
  return peer.frame(HEADERS, stream);
}

/** A whole reply. */
export function reply(stream: number, fields: readonly string[] = []): Buffer {
  return headers(stream, [':status', '200', ...fields]);
}

export class Bench {
  readonly #forwarders: Forwarder[] = [];
  readonly #recorders: Recorder[] = [];
  readonly #endings: (() => unknown)[] = [];

  forwarder(pool: Partial<PoolPlan> = {}): Forwarder {
    const defaults = {
      connections: 16,
      queue: { max: 1000, wait: 30_000 },
      idle: 30_000,
      connect: 10_000,
      tlsHandshake: 10_000,
      http2: true,
    };
    const settings = { pool: { ...defaults, ...pool }, now: Date.now };
    const forwarder = holdingBodies(createHttp2Forwarder(settings, createHttp1Forwarder(settings)));
    this.#forwarders.push(forwarder);
    return forwarder;
  }

  async upstream(secure = false, options: http2.ServerOptions = {}): Promise<H2Upstream> {
    const upstream = await H2Upstream.listen(secure, options);
    this.#endings.push(() => upstream.close());
    return upstream;
  }

  async frames(): Promise<FrameUpstream> {
    const upstream = await FrameUpstream.listen();
    this.#endings.push(() => upstream.close());
    return upstream;
  }

  recorder(countOnly = false): Recorder {
    const recorder = new Recorder(countOnly);
    this.#recorders.push(recorder);
    return recorder;
  }

  atEnd(ending: () => unknown): void {
    this.#endings.push(ending);
  }

  /** Closing the upstreams ends what is under way, so `close` of a forwarder that leaks a connection hangs here. */
  async end(): Promise<void> {
    const closing = this.#forwarders.map((forwarder) => forwarder.close());
    for (const ending of this.#endings) await ending();
    await Promise.all(closing);
    for (const forwarder of this.#forwarders) {
      const { open, idle, waiting } = forwarder.stats();
      assert.deepEqual({ open, idle, waiting }, { open: 0, idle: 0, waiting: 0 });
    }
    assert.deepEqual(
      this.#recorders.flatMap((recorder) => recorder.faults),
      [],
      'events out of order, or after the end',
    );
  }
}

export type Declare = (title: string, run: (bench: Bench) => Promise<void>) => void;
