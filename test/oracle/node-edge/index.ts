/**
 * An edge on Node's HTTP server: sockets in, {@link Inbound} out. Node's parser (llhttp, strict) frames messages; what it
 * lets through and a proxy must not is refused here. Weir's own edge is compared with it: the contract suite that both
 * pass asks for what another implementation can keep, and its exceptions name what only Node's parser falls short of.
 */
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { Drain } from '../../../src/edges/drain.ts';
import { listen } from '../../../src/edges/listen.ts';
import type { EdgeSettings } from '../../../src/edges/settings.ts';
import { CertificateTable } from '../../../src/edges/sni.ts';
import { contextOptions } from '../../../src/edges/tls.ts';
import { UPLOAD_RATE } from '../../../src/edges/upload-clock.ts';
import { canonicalAddress } from '../../../src/net/address.ts';
import { TimerWheel } from '../../../src/state/wheel.ts';
import type { Accept, BoundSockets, CertificatePairs, Edge } from '../../../src/types/transport.ts';
import { Connection } from './connection.ts';
import type { Home } from './home.ts';
import { NodeInbound } from './inbound.ts';
import { Request, Response } from './messages.ts';
import { DateClock } from './reply-head.ts';
import { asksForWebSocket, UpgradeWait } from './upgrade.ts';

type Server = http.Server<typeof Request, typeof Response> | https.Server<typeof Request, typeof Response>;

/** How often Node looks for connections whose head or request takes too long. */
const CHECK_EVERY_MS = 500;

/** Milliseconds of one tick of the timer wheel. */
const TICK_MS = 50;

const BUFFER_BYTES = 65_536;

/** What this edge knows of a socket: keep-alive connections are looked at once. */
const CONNECTION = Symbol('connection');
type Known = Socket & { [CONNECTION]?: Connection };

export class NodeEdge implements Edge {
  readonly #settings: EdgeSettings;
  readonly #server: Server;
  readonly #home: Home;
  readonly #drain: Drain;
  /** All TCP connections, those in a TLS handshake and upgraded ones included. */
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<Connection>();
  #certificates: CertificateTable | null = null;
  #feeders: readonly NetServer[] = [];

