/** One direction of a tunnel: bytes as they come, and the close frame that ends them where Weir does. */
import type { Duplex } from 'node:stream';
import { closeFrame, FrameScanner } from './websocket-frames.ts';

export class OneWay {
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
