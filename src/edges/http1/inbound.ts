/** One request, as the exchange sees it, and the way back. An object of its own: a late call cannot touch the next one. */
import type { Duplex } from 'node:stream';
import type { Fields } from '../../fields/fields.ts';
import { chunkPrefix } from '../../http1/write.ts';
import { type Inbound, NO_BODY } from '../../types/transport.ts';
import { BY_CHUNKS, BY_NO_FIELD, chunkedEnd, finalHead, interimHead } from './heads.ts';
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
  /** What was gathered waits for the end of the turn. */
  #turning = false;
  #close = false;
  #framing = 0;
  #bodyless = false;
  #drains = false;
  /** Bytes still to be written of a body whose length was promised; -1 where none was. */
  #owed = -1;
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
    this.connection.output.text(head);
    this.#atEndOfTurn();
  }

  reply(status: number, headers: Fields, body: string | Buffer, close: boolean): void {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    if (!this.#start(status, headers, length, close)) return;
    if (!this.#bodyless && length > 0) {
      const { output } = this.connection;
      this.#written = length;
      if (typeof body !== 'string') output.piece('', body, '');
      else if (length === body.length) output.text(body);
      else output.piece('', Buffer.from(body), '');
    }
    this.#finish();
  }

  head(status: number, headers: Fields, length: number, close: boolean): void {
    if (!this.#start(status, headers, length, close)) return;
    if (this.#framing >= 0 && !this.#bodyless) this.#owed = this.#framing;
    // The head must not wait for the first piece of its body, but where that comes in the same turn they go together.
    this.#atEndOfTurn();
  }

  write(chunk: Buffer): boolean {
    if (this.#bodyless || this.over || this.#reply !== STREAMING || chunk.length === 0) return true;
    if (!this.#owes(chunk.length)) return true;
    const { output } = this.connection;
    this.#put(chunk);
    this.#atEndOfTurn();
    if (!output.full) return true;
    this.#drains = true;
    return false;
  }

  end(trailers: Fields | null, last: Buffer | null): void {
    if (this.over || this.#reply !== STREAMING) return;
    if (last !== null && last.length > 0 && !this.#bodyless) {
      if (!this.#owes(last.length)) return;
      this.#put(last);
    }
    // Less than was promised must not look whole (RFC 9112 §8).
    if (this.#owed > 0) return this.destroy();
    if (this.#framing === BY_CHUNKS) this.connection.output.text(chunkedEnd(trailers));
    this.#finish();
  }

  destroy(): void {
    if (this.over || this.#reply >= WHOLE) return;
    const none = this.#reply === NONE;
    this.#reply = BROKEN;
    if (none) return this.connection.cut();
    const { output } = this.connection;
    output.flush();
    output.hurry();
    this.#atEndOfTurn();
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
    const head = finalHead(status, headers, framing, this.#connectionField(), date);
    if (head === null) {
      this.destroy();
      return false;
    }
    this.#reply = STREAMING;
    this.connection.output.text(head);
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
    const { output } = this.connection;
    if (this.#framing === BY_CHUNKS) output.piece(chunkPrefix(chunk.length), chunk, '\r\n');
    else output.piece('', chunk, '');
  }

  /** Counts what goes out; false where it is more than was promised, which would be read as another reply. */
  #owes(bytes: number): boolean {
    if (this.#owed >= 0) {
      if (bytes > this.#owed) {
        this.destroy();
        return false;
      }
      this.#owed -= bytes;
    }
    this.#written += bytes;
    return true;
  }

  #finish(): void {
    this.#reply = WHOLE;
    this.connection.output.finish();
    this.#atEndOfTurn();
    this.discardBody();
  }

  #atEndOfTurn(): void {
    if (this.#turning) return;
    this.#turning = true;
    process.nextTick(endOfTurn, this);
  }

  /** What this turn brought goes out; and where that was the last of it, the exchange is told, never from within its calls. */
  turned(): void {
    this.#turning = false;
    if (this.over) return;
    const { output } = this.connection;
    output.flush();
    if (this.#reply < WHOLE) return;
    if (output.empty) this.flushed();
    else output.awaitFlush();
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

function endOfTurn(inbound: Http1Inbound): void {
  inbound.turned();
}
