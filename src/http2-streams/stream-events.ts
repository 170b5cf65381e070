/**
 * The events of one of Node's HTTP/2 streams as calls on one object, and the one thing Node does not tell: whether a
 * stream came to its end or was only cut off. Node ends the readable side in good order when a stream is reset with
 * NO_ERROR (onStreamClose in lib/internal/http2/core.js), which must never pass for a whole message. What is used of
 * Node's inner workings is all in this file.
 */
import type { Http2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { Fields } from '../fields/fields.ts';

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
   * or null.
   */
  streamClosed(sent: boolean, error: Error | null): void;
}

const EVENTS = Symbol('events');
const SENT = Symbol('sent');
const FAILURE = Symbol('failure');

interface Attached extends Http2Stream {
  [EVENTS]: StreamEvents;
  [SENT]: boolean;
  [FAILURE]: Error | null;
}

/** Tells `to` everything from now on. Nothing is read until the stream is resumed. Once for each stream. */
export function attach(stream: Http2Stream, to: StreamEvents): void {
  const attached = stream as Attached;
  attached[EVENTS] = to;
  attached[SENT] = false;
  attached[FAILURE] = null;
  attached.push = push;
  attached.destroy = destroy;
  // Where it neither flows nor is paused, Node resets a stream whose request body nobody has begun to read.
  attached.pause();
  attached.on('data', onData);
  attached.on('trailers', onTrailers);
  attached.on('end', onEnd);
  attached.on('drain', onDrain);
  attached.on('finish', onFinish);
  attached.on('error', onError);
  attached.on('close', onClose);
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
  stream.on('error', () => {});
  stream.resume();
}

// One function each for all streams: listeners made per stream would be closures.

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

/** How every stream ends that has nothing left to read. */
function destroy(this: Attached, error?: Error): Attached {
  if (!this.destroyed) cut(this);
  Duplex.prototype.destroy.call(this, error);
  return this;
}

/**
 * The last moment at which nghttp2 can be asked what was sent. `writableFinished` does not say: Node destroys a stream
 * that ended well before it hears that the last bytes were written, and ends our side itself where it was reset.
 */
function note(stream: Attached): void {
  if (!stream[SENT]) stream[SENT] = hasSentEnd(stream);
}

function onData(this: Attached, chunk: Buffer): void {
  this[EVENTS].streamData(chunk);
}
function onTrailers(this: Attached, _headers: object, _flags: number, raw: string[]): void {
  this[EVENTS].streamTrailers(Fields.sendable(raw));
}
function onEnd(this: Attached): void {
  this[EVENTS].streamRead();
}
function onDrain(this: Attached): void {
  this[EVENTS].streamDrained();
}
function onFinish(this: Attached): void {
  this[EVENTS].streamFlushed();
}
function onError(this: Attached, error: Error): void {
  this[FAILURE] ??= error;
}
function onClose(this: Attached): void {
  this[EVENTS].streamClosed(this[SENT], this[FAILURE]);
}
