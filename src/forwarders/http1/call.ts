/** One request on its way: what the exchange holds of it, and what a connection needs to know about it. */
import type { StreamSocket } from '../../sockets/stream-socket.ts';
import type { Failure, UpstreamCall, UpstreamEvents, UpstreamRequest } from '../../types/transport.ts';
import { isIdempotent } from '../failure.ts';
import { Waiter } from '../queue.ts';
import type { Pool } from './pool.ts';
import { checkHead, gatherChunk, gatherHead, LAST_CHUNK, sendWhole } from './request.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/**
 * The only object made for a request. It is in the queue for a connection, or a connection is being made for it, or it is on
 * one; every way out goes through {@link Http1Call.end}, after which all of its methods do nothing.
 */
export class Http1Call extends Waiter implements UpstreamCall {
  readonly request: UpstreamRequest;
  readonly to: UpstreamEvents;
  readonly #pool: Pool;
  /** Its own, from the moment it is being made. */
  connection: UpstreamConnection | null = null;
  /** No kept connection was free for it at once. */
  waited = false;
  /** Nothing of the body is missing any more. */
  bodyWhole: boolean;
  /** The exchange wants no more of the reply for now. */
  paused = false;
  readonly #streamed: boolean;
  /** Octets that are missing from a streamed body; -1 where nobody knows. */
  #missing: number;
  /** The last `write` said so. */
  #stopped = false;
  #over = false;
  #cancelled = false;

  constructor(request: UpstreamRequest, to: UpstreamEvents, pool: Pool) {
    super();
    this.request = request;
    this.to = to;
    this.#pool = pool;
    this.#streamed = request.body === null && request.bodyLength !== 0;
    this.bodyWhole = !this.#streamed;
    this.#missing = this.#streamed ? request.bodyLength : 0;
  }

  start(): void {
    if (this.#pool.closed) {
      this.#failLater({ reason: 'connect', detail: 'the forwarder is closed', sent: false });
      return;
    }
    try {
      checkHead(this.request);
    } catch (error) {
      this.#failLater({ reason: 'protocol', detail: (error as Error).message, sent: false });
      return;
    }
    const refusal = this.#pool.acquire(this);
    if (refusal !== null) this.#failLater(refusal);
  }

  // ── the connection's side ──

  /** May it be sent again although it was sent? A body that is gone cannot be, whatever the method. */
  get repeatable(): boolean {
    return isIdempotent(this.request.method);
  }
  /** Is everything that was sent, or would have been, still there? */
  get held(): boolean {
    return !this.#streamed;
  }

  /**
   * Puts the request on the wire. The head of a streamed body waits for the end of the turn, or until much stands behind
   * it, to leave together with what is there by then; {@link askForMore} is called then.
   */
  sendOn(socket: StreamSocket): void {
    if (!this.#streamed) return sendWhole(socket, this.request);
    gatherHead(socket, this.request);
    this.#stopped = true;
    socket.loop.atTurnEnd(this);
    socket.atTurnEnd();
  }

  /** It is on a connection: asks for the body. Pieces that are there already leave with the head. */
  turnEnded(): void {
    this.askForMore();
  }

  /** Nothing more is told, to anyone. */
  end(): void {
    this.#over = true;
    this.connection = null;
  }

  fail(failure: Failure): void {
    this.end();
    this.to.failed(failure);
  }

  /** There is room again. Tells whoever was told to stop. */
  askForMore(): void {
    if (this.#over || !this.#stopped) return;
    this.#stopped = false;
    if (!this.bodyWhole) this.to.sendMore();
  }

  /** It waited in the queue for too long. */
  override onTimeout(): void {
    this.fail(this.#pool.queue.expire(this));
  }

  // ── the exchange's side ──

  write(chunk: Buffer): boolean {
    if (this.#over || this.bodyWhole) return true;
    if (this.#missing >= 0) {
      if (chunk.length > this.#missing) {
        this.#breakOff('the body is longer than its length');
        return true;
      }
      this.#missing -= chunk.length;
    }
    const { socket } = this.connection!;
    if (!this.#sendPiece(socket!, chunk)) return true;
    this.connection!.full();
    this.#stopped = true;
    return false;
  }

  finish(): void {
    if (this.#over || this.bodyWhole) return;
    if (this.#missing > 0) {
      this.#breakOff('the body is shorter than its length');
      return;
    }
    this.bodyWhole = true;
    const socket = this.connection!.socket!;
    if (this.#missing < 0) socket.text(LAST_CHUNK);
    socket.atTurnEnd();
    this.connection!.sent();
  }

  pause(): void {
    if (this.#over || this.paused) return;
    this.paused = true;
    this.connection?.pause();
  }

  resume(): void {
    if (this.#over || !this.paused) return;
    this.paused = false;
    this.connection?.resume();
  }

  cancel(): void {
    this.#cancelled = true;
    if (this.#over) return;
    const { connection } = this;
    this.end();
    if (connection) connection.abandon();
    else this.#pool.queue.leave(this);
  }

  queued(): Failure | null {
    return this.waitsSince === 0 ? null : this.#pool.queue.failure();
  }

  // ── ways out ──

  /** True: the socket is full. */
  #sendPiece(socket: StreamSocket, chunk: Buffer): boolean {
    if (chunk.length === 0) return false;
    if (this.#missing < 0) gatherChunk(socket, chunk);
    else socket.piece('', chunk, '');
    socket.atTurnEnd();
    return socket.full;
  }

  /** The exchange gave a body that its head belies: half a request must not stay on a connection. */
  #breakOff(detail: string): void {
    const { connection } = this;
    const sent = connection?.socket != null;
    this.end();
    if (connection) connection.abandon();
    else this.#pool.queue.leave(this);
    this.#failLater({ reason: 'protocol', detail, sent });
  }

  /** For failures that are found while the exchange is still speaking. */
  #failLater(failure: Failure): void {
    this.end();
    setImmediate(tellFailure, this, failure);
  }

  tell(failure: Failure): void {
    if (!this.#cancelled) this.to.failed(failure);
  }
}

function tellFailure(call: Http1Call, failure: Failure): void {
  call.tell(failure);
}
