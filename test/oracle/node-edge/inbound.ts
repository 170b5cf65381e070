/** One request of Node's HTTP server, as the exchange sees it. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { UploadClock } from '../../../src/edges/upload-clock.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { Fields } from '../../../src/fields/fields.ts';
import { type Inbound, type InboundEvents, NO_BODY, type Peer } from '../../../src/types/transport.ts';
import type { Home } from './home.ts';
import type { MessageEvents, Request, Response } from './messages.ts';
import { LINGER_MS } from './raw-replies.ts';
import { interimHead, replyHead, sendableTrailers } from './reply-head.ts';
import { examineHead, type RequestHead } from './request-head.ts';
import type { UpgradeWait } from './upgrade.ts';

/** Bytes of an unread request body that are discarded so that the client can read the answer; beyond, the line is cut. */
const DISCARD_MAX = 1_048_576;

/** A whole body up to this goes out in one piece with its head: copying it costs less than a second buffer to write. */
const JOINED_MAX = 16_384;

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const SWITCHING = 101;

/** What is done with pieces of the request's body. */
const HOLD = 0;
const READ = 1;
const DISCARD = 2;

/** The connection a request came on. */
export interface InboundOwner {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly home: Home;
  readonly closing: boolean;
  finished(inbound: NodeInbound, close: boolean): void;
  released(): void;
  discarded(): void;
  overrun(): void;
  /** The body took too long. */
  late(): void;
}

export class NodeInbound implements Inbound, MessageEvents, RequestHead {
  events!: InboundEvents;
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: Fields;
  readonly remoteAddress: string;
  readonly peer: Peer = { known: null };
  readonly isGrpc = false;
  readonly secure: boolean;
  expectsContinue = false;
  bodyLength = 0;
  readonly upgrade: string;
  /** Framing or addressing that Node lets through and a proxy must not pass on. */
  readonly refusal: ErrorCode | '';
  /** Its turn has come: from then on, and not before, events are told. */
  accepted = false;

  readonly #owner: InboundOwner;
  readonly #req: Request;
  readonly #res: Response;
  readonly #upgrading: UpgradeWait | null;
  // the request's body
  #mode = HOLD;
  #paused = false;
  #held: Buffer[] | null = null;
  #complete = false;
  #ended = false;
  #broke: 'malformed' | 'timeout' | '' = '';
  #discarded = 0;
  /** Null where no body is waited for. */
  #clock: UploadClock | null = null;
  // the reply
  #answering = false;
  #close = false;
  #chunked = false;
  #untilClose = false;
  #bodyless = false;
  /** Bytes still to be written of a body whose length was promised; -1 where none was. */
  #owed = -1;
  #written = 0;
  #broken = false;
  #over = false;

  constructor(owner: InboundOwner, req: Request, res: Response, upgrading: UpgradeWait | null = null) {
    this.#owner = owner;
    this.#req = req;
    this.#res = res;
    this.#upgrading = upgrading;
    this.method = req.method!;
    this.target = req.url!;
    this.version = req.httpVersionMinor === 0 ? '1.0' : '1.1';
    const fields = Fields.tryFrom(req.rawHeaders);
    this.headers = fields ?? Fields.empty();
    this.remoteAddress = owner.remoteAddress;
    this.secure = owner.home.secure;
    this.upgrade = upgrading === null ? '' : 'websocket';
    const known = fields !== null && req.httpVersionMajor === 1 && req.httpVersionMinor <= 1;
    this.refusal = known ? examineHead(this, owner.home.headerSize) : 'BAD_REQUEST';
    this.#complete = upgrading !== null;
    if (this.bodyLength !== 0 && !this.#complete) this.#startClock();
    req.to = this;
    res.tell(this);
  }

  // ── the request's body ─────────────────────────────────────────────────────────────────────────────────────────

  #startClock(): void {
    this.#clock = new UploadClock(this.#owner.home, () => this.#late());
    this.#clock.start(0);
  }

  /** While a reply streams beside its request, the call lasts as long as that; what follows has a time of its own. */
  #late(): void {
    if (this.#answering && this.#mode !== DISCARD) this.#clock!.start(0);
    else this.#owner.late();
  }

  connectionClosed(): void {
    this.#clock?.stop();
  }

  /** Part of the request has yet to come. */
  get bodyPending(): boolean {
    return !this.#complete;
  }

