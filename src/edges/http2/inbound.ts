/** One stream of a client, as the exchange sees it. */

import type { ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { ALLOW_USUAL, ERRORS, type ErrorCode, errorBody } from '../../errors.ts';
import { Fields } from '../../fields/fields.ts';
import { grpcErrorHead, isGrpcCall } from '../../grpc.ts';
import { attachServer, type ServerStreamEvents } from '../../http2-streams/stream-events.ts';
import { type Inbound, type InboundEvents, NO_BODY, type Peer } from '../../types/transport.ts';
import { Http2Reply } from './reply.ts';
import { type BodyHome, Http2RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';

/** What the streams of all connections of one edge share. Times in milliseconds, 0 for none. */
export interface StreamHome extends BodyHome {
  /** Value of the `Date` field. */
  readonly clock: { readonly text: string };
  /** In which a client must take something of what is sent to it. */
  readonly writeTimeout: number;
}

/** The connection a stream belongs to. */
export interface StreamOwner extends Peer {
  readonly home: StreamHome;
  readonly remoteAddress: string;
  /** The head of a reply is about to be sent. */
  replying(): void;
  /** The stream is over. `early`: it was cut short, and not by us. `unsent`: octets that Node had and did not send. */
  finished(inbound: Http2Inbound, early: boolean, unsent: number): void;
  /** Not even a reset gets through to the client. */
  stuck(): void;
}

/**
 * Each stream is a message in a frame of its own, so an answer that `close`s ends its stream and leaves the connection
 * and its other streams alone. A reply without a body goes out when it is ended: nothing follows its head.
 */
export class Http2Inbound implements Inbound, ServerStreamEvents {
  events: InboundEvents = NOBODY;
  readonly method: string;
  readonly target: string;
  readonly version = '2';
  readonly headers: Fields;
  readonly remoteAddress: string;
  readonly secure = true;
  readonly bodyLength: number;
  readonly upgrade = '';
  readonly expectsContinue: boolean;
  readonly peer: Peer;
  readonly isGrpc: boolean;
  /** For its two halves. */
  readonly owner: StreamOwner;
  readonly body: Http2RequestBody;
  readonly #reply: Http2Reply;

  constructor(owner: StreamOwner, stream: ServerHttp2Stream, head: RequestHead) {
    this.owner = owner;
    this.method = head.method;
    this.target = head.target;
    this.headers = head.headers;
    this.remoteAddress = owner.remoteAddress;
    this.peer = owner;
    this.isGrpc = isGrpcCall(head.method, '2', head.headers);
    this.bodyLength = head.bodyLength;
    this.expectsContinue = head.expectsContinue;
    attachServer(stream, this);
    this.body = new Http2RequestBody(this, stream, owner.home);
    this.#reply = new Http2Reply(this, stream, owner.home);
  }

  /** `gone` or `done` was told. */
  get over(): boolean {
    return this.#reply.over;
  }

  /** Answers with a row of the error table, in place of the exchange. */
  refuse(code: ErrorCode): void {
    const { status, message } = ERRORS[code];
    const fields = Fields.from(REFUSAL_FIELDS);
    if (code === 'METHOD_NOT_ALLOWED') fields.addAll(ALLOW_USUAL);
    if (!this.isGrpc) return this.reply(status, fields, errorBody('generic', status, code, message, ''), true);
    this.head(200, grpcErrorHead(status, message, fields), NO_BODY, true);
    this.end(null, null);
  }

  // ── the request's body ─────────────────────────────────────────────────────────────────────────────────────────

  readBody(_whole: boolean): void {
    if (this.#reply.over || this.#reply.broken || !this.body.read()) return;
    if (this.expectsContinue && !this.body.whole) this.#reply.inform(100, Fields.empty());
  }
  pauseBody(): void {
    this.body.pause();
  }
  resumeBody(): void {
    this.body.resume();
  }

  streamData(chunk: Buffer): void {
    this.body.data(chunk);
  }
  streamTrailers(trailers: Fields): void {
    this.body.trailersCame(trailers);
  }
  streamWhole(): void {
    if (!this.body.whole) this.body.complete();
  }
  streamCut(): void {
    this.body.cut();
  }
  streamRead(): void {
    this.body.handedOn();
  }

  // ── the reply ──────────────────────────────────────────────────────────────────────────────────────────────────

  inform(status: number, headers: Fields): void {
    if (status < 100 || status > 199 || status === 100 || status === 101) return;
    this.#reply.inform(status, headers);
  }
  reply(status: number, headers: Fields, body: string | Buffer, _close: boolean): void {
    this.#reply.whole(status, headers, typeof body === 'string' ? Buffer.from(body) : body);
  }
  head(status: number, headers: Fields, length: number, _close: boolean): void {
    this.#reply.head(status, headers, length);
  }
  write(chunk: Buffer): boolean {
    return this.#reply.write(chunk);
  }
  end(trailers: Fields | null, last: Buffer | null): void {
    this.#reply.end(trailers, last);
  }
  destroy(): void {
    this.#reply.destroy();
  }
  takeOver(_headers: Fields): { socket: Duplex; early: Buffer } {
    throw new Error('HTTP/2 has no upgrade, so none was offered');
  }

  streamWantsTrailers(): void {
    this.#reply.sendTrailers();
  }
  streamDrained(): void {
    this.#reply.drained();
  }
  streamFlushed(): void {
    this.#reply.flushed();
  }
  streamClosed(sent: boolean, _error: Error | null, unsent: number): void {
    this.#reply.closed(sent, unsent);
  }
}

const REFUSAL_FIELDS: readonly string[] = ['content-type', 'application/problem+json', 'cache-control', 'no-store'];

/** Told about requests that are refused here. */
const NOBODY: InboundEvents = Object.freeze({
  bodyData() {},
  bodyEnd() {},
  bodyFailed() {},
  drained() {},
  gone() {},
  shutDown() {},
  done() {},
});
