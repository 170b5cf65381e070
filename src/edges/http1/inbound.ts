/** One request, as the exchange sees it, and the way back. An object of its own: a late call cannot touch the next one. */
import type { Duplex } from 'node:stream';
import type { Fields } from '../../fields/fields.ts';
import { chunkPrefix } from '../../http1/write.ts';
import { type Inbound, NO_BODY } from '../../types/transport.ts';
import { BY_CHUNKS, BY_NO_FIELD, chunkedEnd, gatherFinalHead, interimHead } from './heads.ts';
import { DISCARD_MAX } from './limits.ts';
import { Http1RequestBody } from './request-body.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const SWITCHING = 101;

/** How far the reply is: none, head made, all handed over, or to be broken off. */
const NONE = 0;
const STREAMING = 1;
const WHOLE = 2;
const BROKEN = 3;

export class Http1Inbound extends Http1RequestBody implements Inbound {
  #reply = NONE;
  #close = false;
  #framing = 0;
  #bodyless = false;
  #drains = false;
  /** Bytes still to be written of a body whose length was promised; -1 where none was. */
  #missing = -1;
  #written = 0;

  /** The head of the final reply has been made. */
  get answering(): boolean {
    return this.#reply !== NONE;
  }

  /** All of the reply has been handed over. */
  get answered(): boolean {
    return this.#reply === WHOLE;
  }

  protected sendContinue(): void {
    if (this.#reply === NONE) this.#interim(CONTINUE);
  }

  inform(status: number, headers: Fields): void {
    if (this.version === '1.0' || this.#reply !== NONE || this.over) return;
    if (status < 102 || status > 199) return;
    const head = interimHead(status, headers);
    if (head !== null) this.#interim(head);
  }

  #interim(head: string): void {
    this.connection.socket.text(head);
    this.connection.socket.atTurnEnd();
  }

  reply(status: number, headers: Fields, body: string | Buffer, close: boolean): void {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    if (!this.#start(status, headers, length, close)) return;
    if (!this.#bodyless && length > 0) {
      const { socket } = this.connection;
      this.#written = length;
      if (typeof body !== 'string') socket.piece('', body, '');
      else if (length === body.length) socket.text(body);
      else socket.piece('', Buffer.from(body), '');
    }
    this.#finish();
  }

  head(status: number, headers: Fields, length: number, close: boolean): void {
    if (!this.#start(status, headers, length, close)) return;
    if (this.#framing >= 0 && !this.#bodyless) this.#missing = this.#framing;
    // The head must not wait for the first piece of its body, but where that comes in the same turn they go together.
    this.connection.socket.atTurnEnd();
  }

  write(chunk: Buffer): boolean {
    if (this.#bodyless || this.over || this.#reply !== STREAMING || chunk.length === 0) return true;
    if (!this.#promised(chunk.length)) return true;
    const { socket } = this.connection;
    this.#put(chunk);
    this.connection.socket.atTurnEnd();
    if (!socket.full) return true;
    this.#drains = true;
    return false;
  }

  end(trailers: Fields | null, last: Buffer | null): void {
    if (this.over || this.#reply !== STREAMING) return;
    if (last !== null && last.length > 0 && !this.#bodyless) {
      if (!this.#promised(last.length)) return;
      this.#put(last);
    }
    // Less than was promised must not look whole (RFC 9112 §8).
    if (this.#missing > 0) return this.destroy();
    if (this.#framing === BY_CHUNKS) this.connection.socket.text(chunkedEnd(trailers));
    this.#finish();
  }

  destroy(): void {
    if (this.over || this.#reply >= WHOLE) return;
    const none = this.#reply === NONE;
    this.#reply = BROKEN;
    if (none) return this.connection.cut();
    const { socket } = this.connection;
    socket.flush();
    socket.cutSoon();
    this.connection.socket.atTurnEnd();
  }

  takeOver(headers: Fields): { socket: Duplex; early: Buffer } {
    this.over = true;
    return this.connection.release(interimHead(SWITCHING, headers));
  }

  /** Makes the head. False where there can be no reply any more. */
  #start(status: number, headers: Fields, length: number, close: boolean): boolean {
    if (this.over || this.#reply !== NONE) return false;
    const framing = this.#frame(status, length);
    this.#close = close || this.#mustClose();
    const date = this.connection.date;
    if (!gatherFinalHead(this.connection.socket, status, headers, framing, this.#connectionField(), date)) {
      this.destroy();
      return false;
    }
    this.#reply = STREAMING;
    return true;
  }

  /** RFC 9112 §6: a length where it is known, else chunks, else (HTTP/1.0) the end of the connection. */
  #frame(status: number, length: number): number {
    const never = status === 204 || status === 304;
    this.#bodyless = never || this.method === 'HEAD';
    if (never) this.#framing = BY_NO_FIELD;
    else if (length >= 0) this.#framing = length;
    else if (length === NO_BODY && !this.#bodyless) this.#framing = 0;
    else this.#framing = this.#bodyless || this.version === '1.0' ? BY_NO_FIELD : BY_CHUNKS;
    return this.#framing;
  }

  get #untilClose(): boolean {
    return this.#framing === BY_NO_FIELD && !this.#bodyless;
  }

  /** A client that still waits for its 100 may send its body or not: only the end of the connection is clear to both. */
  #mustClose(): boolean {
    if (!this.request.keepAlive || this.connection.closing || this.#untilClose || this.upgrade !== '') return true;
    if (!this.bodyPending) return false;
    return (this.expectsContinue && this.unread) || this.bodyLength > DISCARD_MAX;
  }

  #connectionField(): 'keep-alive' | 'close' | '' {
    if (this.#close) return 'close';
    return this.version === '1.0' ? 'keep-alive' : '';
  }

  #put(chunk: Buffer): void {
    const { socket } = this.connection;
    if (this.#framing === BY_CHUNKS) socket.piece(chunkPrefix(chunk.length), chunk, '\r\n');
    else socket.piece('', chunk, '');
  }

  /** Counts what goes out; false where it is more than was promised, which would be read as another reply. */
  #promised(bytes: number): boolean {
    if (this.#missing >= 0) {
      if (bytes > this.#missing) {
        this.destroy();
        return false;
      }
      this.#missing -= bytes;
    }
    this.#written += bytes;
    return true;
  }

  #finish(): void {
    this.#reply = WHOLE;
    this.connection.socket.finish();
    this.connection.socket.atTurnEnd();
    this.discardBody();
  }

  /** What this turn brought has gone out. Where that was the last, the exchange is told, never from within its calls. */
  turnEnded(): void {
    if (this.over || this.#reply < WHOLE) return;
    const { socket } = this.connection;
    if (socket.empty) this.flushed();
    else socket.awaitFlush();
  }

  /** Everything written so far is with the system. */
  flushed(): void {
    if (this.over || this.#reply < WHOLE) return;
    if (this.#reply === BROKEN) {
      this.lost();
      this.connection.broken(this.#untilClose);
      return;
    }
    this.over = true;
    this.events.done(this.#written);
    this.connection.finished(this, this.#close);
  }

  /** There is room for more. */
  drained(): void {
    if (!this.#drains || this.over || this.#reply !== STREAMING) return;
    this.#drains = false;
    this.events.drained();
  }
}
