/** One request to an upstream, and whoever asked for it. */
import type { ClientHttp2Stream } from 'node:http2';
import type { Fields } from '../../fields/fields.ts';
import { INFORMED_MAX } from '../../http1/response-reader.ts';
import { CANCEL } from '../../http2-streams/codes.ts';
import { attachClient, type ClientStreamEvents, hasSentEnd, reset } from '../../http2-streams/stream-events.ts';
import type { Failure, UpstreamCall, UpstreamEvents, UpstreamRequest } from '../../types/transport.ts';
import { isIdempotent } from '../failure.ts';
import { Waiter } from '../queue.ts';
import { isFinalStatus } from '../raw-headers.ts';
import {
  ASKING,
  CANCELLED,
  DELEGATED,
  ENDED,
  READING,
  SENDING,
  STARTING,
  STORED,
  TIMEOUTS,
  WAITING,
} from './call-states.ts';
import { isOutOfStreams, type StreamEnd, streamFailure, wantsHttp1 } from './failures.ts';
import type { Origin } from './origin.ts';
import { bodyLength, isTooLarge } from './reply-fields.ts';
import { requestFields, requestLength } from './request-fields.ts';
import type { UpstreamSession } from './session.ts';
import { Http2Upload } from './upload.ts';

/** After {@link ENDED} nothing is told, and every call does nothing. */
export class Http2Call extends Waiter implements UpstreamCall, ClientStreamEvents {
  readonly #request: UpstreamRequest;
  readonly #to: UpstreamEvents;
  readonly #origin: Origin;
  readonly #fields: string[] | null;
  /** Its body comes from the exchange piece by piece. */
  readonly #streamed: boolean;
  #state = STARTING;
  #session: UpstreamSession | null = null;
  #stream: ClientHttp2Stream | null = null;
  /** Null where the request has no body. */
  #upload: Http2Upload | null = null;
  /** The call of the other forwarder, where the origin speaks HTTP/1.1. */
  #other: UpstreamCall | null = null;
  /** It was sent a second time, and will not be a third. */
  #resent = false;
  #waited = false;
  /** Bytes the connection had brought when the request went out. */
  #bytesBefore = 0;
  /** Whoever asked takes no more of the reply for now. */
  #paused = false;
  /** Replies of 1xx so far. */
  #informed = 0;
  /** All of the reply is here, read or not. */
  #whole = false;
  /** What of a whole reply was not read when its connection ended. */
  #stored: Buffer[] | null = null;
  #trailers: Fields | null = null;

  constructor(request: UpstreamRequest, to: UpstreamEvents, origin: Origin) {
    super();
    this.#request = request;
    this.#to = to;
    this.#origin = origin;
    this.#fields = requestFields(request);
    this.#streamed = request.body === null && request.bodyLength !== 0;
  }

  start(): void {
    if (this.#fields === null) this.#giveUp('the request cannot be put on the wire');
    else if (this.#origin.closed) this.fail({ reason: 'connect', detail: 'the forwarder is closed', sent: false });
    else this.#acquire();
    if (this.#state === STARTING) this.#state = WAITING;
  }

  get #hasEnded(): boolean {
    return this.#state >= DELEGATED;
  }
  /** The head of the reply was passed on. */
  get #isAnswered(): boolean {
    return this.#state === READING || this.#state === STORED;
  }

  // ── the origin's side ──────────────────────────────────────────────────────────────────────────────────────────

  #acquire(): void {
    const refusal = this.#origin.acquire(this);
    if (refusal !== null) this.fail(refusal);
  }

  /** There is no room on a connection now. */
  enqueued(): void {
    this.#waited = true;
  }