  constructor(settings: EdgeSettings, accept: Accept) {
    this.#settings = settings;
    const now = (): number => performance.now();
    this.#drain = new Drain(now);
    this.#home = {
      accept,
      now,
      wheel: new TimerWheel(TICK_MS, now),
      clock: new DateClock(settings.now ?? Date.now),
      headerSize: settings.headerSize,
      requestTimeout: settings.requestTimeout,
      uploadRate: settings.uploadRate ?? UPLOAD_RATE,
      secure: settings.tls !== null,
      halfClose: settings.halfClose ?? false,
      drain: this.#drain,
    };
    this.#server = this.#createServer();
    this.#listenToServer();
  }

  get address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  get connections(): number {
    return this.#sockets.size;
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
    (this.#server as https.Server).setSecureContext(contextOptions(cert, key, tls.minVersion));
  }

  drain(grace: number): void {
    if (this.#drain.begun) return;
    this.#drain.begin(grace);
    // Not the `close` of Node's http server: that stops the clock by which slow heads are ended.
    NetServer.prototype.close.call(this.#server);
    for (const feeder of this.#feeders) feeder.close();
    if (grace > 0) setTimeout(() => this.#endIdle(), grace).unref();
    else this.#endIdle();
  }

  shutDown(): void {
    for (const connection of this.#connections) connection.shutDown();
  }

  async close(): Promise<void> {
    this.drain(0);
    this.#server.close();
    for (const { socket } of this.#connections) socket.destroy();
    for (const socket of this.#sockets) socket.destroy();
    // The server says `close` a turn before its last socket does.
    while (this.#sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
    this.#home.wheel.close();
  }

  #createServer(): Server {
    const { tls } = this.#settings;
    const options = this.#options();
    const server = tls === null ? http.createServer(options) : this.#createSecureServer(options, tls);
    server.maxConnections = this.#settings.connections;
    // No limit but `maxHeaderSize`: fields beyond a count would be left out silently, framing included (CVE-2026-58044).
    server.maxHeadersCount = 0;
    // What the end of a client's side means is decided in connection.ts.
    (server as unknown as { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
    return server;
  }

  #options(): http.ServerOptions<typeof Request, typeof Response> {
    const { headerSize, headerTimeout, requestTimeout, idleTimeout } = this.#settings;
    return {
      IncomingMessage: Request,
      ServerResponse: Response,
      maxHeaderSize: headerSize,
      // Node refuses to start where a head may take longer than its request.
      headersTimeout: requestTimeout > 0 ? Math.min(headerTimeout, requestTimeout) : headerTimeout,
      // Node's clock runs on while the client is held back; see UploadClock.
      requestTimeout: 0,
      keepAliveTimeout: idleTimeout,
      keepAliveTimeoutBuffer: 0,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      requireHostHeader: false, // checked in request-head.ts, together with a second one
      noDelay: true,
      insecureHTTPParser: false,
      highWaterMark: BUFFER_BYTES,
      shouldUpgradeCallback: (req) => this.#upgrades(req as Request),
    };
  }

  #createSecureServer(
    options: http.ServerOptions<typeof Request, typeof Response>,
    tls: NonNullable<EdgeSettings['tls']>,
  ): Server {
    this.#certificates = new CertificateTable(tls.certificates, tls.minVersion);
    return https.createServer({
      ...options,
      ...contextOptions(tls.certificates[0]!.cert, tls.certificates[0]!.key, tls.minVersion),
      handshakeTimeout: this.#settings.headerTimeout,
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => done(null, this.#certificates!.find(name)),
    });
  }

  /** Node 24 does not count a connection that has not sent anything yet as idle; Node 26 does. */
  #endIdle(): void {
    this.#server.closeIdleConnections();
    for (const { socket } of this.#connections) if (socket.bytesRead === 0) socket.destroy();
  }

  #listenToServer(): void {
    const server = this.#server as http.Server<typeof Request, typeof Response>;
    server.on('connection', (socket: Socket) => this.#count(socket));
    server.on(this.#settings.tls ? 'secureConnection' : 'connection', (socket: Socket) => this.#connect(socket));
    server.on('request', (req, res) => this.#request(req, res as Response));
    server.on('upgrade', (req, socket, head) => this.#upgrade(req, socket as Socket, head));
    server.on('connect', (_req, socket) => this.#refuseConnect(socket as Socket));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#failed(error, socket as Known));
    // An error after listening (EMFILE on accept) concerns one connection, not the server.
    server.on('error', () => {});
  }

  #count(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #connect(socket: Socket): void {
    const connection = new Connection(socket, canonicalAddress(socket.remoteAddress ?? '') ?? '', this.#home);
    (socket as Known)[CONNECTION] = connection;
    this.#connections.add(connection);
    socket.on('close', () => {
      this.#connections.delete(connection);
      connection.closed();
    });
  }

  #request(req: Request, res: Response): void {
    const connection = (req.socket as Known)[CONNECTION]!;
    connection.request(new NodeInbound(connection, req, res));
  }

  /** An upgrade takes the connection, so it cannot be one with replies still to come. */
  #upgrades(req: Request): boolean {
    const upgrades = asksForWebSocket(req) && !(req.socket as Known)[CONNECTION]!.busy;
    req.upgradeIgnored = !upgrades;
    return upgrades;
  }

  #upgrade(req: Request, socket: Socket, early: Buffer): void {
    const connection = (socket as Known)[CONNECTION]!;
    const res = new Response(req);
    const inbound = new NodeInbound(connection, req, res, new UpgradeWait(socket, early));
    res.assignSocket(socket);
    res.on('finish', () => inbound.responseClosed());
    connection.request(inbound);
  }

  #refuseConnect(socket: Socket): void {
    socket.on('error', () => {}); // Node has taken its own listener away
    socket.resume();
    (socket as Known)[CONNECTION]!.refuse('METHOD_NOT_ALLOWED');
  }

  /** A TLS handshake that fails, plain HTTP on a TLS port above all, gets no answer: there is no channel for one. */
  #failed(error: NodeJS.ErrnoException, socket: Known): void {
    const connection = socket[CONNECTION];
    if (connection === undefined) socket.destroy();
    else connection.failed(error.code);
  }
}
