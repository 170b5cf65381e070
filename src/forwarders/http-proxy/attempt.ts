/** One request through http-proxy, guarded; see index.ts. */
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { FIELDS_MAX, Fields } from '../../fields/fields.ts';
import { INFORMED_MAX } from '../../http1/response-reader.ts';
import type { Loop } from '../../sockets/loop.ts';
import type { PoolPlan } from '../../types/plan.ts';
import type { Failure, UpstreamCall, UpstreamEvents, UpstreamRequest } from '../../types/transport.ts';
import { connectFailure, connectTimeout } from '../connect-failure.ts';
import { ForwardError, failureOf, isIdempotent, isStaleConnection } from '../failure.ts';
import { Waiter } from '../queue.ts';
import { isFinalStatus, replyLength } from '../raw-headers.ts';
import { outgoingHeaders } from './headers.ts';
import type { Beginner, Places } from './places.ts';

/** What an attempt needs of its forwarder. `T` is what the forwarder keeps of an endpoint. */
export interface ProxyHost<T extends Places> {
  readonly pool: PoolPlan;
  readonly loop: Loop;
  /** Sockets that are connected, TLS included: Node's agent does not tell a waiting request so. */
  readonly ready: WeakSet<Socket>;
  /** Hands the attempt to http-proxy. Throws what `web` and Node's request throw for a request they cannot make. */
  web(attempt: ProxyAttempt<T>, target: T): void;
  /** The attempt has ended. */
  over(attempt: ProxyAttempt<T>): void;
}

const MISFRAMED = 'the body is not as long as it was said to be';

/** What http-proxy asks of `req.socket`: it treats a reset as the client's fault where that is destroyed. */
const CLIENT_SOCKET = Object.freeze({ destroyed: false });

/** One attempt: http-proxy's `req`, its body stream, and the exchange's call. */
export class ProxyAttempt<T extends Places> extends Waiter implements UpstreamCall, Beginner {
  readonly method: string;
  readonly url: string;
  readonly headers: OutgoingHttpHeaders;
  readonly socket = CLIENT_SOCKET;
  readonly #request: UpstreamRequest;
  readonly #to: UpstreamEvents;
  readonly #forwarder: ProxyHost<T>;
  readonly #target: T;
  readonly #streamed: boolean;
  #upstream: ClientRequest | null = null;
  #reply: IncomingMessage | null = null;
  #ended = false;
  #cancelled = false;
  #starting = false;
  /** It has a connection, or the agent is making or putting back one for it. */
  #placed = false;
  /** It waited in the queue for it. */
  #queued = false;
  #connected = false;
  /** TCP stands, and TLS is being agreed on. */
  #secured = false;
  /** Replies of 1xx so far. */
  #informed = 0;
  #headSeen = false;
  #finished = false;
  #paused = false;
  #retried = false;
  #reused = false;
  /** Bytes of a streamed body still to come, where its length was told. */
  #left: number;

