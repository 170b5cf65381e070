/** What libraries throw, as the {@link Failure} that the exchange understands. */
import type { Failure, FailureReason } from '../types/transport.ts';

/** An error that already knows what it is. */
export class ForwardError extends Error {
  readonly failure: Failure;
  constructor(reason: FailureReason, detail: string, sent: boolean) {
    super(detail);
    this.name = 'ForwardError';
    this.failure = { reason, detail, sent };
  }
}

/** How far an attempt had come when it failed. */
export interface Progress {
  /** Bytes of the request may have left. */
  readonly sent: boolean;
  /** The final head of the reply was passed on. */
  readonly headSeen: boolean;
}

interface SystemError extends Error {
  readonly code?: string;
}

/** Refused by the library before anything was sent: the request is not one it can put on the wire. */
const UNSENDABLE: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_UNESCAPED_CHARACTERS',
  'ERR_HTTP_INVALID_HEADER_VALUE',
]);

/** Says which {@link Failure} an error of undici, node:http or a socket is. */
export function failureOf(error: Error, progress: Progress): Failure {
  if (error instanceof ForwardError) return error.failure;
  const code = (error as SystemError).code ?? '';
  const detail = code ? `${code}: ${error.message}` : error.message;
  if (UNSENDABLE.has(code)) return { reason: 'protocol', detail, sent: false };
  return { reason: reasonOf(error, code, progress.headSeen), detail, sent: progress.sent };
}

function reasonOf(error: Error, code: string, headSeen: boolean): FailureReason {
  // Ours, not the upstream's: a streamed body that was not as long as its length.
  if (code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') return 'protocol';
  const malformed = isParseError(error, code) && !isEarlyEnd(error, code);
  if (headSeen) return malformed ? 'protocol' : 'truncated';
  // Before the head a length mismatch is undici's name for a parse error behind a Content-Length field.
  return malformed || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' || isUnasked(error) ? 'protocol' : 'reset';
}

/** undici means to give its parser errors a code, but looks it up the wrong way round, so all have none. */
function isParseError(error: Error, code: string): boolean {
  return code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW' || error.name === 'HTTPParserError';
}

function isEarlyEnd(error: Error, code: string): boolean {
  return code === 'HPE_INVALID_EOF_STATE' || (code === '' && error.message.includes('Invalid EOF state'));
}

/** undici has no code for a reply or an upgrade that nobody asked for. */
function isUnasked(error: Error): boolean {
  return error.message === 'bad response' || error.message === 'bad upgrade';
}

/** Methods that a proxy may send again by itself after a connection broke (RFC 9110 §9.2.2, RFC 9112 §9.3.1). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Did a connection that had served before break in a way that its idle end explains? */
export function isStaleConnection(error: Error): boolean {
  const code = (error as SystemError).code;
  return (
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    (code === 'UND_ERR_SOCKET' && (error.message === 'other side closed' || error.message === 'closed'))
  );
}

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}
