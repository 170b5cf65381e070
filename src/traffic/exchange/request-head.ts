/**
 * The request's fields, read where they stand: what the proxy itself must know is taken out, and so is what belongs to
 * this hop (RFC 9110 §7.6.1) and what only a proxy may say. What is left goes upstream.
 */

import { namedByConnection } from '../../fields/connection-options.ts';
import type { Fields } from '../../fields/fields.ts';
import {
  CLAIM,
  CONNECTION,
  FORWARDED_FOR,
  FORWARDED_HOST,
  FORWARDED_PROTO,
  HOST,
  ID_MASK,
  MAX_FORWARDS,
  NOT_FORWARDED,
  REQUEST_ID,
  TE,
  VIA,
} from '../../fields/names.ts';

/** What a request says to the proxy. */
export interface ProxyFields {
  host: string;
  /** '' where there is none. Several are joined, so that they are no valid id. */
  requestId: string;
  /** Null where there is none. */
  forwardedFor: string | null;
  forwardedHost: string;
  forwardedProto: string;
  via: string;
  /** '' where there is none. Several are joined, so that they are no number. */
  maxForwards: string;
  /** The client takes trailers (RFC 9110 §10.1.4). What else `TE` says is about this hop. */
  trailers: boolean;
}

/** Names, in lower case, of fields that pass although they are dropped by default; null for none. */
export type PassingNames = ReadonlySet<string> | null;

/** Most members of `Connection`, empty ones included; real requests have three. */
const CONNECTION_MEMBERS_MAX = 64;

/**
 * Reads what is for the proxy out of `fields` into `into`; only what goes upstream is left, in its order. False where
 * `Connection` lists more than anyone means.
 */
export function readProxyFields(fields: Fields, into: ProxyFields, passing: PassingNames): boolean {
  let connection = '';
  for (let i = 0; i < fields.size; i++) {
    const id = fields.kind(i) & ID_MASK;
    if (id === 0) continue;
    if (id === CONNECTION) connection = joined(connection, fields.value(i));
    else read(into, id, fields, i);
  }
  if (passing === null) fields.drop(NOT_FORWARDED | CLAIM);
  else {
    fields.drop(NOT_FORWARDED);
    fields.dropWhere((all, i) => (all.kind(i) & CLAIM) !== 0 && !passing.has(all.name(i).toLowerCase()));
  }
  return connection === '' || isUsual(connection) || removeOptions(fields, connection);
}

function read(into: ProxyFields, id: number, fields: Fields, i: number): void {
  switch (id) {
    case HOST:
      into.host = fields.value(i);
      break;
    case FORWARDED_FOR:
      into.forwardedFor = into.forwardedFor === null ? fields.value(i) : `${into.forwardedFor}, ${fields.value(i)}`;
      break;
    case FORWARDED_HOST:
      into.forwardedHost = fields.value(i);
      break;
    case FORWARDED_PROTO:
      into.forwardedProto = fields.value(i);
      break;
    case VIA:
      into.via = joined(into.via, fields.value(i));
      break;
    case REQUEST_ID:
      into.requestId = joined(into.requestId, fields.value(i));
      break;
    case TE:
      into.trailers ||= namesTrailers(fields.value(i));
      break;
    case MAX_FORWARDS:
      into.maxForwards = joined(into.maxForwards, fields.value(i) || NO_VALUE);
  }
}

function namesTrailers(te: string): boolean {
  if (te === 'trailers') return true;
  return te.split(',').some((coding) => coding.trim().toLowerCase() === 'trailers');
}

/** Stands for an empty value where '' means that there is no field. */
const NO_VALUE = '""';

/** Lines of one name are one list (RFC 9110 §5.3). */
function joined(earlier: string, value: string): string {
  return earlier === '' ? value : `${earlier}, ${value}`;
}

function isUsual(connection: string): boolean {
  return connection === 'keep-alive' || connection === 'close' || connection === 'Keep-Alive';
}

/** Fields that `Connection` names go no further. */
function removeOptions(fields: Fields, connection: string): boolean {
  let members = 1;
  for (let i = connection.indexOf(','); i >= 0; i = connection.indexOf(',', i + 1))
    if (++members > CONNECTION_MEMBERS_MAX) return false;
  const named = namedByConnection(connection, null);
  if (named !== null) fields.dropNamed(named);
  return true;
}
