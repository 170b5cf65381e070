/** What kept a connection from being made, in the words that an operator looks for. */
import { hasDescriptor } from '../net/descriptors.ts';
import type { ConnectCause, Failure } from '../types/transport.ts';

const CAUSES: Readonly<Record<string, ConnectCause>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  EMFILE: 'descriptors',
  ENFILE: 'descriptors',
  EADDRNOTAVAIL: 'ports',
};

/** This machine has run out of something: the endpoint was never asked, and its breaker must not hear of it. */
const OURS: ReadonlySet<ConnectCause> = new Set(['descriptors', 'ports']);

/** Milliseconds after which a client may hope that something of ours is free again. */
const RETRY_AFTER = 1000;

interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
}

/** The {@link Failure} of a connection that could not be made. `secured`: TCP stood, and TLS was being agreed on. */
export function connectFailure(error: SystemError, secured: boolean, where = ''): Failure {
  const telling = mostTelling(error);
  const cause = causeOf(telling, secured);
  const text = telling.message || telling.code || telling.name;
  const detail = where === '' ? text : `${where}: ${text}`;
  if (OURS.has(cause)) return { reason: 'busy', cause, detail, sent: false, retryAfter: RETRY_AFTER };
  return { reason: 'connect', cause, detail, sent: false };
}

/** One that was not made in time. */
export function connectTimeout(secured: boolean, where = ''): Failure {
  const text = secured ? 'TLS handshake timeout' : 'connect timeout';
  const detail = where === '' ? text : `${where}: ${text}`;
  return { reason: 'connect', cause: secured ? 'tls' : 'timeout', detail, sent: false };
}

/** Is it this machine that has run out of something, so that the error says nothing about whoever was to be reached? */
export function isOurs(error: SystemError): boolean {
  return OURS.has(causeOf(mostTelling(error), false));
}

/**
 * Where a name has several addresses, each had an error of its own (RFC 8305), and Node's bears the code of the first: of
 * an IPv6 address, as likely as not, where there is no IPv6.
 */
function mostTelling(error: SystemError): SystemError {
  const errors: readonly SystemError[] = (error as Partial<AggregateError>).errors ?? [];
  const tells = (found: (cause: ConnectCause) => boolean) => errors.find((one) => found(causeOf(one, false)));
  return tells((cause) => OURS.has(cause)) ?? tells((cause) => cause !== 'unreachable') ?? errors[0] ?? error;
}

/** What is told of an endpoint whose socket failed or closed before it could be used. */
function causeOf({ code = '', syscall }: SystemError, secured: boolean): ConnectCause {
  if (secured) return 'tls';
  const cause = Object.hasOwn(CAUSES, code) ? CAUSES[code]! : 'other';
  if (syscall !== 'getaddrinfo' || OURS.has(cause)) return cause;
  // Asking for an address takes descriptors too, and without them libc may say that there is no such name.
  return hasDescriptor() ? 'dns' : 'descriptors';
}
