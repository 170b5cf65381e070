/** Opens connections to an endpoint, with one time limit for TCP (and DNS) and one for the TLS handshake. */
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Loop } from '../sockets/loop.ts';
import { Timer } from '../state/wheel.ts';
import type { EndpointPlan, PoolPlan } from '../types/plan.ts';
import type { Failure } from '../types/transport.ts';
import { connectFailure, connectTimeout } from './connect-failure.ts';

/** Milliseconds of silence before the system probes a connection. */
const KEEP_ALIVE_PROBE = 60_000;

const HTTP_1_1 = ['http/1.1'];

/** What several connections to one origin share. */
export interface DialSettings {
  readonly endpoint: EndpointPlan;
  readonly pool: Pick<PoolPlan, 'connect' | 'tlsHandshake'>;
  readonly loop: Loop;
  /** What is offered to TLS endpoints (ALPN), best first; HTTP/1.1 alone where it is missing. */
  readonly protocols?: string[];
  /** The last TLS session, so that the next handshake is short. */
  session: Buffer | undefined;
}

/** Called once, never while {@link Dial} is being made: with what went wrong, or with null and the socket. */
export type Dialed = (failure: Failure | null, socket: Socket | null) => void;

/** One connection being made. */
export class Dial extends Timer {
  readonly socket: Socket;
  readonly #settings: DialSettings;
  #answer: Dialed | null;
  /** TCP stands, and TLS is being agreed on. The socket does not tell: one that failed is not `connecting` either. */
  #secured = false;

  /** `onread`: who takes the bytes that come, from the first one on, in place of the socket's `data` event. */
  constructor(settings: DialSettings, answer: Dialed, onread?: OnReadOpts) {
    super();
    this.#settings = settings;
    this.#answer = answer;
    this.socket = settings.endpoint.secure ? this.#openTls(onread) : this.#open(onread);
    this.socket.on('error', (error) => this.#fail(connectFailure(error, this.#secured, this.#where)));
    settings.loop.wheel.limit(this, settings.pool.connect);
  }

  /** Gives up without an answer. */
  cancel(): void {
    this.#answer = null;
    this.#settings.loop.wheel.clear(this);
    this.socket.destroy();
  }

  override onTimeout(): void {
    this.#fail(connectTimeout(this.#secured, this.#where));
    this.socket.destroy();
  }

  #open(onread: OnReadOpts | undefined): Socket {
    const { hostname, port } = this.#settings.endpoint;
    const socket = connect({ host: bare(hostname), port, onread, ...SOCKET_OPTIONS });
    return socket.once('connect', () => this.#done());
  }

  /** The certificate must be the endpoint's, whatever `Host` a policy sends: names come from the URL alone. */
  #openTls(onread: OnReadOpts | undefined): Socket {
    const settings = this.#settings;
    const host = bare(settings.endpoint.hostname);
    // Documented for net.connect only, but tls.connect passes it on; a constant, because its types leave it out.
    const options = {
      host,
      port: settings.endpoint.port,
      servername: isIP(host) ? '' : host,
      ALPNProtocols: settings.protocols ?? HTTP_1_1,
      session: settings.session,
      onread,
      ...SOCKET_OPTIONS,
    };
    const socket = connectTls(options);
    socket.once('connect', () => {
      this.#secured = true;
      if (this.#answer) settings.loop.wheel.limit(this, settings.pool.tlsHandshake);
    });
    socket.on('session', (session) => {
      settings.session = session;
    });
    return socket.once('secureConnect', () => this.#done());
  }

  #done(): void {
    const answer = this.#answer;
    this.#answer = null;
    this.#settings.loop.wheel.clear(this);
    if (answer !== null) this.#settings.loop.within(() => answer(null, this.socket));
  }

  get #where(): string {
    const { hostname, port } = this.#settings.endpoint;
    return `${hostname}:${port}`;
  }

  #fail(failure: Failure): void {
    const answer = this.#answer;
    if (!answer) return;
    this.#answer = null;
    this.#settings.loop.wheel.clear(this);
    answer(failure, null);
  }
}

const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE } as const;

/** `[::1]` as a URL has it → `::1`. */
export function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
