/** One connection to an origin, from dialling to its end, and how many streams it has room for. */

import type { ClientHttp2Session, ClientHttp2Stream, Settings } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { REFUSED_STREAM } from '../../http2-streams/codes.ts';
import { ignore, Unsent } from '../../http2-streams/stream-events.ts';
import { http2 } from '../../net/node-http.ts';
import { Timer } from '../../state/wheel.ts';
import type { ConnectCause, Failure } from '../../types/transport.ts';
import { Dial, type DialSettings } from '../dial.ts';
import { CONNECTION_WINDOW, LINGER_MS, SESSION_MEGABYTES, SESSION_OPTIONS, STREAMS_MAX } from './limits.ts';

/** Whose connection it is. */
export interface SessionOwner {
  readonly dial: DialSettings;
  /** Milliseconds that a connection may be idle. */
  readonly idleFor: number;
  /** The other end has said how many streams it takes: now, or anew; or a stream has ended. */
  available(session: UpstreamSession): void;
  /** The other end chose HTTP/1.1. The connection is gone. */
  choseHttp1(session: UpstreamSession): void;
  /** No more streams will be made on it. `failure`: it was never good for any. */
  gone(session: UpstreamSession, failure: Failure | null): void;
}

const DIALLING = 0;
/** Connected; until the other end has sent its SETTINGS nothing says that it speaks HTTP/2 at all. */
const GREETING = 1;
const READY = 2;
/** No new streams; it ends after the last of those who wait for one. */
const RETIRED = 3;
const ENDED = 4;

export class UpstreamSession extends Timer {
  /** Requests whose reply was whole. */
  served = 0;
  /** A GOAWAY came. */
  goneAway = false;
  readonly #owner: SessionOwner;
  readonly #dial: Dial;
  #state = DIALLING;
  #socket: Socket | null = null;
  #session: ClientHttp2Session | null = null;
  #streamsMax = 0;
  /** A stream was made on it. */
  #used = false;
  /** Streams that are not over, given up or not: what the other end counts. */
  #streams = 0;
  /** Calls that wait for the reply on their stream. */
  #calls = 0;
  readonly #unsent = new Unsent(SESSION_MEGABYTES);
  /** Streams above this were never looked at (RFC 9113 §6.8). */
  #lastStream = Number.POSITIVE_INFINITY;

  constructor(owner: SessionOwner) {
    super();
    this.#owner = owner;
    this.#dial = new Dial(owner.dial, (error, socket) => this.#dialled(error, socket));
  }

