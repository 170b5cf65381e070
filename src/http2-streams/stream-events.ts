/**
 * The events of one of Node's HTTP/2 streams as calls on one object, and the one thing Node does not tell: whether a
 * stream came to its end or was only cut off. Node ends the readable side in good order when a stream is reset with
 * NO_ERROR (onStreamClose in lib/internal/http2/core.js), which must never pass for a whole message. What is used of
 * Node's inner workings is all in this file.
 */
import { EventEmitter } from 'node:events';
import type {
  ClientHttp2Stream,
  Http2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  ServerHttp2Stream,
} from 'node:http2';
import { Duplex } from 'node:stream';
import { Fields } from '../fields/fields.ts';
import { END_STREAM } from './codes.ts';
import { withoutPseudo } from './fields.ts';

/** Who is told about one stream. */
export interface StreamEvents {
  streamData(chunk: Buffer): void;
  /** Trailers; they come before `streamRead`. Pseudo fields cannot be among them. */
  streamTrailers(trailers: Fields): void;
  /** END_STREAM came: what was received, read or not, is whole. */
  streamWhole(): void;
  /**
   * The stream is closed, perhaps before its end; what was received and not read is still there. Told again where Node
   * then drops that.
   */
  streamCut(): void;
  /** Everything received was handed on. Says nothing about its being whole. */
  streamRead(): void;
  /** There is room for more. */
  streamDrained(): void;
  /** All that was written has left, the end of the stream included, unless trailers follow. */
  streamFlushed(): void;
  /**
   * Last: the stream is over, by whatever cause. `sent`: END_STREAM had gone out before. `error` is what Node said of it,
   * or null. `unsent`: at most so many octets that Node had were never sent; see {@link Unsent}.
   */
  streamClosed(sent: boolean, error: Error | null, unsent: number): void;
}

/** Who is told about a stream that a client opened. */
export interface ServerStreamEvents extends StreamEvents {
  /** The body of the reply has left, and trailers were announced: they can be sent now. */
  streamWantsTrailers(): void;
}

/** Who is told about a stream to an upstream. Heads are null where they could not be written as HTTP/1.1. */
export interface ClientStreamEvents extends StreamEvents {
  /** The final head of the reply; `last`: it ended the stream. */
  streamHead(status: number, headers: Fields | null, last: boolean): void;
  /** The head of an interim reply. */
  streamInformed(status: number, headers: Fields | null): void;
}

const EVENTS = Symbol('events');
const SENT = Symbol('sent');
const FAILURE = Symbol('failure');
const UNSENT = Symbol('unsent');

interface Attached extends Http2Stream {
  [EVENTS]: StreamEvents;
  /** END_STREAM has gone out. Absent: not known to have. */
  [SENT]?: boolean;
  /** What Node said went wrong. */
  [FAILURE]?: Error;
  /** Octets handed to Node that had not left when it was asked last. */
  [UNSENT]?: number;
  readonly _writableState: { errored: Error | null };
}

/** Tells `to` everything from now on. Nothing is read until {@link flow}. Once for each stream. */
export function attachServer(stream: ServerHttp2Stream, to: ServerStreamEvents): void {
  const attached = override(stream, to, emitServer);
  if (!stream.endAfterHeaders) {
    attached.pause();
    attached.on('data', nothing);
    return;
  }
  // Nothing will be read. Where a stream neither flows nor is paused, Node resets it once its reply is written
  // (kMaybeDestroy in lib/internal/http2/core.js).
  (attached as { readableFlowing: boolean | null }).readableFlowing = false;
}

/** Tells `to` everything from now on. Reads at once, unless it is `paused`. Once for each stream. */
export function attachClient(stream: ClientHttp2Stream, to: ClientStreamEvents, paused: boolean): void {
  const attached = override(stream, to, emitClient);
  if (paused) attached.pause();
  attached.on('data', nothing);
}

/** Reads on. Of a request without a body that is only its end, for which nothing need be set in motion. */
export function flow(stream: ServerHttp2Stream): void {
  if (stream.endAfterHeaders) stream.read(0);
  else stream.resume();
}

/**
 * Closes a stream before its end: with an error code it breaks, with NO_ERROR the other side is told to stop sending.
 * Node would first end our side in good order, so that half a message looked whole; and where trailers are awaited, a
 * stream that was ended so and closed with CANCEL aborts the process (Http2Stream::OnTrailers in node_http2.cc).
 */
export function reset(stream: Http2Stream, code: number): void {
  if (stream.closed || stream.destroyed) return;
  stream.end = stayOpen;
  stream.close(code);
}

function stayOpen<S>(this: S): S {
  return this;
}

/** Has END_STREAM gone out? What stands before it has, then; what waits behind a full socket can be lost by a reset. */
export function hasSentEnd(stream: Http2Stream): boolean {
  return stream.state.localClose === 1;
}

