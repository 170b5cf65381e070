/**
 * The sending side of a socket: how what was gathered goes to the system, whether there is room for more, and the time
 * that the other end has to take it.
 *
 * A TCP socket is written to directly where this Node lets us; else, and over TLS, through its stream.
 */
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { TimerWheel } from '../state/wheel.ts';
import { Gathering } from './gathering.ts';
import { FULL_AT, LINGER_MS } from './limits.ts';
import type { Loop } from './loop.ts';
import { type Handle, handleOf, isDirect, type Native } from './native.ts';

export abstract class Output extends Gathering {
  /** Milliseconds in which the other end must take something; 0: for ever. */
  patience: number;
  protected readonly socket: Socket;
  readonly loop: Loop;
  readonly secure: boolean;
  readonly #wheel: TimerWheel;
  /** Writes past the stream; null where it is written through. */
  readonly #native: Native | null;
  /** What it writes to, until the socket is closed. */
  #handle: Handle | null = null;
  /** Direct writes that the system has not taken whole. */
  #underWay = 0;
  /** Everything is to be with the system before `flushed`. */
  #awaited = false;
  /** The next write through the stream says so. */
  #callsBack = false;
  /** Too much waits for the other end; only once nothing does is there room again. */
  #full = false;
  /** {@link #taken} when the timer was set. */
  #tookBefore = 0;
  /** A write of ours that failed. */
  #error: Error | null = null;
  /** For writes through the stream whose end is awaited; made once. */
  #written: ((error?: Error | null) => void) | null = null;

