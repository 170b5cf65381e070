/** One request to an upstream, and whoever asked for it. */
import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import type { Fields } from '../../fields/fields.ts';
import { INFORMED_MAX } from '../../http1/response-reader.ts';
import { CANCEL, END_STREAM } from '../../http2-streams/codes.ts';
import { withoutPseudo } from '../../http2-streams/fields.ts';
import { Outflow } from '../../http2-streams/outflow.ts';
import { attach, hasSentEnd, reset, type StreamEvents } from '../../http2-streams/stream-events.ts';
import type { Failure, UpstreamCall, UpstreamEvents, UpstreamRequest } from '../../types/transport.ts';
import { isIdempotent } from '../failure.ts';
import { Waiter } from '../line.ts';
import { isFinalStatus } from '../raw-headers.ts';
import { isOutOfStreams, type StreamEnd, streamFailure, wantsHttp1 } from './failures.ts';
import type { Origin, Rider } from './origin.ts';
import { bodyLength, isTooLarge } from './reply-fields.ts';
import { requestFields, requestLength } from './request-fields.ts';
import type { UpstreamSession } from './session.ts';
import { Upload } from './upload.ts';

const ATTEMPT = Symbol('attempt');
type Carried = ClientHttp2Stream & { [ATTEMPT]: Attempt };

/** What its deadline is for. While it waits, the deadline is the line's. */
const WAITING = '';
const SENDING = 'the upstream takes no more of the request';
const ASKING = 'no reply came';
const READING = 'the reply stopped';

/**
 * Waits for a stream, rides on it, or is handed to the HTTP/1.1 forwarder. Every way out goes through `#end`, after which
 * nothing is told and every call does nothing.
 */
export class Attempt extends Waiter implements UpstreamCall, StreamEvents, Rider {
  readonly #request: UpstreamRequest;
  readonly #to: UpstreamEvents;
  readonly #origin: Origin;
  readonly #fields: string[] | null;
  readonly #upload: Upload | null;
  #phase = WAITING;
  /** Inside {@link start}, when a failure must wait for a later turn. */
  #starting = false;
  #session: UpstreamSession | null = null;
  #stream: ClientHttp2Stream | null = null;
  #outflow: Outflow | null = null;
  /** Where the origin speaks HTTP/1.1. */
  #other: UpstreamCall | null = null;
  #resent = false;
  #waited = false;
  /** Bytes the connection had brought when the request went out. */
  #heardBefore = 0;
  #paused = false;
  /** Replies of 1xx so far. */
  #informed = 0;
  #answered = false;
  #headSeen = false;
  /** All of the reply is here. */
  #whole = false;
  /** What of a whole reply was not read when its connection ended. */
  #stash: Buffer[] | null = null;
  #trailers: Fields | null = null;
  #ended = false;
  /** Nothing may be told any more, not even what had to wait. */
  #told = false;

  constructor(request: UpstreamRequest, to: UpstreamEvents, origin: Origin) {
    super();
    this.#request = request;
    this.#to = to;
    this.#origin = origin;
    this.#fields = requestFields(request);
    this.#upload = request.body === null && request.bodyLength !== 0 ? new Upload(request.bodyLength) : null;
  }

