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

/** Refused by Node before anything was sent: the request is not one it can put on the wire. */
const UNSENDABLE: ReadonlySet<string> = new Set([
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_UNESCAPED_CHARACTERS',
  'ERR_HTTP_INVALID_HEADER_VALUE',
]);

/** Says which {@link Failure} an error of node:http or a socket is. */
export function failureOf(error: Error, progress: Progress): Failure {
  if (error instanceof ForwardError) return error.failure;
  const code = (error as SystemError).code ?? '';
  const detail = code ? `${code}: ${error.message}` : error.message;
  if (UNSENDABLE.has(code)) return { reason: 'protocol', detail, sent: false };
  return { reason: reasonOf(code, progress.headSeen), detail, sent: progress.sent };
}

/** An end that came too early is the connection's fault; everything else that Node's parser minds is the sender's. */
function reasonOf(code: string, headSeen: boolean): FailureReason {
  if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE') return 'protocol';
  return headSeen ? 'truncated' : 'reset';
}

/** Methods that a proxy may send again by itself after a connection broke (RFC 9110 §9.2.2, RFC 9112 §9.3.1). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Did a connection that had served before break in a way that its idle end explains? */
export function isStaleConnection(error: Error): boolean {
  const { code } = error as SystemError;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}
