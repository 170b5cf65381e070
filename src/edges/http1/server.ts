/** The edge on `net` and `tls` sockets with our own HTTP/1.1: sockets in, `Inbound` out. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { canonicalAddress } from '../../net/address.ts';
import { Loop } from '../../sockets/loop.ts';
import type { Accept, BoundSockets, CertificatePairs, Edge } from '../../types/transport.ts';
import { Drain } from '../drain.ts';
import { Http2Sessions } from '../http2/index.ts';
import { listen } from '../listen.ts';
import type { EdgeSettings } from '../settings.ts';
import { CertificateTable } from '../sni.ts';
import { contextOptions } from '../tls.ts';
import { UPLOAD_RATE } from '../upload-clock.ts';
import { ClientConnection, type Home } from './client-connection.ts';
import { DateClock } from './heads.ts';
import { messageLimits } from './limits.ts';

export interface Http1EdgeSettings extends EdgeSettings {
  /** Milliseconds in which a client must take something of what is sent to it; the idle timeout where it is missing. */
  readonly writeTimeout?: number;
}

export class Http1Edge implements Edge {
  readonly #settings: Http1EdgeSettings;
  readonly #server: Server;
  readonly #home: Home;
  readonly #loop: Loop;
  /** What clients that choose `h2` are handed to; null without TLS. */
  readonly #http2: Http2Sessions | null;
  /** All TCP connections, those in a TLS handshake and upgraded ones included. */
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<ClientConnection>();
  #certificates: CertificateTable | null = null;
  readonly #drain: Drain;
  #feeders: readonly Server[] = [];
  #closed: Promise<void> | null = null;
  /** Told when the last socket is closed. */
  #empty: () => void = () => {};

  constructor(settings: Http1EdgeSettings, accept: Accept) {
    this.#settings = settings;
    this.#loop = settings.loop ?? new Loop();
    this.#drain = new Drain(this.#loop.clock.monotonic);
    this.#home = this.#createHome(settings, accept);
    const { wheel, now, date, drain } = this.#home;
    this.#http2 =
      settings.tls === null ? null : new Http2Sessions({ ...settings, wheel, clock: date, now, drain }, accept);
    this.#server = this.#createServer();
    this.#server.maxConnections = settings.connections;
    this.#listenToServer();
  }

  get address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Deadlines now running. */
  get deadlines(): number {
    return this.#loop.wheel.size;
  }

  async listen(sockets?: BoundSockets): Promise<void> {
    this.#feeders = await listen(this.#server, this.#settings, sockets);
  }

  /** New handshakes use these; open connections keep theirs. @throws {Error} where a pair does not fit. */
  useCertificates(certificates: CertificatePairs): void {
    const { tls } = this.#settings;
    if (tls === null) return;
    this.#certificates = new CertificateTable(certificates, tls.minVersion);
    // For clients that name no host.
    const { cert, key } = certificates[0]!;
    (this.#server as TlsServer).setSecureContext(contextOptions(cert, key, tls.minVersion));
  }

  drain(grace: number): void {
    if (this.#drain.begun) return;
    this.#drain.begin(grace);
    this.#server.close();
    for (const feeder of this.#feeders) feeder.close();
    for (const connection of this.#connections) connection.drain();
    this.#http2?.drain(grace);
  }

  shutDown(): void {
    for (const connection of this.#connections) connection.shutDown();
    this.#http2?.shutDown();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.drain(0);
    for (const socket of this.#sockets) socket.destroy();
    await this.#http2?.close();
    // The server's own `close` would come before the last sockets have told theirs.
    if (this.#sockets.size > 0) await new Promise<void>((resolve) => (this.#empty = resolve));
    if (this.#settings.loop === undefined) this.#loop.wheel.close();
  }

  #createHome(settings: Http1EdgeSettings, accept: Accept): Home {
    const { headerTimeout, requestTimeout, idleTimeout } = settings;
    const { clock, wheel } = this.#loop;
    return {
      accept,
      loop: this.#loop,
      now: clock.monotonic,
      wheel,
      date: new DateClock(settings.now ?? clock.now),
      limits: messageLimits(settings.headerSize),
      // A head cannot take longer than its request.
      headerTimeout: requestTimeout > 0 ? Math.min(headerTimeout, requestTimeout) : headerTimeout,
      requestTimeout,
      uploadRate: settings.uploadRate ?? UPLOAD_RATE,
      idleTimeout,
      drain: this.#drain,
      halfClose: settings.halfClose ?? false,
      writeTimeout: settings.writeTimeout ?? idleTimeout,
      secure: settings.tls !== null,
      left: (connection) => this.#connections.delete(connection),
    };
  }

  #createServer(): Server {
    const { tls } = this.#settings;
    if (tls === null) return createServer({ allowHalfOpen: true, noDelay: true });
    this.#certificates = new CertificateTable(tls.certificates, tls.minVersion);
    return createTlsServer({
      // No half-open ones here, whatever `halfClose` says: TLS 1.2 forbids a half-close (RFC 5246 §7.2.1).
      noDelay: true,
      ...contextOptions(tls.certificates[0]!.cert, tls.certificates[0]!.key, tls.minVersion),
      handshakeTimeout: this.#settings.headerTimeout,
      ALPNProtocols: ['h2', 'http/1.1'],
      SNICallback: (name, done) => done(null, this.#certificates!.find(name)),
    });
  }

  #listenToServer(): void {
    const server = this.#server;
    const forget = (socket: Socket): void => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#empty();
    };
    const onClose = function (this: Socket): void {
      forget(this);
    };
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', onClose);
    });
    server.on(this.#settings.tls ? 'secureConnection' : 'connection', (socket: Socket) => this.#connect(socket));
    // A TLS handshake that fails, plain HTTP on a TLS port above all, gets no answer: there is no channel for one.
    server.on('tlsClientError', (_error: Error, socket: TLSSocket) => socket.destroy());
    // An error after listening (EMFILE on accept) concerns one connection, not the server.
    server.on('error', () => {});
  }

  #connect(socket: Socket): void {
    if (this.#http2 !== null && (socket as TLSSocket).alpnProtocol === 'h2')
      return this.#http2.serveHttp2(socket as TLSSocket);
    const address = canonicalAddress(socket.remoteAddress ?? '') ?? '';
    const connection = new ClientConnection(socket, address, this.#home);
    this.#connections.add(connection);
    if (this.#drain.begun) connection.drain();
  }
}
