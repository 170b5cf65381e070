/** HTTP/2 connections in front of a test, and a client that remembers all it is told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect as connectTls, createServer, type Server, type TLSSocket } from 'node:tls';
import { Http2Sessions, type Http2Settings } from '../../src/edges/http2/index.ts';
import { TimerWheel } from '../../src/state/wheel.ts';
import { until } from '../tools/until.ts';
import { Call } from './edge-inbound.ts';
import { FramePeer } from './http2-frames.ts';

const read = (end: string) => readFileSync(new URL(`../tools/tls/first.${end}`, import.meta.url), 'utf8');
const CERTIFICATE = { cert: read('pem'), key: read('key') };

const DATE = 'Tue, 15 Nov 1994 08:12:31 GMT';

export type Settings = Partial<Omit<Http2Settings, 'wheel' | 'clock'>>;

/** A listening TLS server that hands its h2 sockets over, with its clients; all is closed when the test ends. */
export class Bench {
  readonly calls: Call[] = [];
  /** Runs for every request, inside `accept`. */
  onCall: (call: Call) => void = () => {};
  /** Milliseconds by which the clock of this bench is ahead. */
  #skipped = 0;
  readonly wheel = new TimerWheel(10, () => performance.now() + this.#skipped);
  #sessions: Http2Sessions | null = null;
  #server: Server | null = null;
  readonly #sockets = new Set<TLSSocket>();
  readonly #ends: (() => void)[] = [];
  #taken = 0;

  get sessions(): Http2Sessions {
    return this.#sessions!;
  }
  get port(): number {
    return (this.#server!.address() as AddressInfo).port;
  }

  async listen(settings: Settings = {}): Promise<void> {
    const sessions = new Http2Sessions(
      {
        headerSize: 16_384,
        headerTimeout: 20_000,
        requestTimeout: 20_000,
        idleTimeout: 20_000,
        wheel: this.wheel,
        clock: { text: DATE },
        ...settings,
      },
      (inbound) => {
        const call = new Call(inbound);
        this.calls.push(call);
        this.onCall(call);
      },
    );
    this.#sessions = sessions;
    const server = createServer({ ...CERTIFICATE, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      assert.equal(socket.alpnProtocol, 'h2');
      sessions.serveHttp2(socket);
    });
    server.on('tlsClientError', () => {});
    this.#server = server;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }

  /** So many milliseconds pass at once: what is due by then, happens. */
  skip(ms: number): void {
    this.#skipped += ms;
    this.wheel.advance(performance.now() + this.#skipped);
  }

  async client(options: http2.SecureClientSessionOptions = {}): Promise<ClientHttp2Session> {
    if (this.#sessions === null) await this.listen();
    const client = http2.connect(`https://127.0.0.1:${this.port}`, { rejectUnauthorized: false, ...options });
    client.on('error', () => {});
    this.#ends.push(() => client.destroy());
    await once(client, 'connect');
    return client;
  }

  /** A client whose socket is in the test's hands: Node 24 does not let a session's own be destroyed. */
  async clientOn(): Promise<{ client: ClientHttp2Session; socket: TLSSocket }> {
    if (this.#sessions === null) await this.listen();
    const socket = connectTls({ port: this.port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false });
    const client = await this.client({ createConnection: () => socket });
    return { client, socket };
  }

  async frames(): Promise<FramePeer> {
    if (this.#sessions === null) await this.listen();
    const peer = await FramePeer.client(this.port);
    this.#ends.push(() => peer.close());
    return peer;
  }

  /** The next request not yet taken. */
  async call(): Promise<Call> {
    await until(() => this.calls.length > this.#taken, 'a request');
    return this.calls[this.#taken++]!;
  }

  /** A request on a connection of its own, and what it is on the other side. */
  async exchange(fields: string[] = [], body?: Buffer | string | null): Promise<Exchanged> {
    const client = await this.client();
    const asked = ask(client, fields, body);
    return { client, asked, call: await this.call() };
  }

  /** Whatever state a test leaves things in, nothing is left of it. */
  async end(): Promise<void> {
    for (const end of this.#ends) end();
    await this.#sessions?.close();
    this.#server?.close();
    await until(() => this.#sockets.size === 0, 'all sockets to be closed');
    assert.equal(this.#sessions?.size ?? 0, 0);
    for (const call of this.calls) await call.finished();
    assert.equal(this.wheel.size, 0, 'timers left behind');
    this.wheel.close();
    assert.deepEqual(
      this.calls.flatMap((call) => call.faults),
      [],
      'events out of order, or after the end',
    );
  }
}

export interface Exchanged {
  readonly client: ClientHttp2Session;
  readonly asked: Asked;
  readonly call: Call;
}

/**
 * Asks for `/` with GET but for what `fields` say. `body`: undefined for none at all, null to leave the stream open, else
 * all of it.
 */
export function ask(client: ClientHttp2Session, fields: string[] = [], body?: Buffer | string | null): Asked {
  const list = [...fields];
  const add = (name: string, value: string): void => {
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) return;
    list.unshift(name, value);
  };
  add(':path', '/');
  add(':authority', 'weir.test');
  add(':scheme', 'https');
  add(':method', body === undefined ? 'GET' : 'POST');
  const stream = client.request(list, { endStream: body === undefined });
  const asked = new Asked(stream);
  if (body !== undefined && body !== null) stream.end(body);
  return asked;
}

/** One request of a client. */
export class Asked {
  readonly stream: ClientHttp2Stream;
  readonly informs: string[][] = [];
  status = 0;
  fields: string[] = [];
  trailers: string[] | null = null;
  body = '';
  bytes = 0;
  closed = false;
  /** Keeps no body. */
  countOnly = false;

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream;
    stream.on('headers', (_headers, _flags, raw: string[]) => this.informs.push(raw));
    stream.on('response', (headers, _flags, raw?: string[]) => {
      this.status = Number(headers[':status']);
      this.fields = raw!.slice(2);
    });
    stream.on('trailers', (_headers, _flags, raw: string[]) => {
      this.trailers = raw;
    });
    stream.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (!this.countOnly) this.body += chunk.toString('latin1');
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      this.closed = true;
    });
  }

  get(name: string): string | undefined {
    const values: string[] = [];
    for (let i = 0; i < this.fields.length; i += 2) if (this.fields[i] === name) values.push(this.fields[i + 1]!);
    return values.length > 0 ? values.join(', ') : undefined;
  }

  async headed(): Promise<void> {
    await until(() => this.status > 0, 'the head of the reply');
  }

  /** The end of the stream, and the error code it ended with. */
  async over(): Promise<number> {
    await until(() => this.closed, 'the end of the stream');
    return this.stream.rstCode;
  }

  /** A good end. */
  async reply(): Promise<this> {
    assert.equal(await this.over(), 0);
    assert.ok(this.status >= 200);
    return this;
  }
}

/** Declares one test; `skip` says why it cannot be run here. */
export type Declare = (title: string, run: (bench: Bench) => Promise<void>, skip?: string) => void;

/** Waits until `value` has not changed for a while. */
export async function settled(value: () => number, what: string): Promise<number> {
  let last = Number.NaN;
  let same = 0;
  await until(() => {
    same = value() === last ? same + 1 : 0;
    last = value();
    return same >= 8;
  }, what);
  return last;
}