  readBody(_whole: boolean): void {
    if (this.#mode !== HOLD || this.#over) return;
    this.#mode = READ;
    if (this.expectsContinue && !this.#answering && !this.#complete) this.#owner.socket.write(CONTINUE, 'latin1');
    this.#deliver();
  }

  pauseBody(): void {
    this.#paused = true;
    this.#clock?.hold();
    if (!this.#complete) this.#req.stopReading();
  }

  resumeBody(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#mode === READ) this.#deliver();
  }

  requestChunk(chunk: Buffer): boolean {
    this.#clock?.took(chunk.length);
    if (this.#mode === READ && !this.#paused && this.#held === null) {
      if (!this.#over) this.events.bodyData(chunk);
      return !this.#paused;
    }
    if (this.#mode === DISCARD) return this.#discard(chunk);
    if (this.#held === null) this.#held = [chunk];
    else this.#held.push(chunk);
    return false;
  }

  requestComplete(): void {
    this.#complete = true;
    this.#clock?.stop();
    if (this.#mode === DISCARD) this.#owner.discarded();
    else if (this.#mode === READ && !this.#paused && this.#held === null) this.#bodyEnd();
  }

  /** The rest of the body will not come in a readable form. */
  bodyBroke(why: 'malformed' | 'timeout'): void {
    this.#broke = why;
    this.#clock?.stop();
    if (this.#mode === READ && !this.#paused && this.#held === null) this.#bodyFail(why);
  }

  /** Hands on what was held back, then asks for more. */
  #deliver(): void {
    while (this.#held !== null && !this.#paused && !this.#over) {
      const chunk = this.#held.shift()!;
      if (this.#held.length === 0) this.#held = null;
      this.events.bodyData(chunk);
      if (this.#mode !== READ) return;
    }
    if (this.#paused || this.#over) return;
    if (this.#complete) this.#bodyEnd();
    else if (this.#broke !== '') this.#bodyFail(this.#broke);
    else this.#readOn();
  }

  #readOn(): void {
    this.#clock?.run();
    this.#req.readOn();
  }

  #bodyEnd(): void {
    if (this.#ended || this.#over) return;
    this.#ended = true;
    const { rawTrailers } = this.#req;
    this.events.bodyEnd(rawTrailers.length > 0 ? Fields.sendable(rawTrailers) : null);
  }

  #bodyFail(why: 'malformed' | 'timeout' | 'gone'): void {
    if (this.#ended || this.#over) return;
    this.#ended = true;
    this.events.bodyFailed(why);
  }

  /** The answer is complete and nobody will read the rest of the body. */
  #discardBody(): void {
    this.#mode = DISCARD;
    for (const chunk of this.#held ?? []) this.#discarded += chunk.length;
    this.#held = null;
    if (!this.#complete) this.#readOn();
  }

  #discard(chunk: Buffer): boolean {
    this.#discarded += chunk.length;
    if (this.#discarded <= DISCARD_MAX) return true;
    this.#owner.overrun();
    return false;
  }

  // ── the reply ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** The head of the final reply has been made. */
  get answering(): boolean {
    return this.#answering;
  }

  /** All of the reply has been handed over. */
  get answered(): boolean {
    return this.#mode === DISCARD;
  }

  inform(status: number, headers: Fields): void {
    if (this.version === '1.0' || this.#answering || this.#over || status === 100 || status === SWITCHING) return;
    const head = interimHead(status, headers);
    if (head !== null) this.#owner.socket.write(head, 'latin1');
  }

  reply(status: number, headers: Fields, body: string | Buffer, close: boolean): void {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    if (!this.#startReply(status, headers, length, close)) return;
    if (this.#bodyless || length === 0) this.#res.end();
    else {
      this.#written = length;
      this.#endWith(body, length);
    }
    this.#discardBody();
  }

  head(status: number, headers: Fields, length: number, close: boolean): void {
    if (!this.#startReply(status, headers, length, close)) return;
    // A head must not wait for the first piece of its body, but where that comes in the same turn they go out together.
    process.nextTick(sendHead, this.#res);
  }

  write(chunk: Buffer): boolean {
    if (this.#bodyless || this.#over || this.#broken || chunk.length === 0) return true;
    if (!this.#expects(chunk.length)) return true;
    if (this.#res.write(chunk)) return true;
    this.#res.awaitDrain();
    return false;
  }

  end(trailers: Fields | null, last: Buffer | null): void {
    if (this.#over || this.#broken) return;
    if (last !== null && last.length > 0 && !this.#bodyless) {
      if (!this.#expects(last.length)) return;
      if (this.#owed > 0) this.#res.write(last);
    }
    // Less than was promised must not look whole (RFC 9112 §8).
    if (this.#owed > 0) return this.destroy();
    if (trailers !== null && this.#chunked) this.#res.addTrailers(sendableTrailers(trailers));
    if (last !== null && last.length > 0 && !this.#bodyless) this.#endWith(last, last.length);
    else this.#res.end();
    this.#discardBody();
  }

  destroy(): void {
    if (this.#over || this.#broken) return;
    this.#broken = true;
    // After Node's own next-tick work, which hands corked chunks to the socket.
    if (this.#answering) process.nextTick(breakOff, this.#owner.socket, this.#res, this.#untilClose);
    else this.#owner.socket.destroy();
  }

  takeOver(headers: Fields): { socket: Duplex; early: Buffer } {
    const wait = this.#upgrading!;
    this.#over = true;
    this.#owner.released();
    this.#res.detachSocket(wait.socket);
    const head = interimHead(SWITCHING, headers);
    const early = wait.release();
    if (head === null) wait.socket.destroy();
    else wait.socket.write(head, 'latin1');
    return { socket: wait.socket, early };
  }

  /** Makes the head and hands it to Node. False where there can be no reply any more. */
  #startReply(status: number, headers: Fields, length: number, close: boolean): boolean {
    if (this.#over || this.#broken || this.#answering) return false;
    this.#bodyless = this.method === 'HEAD' || status === 204 || status === 304;
    const framing = this.#frame(status, length === NO_BODY && !this.#bodyless ? 0 : length);
    this.#close = close || this.#mustClose();
    const head = replyHead(status, headers, framing + this.#connectionLine(), this.#owner.home.clock);
    if (head === null) {
      // An upstream's control character, say, must neither reach the wire nor take the process along.
      this.#broken = true;
      this.#owner.socket.destroy();
      return false;
    }
    this.#answering = true;
    this.#res.useHead(head, this.#chunked, this.#bodyless);
    return true;
  }

  /** RFC 9112 §6: a length where it is known, else chunks, else (HTTP/1.0) the end of the connection. */
  #frame(status: number, length: number): string {
    if (status === 204 || status === 304) return '';
    if (length >= 0) {
      if (!this.#bodyless) this.#owed = length;
      return `Content-Length: ${length}\r\n`;
    }
    if (this.#bodyless) return '';
    this.#chunked = this.version === '1.1';
    this.#untilClose = !this.#chunked;
    return this.#chunked ? 'Transfer-Encoding: chunked\r\n' : '';
  }

  /** A client that still waits for its 100 may send its body or not: only the end of the connection is clear to both. */
  #mustClose(): boolean {
    if (this.#owner.closing || this.#untilClose || !this.#res.shouldKeepAlive || this.#broke !== '') return true;
    if (this.#upgrading !== null || this.#req.upgradeIgnored) return true;
    if (this.#complete) return false;
    return (this.expectsContinue && this.#mode === HOLD) || this.bodyLength > DISCARD_MAX;
  }

  #connectionLine(): string {
    if (this.#close) return 'Connection: close\r\n';
    return this.version === '1.0' ? 'Connection: keep-alive\r\n' : '';
  }

  /** Counts what goes out; false where it is more than was promised, which would be read as another reply. */
  #expects(bytes: number): boolean {
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

  #endWith(body: string | Buffer, length: number): void {
    if (typeof body === 'string') this.#res.end(body, length === body.length ? 'latin1' : 'utf8');
    else if (length <= JOINED_MAX && !this.#chunked) this.#res.end(body.toString('latin1'), 'latin1');
    else this.#res.end(body);
  }

  responseDrained(): void {
    if (!this.#over && !this.#broken) this.events.drained();
  }

  responseClosed(): void {
    if (this.#over) return;
    const flushed = this.#res.writableFinished && !this.#broken;
    if (this.accepted && !flushed && this.#mode === READ && !this.#complete) this.#bodyFail('gone');
    this.#over = true;
    if (this.accepted) {
      if (flushed) this.events.done(this.#written);
      else this.events.gone();
    }
    this.#owner.finished(this, this.#close || this.#broke !== '');
  }
}

function sendHead(res: Response): void {
  res.sendHead();
}

/** What was written goes out, then the connection ends without the end of the message. */
function breakOff(socket: Socket, res: Response, untilClose: boolean): void {
  res.sendHead();
  socket.setTimeout(LINGER_MS); // for a client that does not read
  if (!untilClose) socket.destroySoon();
  // Here an orderly end would be the end of the message, so the connection must break.
  else if (socket.writableLength === 0) socket.resetAndDestroy();
  else socket.once('drain', () => socket.resetAndDestroy());
}
