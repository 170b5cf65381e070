/** What kept a connection from being made, in the words that an operator looks for. */
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
  const cause = causeOf(error, secured);
  const text = error.message || error.code || error.name;
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

/** What is told of an endpoint whose socket failed or closed before it could be used. */
function causeOf({ code = '', syscall }: SystemError, secured: boolean): ConnectCause {
  if (secured) return 'tls';
  if (syscall === 'getaddrinfo') return 'dns';
  return Object.hasOwn(CAUSES, code) ? CAUSES[code] : 'other';
}
