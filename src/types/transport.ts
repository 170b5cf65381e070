/**
 * The line between the exchange and the wire. The exchange sees flat headers, byte chunks and signals, and never a
 * Node request or response; edges (inbound) and forwarders (outbound) implement the two halves and have one contract
 * suite each (test/contract/).
 *
 * Everything is a method call on a long-lived object: no closure, promise or stream object is needed per request.
 */

import type { Duplex } from 'node:stream';
import type { Fields } from '../fields/fields.ts';
import type { Counter } from '../metrics/counters.ts';
import type { EndpointPlan, PoolPlan, TimeoutsPlan } from './plan.ts';

/**
 * Length of a reply that ended with its head and named no length: HEADERS with END_STREAM (RFC 9113 §8.1). HTTP/1.1 has
 * to name one, 0; over HTTP/2 a length of 0 would be an invention.
 */
export const NO_BODY = -2;

/** A connection that speaks HTTP no more. It is the receiver's: bytes, errors and end. */
export interface UpgradedConnection {
  /** Paused. */
  readonly socket: Duplex;
  /** What was read from it behind the head. */
  readonly early: Buffer;
}

// ── inbound ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What an edge hands every request to. It sets `inbound.events` before it calls anything else. */
export type Accept = (inbound: Inbound) => void;

/** Lasts as long as a connection from a client. */
export interface Peer {
  /** What the exchange knows of whoever is at the other end. */
  known: object | null;
}

/** One request as an edge hands it over, and the way back to its client. */
export interface Inbound {
  /** Who is told what happens; set by the exchange. */
  events: InboundEvents;
  readonly method: string;
  /** The request target as sent: origin form, absolute form, or `*`. */
  readonly target: string;
  readonly version: '1.0' | '1.1' | '2';
  /** As received, framing fields included. The exchange edits them from when it is given the request. */
  readonly headers: Fields;
  readonly remoteAddress: string;
  readonly secure: boolean;
  /** Of the connection that the request came on. */
  readonly peer: Peer;
  /** A gRPC call, as its head said when it came. */
  readonly isGrpc: boolean;
  /** Length of the body: 0 none, n known, -1 not known before its end. */
  readonly bodyLength: number;
  /** Lower-case protocol a client asks to upgrade to, or ''. */
  readonly upgrade: string;
  /** `Expect: 100-continue` was sent. `readBody` answers it. */
  readonly expectsContinue: boolean;

  /**
   * Starts the body: `bodyData`… then `bodyEnd` or `bodyFailed`. Until then nothing is read. Called at most once.
   * With `whole` true the edge may hold a body of known length back and give it in one `bodyData`.
   */
  readBody(whole: boolean): void;
  pauseBody(): void;
  resumeBody(): void;

  /** A 1xx answer (100 and 101 are the edge's own), without what would frame a body. No-op for HTTP/1.0 clients. */
  inform(status: number, headers: Fields): void;
  /**
   * A whole reply in one go. The edge adds framing and, where it is missing, `Date`. `close` ends the connection after
   * it. A request body that nobody read is discarded up to a bound, then the connection ends.
   */
  reply(status: number, headers: Fields, body: string | Buffer, close: boolean): void;
  /**
   * Head of a streamed reply with a status from 200 to 599. `length` -1: not known; {@link NO_BODY}: none, and HTTP/2
   * says so without a length. For HEAD, 204 and 304 no body follows, whatever `length` says.
   */
  head(status: number, headers: Fields, length: number, close: boolean): void;
  /** False: stop until `drained`. */
  write(chunk: Buffer): boolean;
  /** Ends a streamed reply, `last` being the rest of its body. */
  end(trailers: Fields | null, last: Buffer | null): void;
  /** Sends what was written, then breaks the transfer so that the client sees it did not end well. */
  destroy(): void;
  /**
   * Accepts an upgrade: writes the 101 with `headers` and gives the connection away. Neither `gone` nor `done` follows.
   */
  takeOver(headers: Fields): UpgradedConnection;
}