  /** It is being made. */
  get making(): boolean {
    return this.#state < READY;
  }
  get idle(): boolean {
    return this.#state === READY && this.#calls === 0;
  }
  /** A stream can be made on it now. */
  get hasRoom(): boolean {
    return this.#state === READY && this.#streams < this.#streamsMax && this.#isOpen;
  }
  get streamsMax(): number {
    return this.#streamsMax;
  }
  /** The other end takes no streams for now. */
  get closedToAll(): boolean {
    return this.#state === READY && this.#streamsMax === 0;
  }
  /** It has ended without ever taking a stream: for those who wait that is no connection. */
  get #useless(): boolean {
    return this.#state === GREETING || (this.closedToAll && !this.#used);
  }
  /** Bytes that came, to see whether anything does. */
  get bytesRead(): number {
    return this.#socket?.bytesRead ?? 0;
  }
  /** The connection broke or was closed. */
  get lost(): boolean {
    return this.#state === ENDED || (this.#session?.destroyed ?? false);
  }

  get #isOpen(): boolean {
    const session = this.#session!;
    return !session.closed && !session.destroyed;
  }

  /**
   * Makes a stream; {@link left} and {@link closed} are to be called for it, in that order.
   * @throws {Error} where Node finds something that it cannot send.
   */
  open(fields: string[], endStream: boolean): ClientHttp2Stream {
    const stream = this.#session!.request(fields, { endStream });
    this.#used = true;
    this.#streams++;
    this.#calls++;
    this.#owner.dial.loop.wheel.clear(this);
    return stream;
  }

  /** Nobody waits for that stream any more. */
  left(): void {
    this.#calls--;
    if (this.#state === RETIRED && this.#calls === 0) this.end();
  }

  /** A stream is over; `unsent` octets that Node had of it were never sent. */
  closed(unsent: number): void {
    this.#streams--;
    const spent = this.#unsent.add(unsent);
    if (this.#state !== READY) return;
    if (spent || !this.#isOpen) return this.retire();
    if (this.#calls === 0 && this.#streams === 0) this.#owner.dial.loop.wheel.limit(this, this.#owner.idleFor);
    this.#owner.available(this);
  }

  /** Was the stream with this number never looked at by the other end? */
  isUnseen(id: number | undefined): boolean {
    return id !== undefined && id > this.#lastStream;
  }

  /** Takes no more streams, and ends after those it has. */
  retire(): void {
    if (this.#state >= RETIRED) return;
    this.#state = RETIRED;
    if (this.#calls === 0) this.end();
    else this.#owner.gone(this, null);
  }

  /** Ends it, whatever is under way on it. */
  end(failure: Failure | null = null): void {
    if (this.#state === ENDED) return;
    if (this.#state === DIALLING) this.#dial.cancel();
    this.#state = ENDED;
    this.#owner.dial.loop.wheel.clear(this);
    if (this.#session !== null && !this.#session.destroyed) {
      // From inside what was read Node could not say goodbye.
      setImmediate(destroy, this.#session);
      // For a goodbye that is not read.
      this.#owner.dial.loop.wheel.limit(this, LINGER_MS);
    }
    this.#owner.gone(this, failure);
  }

  override onTimeout(): void {
    if (this.#state === ENDED) this.#socket?.destroy();
    else if (this.#state === GREETING) this.#fail('no HTTP/2 came from it in time', 'timeout');
    else if (this.#calls === 0) this.end();
  }

  #dialled(failure: Failure | null, socket: Socket | null): void {
    if (socket === null) return this.end(failure);
    const { endpoint, loop, pool } = this.#owner.dial;
    if (endpoint.secure && (socket as TLSSocket).alpnProtocol !== 'h2') {
      socket.destroy();
      this.#state = ENDED;
      return this.#owner.choseHttp1(this);
    }
    this.#state = GREETING;
    this.#socket = socket;
    loop.wheel.limit(this, pool.connect);
    socket.on('close', () => this.#closed());
    try {
      this.#greet(http2().connect(endpoint.origin, { ...SESSION_OPTIONS, createConnection: () => socket }));
    } catch (error) {
      this.#fail((error as Error).message);
      socket.destroy();
    }
  }

  #greet(session: ClientHttp2Session): void {
    this.#session = session;
    session.setLocalWindowSize(CONNECTION_WINDOW);
    session.on('remoteSettings', (settings) => this.#limited(settings));
    session.on('goaway', (_code, last) => this.#away(last));
    session.on('error', (error) => {
      if (this.#state === GREETING) this.#fail(error.message);
    });
    // Pushes are refused in our SETTINGS; one may come before those are read.
    session.on('stream', (stream) => {
      ignore(stream);
      stream.close(REFUSED_STREAM);
    });
  }

  #limited({ maxConcurrentStreams }: Settings): void {
    if (this.#state > READY) return;
    this.#streamsMax = Math.min(maxConcurrentStreams ?? STREAMS_MAX, STREAMS_MAX);
    if (this.#state === GREETING) {
      this.#state = READY;
      this.#owner.dial.loop.wheel.limit(this, this.#owner.idleFor);
    }
    this.#owner.available(this);
  }

  #away(last: number): void {
    this.goneAway = true;
    this.#lastStream = Math.min(this.#lastStream, last);
    if (this.#useless) this.#fail('it closed the connection at once');
    else this.retire();
  }

  #fail(detail: string, cause: ConnectCause = 'closed'): void {
    const { hostname, port } = this.#owner.dial.endpoint;
    this.end({ reason: 'connect', cause, detail: `${hostname}:${port}: ${detail}`, sent: false });
  }

  #closed(): void {
    if (this.#useless) this.#fail('it closed the connection before it took a request');
    this.end();
    this.#owner.dial.loop.wheel.clear(this);
  }
}

function destroy(session: ClientHttp2Session): void {
  session.destroy();
}
