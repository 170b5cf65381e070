/**
 * Requests that Weir answers itself although they are well formed and might have a route: those about the server as a
 * whole, and those that may go no further (RFC 9110 §7.6.2, §9.3.7, §9.3.8).
 */
import { type HeaderList, indexOfHeader, setHeader } from '../../headers.ts';
import type { Router } from '../../match/router.ts';
import { kindOf, PASS } from '../../net/request-fields.ts';
import type { Reply } from '../../types/policy.ts';
import type { Inbound } from '../../types/transport.ts';
import type { Identified } from './request-identity.ts';

/** Hops that `Max-Forwards` still allows are written with no more than this (RFC 9110 §7.6.2 lets us choose). */
const FORWARDS_MAX = 999_999_999;

/** What a TRACE must not show (RFC 9110 §9.3.8), and what others than its sender may have added on the way here. */
const UNTRACED: ReadonlySet<string> = new Set(['authorization', 'cookie', 'x-api-key', 'api-key', 'x-auth-token']);

/** True for the methods to which all this applies. */
export function isDiagnostic(method: string): boolean {
  return method === 'OPTIONS' || method === 'TRACE';
}

/**
 * The answer to a diagnostic request that ends here; null where it goes on to its route, `Max-Forwards` lowered;
 * 'malformed' where it cannot be told which.
 */
export function answerHere(x: Identified, inbound: Inbound, router: Router<unknown>): Reply | 'malformed' | null {
  if (x.method === 'TRACE' && inbound.bodyLength !== 0) return 'malformed';
  if (x.path === '*') return allowing(router.methodsOf(x.host));
  if (x.maxForwards === '') return null;
  const forwards = forwardsIn(x.maxForwards);
  if (forwards < 0) return 'malformed';
  if (forwards > 0) {
    setHeader(x.headers, 'max-forwards', String(Math.min(forwards - 1, FORWARDS_MAX)));
    return null;
  }
  const { country } = x.client;
  if (x.method === 'OPTIONS') return allowing(router.allowed(x.host, x.path, x.headers, country));
  return router.find('TRACE', x.host, x.path, x.headers, country) === null ? null : traced(inbound);
}

/** RFC 9110 §7.6.2: digits; -1 for anything else. */
function forwardsIn(value: string): number {
  return /^[0-9]{1,300}$/.test(value) ? Number(value) : -1;
}

/** Null where there is nothing to allow: then there is nothing here at all. */
function allowing(methods: readonly string[]): Reply | null {
  if (methods.length === 0) return null;
  return { status: 200, headers: ['allow', methods.join(', '), 'cache-control', 'no-store'], body: '', code: '' };
}

/** The request as it came, without what is secret. */
function traced(inbound: Inbound): Reply {
  const { method, target, version, headers } = inbound;
  let text = `${method} ${target} HTTP/${version}\r\n`;
  for (let i = 0; i < headers.length; i += 2)
    if (kindOf(headers[i]!) === PASS && !UNTRACED.has(headers[i]!.toLowerCase()))
      text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  const body = Buffer.from(`${text}\r\n`, 'latin1');
  return { status: 200, headers: ['content-type', 'message/http', 'cache-control', 'no-store'], body, code: '' };
}

/** Fields that Weir itself adds to every request. */
const ADDED: ReadonlySet<string> = new Set(
  'host max-forwards x-forwarded-for x-forwarded-proto x-forwarded-host x-request-id via'.split(' '),
);

/**
 * What of `sent` a TRACE may carry upstream, which sends it back to the client: the client's own fields as they came,
 * and Weir's. A credential that a policy put in would be told to whoever asks.
 */
export function traceable(sent: HeaderList, received: HeaderList): HeaderList {
  const fields: HeaderList = [];
  for (let i = 0; i < sent.length; i += 2) {
    const name = sent[i]!.toLowerCase();
    if (ADDED.has(name) || hasField(received, name, sent[i + 1]!)) fields.push(sent[i]!, sent[i + 1]!);
  }
  return fields;
}

function hasField(list: HeaderList, name: string, value: string): boolean {
  for (let i = indexOfHeader(list, name); i >= 0; i = indexOfHeader(list, name, i + 2))
    if (list[i + 1] === value) return true;
  return false;
}
