/**
 * The request's header section, read in one pass: what the proxy itself must know, and the list that goes upstream
 * without what belongs to this hop (RFC 9110 §7.6.1) and what only a proxy may say.
 */
import { type HeaderList, namedByConnection, removeNamed } from '../../headers.ts';
import {
  CLAIM,
  CONNECTION,
  FORWARDED_FOR,
  FORWARDED_HOST,
  FORWARDED_PROTO,
  HOST,
  kindOf,
  MAX_FORWARDS,
  PASS,
  REQUEST_ID,
  TE,
  VIA,
} from '../../net/request-fields.ts';

/** What the proxy reads out of a request's header section. */
export interface RequestHead {
  /** Fields that go upstream, in order; `Host`, framing, hop-by-hop and forwarding fields are left out. */
  headers: HeaderList;
  host: string;
  /** '' where there is none. Several are joined, so that they are no valid id. */
  requestId: string;
  forwardedFor: string[] | null;
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

/** Reads `received` into `head` and fills `head.headers`. False where `Connection` lists more than anyone means. */
export function readRequestHead(received: HeaderList, head: RequestHead, passing: PassingNames): boolean {
  const out = head.headers;
  let connection = '';
  for (let i = 0; i < received.length; i += 2) {
    const name = received[i]!;
    const kind = kindOf(name);
    if (kind === PASS) out.push(name, received[i + 1]!);
    else if (kind === CLAIM) {
      if (passing?.has(name.toLowerCase())) out.push(name, received[i + 1]!);
    } else if (kind === CONNECTION) connection = joined(connection, received[i + 1]!);
    else keep(head, kind, name, received[i + 1]!);
  }
  return connection === '' || isUsual(connection) || removeOptions(out, connection);
}

/** Keeps what the proxy must know. */
function keep(head: RequestHead, kind: number, name: string, value: string): void {
  switch (kind) {
    case HOST:
      head.host = value;
      break;
    case FORWARDED_FOR:
      if (head.forwardedFor === null) head.forwardedFor = [value];
      else head.forwardedFor.push(value);
      break;
    case FORWARDED_HOST:
      head.forwardedHost = value;
      break;
    case FORWARDED_PROTO:
      head.forwardedProto = value;
      break;
    case VIA:
      head.via = joined(head.via, value);
      break;
    case REQUEST_ID:
      head.requestId = joined(head.requestId, value);
      break;
    case TE:
      head.trailers ||= namesTrailers(value);
      break;
    case MAX_FORWARDS:
      head.maxForwards = joined(head.maxForwards, value || NO_VALUE);
      head.headers.push(name, value);
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
function removeOptions(list: HeaderList, connection: string): boolean {
  let members = 1;
  for (let i = connection.indexOf(','); i >= 0; i = connection.indexOf(',', i + 1))
    if (++members > CONNECTION_MEMBERS_MAX) return false;
  const named = namedByConnection(connection, null);
  if (named !== null) removeNamed(list, named);
  return true;
}