  start(): void {
    this.#starting = true;
    if (this.#fields === null) this.#giveUp('the request cannot be put on the wire');
    else if (this.#origin.closed) this.fail({ reason: 'connect', detail: 'the forwarder is closed', sent: false });
    else this.#board();
    this.#starting = false;
  }

  // ── the origin's side ──────────────────────────────────────────────────────────────────────────────────────────

  #board(): void {
    const refusal = this.#origin.board(this);
    if (refusal !== null) this.fail(refusal);
  }

  wait(): void {
    this.#phase = WAITING;
    this.#waited = true;
  }

  ride(session: UpstreamSession): void {
    const bare = requestLength(this.#request) === 0;
    try {
      this.#stream = session.open(this.#fields!, bare);
    } catch (error) {
      return this.#giveUp((error as Error).message);
    }
    this.#session = session;
    this.#heardBefore = session.bytesRead;
    this.#listen(this.#stream as Carried);
    if (bare) this.streamFlushed();
    else this.#send(new Outflow(this.#stream));
  }

  #listen(stream: Carried): void {
    attach(stream, this);
    stream[ATTEMPT] = this;
    stream.on('response', onResponse);
    stream.on('headers', onHeaders);
    if (!this.#paused) stream.resume();
  }

  #send(outflow: Outflow): void {
    this.#outflow = outflow;
    if (this.#upload === null) {
      outflow.end(this.#request.body);
      return this.#expect(SENDING);
    }
    process.nextTick(askForBody, this);
  }

  /** The stream is there: asks for the body, unless the attempt has ended meanwhile. */
  askForBody(): void {
    if (!this.#ended) this.#unblock();
  }

  fallBack(): void {
    this.#end();
    const other = this.#origin.fallback.send(this.#request, this.#to);
    this.#other = other;
    if (this.#paused) other.pause();
  }

  override onTimeout(): void {
    if (this.#phase === WAITING) return this.#waitedInVain();
    // A connection from which nothing came all the while is of no more use to others.
    if (this.#session !== null && this.#session.bytesRead === this.#heardBefore) this.#session.retire();
    this.fail({ reason: 'timeout', detail: this.#phase, sent: true });
  }

  /** Making a connection has limits of its own, and its failure is the endpoint's. */
  #waitedInVain(): void {
    const { line, connecting } = this.#origin;
    if (connecting) line.extend(this);
    else this.fail(line.expire(this));
  }

  // ── the stream's side ──────────────────────────────────────────────────────────────────────────────────────────

  informed(status: number, headers: Fields | null): void {
    this.#answered = true;
    if (this.#ended) return;
    if (++this.#informed > INFORMED_MAX) return this.#giveUp('there are too many replies of 1xx');
    if (status === 100 || headers === null) return;
    headers.dropFraming();
    this.#to.informed(status, headers);
  }

  head(status: number, headers: Fields | null, last: boolean): void {
    if (this.#ended) return;
    this.#answered = true;
    if (!isFinalStatus(status)) return this.#giveUp(`no final status: ${status}`);
    if (headers === null) return this.#giveUp('a field of the reply cannot be passed on');
    if (isTooLarge(headers)) return this.#giveUp('the head of the reply is too large');
    this.#headSeen = true;
    this.#expect(READING);
    this.#to.head(status, headers, bodyLength(this.#request.method, status, headers, last));
  }

  streamData(chunk: Buffer): void {
    if (this.#ended) return;
    if (this.#stash !== null) {
      this.#stash.push(chunk);
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
    if (!this.#whole || !this.#headSeen || this.#ended || this.#stash !== null) return;
    if (this.#stream!.readableLength === 0) return;
    this.#stash = [];
    while (this.#stream!.read() !== null); // told through `streamData`
  }

  streamRead(): void {
    if (!this.#ended && this.#whole && this.#headSeen && this.#stash === null) this.#complete();
  }

  #complete(): void {
    const session = this.#session!;
    session.served++;
    this.#end();
    // An upload that the reply did not wait for is of no use to anybody.
    if (!hasSentEnd(this.#stream!)) reset(this.#stream!, CANCEL);
    session.left();
    this.#to.end(this.#trailers);
  }

  streamDrained(): void {
    if (this.#ended) return;
    if (!this.#outflow!.drained() || this.#outflow!.ending) this.#expect(SENDING);
    else this.#unblock();
  }

  streamFlushed(): void {
    if (!this.#ended) this.#expect(ASKING);
  }

  streamClosed(_sent: boolean, error: Error | null): void {
    const session = this.#session!;
    const { rstCode, id } = this.#stream!;
    if (!this.#ended) {
      if (this.#stash !== null) this.#unstash();
      else this.#broke(session, { code: rstCode ?? 0, error, headSeen: this.#headSeen, unseen: session.isUnseen(id) });
    }
    session.closed();
  }

  /** Hands on what was kept of a whole reply, when its reader is ready. */
  #unstash(): void {
    while (!this.#paused && !this.#ended && this.#stash!.length > 0) this.#to.data(this.#stash!.shift()!);
    if (!this.#paused && !this.#ended) this.#complete();
  }

  #broke(session: UpstreamSession, end: StreamEnd): void {
    if (isOutOfStreams(end)) session.retire();
    const http1 = wantsHttp1(end);
    if (http1) this.#origin.useHttp1();
    const failure = streamFailure(end);
    const stale = session.lost && !session.goneAway && session.served > 0 && failure.reason === 'reset';
    const safe = http1 || end.unseen || (stale && isIdempotent(this.#request.method));
    const again = safe && !this.#resent && !this.#answered && this.#upload === null && !this.#origin.closed;
    if (again) this.#resend(session);
    else this.fail(failure);
  }

  /** A kept connection may be closed at any time; what no one looked at, or may be asked twice, goes out once more. */
  #resend(session: UpstreamSession): void {
    this.#resent = true;
    this.#waited = true;
    this.#origin.loop.wheel.clear(this);
    this.#session = null;
    this.#stream = null;
    this.#outflow = null;
    this.#whole = false;
    session.left();
    this.#board();
  }

  // ── the exchange's side ────────────────────────────────────────────────────────────────────────────────────────

  get waited(): boolean {
    return this.#waited || (this.#other?.waited ?? false);
  }

  write(chunk: Buffer): boolean {
    if (this.#ended) return this.#other?.write(chunk) ?? true;
    if (this.#upload === null) return true;
    const free = this.#upload.write(chunk, this.#outflow!);
    if (this.#upload.fault !== '') this.#giveUp(this.#upload.fault);
    else if (!free) this.#expect(SENDING);
    return free;
  }

  finish(): void {
    if (this.#ended) return this.#other?.finish();
    if (this.#upload === null || this.#upload.finished) return;
    this.#upload.finish();
    if (this.#upload.fault !== '') return this.#giveUp(this.#upload.fault);
    this.#outflow!.end(null);
    this.#expect(SENDING);
  }

  /** Whoever pauses may take as long as he likes: that is no fault of the upstream's. */
  pause(): void {
    if (this.#ended) return this.#other?.pause();
    if (this.#paused) return;
    this.#paused = true;
    if (this.#headSeen) this.#origin.loop.wheel.clear(this);
    this.#stream?.pause();
  }

  resume(): void {
    if (this.#ended) return this.#other?.resume();
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#stash !== null) return this.#unstash();
    if (this.#headSeen) this.#expect(READING);
    this.#stream?.resume();
  }

  cancel(): void {
    if (this.#other !== null) return this.#other.cancel();
    this.#told = true;
    if (!this.#ended) this.#leave();
  }

  queued(): Failure | null {
    if (this.#other !== null) return this.#other.queued();
    if (this.waitsSince === 0 || this.#origin.connecting) return null;
    return this.#origin.line.failure();
  }

  // ── deadlines ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Once the head is here nothing else counts but that the reply goes on, while somebody reads it. */
  #expect(phase: typeof SENDING | typeof ASKING | typeof READING): void {
    if (this.#headSeen && phase !== READING) return;
    if (phase === READING && this.#paused) return this.#origin.loop.wheel.clear(this);
    const { send, firstByte, idle } = this.#request.timeouts;
    this.#phase = phase;
    this.#origin.loop.wheel.limit(this, phase === SENDING ? send : phase === ASKING ? firstByte : idle);
  }

  /** The upstream waits for us, and that is no fault of its own. */
  #unblock(): void {
    if (!this.#headSeen) this.#origin.loop.wheel.clear(this);
    if (this.#upload!.unblock()) this.#to.sendMore();
  }

  // ── ways out ───────────────────────────────────────────────────────────────────────────────────────────────────

  #giveUp(detail: string): void {
    this.fail({ reason: 'protocol', detail, sent: this.#stream !== null });
  }

  fail(failure: Failure): void {
    if (this.#ended) return;
    this.#leave();
    if (this.#starting) setImmediate(tellFailure, this, failure);
    else this.tell(failure);
  }

  /** For failures that had to wait; the exchange may have cancelled meanwhile. */
  tell(failure: Failure): void {
    if (!this.#told) this.#to.failed(failure);
  }

  #leave(): void {
    this.#end();
    if (this.#stream === null) return;
    reset(this.#stream, CANCEL);
    this.#stream.resume();
    this.#session!.left();
  }

  #end(): void {
    this.#ended = true;
    this.#origin.leave(this);
    this.#origin.loop.wheel.clear(this);
  }
}

function tellFailure(attempt: Attempt, failure: Failure): void {
  attempt.tell(failure);
}

function askForBody(attempt: Attempt): void {
  attempt.askForBody();
}

type Headers = IncomingHttpHeaders & IncomingHttpStatusHeader;

function onResponse(this: ClientHttp2Stream, headers: Headers, flags: number, raw?: string[]): void {
  const last = (flags & END_STREAM) !== 0;
  (this as Carried)[ATTEMPT].head(Number(headers[':status']), withoutPseudo(raw!), last);
}

function onHeaders(this: ClientHttp2Stream, headers: Headers, _flags: number, raw?: string[]): void {
  (this as Carried)[ATTEMPT].informed(Number(headers[':status']), withoutPseudo(raw!));
}
