/** The two sockets of a WebSocket as one: what either end sends, the other gets. */
import type { Duplex } from 'node:stream';
import { closeFrame, FrameScanner, GOING_AWAY, INTERNAL_ERROR } from './websocket-frames.ts';

export interface JoinOptions {
  /** Milliseconds without a byte either way after which both are closed; 0: never. */
  readonly idle: number;
  /** Called once, when both are closed: bytes from `client` to `upstream`, and from `upstream` to `client`. */
  onEnd(bytesUp: number, bytesDown: number): void;
}

/** Two joined sockets. */
export interface Joined {
  /** Tells both ends that this one goes away (1001), behind the frames under way, and closes. Again is harmless. */
  goAway(): void;
}

/** Milliseconds that two ends have to close what was ended here. */
const LINGER_MS = 1000;

/**
 * Joins `client` and `upstream`, with what was read from each before now. Back-pressure and half-closes pass through.
 *
 * How each end learns what became of the other (RFC 6455 §7.4.1): close frames and orderly ends pass as they come, so an
 * upstream that ends without a close frame is seen as 1006. One that breaks is 1011 to the client, where no frame is under
 * way; a client that breaks is a broken connection to the upstream. Where Weir ends both, both get 1001. In the midst of
 * a frame no other can stand, so there the connection breaks.
 */
export function joinSockets(
  client: Duplex,
  clientEarly: Buffer,
  upstream: Duplex,
  upstreamEarly: Buffer,
  options: JoinOptions,
): Joined {
  const joint = new Joint(client, upstream, options);
  joint.start(clientEarly, upstreamEarly);
  return joint;
}

class Joint implements Joined {
  readonly #client: Duplex;
  readonly #upstream: Duplex;
  readonly #options: JoinOptions;
  readonly #up: OneWay;
  readonly #down: OneWay;
  #timer: NodeJS.Timeout | null = null;
  /** Both sockets are ended by us, and have a moment to close. */
  #lingering = false;
  #open = 2;

  constructor(client: Duplex, upstream: Duplex, options: JoinOptions) {
    this.#client = client;
    this.#upstream = upstream;
    this.#options = options;
    const touch = (): void => {
      if (!this.#lingering) this.#timer?.refresh();
    };
    this.#up = new OneWay(client, upstream, true, touch);
    this.#down = new OneWay(upstream, client, false, touch);
  }

  start(clientEarly: Buffer, upstreamEarly: Buffer): void {
    if (this.#options.idle > 0) this.#timer = setTimeout(() => this.goAway(), this.#options.idle);
    for (const socket of [this.#client, this.#upstream]) socket.allowHalfOpen = true;
    this.#listen(this.#client, this.#onClientClose);
    this.#listen(this.#upstream, this.#onUpstreamClose);
    this.#up.start(clientEarly);
    this.#down.start(upstreamEarly);
  }

  #listen(socket: Duplex, onClose: () => void): void {
    socket.on('error', ignore); // `close` follows, and says all there is to say
    // A socket that closed before it got here has had its event.
    if (socket.closed) setImmediate(onClose);
    else socket.once('close', onClose);
  }

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

/** One direction. */
class OneWay {
  bytes = 0;
  /** The source ended in good order. */
  ended = false;
  readonly #from: Duplex;
  readonly #to: Duplex;
  readonly #masked: boolean;
  readonly #touch: () => void;
  readonly #frames = new FrameScanner();
  /** A close frame with this code ends the direction, behind the frame under way; 0: none. */
  #code = 0;
  /** What comes is dropped: our close frame has been sent. */
  #finished = false;

  /** `masked`: towards a server, so that frames of ours must be. */
  constructor(from: Duplex, to: Duplex, masked: boolean, touch: () => void) {
    this.#from = from;
    this.#to = to;
    this.#masked = masked;
    this.#touch = touch;
  }

  start(early: Buffer): void {
    if (early.length > 0) this.#onData(early);
    this.#from.on('data', this.#onData);
    this.#from.on('end', this.#onEnd);
    this.#to.on('drain', this.#onDrain);
    if (!this.#to.writableNeedDrain) this.#from.resume();
    else this.#from.pause();
    if (this.#from.readableEnded) this.#onEnd();
  }

  stop(): void {
    this.#from.off('data', this.#onData);
    this.#from.off('end', this.#onEnd);
    this.#to.off('drain', this.#onDrain);
  }

  /** A close frame of ours, or the end behind one that has passed, can be sent now. */
  get canFinish(): boolean {
    return this.#frames.between && this.#to.writable;
  }

  /** Ends the direction with a close frame, now or behind the frame under way. */
  finish(code: number): void {
    if (this.#code !== 0) return;
    this.#code = code;
    if (this.#frames.between) this.#close();
  }

  #close(): void {
    this.#finished = true;
    // What is dropped must be read all the same: else neither an answering close frame nor the end would be seen.
    this.#from.resume();
    if (!this.#to.writable) return;
    if (this.#frames.closed) this.#to.end();
    else this.#to.end(closeFrame(this.#code, this.#masked));
  }

  #onData = (chunk: Buffer): void => {
    if (this.#finished) return;
    this.#touch();
    if (this.#code === 0) this.#frames.take(chunk);
    const piece = this.#code === 0 ? chunk : chunk.subarray(0, this.#frames.takeFrame(chunk, 0));
    this.bytes += piece.length;
    if (this.#to.writable && !this.#to.write(piece)) this.#from.pause();
    if (this.#code !== 0 && this.#frames.between) this.#close();
  };

  #onDrain = (): void => {
    this.#touch();
    this.#from.resume();
  };

  #onEnd = (): void => {
    if (this.ended) return;
    this.ended = true;
    if (this.#to.writable) this.#to.end();
  };
}
