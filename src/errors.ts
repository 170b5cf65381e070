/**
 * The error table: every failure Weir itself answers with, one row each. What a row says is all there is to know:
 * nothing else in the program decides a status, whether a breaker counts it, or whether a client may try again.
 */
import { Fields, type Pairs } from './fields/fields.ts';
import { USUAL_METHODS } from './methods.ts';

/** Whose error shape a route speaks: RFC 9457 problem+json, the Claude API's, or OpenAI's. */
export type Protocol = 'generic' | 'anthropic' | 'openai';

export interface ErrorRow {
  /** HTTP status on generic and openai routes. */
  readonly status: number;
  /** Status on anthropic routes where it differs: 529 `overloaded_error` stands for "nothing can take this now". */
  readonly anthropicStatus?: number;
  /** What a client sees; it must not say more than the client may know. */
  readonly message: string;
  /** Does an endpoint's breaker count this as the endpoint's failure? */
  readonly breaker: boolean;
  /** May the client send the same request again and hope? Its status says so too: LLM SDKs go by that. */
  readonly retryable: boolean;
  /** Seconds in `Retry-After` where whoever answers knows no better: no 429 and no 503 goes without. */
  readonly retryAfter?: number;
  /** Does the connection end with this answer, because what follows on it cannot be trusted or will not be read? */
  readonly close?: boolean;
}

const row = (status: number, message: string, more: Partial<ErrorRow> = {}): ErrorRow => ({
  status,
  message,
  breaker: false,
  retryable: false,
  ...more,
});

export const ERRORS = {
  BAD_REQUEST: row(400, 'The request is malformed.', { close: true }),
  AMBIGUOUS_PATH: row(400, 'The path can be read in more than one way; send it in normal form.'),
  BODY_UNREADABLE: row(400, 'The body is not what its content type says.'),
  PARAMETER_UNKNOWN: row(400, 'The body has a parameter that is not accepted here.'),
  SIGNATURE_MISSING: row(401, 'A header that the signature needs is missing.'),
  SIGNATURE_DUPLICATE: row(401, 'A header that the signature needs was sent more than once.'),
  SIGNATURE_OVERSIZED: row(401, 'A header that the signature needs is too long.'),
  SIGNATURE_TIMESTAMP: row(401, 'The timestamp is not in the expected format.'),
  SIGNATURE_EXPIRED: row(401, 'The timestamp is outside the accepted window.'),
  SIGNATURE_INVALID: row(401, 'The signature does not match.'),
  SIGNATURE_AMBIGUOUS: row(401, 'It cannot be told where the nonce ends and the body begins.'),
  SIGNATURE_BEFORE_START: row(401, 'The timestamp is older than what the server remembers; sign the request again.'),
  SIGNATURE_REPLAYED: row(401, 'This nonce or signature was used before.'),
  TOKEN_MISSING: row(401, 'A bearer token is needed.'),
  TOKEN_INVALID: row(401, 'The bearer token is not valid here.'),
  FORBIDDEN: row(403, 'This is not allowed.'),
  NOT_FOUND: row(404, 'No route matches this request.'),
  METHOD_NOT_ALLOWED: row(405, 'This path does not take that method.'),
  REQUEST_TIMEOUT: row(408, 'The request took too long to arrive.', { retryable: true, close: true }),
  PAYLOAD_TOO_LARGE: row(413, 'The body is larger than this route takes.', { close: true }),
  URI_TOO_LONG: row(414, 'The request target is too long.', { close: true }),
  EXPECTATION_FAILED: row(417, 'Only 100-continue can be expected.', { close: true }),
  TOO_MANY_REQUESTS: row(429, 'Too many requests; slow down.', { retryable: true, retryAfter: 1 }),
  HEADERS_TOO_LARGE: row(431, 'The header section is too large.', { close: true }),
  CLIENT_CLOSED: row(499, 'The client went away.'),
  INTERNAL: row(500, 'Something went wrong here.', { retryable: true }),
  NOT_IMPLEMENTED: row(501, 'This method or transfer coding is not understood here.', { close: true }),
  UPSTREAM_CONNECT: row(502, 'The upstream could not be reached.', { breaker: true, retryable: true }),
  UPSTREAM_RESET: row(502, 'The upstream closed the connection early.', { breaker: true, retryable: true }),
  UPSTREAM_PROTOCOL: row(502, 'The upstream sent something that is not HTTP.', { breaker: true, retryable: true }),
  NO_ENDPOINT: row(503, 'No upstream endpoint can take this request now.', {
    anthropicStatus: 529,
    retryable: true,
    retryAfter: 1,
  }),
  SHUTTING_DOWN: row(503, 'The server is shutting down.', {
    anthropicStatus: 529,
    retryable: true,
    retryAfter: 1,
    close: true,
  }),
  STORE_UNAVAILABLE: row(503, 'A check that this route needs cannot be made now.', { retryable: true, retryAfter: 1 }),
  BODIES_FULL: row(503, 'Too much of request bodies is being held now.', {
    anthropicStatus: 529,
    retryable: true,
    retryAfter: 1,
    close: true,
  }),
  POLICY_TIMEOUT: row(503, 'A check that this route needs took too long.', { retryable: true, retryAfter: 1 }),
  UPSTREAM_BUSY: row(503, 'All connections to the upstream are in use now.', {
    anthropicStatus: 529,
    retryable: true,
    retryAfter: 1,
  }),
  UPSTREAM_TIMEOUT: row(504, 'The upstream did not answer in time.', { breaker: true, retryable: true }),
  VERSION_NOT_SUPPORTED: row(505, 'Only HTTP/1.0 and HTTP/1.1 are spoken here.', { close: true }),
  LOOP_DETECTED: row(508, 'The request has passed through here before.'),
} as const satisfies Record<string, ErrorRow>;

