/**
 * The `http` forwarder: HTTP/1.1 on undici's `Client.dispatch`, one connection a request, no pipelining, no redirects,
 * no decompression. undici writes `host` and `connection` itself, ahead of the fields it is given.
 */
import type { Dispatcher } from 'undici';
import type { EndpointPlan, PoolPlan } from '../types/plan.ts';
import type {
  Failure,
  Forwarder,
  ForwarderSettings,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../types/transport.ts';
import { Deadlines, Timed } from './deadlines.ts';
import { failureOf, isIdempotent, isStaleConnection } from './failure.ts';
import { type Lane, Lanes, type Rider } from './lanes.ts';
import { decodeHeaders, replyLength, withoutExpect } from './raw-headers.ts';
import { type BodyOwner, RequestBody } from './request-body.ts';

/** A forwarder on undici. It ignores `pool.http2`. */
export function createHttpForwarder(settings: ForwarderSettings): Forwarder {
  return new HttpForwarder(settings.pool);
}

class HttpForwarder implements Forwarder {
  readonly #pool: PoolPlan;
  readonly #deadlines = new Deadlines();
  readonly #origins = new Map<string, Lanes>();
  #closed: Promise<void> | null = null;

  constructor(pool: PoolPlan) {
    this.#pool = pool;
  }

  send(request: UpstreamRequest, to: UpstreamEvents): UpstreamCall {
    const lanes = this.#origins.get(request.endpoint.origin) ?? this.#open(request.endpoint);
    const attempt = new HttpAttempt(request, to, lanes, this.#deadlines);
    if (this.#closed) attempt.refuse('the forwarder is closed');
    else attempt.start();
    return attempt;
  }

  stats(): { open: number; idle: number; waiting: number } {
    const sum = { open: 0, idle: 0, waiting: 0 };
    for (const lanes of this.#origins.values()) {
      sum.open += lanes.open;
      sum.idle += lanes.idle;
      sum.waiting += lanes.waiting;
    }
    return sum;
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all(Array.from(this.#origins.values(), (lanes) => lanes.close())).then(() => {});
    return this.#closed;
  }

  #open(endpoint: EndpointPlan): Lanes {
    const lanes = new Lanes(endpoint, this.#pool, this.#deadlines);
    this.#origins.set(endpoint.origin, lanes);
    return lanes;
  }
}

type Controller = Dispatcher.DispatchController;

/**
 * One attempt: undici's handler, the exchange's call and the connection's rider in one object, because it is made for
 * every request. Every way out goes through {@link HttpAttempt.end}, after which all of them do nothing.
 */
class HttpAttempt extends Timed implements UpstreamCall, Rider, BodyOwner, Dispatcher.DispatchHandler {
  readonly #request: UpstreamRequest;
  readonly #to: UpstreamEvents;
  readonly #lanes: Lanes;
  readonly #deadlines: Deadlines;
  readonly #body: RequestBody | null;
  #lane: Lane | null = null;
  #controller: Controller | null = null;
  #ended = false;
  #cancelled = false;
  /** Inside {@link start}, when a failure must wait for a later turn. */
  #starting = false;
  #waiting = false;
  #sent = false;
  #stalling = false;
  #answered = false;
  #headSeen = false;
  #paused = false;
  #reused = false;

  constructor(request: UpstreamRequest, to: UpstreamEvents, lanes: Lanes, deadlines: Deadlines) {
    super();
    this.#request = request;
    this.#to = to;
    this.#lanes = lanes;
    this.#deadlines = deadlines;
    this.#body = request.body === null && request.bodyLength !== 0 ? new RequestBody(this) : null;
  }

  start(): void {
    this.#starting = true;
    this.#waiting = this.#lanes.board(this);
    this.#starting = false;
    if (this.#waiting) this.#deadlines.set(this, this.#request.timeouts.firstByte);
  }

  refuse(detail: string): void {
    this.#starting = true;
    this.#fail({ reason: 'connect', detail, sent: false });
  }

  // ── the connection's side ──

  board(lane: Lane): void {
    if (this.#waiting) {
      this.#waiting = false;
      this.#deadlines.clear(this);
    }
    this.#lane = lane;
    const request = this.#request;
    const body = this.#body ?? request.body;
    lane.client.dispatch(
      {
        path: request.target,
        method: request.method as Dispatcher.HttpMethod,
        headers: this.#headers(),
        body: body as Buffer | null,
        // Else undici takes it from Host, and drops the connection whenever that differs from the last one.
        servername: this.#lanes.servername,
      } as Dispatcher.DispatchOptions,
      this,
    );
  }

  /** undici frames a body by its length if it has one whole, by `content-length` if it is told, else by chunks. */
  #headers(): string[] {
    const headers = withoutExpect(this.#request.headers);
    const length = this.#request.bodyLength;
    return this.#body && length > 0 ? [...headers, 'content-length', String(length)] : headers;
  }

  /** undici takes a reset for the end of a reply that has no length; only an orderly close is one (RFC 9112 §8). */
  socketBroke(error: Error): void {
    if (this.#headSeen) this.#failWith(error);
  }

  sendStalled(): void {
    this.#fail({ reason: 'timeout', detail: 'the upstream takes no more of the request', sent: true });
  }

  override expired(): void {
    if (this.#ended) return;
    if (this.#headSeen) this.#fail({ reason: 'timeout', detail: 'the reply stopped', sent: true });
    else if (this.#waiting) this.#fail({ reason: 'timeout', detail: 'no connection became free', sent: false });
    else if (this.#lane?.socket?.writableLength) this.#deadlines.set(this, this.#request.timeouts.firstByte);
    else this.#fail({ reason: 'timeout', detail: 'no reply came', sent: true });
  }

  bodyBlocked(): void {
    this.#stalling = true;
    this.#lane?.sendWithin(this.#request.timeouts.send);
  }

  bodyDrained(): void {
    this.#stopStalling();
    if (!this.#ended) this.#to.sendMore();
  }

  #stopStalling(): void {
    if (!this.#stalling) return;
    this.#stalling = false;
    this.#lane?.sendWithin(0);
  }

  // ── undici's side ──

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#paused) controller.pause();
    this.#sent = true;
    this.#reused = this.#lane!.served > 0;
  }

  onRequestSent(): void {
    if (this.#ended || this.#headSeen) return;
    if (this.#lane?.socket?.writableLength) this.bodyBlocked();
    this.#deadlines.set(this, this.#request.timeouts.firstByte);
  }

  onResponseStarted(): void {
    this.#answered = true;
  }

  onResponseStart(controller: Controller, status: number): void {
    if (this.#ended) return;
    const headers = decodeHeaders(controller.rawHeaders as Buffer[]);
    if (status < 200) {
      this.#to.informed(status, headers);
      return;
    }
    this.#headSeen = true;
    this.#stopStalling();
    if (this.#paused) this.#deadlines.clear(this);
    else this.#deadlines.set(this, this.#request.timeouts.idle);
    this.#to.head(status, headers, replyLength(status, headers));
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#ended) return;
    if (!this.#paused) this.#deadlines.set(this, this.#request.timeouts.idle);
    this.#to.data(chunk);
  }

  onResponseEnd(controller: Controller): void {
    if (this.#ended) return;
    const lane = this.#lane!;
    this.#end();
    const trailers = controller.rawTrailers as Buffer[] | undefined;
    this.#lanes.release(lane);
    this.#to.end(trailers && trailers.length > 0 ? decodeHeaders(trailers) : null);
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    if (!this.#ended) this.#failWith(error);
  }

  // ── the exchange's side ──

  write(chunk: Buffer): boolean {
    return this.#ended || this.#body === null || this.#body.write(chunk);
  }

  finish(): void {
    if (!this.#ended) this.#body?.finish();
  }

  /** Whoever pauses may take as long as he likes: that is no fault of the upstream's. */
  pause(): void {
    if (this.#ended || this.#paused) return;
    this.#paused = true;
    if (this.#headSeen) this.#deadlines.clear(this);
    this.#controller?.pause();
  }

  resume(): void {
    if (this.#ended || !this.#paused) return;
    this.#paused = false;
    if (this.#headSeen) this.#deadlines.set(this, this.#request.timeouts.idle);
    this.#controller?.resume();
  }

  cancel(): void {
    this.#cancelled = true;
    if (this.#ended) return;
    this.#end();
    this.#leave();
  }

  // ── ways out ──

  #end(): void {
    this.#ended = true;
    this.#deadlines.clear(this);
    this.#stopStalling();
  }

  #leave(): void {
    if (this.#lane) this.#lanes.drop(this.#lane);
    else this.#lanes.unqueue(this);
  }

  #failWith(error: Error): void {
    if (this.#canRetry(error)) {
      this.#retry();
      return;
    }
    this.#fail(failureOf(error, { sent: this.#sent, headSeen: this.#headSeen }));
  }

  #fail(failure: Failure): void {
    this.#end();
    this.#leave();
    if (this.#starting) setImmediate(tellFailure, this, failure);
    else this.#to.failed(failure);
  }

  /** For failures that had to wait; the exchange may have cancelled meanwhile. */
  tell(failure: Failure): void {
    if (!this.#cancelled) this.#to.failed(failure);
  }

  /**
   * A kept connection may be closed by its other end at any time (RFC 9112 §9.3.1). undici looks before it writes; what
   * is left is the race, where only a request that may be made twice is sent again: on a new connection, so just once.
   */
  #canRetry(error: Error): boolean {
    return (
      this.#reused &&
      !this.#answered &&
      this.#body === null &&
      isIdempotent(this.#request.method) &&
      isStaleConnection(error)
    );
  }

  #retry(): void {
    this.#sent = false;
    this.#deadlines.clear(this);
    this.#stopStalling();
    this.#lanes.replace(this.#lane!, this);
  }
}

function tellFailure(attempt: HttpAttempt, failure: Failure): void {
  attempt.tell(failure);
}
