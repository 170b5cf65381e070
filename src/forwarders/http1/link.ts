/** The socket under a connection: how it is made, what it brings, and how it ends. Knows nothing of HTTP. */
import type { Socket } from 'node:net';
import type { Timing } from '../../state/timing.ts';
import { Timer } from '../../state/wheel.ts';
import type { Failure } from '../../types/transport.ts';
import { Dial, type DialSettings } from '../dial.ts';
import { ReadBuffer } from './read-buffer.ts';

/**
 * One TCP or TLS connection from its first packet to its last. Its functions are made once, whatever it carries; the
 * deadline is for whatever its owner waits for.
 */
export abstract class Link extends Timer {
  readonly #timing: Timing;
  readonly #reads = new ReadBuffer();
  #dial: Dial | null;
  #socket: Socket | null = null;
  #stalling = false;
  #ended = false;
  #broken = false;

  constructor(settings: DialSettings) {
    super();
    this.#timing = settings.timing;
    this.#dial = new Dial(settings, this.#dialed, { buffer: this.#place, callback: this.#read });
  }

  /** It can be written to; or `error` says why it was not made. */
  protected abstract made(failure: Failure | null): void;
  protected abstract bytes(chunk: Buffer): void;
  /** The other end says that no more will come. Nothing else follows. */
  protected abstract finished(): void;
  /** It broke. */
  protected abstract lost(error: Error | null): void;
  /** There is room again after a `write` that was answered with false. */
  protected abstract drained(): void;
  /** It stayed full for too long. */
  protected abstract stalled(): void;
  /** What came before it broke may still be of use. */
  protected abstract get listens(): boolean;

  /** The socket, once there is one that can be written to. */
  get socket(): Socket | null {
    return this.#socket;
  }

  get usable(): boolean {
    return this.#socket !== null && !this.#socket.destroyed;
  }

  protected get stalling(): boolean {
    return this.#stalling;
  }

  /** Expires in `ms` from now; 0 never. */
  protected within(ms: number): void {
    this.#timing.wheel.limit(this, ms);
  }

  /** The socket is full: `stalled` unless something leaves it every `ms`. Its own timer, as only that sees progress. */
  protected watchStall(ms: number): void {
    this.#stalling = true;
    this.#socket?.setTimeout(ms);
  }

  protected unwatchStall(): void {
    if (!this.#stalling) return;
    this.#stalling = false;
    this.#socket?.setTimeout(0);
  }

  /** Ends it, made or not, and tells nothing any more. */
  destroy(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#timing.wheel.clear(this);
    this.#dial?.cancel();
    this.#dial = null;
    socket?.destroy();
  }

  #dialed = (failure: Failure | null, socket: Socket | null): void => {
    this.#dial = null;
    if (socket === null) {
      this.made(failure);
      return;
    }
    this.#socket = socket;
    this.#readBeforeEnd(socket);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    socket.on('drain', this.#onDrain);
    socket.on('timeout', this.#onTimeout);
    this.made(null);
  };

  /**
   * Node ends a socket at once when a write fails, with all that it has not read. An upstream that wants no more of an
   * upload answers and closes, so a write often fails before that answer was read (RFC 9112 §9.5). The end by an error
   * therefore waits until the loop has polled once more.
   */
  #readBeforeEnd(socket: Socket): void {
    const end = socket.destroy;
    socket.destroy = (error) => {
      if (this.#broken && error !== undefined) return socket;
      if (error === undefined || !this.listens) return end.call(socket, error);
      this.#broken = true;
      // The first one may come from within a poll that looked before the answer was there.
      setImmediate(() => setImmediate(() => end.call(socket, error)));
      return socket;
    };
  }

  #place = (): Buffer => this.#reads.next();

  #read = (size: number, place: Uint8Array): boolean => {
    const { clock } = this.#timing;
    clock.enter();
    try {
      this.bytes(this.#reads.take(place as Buffer, size));
    } finally {
      clock.leave();
    }
    return true;
  };

  #onEnd = (): void => {
    this.#ended = true;
    if (this.#socket !== null) this.finished();
  };

  #onError = (error: Error): void => {
    // After an orderly end everything that was to come is here.
    if (!this.#ended && this.#socket !== null) this.lost(error);
  };

  #onClose = (): void => {
    if (!this.#ended && this.#socket !== null) this.lost(null);
  };

  #onDrain = (): void => {
    this.unwatchStall();
    if (this.#socket !== null) this.drained();
  };

  #onTimeout = (): void => {
    if (this.#stalling && this.#socket !== null) this.stalled();
  };
}
