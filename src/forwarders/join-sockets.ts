/** Two sockets as one: what either sends, the other gets. */
import type { Duplex } from 'node:stream';

export interface JoinOptions {
  /** Milliseconds without a byte either way after which both are closed; 0: never. */
  readonly idle: number;
  /** Called once, when both are closed: bytes from `a` to `b`, and from `b` to `a`. */
  onEnd(bytesUp: number, bytesDown: number): void;
}

/**
 * Joins `a` and `b`, with what was read from each before now. Back-pressure and half-closes pass through; an error or an
 * early close of one destroys the other, for a cut connection must not look like an orderly end.
 */
export function joinSockets(a: Duplex, aEarly: Buffer, b: Duplex, bEarly: Buffer, options: JoinOptions): void {
  new Joint(a, b, options).start(aEarly, bEarly);
}

class Joint {
  readonly #a: Duplex;
  readonly #b: Duplex;
  readonly #options: JoinOptions;
  readonly #up: OneWay;
  readonly #down: OneWay;
  #timer: NodeJS.Timeout | null = null;
  #open = 2;

  constructor(a: Duplex, b: Duplex, options: JoinOptions) {
    this.#a = a;
    this.#b = b;
    this.#options = options;
    const touch = (): void => {
      this.#timer?.refresh();
    };
    this.#up = new OneWay(a, b, touch);
    this.#down = new OneWay(b, a, touch);
  }

  start(aEarly: Buffer, bEarly: Buffer): void {
    if (this.#options.idle > 0) this.#timer = setTimeout(() => this.#destroy(), this.#options.idle);
    for (const socket of [this.#a, this.#b]) {
      socket.allowHalfOpen = true;
      socket.on('error', this.#onError);
      // A socket that closed before it got here has had its event.
      if (socket.closed) setImmediate(this.#onClose);
      else socket.once('close', this.#onClose);
    }
    this.#up.start(aEarly);
    this.#down.start(bEarly);
  }

  #destroy(): void {
    this.#a.destroy();
    this.#b.destroy();
  }

  #onError = (): void => this.#destroy();

  #onClose = (): void => {
    this.#open--;
    if (!this.#up.ended || !this.#down.ended) this.#destroy();
    if (this.#open === 0) this.#finish();
  };

  #finish(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#up.stop();
    this.#down.stop();
    for (const socket of [this.#a, this.#b]) {
      socket.off('close', this.#onClose);
      socket.off('error', this.#onError);
    }
    this.#options.onEnd(this.#up.bytes, this.#down.bytes);
  }
}

/** One direction. */
class OneWay {
  bytes = 0;
  /** The source ended in good order. */
  ended = false;
  readonly #from: Duplex;
  readonly #to: Duplex;
  readonly #touch: () => void;

  constructor(from: Duplex, to: Duplex, touch: () => void) {
    this.#from = from;
    this.#to = to;
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

  #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length;
    this.#touch();
    if (this.#to.writable && !this.#to.write(chunk)) this.#from.pause();
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