/** For a stream nobody wants: without a listener its error would end the process. */
export function ignore(stream: Http2Stream): void {
  stream.on('error', nothing);
  stream.resume();
}

function nothing(): void {}

// One function each for all streams: functions made for each stream would be closures.

function override(stream: Http2Stream, to: StreamEvents, emit: typeof emitServer): Attached {
  const attached = stream as Attached;
  attached[EVENTS] = to;
  attached.push = push;
  attached.destroy = destroy;
  attached.emit = emit;
  return attached;
}

/**
 * What Node's native side calls with each piece, and with null at the end: while the stream is open that is END_STREAM,
 * afterwards only Node tidying up.
 */
function push(this: Attached, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null && !this.destroyed) {
    if (this.closed) cut(this);
    else this[EVENTS].streamWhole();
  }
  return Duplex.prototype.push.call(this, chunk, encoding);
}

function cut(stream: Attached): void {
  note(stream);
  stream[EVENTS].streamCut();
}

/** Made once, and never shown. */
const DESTROYED = Object.freeze(new Error('the stream was destroyed'));

/** How every stream ends that has nothing left to read. */
function destroy(this: Attached, error?: Error): Attached {
  if (!this.destroyed) {
    cut(this);
    // Node hears that the last write has left when it has destroyed the stream, and makes an error of it for whoever
    // waits for the write; with its stack that costs 3 µs (errorBuffer in lib/internal/streams/writable.js). It makes
    // none where there is one.
    if (this[SENT] === true) this._writableState.errored ??= DESTROYED;
  }
  Duplex.prototype.destroy.call(this, error);
  return this;
}

/**
 * The last moment at which nghttp2 can be asked what was sent. `writableFinished` does not say: Node destroys a stream
 * that ended well before it hears that the last bytes were written, and ends our side itself where it was reset.
 */
function note(stream: Attached): void {
  if (stream[SENT] === true) return;
  stream[SENT] = hasSentEnd(stream);
  stream[UNSENT] = stream[SENT] ? 0 : stream.writableLength;
}

/**
 * What was lost on the streams of one connection. Node counts the octets it has to send against the memory of their
 * session (`maxSessionMemory`), and those of a stream that is reset for ever (Http2Stream::Destroy in node_http2.cc). When
 * the memory is used up it refuses every stream that a client opens, and every reply of an upstream: a connection must end
 * before that.
 */
export class Unsent {
  readonly #most: number;
  #octets = 0;

  /** `megabytes`: the memory of the session. Half of it is for the streams that are open. */
  constructor(megabytes: number) {
    this.#most = megabytes * 500_000;
  }

  /** Counts what a stream leaves behind. True: the connection should end. */
  add(octets: number): boolean {
    this.#octets += octets;
    return this.#octets > this.#most;
  }
}

// In place of listeners: eight of them would take a kilobyte for each stream, and Node tells its own listeners of each.

function emitServer(this: Attached, event: string | symbol, a?: unknown, b?: unknown, c?: unknown): boolean {
  if (event !== 'wantTrailers') return emit(this, event, a, b, c);
  (this[EVENTS] as ServerStreamEvents).streamWantsTrailers();
  return true;
}

type Headers = IncomingHttpHeaders & IncomingHttpStatusHeader;

function emitClient(this: Attached, event: string | symbol, a?: unknown, b?: unknown, c?: unknown): boolean {
  const to = this[EVENTS] as ClientStreamEvents;
  if (event === 'response')
    to.streamHead(Number((a as Headers)[':status']), withoutPseudo(c as string[]), ((b as number) & END_STREAM) !== 0);
  else if (event === 'headers') to.streamInformed(Number((a as Headers)[':status']), withoutPseudo(c as string[]));
  else return emit(this, event, a, b, c);
  return true;
}

/** Node's own listeners, to `end` and `finish` and others, are told as well. */
function emit(stream: Attached, event: string | symbol, a: unknown, b: unknown, c: unknown): boolean {
  const to = stream[EVENTS];
  switch (event) {
    case 'data':
      to.streamData(a as Buffer);
      return true;
    case 'trailers':
      to.streamTrailers(Fields.sendable(c as string[]));
      return true;
    case 'end':
      to.streamRead();
      break;
    case 'drain':
      to.streamDrained();
      return true;
    case 'finish':
      to.streamFlushed();
      break;
    case 'error':
      stream[FAILURE] ??= a as Error;
      return true;
    case 'close':
      to.streamClosed(stream[SENT] === true, stream[FAILURE] ?? null, stream[UNSENT] ?? 0);
      return true;
  }
  return EventEmitter.prototype.emit.call(stream, event, a, b, c);
}