  constructor(request: UpstreamRequest, to: UpstreamEvents, forwarder: ProxyHost<T>, target: T) {
    super();
    this.#request = request;
    this.#to = to;
    this.#forwarder = forwarder;
    this.#target = target;
    this.#streamed = request.body === null && request.bodyLength !== 0;
    this.#left = this.#streamed && request.bodyLength > 0 ? request.bodyLength : Number.POSITIVE_INFINITY;
    this.method = request.method;
    this.url = request.target;
    this.headers = outgoingHeaders(request, this.#streamed);
  }

  /**
   * Waits for a connection in a queue of ours: Node's agent would keep who is given up, body and all, until its turn. The
   * agent's own list is only for the moment that it takes to put a connection back.
   */
  start(): void {
    if (this.#target.take()) {
      this.begin();
      return;
    }
    this.#queued = true;
    const refusal = this.#target.queue.join(this);
    if (refusal !== null) this.#failLater(refusal);
  }

  /** `web` throws at once for a method, target or field that Node's request refuses. */
  begin(): void {
    this.#placed = true;
    this.#starting = true;
    try {
      if (this.#request.headers.overfull) throw new ForwardError('protocol', 'too many fields', false);
      this.#forwarder.web(this, this.#target);
      if (!this.#ended) this.#forwarder.loop.wheel.limit(this, this.#request.timeouts.firstByte);
    } catch (error) {
      this.onError(error as Error);
    }
    this.#starting = false;
  }

  refuse(detail: string): void {
    this.#starting = true;
    this.#fail({ reason: 'connect', detail, sent: false });
  }

  // ── http-proxy's side ──

  /** http-proxy listens for the client's abort and errors; {@link cancel} does what it would, and what it forgets. */
  on(): this {
    return this;
  }

  /** http-proxy would pipe the client's request here: this is where the request it made is ours to use. */
  pipe(upstream: ClientRequest): void {
    this.#upstream = upstream;
    // Of more than a thousand fields Node would leave the rest out without a word.
    upstream.maxHeadersCount = 0;
    // http-proxy merges slashes and rejoins the query; what was checked and signed must be what is sent.
    upstream.path = this.#request.target;
    this.#listen(upstream);
    if (!this.#streamed) upstream.end(this.#request.body ?? undefined);
    else upstream.flushHeaders();
  }

  #listen(upstream: ClientRequest): void {
    upstream.on('socket', (socket) => {
      if (this.#isCurrent(upstream)) this.#onSocket(socket);
    });
    upstream.on('information', ({ statusCode, rawHeaders }) => {
      if (this.#isCurrent(upstream)) this.#onInformed(statusCode, Fields.tryFrom(rawHeaders));
    });
    upstream.on('upgrade', (_reply, socket) => {
      socket.destroy();
      if (this.#isCurrent(upstream))
        this.#fail({ reason: 'protocol', detail: 'an upgrade nobody asked for', sent: true });
    });
    upstream.on('drain', () => {
      if (this.#isCurrent(upstream)) this.#onDrain();
    });
    upstream.on('finish', () => {
      if (this.#isCurrent(upstream)) this.#onFinish();
    });
    upstream.on('timeout', () => {
      if (this.#isCurrent(upstream)) this.#onSocketTimeout();
    });
  }

  /** False once the attempt has ended, or goes on with another connection. */
  #isCurrent(upstream: ClientRequest): boolean {
    return !this.#ended && this.#upstream === upstream;
  }

  #onInformed(status: number, headers: Fields | null): void {
    if (++this.#informed > INFORMED_MAX)
      return this.#fail({ reason: 'protocol', detail: 'there are too many replies of 1xx', sent: true });
    if (status === 100) return;
    if (headers === null) return;
    headers.dropFraming();
    this.#to.informed(status, headers);
  }

  onReply(reply: IncomingMessage): void {
    const status = reply.statusCode!;
    // Node tells of a 101 that is no upgrade as of any reply.
    if (!this.#ended && !isFinalStatus(status))
      this.#fail({ reason: 'protocol', detail: `no final status: ${status}`, sent: true });
    if (this.#ended) {
      reply.destroy();
      return;
    }
    this.#reply = reply;
    this.#headSeen = true;
    this.#stopStalling();
    reply.on('data', (chunk: Buffer) => this.#onData(chunk));
    reply.on('end', () => this.#onEnd(reply));
    // http-proxy hears none of these, and would leave the client waiting for the rest.
    reply.on('error', (error) => this.onError(error));
    reply.on('close', () => this.#onClose());
    if (this.#paused) reply.pause();
    this.#watchReply();
    const headers = Fields.tryFrom(reply.rawHeaders);
    if (headers === null) this.#fail({ reason: 'protocol', detail: 'a field cannot be passed on', sent: true });
    else this.#to.head(status, headers, replyLength(status, headers));
  }

  onError(error: Error): void {
    if (this.#ended) return;
    if (this.#canRetry(error)) {
      this.#retried = true;
      this.#reused = false;
      this.#connected = false;
      this.#secured = false;
      this.#finished = false;
      this.begin();
    } else if (this.#connected || this.#headSeen) {
      this.#fail(failureOf(error, { sent: true, headSeen: this.#headSeen }));
    } else this.#fail(unconnected(error, this.#secured));
  }

  #onSocket(socket: Socket): void {
    const { loop, pool, ready } = this.#forwarder;
    this.#reused = ready.has(socket);
    if (this.#reused) {
      this.#onConnect();
      return;
    }
    loop.wheel.limit(this, pool.connect);
    if (this.#request.endpoint.secure) {
      socket.once('connect', () => {
        this.#secured = true;
        if (!this.#ended) loop.wheel.limit(this, pool.tlsHandshake);
      });
    }
    socket.once(this.#request.endpoint.secure ? 'secureConnect' : 'connect', () => {
      ready.add(socket);
      if (!this.#ended) this.#onConnect();
    });
  }

  #onConnect(): void {
    this.#connected = true;
    this.#forwarder.loop.wheel.clear(this);
    if (this.#streamed && !this.#finished) this.#to.sendMore();
    else if (this.#upstream!.writableFinished) this.#forwarder.loop.wheel.limit(this, this.#request.timeouts.firstByte);
    else if (this.#upstream!.writableNeedDrain || this.#finished || !this.#streamed) this.#watchSending();
  }

  #onDrain(): void {
    if (!this.#headSeen) this.#stopStalling();
    this.#to.sendMore();
  }

  #onFinish(): void {
    this.#finished = true;
    if (this.#headSeen || !this.#connected) return;
    this.#stopStalling();
    this.#forwarder.loop.wheel.limit(this, this.#request.timeouts.firstByte);
  }

  #onData(chunk: Buffer): void {
    if (this.#ended) return;
    if (!this.#paused) this.#watchReply();
    this.#to.data(chunk);
  }

  #onEnd(reply: IncomingMessage): void {
    if (this.#ended || !reply.complete) return;
    if (reply.rawTrailers.length > FIELDS_MAX * 2)
      return this.#fail({ reason: 'protocol', detail: 'there are too many trailers', sent: true });
    this.#end();
    // An early reply: Node would keep the connection until the rest of the request is sent, and it never is.
    if (!this.#finished) this.#upstream!.destroy();
    this.#to.end(reply.rawTrailers.length > 0 ? Fields.sendable(reply.rawTrailers) : null);
  }

  #onClose(): void {
    if (this.#ended) return;
    this.#fail({ reason: 'truncated', detail: 'the upstream closed the connection', sent: true });
  }

  // ── times ──

  #watchReply(): void {
    if (!this.#paused) this.#forwarder.loop.wheel.limit(this, this.#request.timeouts.idle);
  }

  #watchSending(): void {
    this.#upstream!.setTimeout(this.#request.timeouts.send);
  }

  /** Node's socket timer knows progress within one write, which ours cannot see. */
  #onSocketTimeout(): void {
    if (this.#headSeen || !this.#upstream!.socket?.writableLength) return;
    this.#fail({ reason: 'timeout', detail: 'the upstream takes no more of the request', sent: true });
  }

  #stopStalling(): void {
    this.#upstream?.socket?.setTimeout(0);
  }

  override onTimeout(): void {
    if (this.#ended) return;
    if (this.#headSeen) this.#fail({ reason: 'timeout', detail: 'the reply stopped', sent: true });
    else if (this.#connected) this.#fail({ reason: 'timeout', detail: 'no reply came', sent: true });
    else if (this.#upstream?.socket) this.#fail(connectTimeout(this.#secured));
    else this.#fail(this.#target.queue.expire(this));
  }

  // ── the exchange's side ──

  get waited(): boolean {
    return this.#queued || this.#retried || !this.#reused;
  }

  write(chunk: Buffer): boolean {
    if (this.#ended || !this.#streamed) return true;
    this.#left -= chunk.length;
    // Past the length that was told, the upstream would read a second request.
    if (this.#left < 0) {
      this.#failLater({ reason: 'protocol', detail: MISFRAMED, sent: this.#connected });
      return true;
    }
    const goOn = this.#upstream!.write(chunk);
    if (!goOn && this.#connected) this.#watchSending();
    return goOn;
  }

  finish(): void {
    if (this.#ended || !this.#streamed) return;
    if (this.#left > 0 && this.#left !== Number.POSITIVE_INFINITY)
      this.#failLater({ reason: 'protocol', detail: MISFRAMED, sent: this.#connected });
    else this.#upstream!.end();
  }

  pause(): void {
    if (this.#ended || this.#paused) return;
    this.#paused = true;
    if (this.#headSeen) this.#forwarder.loop.wheel.clear(this);
    this.#reply?.pause();
  }

  resume(): void {
    if (this.#ended || !this.#paused) return;
    this.#paused = false;
    if (this.#headSeen) this.#watchReply();
    this.#reply?.resume();
  }

  /** http-proxy goes on with a request whose client has left; this ends it. */
  cancel(): void {
    this.#cancelled = true;
    if (this.#ended) return;
    this.#end();
    this.#upstream?.destroy();
  }

  queued(): Failure | null {
    return this.waitsSince > 0 ? this.#target.queue.failure() : null;
  }

  // ── ways out ──

  #end(): void {
    this.#ended = true;
    this.#target.queue.leave(this);
    this.#forwarder.loop.wheel.clear(this);
    this.#forwarder.over(this);
    if (this.#placed) this.#target.release();
  }

  #fail(failure: Failure): void {
    if (this.#starting) {
      this.#failLater(failure);
      return;
    }
    this.#end();
    this.#upstream?.destroy();
    this.#to.failed(failure);
  }

  #failLater(failure: Failure): void {
    this.#end();
    this.#upstream?.destroy();
    setImmediate(tellFailure, this, failure);
  }

  /** For failures that had to wait; the exchange may have cancelled meanwhile. */
  tell(failure: Failure): void {
    if (!this.#cancelled) this.#to.failed(failure);
  }

  /** As the `http` forwarder does it: a kept connection that turned out closed, and a request that may be made twice. */
  #canRetry(error: Error): boolean {
    return (
      this.#reused &&
      !this.#headSeen &&
      !this.#retried &&
      !this.#streamed &&
      isIdempotent(this.method) &&
      isStaleConnection(error)
    );
  }
}

function tellFailure<T extends Places>(attempt: ProxyAttempt<T>, failure: Failure): void {
  attempt.tell(failure);
}

function unconnected(error: Error, secured: boolean): Failure {
  const failure = failureOf(error, { sent: false, headSeen: false });
  return failure.reason === 'protocol' ? failure : connectFailure(error, secured);
}
