/** HTTP/2 beside an HTTP/1.1 edge: TLS sockets whose ALPN chose `h2` in, `Inbound` out. */
import type { TLSSocket } from 'node:tls';
import type { TimerWheel } from '../../state/wheel.ts';
import type { Accept } from '../../types/transport.ts';
import { Drain } from '../drain.ts';
import { UPLOAD_RATE } from '../upload-clock.ts';
import { ClientSession, type SessionHome } from './session.ts';

/** Sizes in bytes, times in milliseconds, 0 for none: those of the edge the sockets come from. */
export interface Http2Settings {
  readonly headerSize: number;
  readonly headerTimeout: number;
  readonly requestTimeout: number;
  /** Octets of a body that give back a second of that time; {@link UPLOAD_RATE} where it is missing. */
  readonly uploadRate?: number;
  readonly idleTimeout: number;
  /** In which a client must take something of what is sent to it; the idle timeout where it is missing. */
  readonly writeTimeout?: number;
  readonly wheel: TimerWheel;
  /** Value of the `Date` field. */
  readonly clock: { readonly text: string };
  /** The wheel's clock; `performance.now` where it is missing. */
  readonly now?: () => number;
  /** The edge's own; one for these connections alone where it is missing. */
  readonly drain?: Drain;
}

/**
 * The HTTP/2 connections of one edge. The edge owns listening, TLS, and the sockets with their count; what came over them
 * is this object's. A `close` that an answer asks for ends its stream, not the connection: each stream has its own frame.
 */
export class Http2Sessions {
  readonly #home: SessionHome;
  readonly #sessions = new Set<ClientSession>();
  #empty: (() => void)[] = [];

  constructor(settings: Http2Settings, accept: Accept) {
    const { headerSize, headerTimeout, requestTimeout, idleTimeout, wheel, clock } = settings;
    const now = settings.now ?? (() => performance.now());
    this.#home = {
      accept,
      wheel,
      clock,
      headerSize,
      // The head of a first request cannot take longer than the request.
      headerTimeout: requestTimeout > 0 ? Math.min(headerTimeout, requestTimeout) : headerTimeout,
      requestTimeout,
      uploadRate: settings.uploadRate ?? UPLOAD_RATE,
      idleTimeout,
      writeTimeout: settings.writeTimeout ?? idleTimeout,
      now,
      drain: settings.drain ?? new Drain(now),
      left: (session) => this.#left(session),
    };
  }

  /** Connections now open. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Takes a socket whose handshake is done and of which nothing was read. Never throws. */
  serveHttp2(socket: TLSSocket): void {
    if (socket.destroyed) return;
    try {
      const session = new ClientSession(socket, this.#home);
      this.#sessions.add(session);
      if (this.#home.drain.begun) session.drain();
    } catch {
      // Its other end has gone in this very moment.
      socket.destroy();
    }
  }

  /** Each connection ends after its next reply, or after `grace` milliseconds and the streams open then. */
  drain(grace: number): void {
    this.#home.drain.begin(grace);
    for (const session of this.#sessions) session.drain();
  }

  /** Tells every request under way that its time is over. */
  shutDown(): void {
    for (const session of this.#sessions) session.shutDown();
  }

  /** Cuts what is left; resolves when the last socket is closed. */
  close(): Promise<void> {
    this.drain(0);
    for (const session of this.#sessions) session.destroy();
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#empty.push(resolve));
  }

  #left(session: ClientSession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    for (const resolve of this.#empty.splice(0)) resolve();
  }
}