  /** There is room on this connection. */
  send(session: UpstreamSession): void {
    const bodyless = requestLength(this.#request) === 0;
    let stream: ClientHttp2Stream;
    try {
      stream = session.open(this.#fields!, bodyless);
    } catch (error) {
      return this.#giveUp((error as Error).message);
    }
    this.#stream = stream;
    this.#session = session;
    this.#bytesBefore = session.bytesRead;
    this.#state = SENDING;
    attachClient(stream, this, this.#paused);
    if (bodyless) this.streamFlushed();
    else this.#sendBody(new Http2Upload(stream, this.#request.bodyLength));
  }

  #sendBody(upload: Http2Upload): void {
    this.#upload = upload;
    if (this.#streamed) return process.nextTick(askForBody, this);
    upload.whole(this.#request.body!);
    this.#expect(SENDING);
  }

  /** The stream is there: asks for the body, unless the call has ended meanwhile. */
  askForBody(): void {
    if (!this.#hasEnded) this.#unblock();
  }

  /** The origin speaks HTTP/1.1. */
  delegate(): void {
    this.#end(DELEGATED);
    const other = this.#origin.fallback.send(this.#request, this.#to);
    this.#other = other;
    if (this.#paused) other.pause();
  }

  override onTimeout(): void {
    if (this.#state === WAITING) return this.#waitedInVain();
    // A connection from which nothing came all the while is of no more use to others.
    if (this.#session !== null && this.#session.bytesRead === this.#bytesBefore) this.#session.retire();
    this.fail({ reason: 'timeout', detail: TIMEOUTS[this.#state] ?? '', sent: true });
  }

  /** Making a connection has limits of its own, and its failure is the endpoint's. */
  #waitedInVain(): void {
    const { queue, connecting } = this.#origin;
    if (connecting) queue.extend(this);
    else this.fail(queue.expire(this));
  }

  // ── the stream's side ──────────────────────────────────────────────────────────────────────────────────────────

  streamInformed(status: number, headers: Fields | null): void {
    if (this.#hasEnded) return;
    if (++this.#informed > INFORMED_MAX) return this.#giveUp('there are too many replies of 1xx');
    if (status === 100 || headers === null) return;
    headers.dropFraming();
    this.#to.informed(status, headers);
  }

  streamHead(status: number, headers: Fields | null, last: boolean): void {
    if (this.#hasEnded) return;
    if (!isFinalStatus(status)) return this.#giveUp(`no final status: ${status}`);
    if (headers === null) return this.#giveUp('a field of the reply cannot be passed on');
    if (isTooLarge(headers)) return this.#giveUp('the head of the reply is too large');
    this.#expect(READING);
    this.#to.head(status, headers, bodyLength(this.#request.method, status, headers, last));
  }

  streamData(chunk: Buffer): void {
    if (this.#hasEnded) return;
    if (this.#stored !== null) {
      this.#stored.push(chunk);
      return;
    }
    this.#expect(READING);
    this.#to.data(chunk);
  }

  streamTrailers(trailers: Fields): void {
    if (isTooLarge(trailers)) this.#giveUp('the trailers of the reply are too large');
    this.#trailers = trailers.size > 0 ? trailers : null;
  }

  streamWhole(): void {
    this.#whole = true;
  }

  /** Node drops what is unread when a connection ends, though the reply may be whole. */
  streamCut(): void {
    if (!this.#whole || this.#state !== READING || this.#stream!.readableLength === 0) return;
    this.#state = STORED;
    this.#stored = [];
    while (this.#stream!.read() !== null); // told through `streamData`
  }

  streamRead(): void {
    if (this.#whole && this.#state === READING) this.#complete();
  }

  #complete(): void {
    const session = this.#session!;
    session.served++;
    this.#end(ENDED);
    // An upload that the reply did not wait for is of no use to anybody.
    if (!hasSentEnd(this.#stream!)) reset(this.#stream!, CANCEL);
    session.left();
    this.#to.end(this.#trailers);
  }

  streamDrained(): void {
    if (this.#hasEnded) return;
    if (this.#upload!.drained()) this.#unblock();
    else this.#expect(SENDING);
  }

  streamFlushed(): void {
    if (!this.#hasEnded) this.#expect(ASKING);
  }

  streamClosed(_sent: boolean, error: Error | null, unsent: number): void {
    const session = this.#session!;
    const { rstCode, id } = this.#stream!;
    if (this.#state === STORED) this.#passStored();
    else if (!this.#hasEnded)
      this.#broke(session, { code: rstCode ?? 0, error, headSeen: this.#isAnswered, unseen: session.isUnseen(id) });
    session.closed(unsent);
  }

  /** Passes on what was kept of a whole reply, when its reader is ready. */
  #passStored(): void {
    while (!this.#paused && this.#state === STORED && this.#stored!.length > 0) this.#to.data(this.#stored!.shift()!);
    if (!this.#paused && this.#state === STORED) this.#complete();
  }

  #broke(session: UpstreamSession, end: StreamEnd): void {
    if (isOutOfStreams(end)) session.retire();
    const http1 = wantsHttp1(end);
    if (http1) this.#origin.useHttp1();
    const failure = streamFailure(end);
    const stale = session.lost && !session.goneAway && session.served > 0 && failure.reason === 'reset';
    const safe = http1 || end.unseen || (stale && isIdempotent(this.#request.method));
    const silent = !this.#isAnswered && this.#informed === 0;
    const again = safe && silent && !this.#resent && !this.#streamed && !this.#origin.closed;
    if (again) this.#resend(session);
    else this.fail(failure);
  }

  /** A kept connection may be closed at any time; what no one looked at, or may be asked twice, goes out once more. */
  #resend(session: UpstreamSession): void {
    this.#resent = true;
    this.#waited = true;
    this.#origin.loop.wheel.clear(this);
    this.#state = WAITING;
    this.#session = null;
    this.#stream = null;
    this.#upload = null;
    this.#whole = false;
    session.left();
    this.#acquire();
  }

  // ── the exchange's side ────────────────────────────────────────────────────────────────────────────────────────

  get waited(): boolean {
    return this.#waited || (this.#other?.waited ?? false);
  }

  write(chunk: Buffer): boolean {
    if (this.#hasEnded) return this.#other?.write(chunk) ?? true;
    if (this.#upload === null) return true;
    const free = this.#upload.write(chunk);
    if (this.#upload.fault !== '') this.#giveUp(this.#upload.fault);
    else if (!free) this.#expect(SENDING);
    return free;
  }

  finish(): void {
    if (this.#hasEnded) return this.#other?.finish();
    if (this.#upload === null || !this.#upload.finish()) return;
    if (this.#upload.fault !== '') this.#giveUp(this.#upload.fault);
    else this.#expect(SENDING);
  }

  /** Whoever pauses may take as long as he likes: that is no fault of the upstream's. */
  pause(): void {
    if (this.#hasEnded) return this.#other?.pause();
    if (this.#paused) return;
    this.#paused = true;
    if (this.#isAnswered) this.#origin.loop.wheel.clear(this);
    this.#stream?.pause();
  }

  resume(): void {
    if (this.#hasEnded) return this.#other?.resume();
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#state === STORED) return this.#passStored();
    if (this.#state === READING) this.#expect(READING);
    this.#stream?.resume();
  }

  cancel(): void {
    if (this.#other !== null) return this.#other.cancel();
    if (this.#hasEnded) this.#state = CANCELLED;
    else this.#leave(CANCELLED);
  }

  queued(): Failure | null {
    if (this.#other !== null) return this.#other.queued();
    if (this.waitsSince === 0 || this.#origin.connecting) return null;
    return this.#origin.queue.failure();
  }

  // ── deadlines ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Once the head is here nothing else counts but that the reply goes on, while somebody reads it. */
  #expect(state: typeof SENDING | typeof ASKING | typeof READING): void {
    if (this.#isAnswered && state !== READING) return;
    this.#state = state;
    if (state === READING && this.#paused) return this.#origin.loop.wheel.clear(this);
    const { send, firstByte, idle } = this.#request.timeouts;
    this.#origin.loop.wheel.limit(this, state === SENDING ? send : state === ASKING ? firstByte : idle);
  }

  /** The upstream waits for us, and that is no fault of its own. */
  #unblock(): void {
    if (!this.#isAnswered) this.#origin.loop.wheel.clear(this);
    if (this.#upload!.unblock()) this.#to.sendMore();
  }

  // ── ways out ───────────────────────────────────────────────────────────────────────────────────────────────────

  #giveUp(detail: string): void {
    this.fail({ reason: 'protocol', detail, sent: this.#stream !== null });
  }

  fail(failure: Failure): void {
    if (this.#hasEnded) return;
    const starting = this.#state === STARTING;
    this.#leave(ENDED);
    if (starting) setImmediate(tellFailure, this, failure);
    else this.#to.failed(failure);
  }

  /** For failures that had to wait; the exchange may have cancelled meanwhile. */
  tellFailure(failure: Failure): void {
    if (this.#state !== CANCELLED) this.#to.failed(failure);
  }

  #leave(state: typeof ENDED | typeof CANCELLED): void {
    this.#end(state);
    if (this.#stream === null) return;
    reset(this.#stream, CANCEL);
    this.#stream.resume();
    this.#session!.left();
  }

  #end(state: typeof DELEGATED | typeof ENDED | typeof CANCELLED): void {
    this.#state = state;
    this.#origin.leave(this);
    this.#origin.loop.wheel.clear(this);
  }
}

function tellFailure(call: Http2Call, failure: Failure): void {
  call.tellFailure(failure);
}

function askForBody(call: Http2Call): void {
  call.askForBody();
}