/** What an edge tells the exchange. */
export interface InboundEvents {
  bodyData(chunk: Buffer): void;
  bodyEnd(trailers: Fields | null): void;
  /** The body broke: `malformed` framing, `timeout`, or the client `gone`. */
  bodyFailed(why: 'malformed' | 'timeout' | 'gone'): void;
  /** `write` may go on. */
  drained(): void;
  /**
   * The client left before the reply was written whole. Nothing follows. Shutting down its sending side is leaving as
   * well, but on a listener with `halfClose`, and but where all of the reply had been handed over.
   */
  gone(): void;
  /** The time to drain is over: end what is under way, at once and so that the client sees what happened. */
  shutDown(): void;
  /** The reply is written and flushed (`bytes` of body went out). Exactly one of `gone` and `done` comes last. */
  done(bytes: number): void;
}

/** PEM texts of certificates and their keys. */
export type CertificatePairs = readonly { readonly cert: string; readonly key: string }[];

/** Sockets that are bound already; `native` is what Node's `server.listen` takes. */
export type BoundSockets = readonly { readonly native: object }[];

/** A listening server. */
export interface Edge {
  /** Resolves when it listens: on these sockets, or on its own address without any. Rejects with the system's error. */
  listen(sockets?: BoundSockets): Promise<void>;
  /** The bound address, once listening. */
  readonly address: { readonly address: string; readonly port: number };
  /** Connections now open. */
  readonly connections: number;
  /** New TLS handshakes use these; open connections keep theirs. @throws {Error} where a key does not fit. */
  useCertificates(certificates: CertificatePairs): void;
  /**
   * No new connections. Open requests go on; the next reply of each connection is its last. Connections without a request
   * have `grace` milliseconds in which one may still come, and are then closed.
   */
  drain(grace: number): void;
  /** Tells every request under way that its time is over ({@link InboundEvents.shutDown}). */
  shutDown(): void;
  /** Closes what is left. */
  close(): Promise<void>;
}

// ── outbound ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** One attempt as a forwarder gets it. */
export interface UpstreamRequest {
  readonly endpoint: EndpointPlan;
  readonly method: string;
  /** Path and query as they go on the wire. */
  readonly target: string;
  /** Complete but for framing: `Host` included, hop-by-hop fields gone, no `Content-Length`, no `Transfer-Encoding`. */
  readonly headers: Fields;
  /**
   * The whole body, or null where it is streamed through {@link UpstreamCall.write} or there is none. The exchange sets
   * it to null at the head of the reply: a prompt must not stay in memory while its answer streams.
   */
  body: Buffer | null;
  /** 0 none, n known, -1 chunked. Counts for streamed bodies; a whole body has its own length. */
  readonly bodyLength: number;
  /**
   * Lower-case protocol to switch to, or ''. A request with it has no body; the forwarder adds `Connection` and `Upgrade`
   * (RFC 9110 §7.8).
   */
  readonly upgrade: string;
  /** The client takes trailers (`TE: trailers`, RFC 9110 §10.1.4). */
  readonly trailers: boolean;
  readonly timeouts: TimeoutsPlan;
}

/** Why an attempt failed. `busy`: it had no connection, because all were in use; the endpoint never heard of it. */
export type FailureReason = 'connect' | 'busy' | 'timeout' | 'reset' | 'truncated' | 'protocol';

/**
 * What kept a connection from being made: nobody listens (`refused`), no way there (`unreachable`), no answer in time,
 * a name that does not resolve (`dns`), no agreement on TLS or a certificate that is not believed (`tls`), closed at once;
 * or this machine is out of `descriptors` or local `ports`, which is no fault of the endpoint's.
 */
export type ConnectCause =
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'dns'
  | 'tls'
  | 'closed'
  | 'descriptors'
  | 'ports'
  | 'other';

export interface Failure {
  readonly reason: FailureReason;
  /** Where no connection could be made: why. */
  readonly cause?: ConnectCause;
  /** For logs; never for clients. */
  readonly detail: string;
  /** False where no byte of the request can have reached the upstream: safe to send again whatever the method. */
  readonly sent: boolean;
  /** Where it is `busy`: milliseconds after which a connection can be expected to be free. */
  readonly retryAfter?: number;
}

