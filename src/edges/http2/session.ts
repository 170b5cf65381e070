/**
 * One client connection: its streams, its deadlines, and the end of those that abuse it.
 *
 * Draining: RFC 9113 §6.8 would first announce the end by a GOAWAY that names no stream. Node has no way to say that
 * (nghttp2's shutdown notice): after a GOAWAY of any kind it drops new streams without a word. So the announcement goes
 * where nothing can cross it, ahead of the reply to the only open stream, and else at the end of the grace; it names the
 * last stream served, so that a client knows which request, if any, it may send again elsewhere.
 */

import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { ENHANCE_YOUR_CALM } from '../../http2-streams/codes.ts';
import { ignore, Unsent } from '../../http2-streams/stream-events.ts';
import { canonicalAddress } from '../../net/address.ts';
import { http2 } from '../../net/node-http.ts';
import { Timer } from '../../state/wheel.ts';
import type { Accept } from '../../types/transport.ts';
import type { Drain } from '../drain.ts';
import { Allowance } from './allowance.ts';
import { Http2Inbound, type StreamHome, type StreamOwner } from './inbound.ts';
import { CONNECTION_WINDOW, LINGER_MS, PINGS, RESETS, SESSION_MEGABYTES, SETTINGS, sessionOptions } from './limits.ts';
import { RequestHead } from './request-head.ts';

/** What all connections of one edge share. Times in milliseconds, 0 for none. */
export interface SessionHome extends StreamHome {
  readonly accept: Accept;
  readonly headerTimeout: number;
  readonly idleTimeout: number;
  readonly drain: Drain;
  /** The connection is closed. */
  left(session: ClientSession): void;
}

export class ClientSession extends Timer implements StreamOwner {
  readonly home: SessionHome;
  readonly remoteAddress: string;
  known: object | null = null;
  readonly #socket: TLSSocket;
  readonly #session: ServerHttp2Session;
  readonly #resets: Allowance;
  readonly #pings: Allowance;
  readonly #settings: Allowance;
  readonly #unsent = new Unsent(SESSION_MEGABYTES);
  /** Streams that are not over. */
  readonly #streams = new Set<Http2Inbound>();
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
    this.#session = http2().performServerHandshake(socket, sessionOptions(home.headerSize));
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

  #open(stream: ServerHttp2Stream, raw: string[]): void {
    if (this.#banned || stream.closed || stream.destroyed) {
      ignore(stream);
      this.#count(this.#resets);
      return;
    }
    // While the edge drains the time goes on: what comes behind its end is another connection's.
    if (!this.home.drain.begun) this.home.wheel.clear(this);
    const head = new RequestHead(raw, stream.endAfterHeaders, this.home.headerSize);
    const inbound = new Http2Inbound(this, stream, head);
    this.#streams.add(inbound);
    if (head.refusal === '') this.home.accept(inbound);
    else inbound.refuse(head.refusal);
  }

  replying(): void {
    if (this.home.drain.begun && this.#streams.size === 1) this.#close();
  }

  finished(inbound: Http2Inbound, early: boolean, unsent: number): void {
    this.#streams.delete(inbound);
    if (early) this.#count(this.#resets);
    if (this.#unsent.add(unsent)) this.#close();
    if (this.#streams.size > 0 || this.#closed) return;
    if (this.#closing) this.#linger();
    else if (this.home.drain.begun) this.drain();
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
    setImmediate(() => this.#session.destroy(new Error('calm down'), ENHANCE_YOUR_CALM));
    this.#linger();
  }

  /** The edge drains: the connection ends after its next reply, or after the grace and the streams open then. */
  drain(): void {
    if (this.#closing) return;
    const { left } = this.home.drain;
    if (left > 0) this.#wait(left);
    else this.#close();
  }

  /** The time to drain is over. */
  shutDown(): void {
    for (const inbound of this.#streams) if (!inbound.over) inbound.events.shutDown();
  }

  /** No new streams; the open ones go on, and the connection ends after them. */
  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#session.close();
    this.home.wheel.clear(this);
    if (this.#streams.size === 0) this.#linger();
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
    else this.#close();
  }

  #over(): void {
    this.#closed = true;
    this.#closing = true;
    this.home.wheel.clear(this);
    this.home.left(this);
  }
}