  /** `patience`: milliseconds in which the other end must take something; 0: for ever. */
  constructor(loop: Loop, socket: Socket, secure: boolean, patience: number) {
    super(loop.room);
    this.loop = loop;
    this.socket = socket;
    this.secure = secure;
    this.patience = patience;
    this.#wheel = loop.wheel;
    const handle = handleOf(socket);
    this.#native = loop.native !== null && isDirect(handle, secure) ? loop.native : null;
    if (this.#native !== null) this.#handle = handle;
  }

  /** Everything is with the system, after {@link awaitFlush} or {@link finish} asked for it. */
  protected abstract flushed(): void;
  /** There is room again after it was {@link full}. */
  protected abstract roomAgain(): void;
  /** The other end took nothing for too long. */
  protected abstract stalled(): void;
  /** A write failed: the other end has gone. Nothing can be sent any more. */
  protected abstract broke(error: Error): void;

  /** Writes go past the stream, whose own events tell nothing of them. */
  protected get direct(): boolean {
    return this.#native !== null;
  }

  /** Why a write failed. */
  get errored(): Error | null {
    return this.#error ?? this.socket.errored;
  }

  /** Everything written is with the system. A write that fails takes nothing, but leaves nothing waiting either. */
  get empty(): boolean {
    if (!this.nothingGathered || this.errored !== null) return false;
    return this.#native === null ? this.socket.writableLength === 0 : this.#underWay === 0;
  }

  /** More is under way than should be: wait until there is room again. */
  get full(): boolean {
    if (this.#native !== null) return this.#full;
    // That a write said so is not enough: it may be with the system.
    return this.socket.writableNeedDrain && this.socket.writableLength > 0;
  }

  /** Octets that wait here and in libuv; the handle's count goes down within one long write as well. */
  get unsent(): number {
    return this.socket.writableLength + (handleOf(this.socket)?.writeQueueSize ?? 0);
  }

  /** As `flush`, for the last of a reply: where the system does not take all of it at once, `flushed` is called later. */
  finish(): void {
    // A callback costs more than asking, and only TLS, whose writes are never done at once, is sure to need one.
    if (this.secure && !this.nothingGathered && !this.socket.destroyed) {
      this.#awaited = true;
      this.#callsBack = true;
    }
    this.flush();
    if (this.#awaited) this.#await();
  }

  /** Calls `flushed` when everything is with the system. */
  awaitFlush(): void {
    if (this.#awaited || this.socket.destroyed || this.errored !== null) return;
    this.#awaited = true;
    if (this.#native === null) this.socket.write('', 'latin1', this.#callback());
    this.#await();
  }

  #callback(): (error?: Error | null) => void {
    this.#written ??= (error) => {
      if (error) return; // the socket is about to say that it is closed
      this.#done();
    };
    return this.#written;
  }

  #done(): void {
    if (!this.#awaited) return;
    this.#awaited = false;
    this.#wheel.clear(this);
    this.loop.enter();
    try {
      this.flushed();
    } finally {
      this.loop.leave();
    }
  }

  protected override writeGathered(octets: Buffer): void {
    if (this.#native === null) this.#writeThrough(Buffer.from(octets));
    else if (this.#handle !== null) {
      const status = this.#native.bytes(this.#handle, octets, this);
      if (status > 0) this.loop.room.leave(octets);
      this.#sent(status);
    }
    this.#watch();
  }

  protected override writeAround(before: Buffer | null, chunk: Buffer, after: string): void {
    if (this.#native === null) this.#streamAround(before, chunk, after);
    else if (this.#handle !== null) {
      const status = this.#native.around(this.#handle, before, chunk, after, this);
      if (status > 0 && before !== null) this.loop.room.leave(before);
      this.#sent(status);
    }
    this.#watch();
  }

  // ── through the stream ─────────────────────────────────────────────────────────────────────────────────────────

  #writeThrough(octets: Buffer): void {
    const { socket } = this;
    const callsBack = this.#callsBack;
    this.#callsBack = false;
    if (socket.destroyed) this.forget();
    else if (callsBack) socket.write(octets, this.#callback());
    else socket.write(octets);
  }

  #streamAround(before: Buffer | null, chunk: Buffer, after: string): void {
    const { socket } = this;
    if (socket.destroyed) return;
    socket.cork();
    if (before !== null) socket.write(Buffer.from(before));
    if (!socket.destroyed) socket.write(chunk);
    if (after !== '' && !socket.destroyed) socket.write(after, 'latin1');
    socket.uncork();
  }

  // ── past the stream ────────────────────────────────────────────────────────────────────────────────────────────

  /** What became of a write. */
  #sent(status: number): void {
    if (status === 0) return;
    if (status < 0) return this.#fail(status);
    this.#underWay++;
    if (this.unsent >= FULL_AT) this.#full = true;
  }

  /** A write that was under way is over. `status`: 0, or the system's error, negative. For {@link Native}. */
  written(status: number): void {
    this.#underWay--;
    if (this.#handle === null) return;
    if (status < 0) this.#fail(status);
    else if (this.#underWay === 0) this.#drained();
  }

  /** Nothing can be written any more. */
  protected closeOutput(): void {
    this.#handle = null;
    this.forget();
  }

  #fail(status: number): void {
    this.#handle = null;
    // The socket may have been destroyed just now, by whatever it read.
    if (this.socket.destroyed) return this.forget();
    this.#error = writeError(status);
    this.forget();
    this.broke(this.#error);
  }

  #drained(): void {
    const wasFull = this.#full;
    this.#full = false;
    if (!this.#awaited) this.#wheel.clear(this);
    this.loop.enter();
    try {
      if (wasFull) this.roomAgain();
      // Who was told may have written more.
      if (this.#awaited && this.empty) this.#done();
    } finally {
      this.loop.leave();
    }
  }

  /** The stream has room again. */
  protected streamDrained(): void {
    if (!this.#awaited) this.#wheel.clear(this);
    this.roomAgain();
  }

  // ── the time that the other end has ────────────────────────────────────────────────────────────────────────────

  /** It is about to be cut: from now on one that takes nothing is not waited for. */
  cutSoon(): void {
    this.patience = LINGER_MS;
    this.#wheel.set(this, LINGER_MS);
  }

  /** No time is set for the other end any more. */
  forgive(): void {
    this.patience = 0;
    this.#wheel.clear(this);
  }

  /** Forgets what was not handed over. */
  forget(): void {
    this.forgetGathered();
    this.#wheel.clear(this);
  }

  /** Where the socket is full, the other end's time runs. */
  #watch(): void {
    if (this.full) this.#await();
  }

  #await(): void {
    if (this.patience === 0 || this.#wheel.isSet(this)) return;
    this.#tookBefore = this.#taken;
    this.#wheel.set(this, this.patience);
  }

  override onTimeout(): void {
    if (this.unsent === 0) return;
    const taken = this.#taken;
    if (taken <= this.#tookBefore) return this.stalled();
    this.#tookBefore = taken;
    this.#wheel.set(this, this.patience);
  }

  /** Grows by what the other end takes, whatever is written meanwhile. */
  get #taken(): number {
    return this.socket.bytesWritten - this.unsent;
  }
}

/** As Node makes it. Without a stack, which would keep all that is being called in memory for as long as the error. */
function writeError(errno: number): Error {
  const code = getSystemErrorName(errno);
  const message = `write ${code}`;
  return Object.assign(new Error(message), { code, errno, syscall: 'write', stack: `Error: ${message}` });
}
