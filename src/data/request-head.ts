/**
 * The request's header section, read in one pass: what the proxy itself must know, and the list that goes upstream
 * without what belongs to this hop (RFC 9110 §7.6.1).
 */
import { type HeaderList, HOP_BY_HOP, indexOfHeader, removeHeader } from '../headers.ts';

/** What the proxy reads out of a request's header section. */
export interface RequestHead {
  /** Fields that go upstream, in order; `Host`, framing, hop-by-hop and forwarding fields are left out. */
  headers: HeaderList;
  host: string;
  requestId: string;
  forwardedFor: string[] | null;
  forwardedHost: string;
  forwardedProto: string;
  via: string;
}

// Plain numbers: an object keyed by name would be looked up by freshly made strings, which costs a hash each.
const PASS = 0;
const DROP = 1;
const HOST = 2;
const CONNECTION = 3;
const FORWARDED_FOR = 4;
const FORWARDED_HOST = 5;
const FORWARDED_PROTO = 6;
const VIA = 7;
const REQUEST_ID = 8;

/** Which of the fields above `name` is. Most names are told apart by their length alone. */
function classify(name: string): number {
  switch (name.length) {
    case 2:
      return is(name, 'te') ? DROP : PASS;
    case 3:
      return is(name, 'via') ? VIA : PASS;
    case 4:
      return is(name, 'host') ? HOST : PASS;
    case 6:
      return is(name, 'expect') ? DROP : PASS;
    case 7:
      return is(name, 'upgrade') || is(name, 'trailer') ? DROP : PASS;
    case 9:
      return is(name, 'forwarded') ? DROP : PASS;
    case 10:
      return is(name, 'connection') ? CONNECTION : is(name, 'keep-alive') ? DROP : PASS;
    case 12:
      return is(name, 'x-request-id') ? REQUEST_ID : PASS;
    case 14:
      return is(name, 'content-length') || is(name, 'http2-settings') ? DROP : PASS;
    case 15:
      return is(name, 'x-forwarded-for') ? FORWARDED_FOR : PASS;
    case 16:
      return is(name, 'x-forwarded-host') ? FORWARDED_HOST : is(name, 'proxy-connection') ? DROP : PASS;
    case 17:
      return is(name, 'transfer-encoding') ? DROP : is(name, 'x-forwarded-proto') ? FORWARDED_PROTO : PASS;
    case 18:
    case 19:
      return HOP_BY_HOP.has(name.toLowerCase()) ? DROP : PASS;
    default:
      return PASS;
  }
}

function is(name: string, lower: string): boolean {
  return name === lower || name.toLowerCase() === lower;
}

/** Reads `received` into `head` and fills `head.headers`. */
export function readRequestHead(received: HeaderList, head: RequestHead): void {
  const out = head.headers;
  let connection = '';
  for (let i = 0; i < received.length; i += 2) {
    const value = received[i + 1];
    switch (classify(received[i])) {
      case PASS:
        out.push(received[i], value);
        break;
      case HOST:
        head.host = value;
        break;
      case CONNECTION:
        connection = connection === '' ? value : `${connection},${value}`;
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
        head.via = head.via === '' ? value : `${head.via}, ${value}`;
        break;
      case REQUEST_ID:
        head.requestId = value;
        out.push(received[i], value);
        break;
    }
  }
  if (connection !== '') removeNamed(out, connection);
}

/** Fields that `Connection` names go no further; `keep-alive` and `close` are its own words. */
function removeNamed(list: HeaderList, connection: string): void {
  if (connection === 'keep-alive' || connection === 'close' || connection === 'Keep-Alive') return;
  for (const token of connection.toLowerCase().split(',')) {
    const name = token.trim();
    if (name !== '' && indexOfHeader(list, name) >= 0) removeHeader(list, name);
  }
}
