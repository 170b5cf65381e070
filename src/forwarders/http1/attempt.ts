/** One request on its way: what the exchange holds of it, and what a connection needs to know about it. */
import type { Socket } from 'node:net';
import type { Failure, UpstreamCall, UpstreamEvents, UpstreamRequest } from '../../types/transport.ts';
import { isIdempotent } from '../failure.ts';
import { type Line, Waiter } from '../line.ts';
import { hasRoom, headOf, LAST_CHUNK, sendChunk, sendWhole } from './send.ts';

/** A connection, as an attempt knows it. */
export interface Carrier {
  /** Null while it is being made. */
  readonly socket: Socket | null;
  /** The request is whole; false where the socket is full. */
  sent(room: boolean): void;
  full(): void;
  /** Stops the reply, and lets it go on. */
  hold(): void;
  goOn(): void;
  /** The attempt wants no more of it. */
  abandon(): void;
}

/** Who gives out connections, as an attempt knows him. */
export interface Dispatcher {
  readonly closed: boolean;
  /** Those who wait for a connection. */
  readonly line: Line<Attempt>;
  /** Gives `attempt` a connection, now or when one is free or made; or says that it cannot even wait for one. */
  board(attempt: Attempt): Failure | null;
}

/**
 * The only object made for a request. It is in line for a connection, or a connection is being made for it, or it is on
 * one; every way out goes through {@link Attempt.end}, after which all of its methods do nothing.
 */
export class Attempt extends Waiter implements UpstreamCall {
  readonly request: UpstreamRequest;
  readonly to: UpstreamEvents;
  readonly #pool: Dispatcher;
  /** Its own, from the moment it is being made. */
  connection: Carrier | null = null;
  /** No kept connection was free for it at once. */
  waited = false;
  /** Nothing of the body is missing any more. */
  bodyWhole: boolean;
  /** The exchange wants no more of the reply for now. */
  paused = false;
  readonly #streamed: boolean;
  #head = '';
  /** Octets that are missing from a streamed body; -1 where nobody knows. */
  #missing: number;
  /** The head of a streamed body waits in the socket. */
  #corked = false;
  /** The last `write` said so. */
  #stopped = false;
  #over = false;
  #cancelled = false;

  constructor(request: UpstreamRequest, to: UpstreamEvents, pool: Dispatcher) {
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
      this.#head = headOf(this.request);
    } catch (error) {
      this.#failLater({ reason: 'protocol', detail: (error as Error).message, sent: false });
      return;
    }
    const refusal = this.#pool.board(this);
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
   * Puts the request on the wire, or its head where the body is streamed. False: the socket is full. A head waits for
   * the end of the turn, or until much stands behind it, to leave together with what is there by then.
   */
  sendOn(socket: Socket): boolean {
    if (!this.#streamed) {
      sendWhole(socket, this.#head, this.request.body);
      return hasRoom(socket);
    }
    socket.cork();
    socket.write(this.#head, 'latin1');
    this.#corked = true;
    this.#stopped = true;
    process.nextTick(askForBody, this, socket);
    return true;
  }

  /** Lets the head of a streamed body go out, with what was put behind it. */
  uncork(socket: Socket): void {
    if (!this.#corked) return;
    this.#corked = false;
    socket.uncork();
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

  /** It stood in line for too long. */
  override onTimeout(): void {
    this.fail(this.#pool.line.expire(this));
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
    if (this.#sendPiece(this.connection!.socket!, chunk)) return true;
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
    this.connection!.sent(this.#sendEnd(this.connection!.socket!));
  }

  pause(): void {
    if (this.#over || this.paused) return;
    this.paused = true;
    this.connection?.hold();
  }

  resume(): void {
    if (this.#over || !this.paused) return;
    this.paused = false;
    this.connection?.goOn();
  }

  cancel(): void {
    this.#cancelled = true;
    if (this.#over) return;
    const { connection } = this;
    this.end();
    if (connection) connection.abandon();
    else this.#pool.line.leave(this);
  }

  queued(): Failure | null {
    return this.waitsSince === 0 ? null : this.#pool.line.failure();
  }

  // ── ways out ──

  #sendPiece(socket: Socket, chunk: Buffer): boolean {
    if (chunk.length === 0) return true;
    if (this.#missing < 0) sendChunk(socket, chunk);
    else socket.write(chunk);
    return this.#hasRoom(socket);
  }

  #sendEnd(socket: Socket): boolean {
    if (this.#missing < 0) socket.write(LAST_CHUNK, 'latin1');
    return this.#hasRoom(socket);
  }

  #hasRoom(socket: Socket): boolean {
    if (socket.writableNeedDrain) this.uncork(socket);
    return hasRoom(socket);
  }

  /** The exchange gave a body that its head belies: half a request must not stay on a connection. */
  #breakOff(detail: string): void {
    const { connection } = this;
    const sent = connection?.socket != null;
    this.end();
    if (connection) connection.abandon();
    else this.#pool.line.leave(this);
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

function tellFailure(attempt: Attempt, failure: Failure): void {
  attempt.tell(failure);
}

/** Pieces that are there already leave with the head. */
function askForBody(attempt: Attempt, socket: Socket): void {
  attempt.askForMore();
  attempt.uncork(socket);
}
