/** One client connection: its streams, its deadlines, and the end of those that abuse it. */
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { HeaderList } from '../../headers.ts';
import { ignore } from '../../http2/stream-events.ts';
import { canonicalAddress } from '../../net/address.ts';
import { Timer } from '../../state/wheel.ts';
import type { Accept } from '../../types/transport.ts';
import { Allowance } from './allowance.ts';
import { Http2Inbound, type StreamHome, type StreamOwner } from './inbound.ts';
import { CONNECTION_WINDOW, LINGER_MS, PINGS, RESETS, SETTINGS, sessionOptions } from './limits.ts';
import { RequestHead } from './request-head.ts';

const { NGHTTP2_ENHANCE_YOUR_CALM } = constants;

/** What all connections of one edge share. Times in milliseconds, 0 for none. */
export interface SessionHome extends StreamHome {
  readonly accept: Accept;
  readonly headerTimeout: number;
  readonly idleTimeout: number;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** The connection is closed. */
  left(session: ClientSession): void;
}

export class ClientSession extends Timer implements StreamOwner {
  readonly home: SessionHome;
  readonly remoteAddress: string;
  readonly #socket: TLSSocket;
  readonly #session: ServerHttp2Session;
  readonly #resets: Allowance;
  readonly #pings: Allowance;
  readonly #settings: Allowance;
  /** Streams that are not over. */
  #streams = 0;
  #closing = false;
  /** The client did something too often, and is heard no more. */
  #banned = false;
  #closed = false;

  /** @throws {Error} where the socket is closed already. */
  constructor(socket: TLSSocket, home: SessionHome) {
    super();
    this.home = home;
    this.remoteAddress = canonicalAddress(socket.remoteAddress ?? '') ?? '';
    this.#socket = socket;
    const now = home.now();
    this.#resets = new Allowance(RESETS, now);
    this.#pings = new Allowance(PINGS, now);
    this.#settings = new Allowance(SETTINGS, now);
    this.#session = performServerHandshake(socket, sessionOptions(home.headerSize));
    this.#session.setLocalWindowSize(CONNECTION_WINDOW);
    this.#listen();
    this.#wait(home.headerTimeout);
  }

  #listen(): void {
    const session = this.#session;
    session.on('stream', (stream, _headers, _flags, raw) => this.#open(stream, raw));
    session.on('ping', () => this.#count(this.#pings));
    session.on('remoteSettings', () => this.#count(this.#settings));
    session.on('error', () => {}); // its streams tell what became of them
    // A client that ends its side reads no more either: there is no half-close between HTTP/2 peers.
    this.#socket.on('end', () => this.#socket.destroy());
    this.#socket.on('close', () => this.#over());
  }

  #open(stream: ServerHttp2Stream, raw: HeaderList): void {
    if (this.#banned || stream.closed || stream.destroyed) {
      ignore(stream);
      this.#count(this.#resets);
      return;
    }
    this.#streams++;
    this.home.wheel.clear(this);
    const head = new RequestHead(raw, stream.endAfterHeaders, this.home.headerSize);
    const inbound = new Http2Inbound(this, stream, head);
    if (head.refusal === '') this.home.accept(inbound);
    else inbound.refuse(head.refusal);
  }

  finished(early: boolean): void {
    this.#streams--;
    if (early) this.#count(this.#resets);
    if (this.#streams > 0 || this.#closed) return;
    if (this.#closing) this.#linger();
    else this.#wait(this.home.idleTimeout);
  }

  stuck(): void {
    this.#socket.destroy();
  }

  /** Rapid reset (CVE-2023-44487), resets provoked from us (CVE-2025-8671), floods of what we must answer. */
  #count(allowance: Allowance): void {
    if (this.#banned || this.#session.destroyed || allowance.take(this.home.now())) return;
    this.#banned = true;
    this.#closing = true;
    // From inside what was read Node could not send the reason.
    setImmediate(() => this.#session.destroy(new Error('calm down'), NGHTTP2_ENHANCE_YOUR_CALM));
    this.#linger();
  }

  /** No new streams; the open ones go on, and the connection ends after them. */
  drain(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#session.close();
    if (this.#streams === 0) this.#linger();
  }

  destroy(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #wait(ms: number): void {
    if (ms > 0) this.home.wheel.set(this, ms);
  }

  /** The client has a moment to end its side; then the line is cut, whatever it does. */
  #linger(): void {
    if (!this.#closed) this.home.wheel.set(this, LINGER_MS);
  }

  override onTimeout(): void {
    if (this.#closing) this.#socket.destroy();
    else this.drain();
  }

  #over(): void {
    this.#closed = true;
    this.#closing = true;
    this.home.wheel.clear(this);
    this.home.left(this);
  }
}