/** Name of a row of the error table; it is also the `code` clients see. */
export type ErrorCode = keyof typeof ERRORS;

/** An error thrown on the control path, with a message for operators. Exit status is what the process ends with. */
export class WeirError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WeirError';
    this.exitCode = exitCode;
  }
}

/** The Claude API's error types by status (docs: "Errors" page of the API reference). */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  502: 'api_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const OPENAI_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

/** Status of `code` on a route that speaks `protocol`. */
export function errorStatus(code: ErrorCode, protocol: Protocol): number {
  const entry: ErrorRow = ERRORS[code];
  return (protocol === 'anthropic' && entry.anthropicStatus) || entry.status;
}

/** The error type that the Claude API's clients know for a status. */
export function anthropicErrorType(status: number): string {
  return ANTHROPIC_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
}

/** The body of an error in the shape of `protocol`. `code` need not be a row: mapped upstream errors bring their own. */
export function errorBody(
  protocol: Protocol,
  status: number,
  code: string,
  message: string,
  requestId: string,
): string {
  if (protocol === 'anthropic')
    return JSON.stringify({
      type: 'error',
      error: { type: anthropicErrorType(status), message },
      request_id: requestId,
    });
  if (protocol === 'openai') {
    const type = OPENAI_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
    return JSON.stringify({ error: { message, type, param: null, code } });
  }
  return JSON.stringify({ type: 'about:blank', title: message, status, code, request_id: requestId });
}

/** Media type of {@link errorBody}. */
export function errorContentType(protocol: Protocol): string {
  return protocol === 'generic' ? 'application/problem+json' : 'application/json';
}

/** What an edge, which knows no routes, says is allowed in place of CONNECT: a 405 must say something (RFC 9110 §15.5.6). */
export const ALLOW_USUAL: Pairs = Object.freeze(['allow', USUAL_METHODS.join(', ')]);

/** The header fields that every error of Weir's own carries, before `Retry-After` and the like. */
export function errorHeaders(protocol: Protocol, requestId: string): Fields {
  const idField = protocol === 'anthropic' ? 'request-id' : 'x-request-id';
  return Fields.of('content-type', errorContentType(protocol), 'cache-control', 'no-store', idField, requestId);
}
