/**
 * Requests that Weir answers itself although they are well formed and might have a route: those about the server as a
 * whole, and those that may go no further (RFC 9110 §7.6.2, §9.3.7, §9.3.8).
 */
import { Fields } from '../../fields/fields.ts';
import { CLAIM, ID_MASK, MAX_FORWARDS, NOT_FORWARDED } from '../../fields/names.ts';
import type { Router } from '../../match/router.ts';
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
export function answerHere(
  x: Identified,
  inbound: Inbound,
  received: Fields | null,
  router: Router<unknown>,
): Reply | 'malformed' | null {
  if (x.method === 'TRACE' && inbound.bodyLength !== 0) return 'malformed';
  if (x.path === '*') return allowing(router.methodsOf(x.host));
  if (x.maxForwards === '') return null;
  const forwards = forwardsIn(x.maxForwards);
  if (forwards < 0) return 'malformed';
  if (forwards > 0) {
    x.headers.set('max-forwards', String(Math.min(forwards - 1, FORWARDS_MAX)));
    return null;
  }
  const { country } = x.client;
  if (x.method === 'OPTIONS') return allowing(router.allowed(x.host, x.path, x.headers, country));
  return router.find('TRACE', x.host, x.path, x.headers, country) === null ? null : traced(inbound, received!);
}

/** RFC 9110 §7.6.2: digits; -1 for anything else. */
function forwardsIn(value: string): number {
  return /^[0-9]{1,300}$/.test(value) ? Number(value) : -1;
}

/** Null where there is nothing to allow: then there is nothing here at all. */
function allowing(methods: readonly string[]): Reply | null {
  if (methods.length === 0) return null;
  return {
    status: 200,
    headers: Fields.of('allow', methods.join(', '), 'cache-control', 'no-store'),
    body: '',
    code: '',
  };
}

/** The request as it came, without what is secret. */
function traced({ method, target, version }: Inbound, headers: Fields): Reply {
  let text = `${method} ${target} HTTP/${version}\r\n`;
  for (let i = 0; i < headers.size; i++)
    if (isShown(headers.kind(i)) && !UNTRACED.has(headers.name(i).toLowerCase()))
      text += `${headers.name(i)}: ${headers.value(i)}\r\n`;
  const body = Buffer.from(`${text}\r\n`, 'latin1');
  return {
    status: 200,
    headers: Fields.of('content-type', 'message/http', 'cache-control', 'no-store'),
    body,
    code: '',
  };
}

function isShown(kind: number): boolean {
  return (kind & (NOT_FORWARDED | CLAIM)) === 0 && (kind & ID_MASK) !== MAX_FORWARDS;
}

/** Fields that Weir itself adds to every request. */
const ADDED: ReadonlySet<string> = new Set(
  'host max-forwards x-forwarded-for x-forwarded-proto x-forwarded-host x-request-id via'.split(' '),
);

/**
 * What of `sent` a TRACE may carry upstream, which sends it back to the client: the client's own fields as they came,
 * and Weir's. A credential that a policy put in would be told to whoever asks.
 */
export function traceable(sent: Fields, received: Fields): Fields {
  const fields = sent.copy();
  fields.dropWhere((_, i) => {
    const name = fields.name(i).toLowerCase();
    return !ADDED.has(name) && !hasField(received, name, fields.value(i));
  });
  return fields;
}

function hasField(list: Fields, name: string, value: string): boolean {
  for (let i = list.indexOf(name); i >= 0; i = list.indexOf(name, i + 1)) if (list.value(i) === value) return true;
  return false;
}
