/** What became of a stream, as the {@link Failure} that the exchange understands. Pure. */
import {
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  HTTP_1_1_REQUIRED,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
} from '../../http2-streams/codes.ts';
import type { Failure } from '../../types/transport.ts';

/** How a stream ended. */
export interface StreamEnd {
  /** Error code of the reset that ended it. */
  readonly code: number;
  /** What Node said. */
  readonly error: Error | null;
  /** The final head of the reply was passed on. */
  readonly headSeen: boolean;
  /** A GOAWAY said that the stream was never looked at (RFC 9113 §6.8). */
  readonly unseen: boolean;
}

/** The upstream wants HTTP/1.1 for this (RFC 9113 §7). */
export function wantsHttp1(end: StreamEnd): boolean {
  return end.code === HTTP_1_1_REQUIRED && !end.headSeen;
}

/** The connection has used up all numbers for streams. */
export function isOutOfStreams(end: StreamEnd): boolean {
  return codeOf(end.error) === 'ERR_HTTP2_OUT_OF_STREAMS';
}

export function streamFailure(end: StreamEnd): Failure {
  const detail = describe(end);
  // RFC 9113 §8.7: nothing was done with such a request, so it may be sent again whatever its method.
  if (!end.headSeen && (end.unseen || isOutOfStreams(end) || end.code === REFUSED_STREAM || wantsHttp1(end)))
    return { reason: 'reset', detail, sent: false };
  if (isMalformed(end)) return { reason: 'protocol', detail, sent: true };
  return { reason: end.headSeen ? 'truncated' : 'reset', detail, sent: true };
}

/** Codes with which nghttp2 answers what is no HTTP, and Node a head that is too large. */
const MALFORMED: ReadonlySet<number> = new Set([
  PROTOCOL_ERROR,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
]);

function isMalformed({ code, error }: StreamEnd): boolean {
  const said = codeOf(error);
  if (said === 'ERR_HTTP2_SESSION_ERROR') return false; // the other side's own complaint
  return said === 'ERR_HTTP2_ERROR' || said === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES' || MALFORMED.has(code);
}

function describe({ code, error, unseen }: StreamEnd): string {
  if (unseen) return 'the connection was closed before the request was looked at';
  return error === null ? `the stream ended with code ${code}` : `${codeOf(error)}: ${error.message}`;
}

function codeOf(error: Error | null): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? '';
}
