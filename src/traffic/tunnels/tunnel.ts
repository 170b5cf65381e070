/** The two connections of a WebSocket as one: what either end sends, the other gets. */
import type { Duplex } from 'node:stream';
import type { UpgradedConnection } from '../../types/transport.ts';
import { OneWay } from './one-way.ts';
import { GOING_AWAY, INTERNAL_ERROR } from './websocket-frames.ts';

export interface TunnelOptions {
  /** Milliseconds without a byte either way after which both are closed; 0: never. */
  readonly idle: number;
  /** Called once, when both are closed: bytes from the client to the upstream, and from the upstream to the client. */
  onEnd(bytesUp: number, bytesDown: number): void;
}

/** Milliseconds that two ends have to close what was ended here. */
const LINGER_MS = 1000;

/**
 * Joins a client's and an upstream's connection, from {@link Tunnel.start} on. Back-pressure and half-closes pass through.
 *
 * How each end learns what became of the other (RFC 6455 §7.4.1): close frames and orderly ends pass as they come, so an
 * upstream that ends without a close frame is seen as 1006. One that breaks is 1011 to the client, where no frame is under
 * way; a client that breaks is a broken connection to the upstream. Where Weir ends both, both get 1001. In the midst of
 * a frame no other can stand, so there the connection breaks.
 */
export class Tunnel {
  readonly #client: Duplex;
  readonly #upstream: Duplex;
  readonly #options: TunnelOptions;
  readonly #up: OneWay;
  readonly #down: OneWay;
  readonly #early: { readonly up: Buffer; readonly down: Buffer };
  #timer: NodeJS.Timeout | null = null;
  /** Both sockets are ended by us, and have a moment to close. */
  #lingering = false;
  #open = 2;

  constructor(client: UpgradedConnection, upstream: UpgradedConnection, options: TunnelOptions) {
    this.#client = client.socket;
    this.#upstream = upstream.socket;
    this.#options = options;
    this.#early = { up: client.early, down: upstream.early };
    const touch = (): void => {
      if (!this.#lingering) this.#timer?.refresh();
    };
    this.#up = new OneWay(client.socket, upstream.socket, true, touch);
    this.#down = new OneWay(upstream.socket, client.socket, false, touch);
  }

  /** Lets bytes pass, those that were read before first. */
  start(): void {
    if (this.#options.idle > 0) this.#timer = setTimeout(() => this.goAway(), this.#options.idle);
    for (const socket of [this.#client, this.#upstream]) socket.allowHalfOpen = true;
    this.#listen(this.#client, this.#onClientClose);
    this.#listen(this.#upstream, this.#onUpstreamClose);
    this.#up.start(this.#early.up);
    this.#down.start(this.#early.down);
  }

  #listen(socket: Duplex, onClose: () => void): void {
    socket.on('error', ignore); // `close` follows, and says all there is to say
    // A socket that closed before it got here has had its event.
    if (socket.closed) setImmediate(onClose);
    else socket.once('close', onClose);
  }

  /** Tells both ends that this one goes away (1001), behind the frames under way, and closes. Again is harmless. */
  goAway(): void {
    if (this.#lingering || this.#open < 2) return;
    this.#linger();
    this.#up.finish(GOING_AWAY);
    this.#down.finish(GOING_AWAY);
  }

  #linger(): void {
    this.#lingering = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#client.destroy();
      this.#upstream.destroy();
    }, LINGER_MS);
  }

  #onClientClose = (): void => {
    if (!this.#up.ended) this.#upstream.destroy();
    this.#closed();
  };

  #onUpstreamClose = (): void => {
    if (!this.#down.ended) this.#upstreamBroke();
    this.#closed();
  };

  /** The upstream did not end in good order. */
  #upstreamBroke(): void {
    if (this.#lingering) return;
    if (!this.#down.canFinish) {
      this.#client.destroy();
      return;
    }
    this.#linger();
    this.#up.finish(INTERNAL_ERROR);
    this.#down.finish(INTERNAL_ERROR);
  }

  #closed(): void {
    // One that is closed can neither take nor send: what is left of the other is of no use.
    if (!this.#lingering && (!this.#up.ended || !this.#down.ended)) {
      this.#client.destroy();
      this.#upstream.destroy();
    }
    if (--this.#open === 0) this.#finish();
  }

  #finish(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#up.stop();
    this.#down.stop();
    this.#client.off('close', this.#onClientClose);
    this.#upstream.off('close', this.#onUpstreamClose);
    this.#options.onEnd(this.#up.bytes, this.#down.bytes);
  }
}

function ignore(): void {}