/** What a forwarder tells the exchange. Header lists are the receiver's from then on: it edits them. After `end`, `upgraded` or `failed`, or after `cancel`, nothing follows. */
export interface UpstreamEvents {
  /** A 1xx but 100 and 101; fields as received, without those that would frame a body (RFC 9110 §8.6). */
  informed(status: number, headers: Fields): void;
  /**
   * Head of the reply, its status from 200 to 599: fields as received, hop-by-hop ones included. `length` -1: not known;
   * {@link NO_BODY}: the head ended the reply, and named no length.
   */
  head(status: number, headers: Fields, length: number): void;
  data(chunk: Buffer): void;
  end(trailers: Fields | null): void;
  /**
   * In place of `head`, only where `upgrade` was asked for: a 101 that switches to that protocol and no other (RFC 9110
   * §15.2.2) and, for a WebSocket, proves that the key was read (RFC 6455 §4.1). `headers` are those of the 101.
   */
  upgraded(headers: Fields, connection: UpgradedConnection): void;
  failed(failure: Failure): void;
  /**
   * The call takes a streamed body: first when the request is on a connection, then after each `write` that was
   * answered with false, as long as the body has not ended. Never from within `send`.
   */
  sendMore(): void;
}

/** Control over one attempt under way. All are no-ops once it has ended; an upgraded one ends by `cancel` alone. */
export interface UpstreamCall {
  /**
   * The request had to wait for a connection, to be made or to become free, so that the time to its head says little
   * about the endpoint. Known once the head is here; absent where a forwarder cannot tell.
   */
  readonly waited?: boolean;
  /** A piece of a streamed request body; not before the first `sendMore`. False: stop until the next one. */
  write(chunk: Buffer): boolean;
  /** The streamed request body is whole. */
  finish(): void;
  /** Back-pressure on the reply. */
  pause(): void;
  resume(): void;
  /** Gives the attempt up at once; the connection is closed where it cannot be used again, as is an upgraded one. */
  cancel(): void;
  /** Where it still waits in the queue for a connection: the `busy` failure that giving it up now would be. Else null. */
  queued(): Failure | null;
}

/** A queue for a connection, and what became of it since the start. */
export interface QueueStats {
  /** Requests that stand in it now. */
  readonly waiting: number;
  /** Requests that have stood in it. */
  readonly waited: number;
  /** Milliseconds that they did, those that left it in vain included. */
  readonly waitedMs: number;
  /** Requests that it had no room for. */
  readonly full: number;
  /** Requests that waited in it as long as they may, in vain. */
  readonly late: number;
}

/** What a forwarder's connections are and did, summed over its endpoints. */
export interface ForwarderStats extends Partial<QueueStats> {
  /** Connections there are now, those being made included. */
  readonly open: number;
  /** Those of them that carry no request. */
  readonly idle: number;
  /** Requests in the queue for one. */
  readonly waiting: number;
  /** Connections of upgrades, those being made included. They are not among `open`, and `pool.connections` does not limit them. */
  readonly upgraded?: number;
  /** Connections made since the start; absent where a forwarder cannot tell, as `served` and the queue's. */
  readonly opened?: number;
  /** Requests put on a connection since the start: 1 - opened/served of them found one that was kept. */
  readonly served?: number;
}

/** A way to reach endpoints; one for each upstream and thread, kept across reloads while its settings stay. */
export interface Forwarder {
  /**
   * Never throws: what goes wrong at once is told through `failed` in a later turn of the loop. A request with `upgrade`
   * gets an HTTP/1.1 connection of its own; what declines it is a reply like any other.
   */
  send(request: UpstreamRequest, to: UpstreamEvents): UpstreamCall;
  /** Its connections, for metrics. */
  stats(): ForwarderStats;
  /** Ends idle connections at once and the others after their requests. */
  close(): Promise<void>;
}

/** Counters of all pools that an upstream ever has in this thread: forwarders add to them. */
export interface PoolCounts extends QueueCounts {
  /** Connections made. */
  readonly opened: Counter;
  /** Requests put on a connection. */
  readonly served: Counter;
}

/** What {@link QueueStats} says of one queue, counted over all. */
export interface QueueCounts {
  readonly waited: Counter;
  readonly waitedSeconds: Counter;
  readonly full: Counter;
  readonly late: Counter;
}

export interface ForwarderSettings {
  readonly pool: PoolPlan;
  /** Where connections and queues are counted; nowhere by default. */
  readonly counts?: PoolCounts;
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * The queue for an endpoint is more than half full, or turned a request away. Called for each request that finds it so:
   * whoever makes a log line of it must be sparing.
   */
  readonly crowded?: (endpoint: EndpointPlan, queue: QueueStats) => void;
}
