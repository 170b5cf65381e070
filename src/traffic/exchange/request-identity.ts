/** Who asks, for what: read from the head, believed of trusted proxies only. */
import type { ErrorCode } from '../../errors.ts';
import type { Fields } from '../../fields/fields.ts';
import { normalizePath } from '../../match/path.ts';
import { splitTarget } from '../../match/target.ts';
import { firstHop, vouchedHops } from '../../net/client.ts';
import { normalAuthority } from '../../net/host.ts';
import { hasPassed, withHop } from '../../net/via.ts';
import type { Inbound } from '../../types/transport.ts';
import type { KnownClient } from '../rules/regions.ts';
import type { Core, Generation } from './core.ts';
import { isSecure, KnownPeer } from './peer.ts';
import { type ProxyFields, readProxyFields } from './request-head.ts';

/** What these functions fill in. */
export interface Identified extends ProxyFields {
  readonly method: string;
  /** The inbound's own, without what goes no further. */
  readonly headers: Fields;
  id: string;
  authority: string;
  path: string;
  query: string;
  client: KnownClient;
}

/**
 * Reads the whole head into `x` and adds this hop to it. A code where the request cannot be served, else ''. Client and
 * id are set in any case: the answer and the log need them.
 */
export function readRequest(x: Identified, inbound: Inbound, core: Core, generation: Generation): ErrorCode | '' {
  const { passing, pseudonym, trusted } = core;
  const { headers } = x;
  const peer = KnownPeer.of(inbound, trusted, pseudonym);
  const believed = peer.trusted;
  const readable = readProxyFields(headers, x, believed ? passing.trusted : passing.anyone);
  const forwarded = believed && x.forwardedFor !== null;
  const hops = forwarded ? vouchedHops(inbound.remoteAddress, x.forwardedFor!, trusted) : inbound.remoteAddress;
  x.client = generation.clients.get(firstHop(hops));
  x.id = believed && isRequestId(x.requestId) ? x.requestId : core.newId();
  if (!readable) return 'BAD_REQUEST';
  readOrigin(x, inbound, believed);
  const refusal = readTarget(x, inbound, peer);
  if (refusal !== '') return refusal;
  if (x.via !== '' && hasPassed(x.via, pseudonym)) return 'LOOP_DETECTED';
  if (forwarded) headers.add('x-forwarded-for', hops);
  else headers.addLine(peer.forwardedFor);
  if (x.forwardedProto === peer.forwardedProto.value) headers.addLine(peer.forwardedProto);
  else headers.add('x-forwarded-proto', x.forwardedProto);
  if (x.forwardedHost !== '') headers.add('x-forwarded-host', x.forwardedHost);
  else if (x.authority !== '') headers.addLine(peer.forwardedHost!);
  headers.add('x-request-id', x.id);
  if (x.via === '') headers.addLine(peer.via(inbound.version, pseudonym));
  else headers.add('via', withHop(x.via, inbound.version, pseudonym));
  return '';
}

/** Leaves in `x` the scheme and the host that upstreams are told; no host where {@link readTarget} is to say it. */
function readOrigin(x: Identified, inbound: Inbound, believed: boolean): void {
  const { forwardedHost } = x;
  const proto = believed && x.forwardedProto !== '' ? lastMember(x.forwardedProto).toLowerCase() : '';
  x.forwardedProto = isScheme(proto) ? proto : inbound.secure ? 'https' : 'http';
  x.forwardedHost = '';
  if (believed && forwardedHost !== '')
    x.forwardedHost = normalAuthority(lastMember(forwardedHost), isSecure(x.forwardedProto)) ?? '';
}

/** Of a list, what the nearest proxy added; it may have left the rest as a stranger wrote it. */
function lastMember(list: string): string {
  const comma = list.lastIndexOf(',');
  return comma < 0 ? list : list.slice(comma + 1).trim();
}

function isScheme(text: string): boolean {
  return text === 'https' || text === 'http' || text === 'wss' || text === 'ws';
}

/**
 * Sets host, path and query; a code where the target cannot be served, else ''. The host of an absolute target counts,
 * whatever `Host` says (RFC 9112 §3.2.2), and upstreams are told the host that counts.
 */
function readTarget(x: Identified, inbound: Inbound, peer: KnownPeer): ErrorCode | '' {
  const target = splitTarget(inbound.target, inbound.method);
  if (target === null) return 'BAD_REQUEST';
  // As sent, for the log line of a request that is refused here.
  x.path = target.path;
  if (!readHost(x, target.authority === '' ? x.host : target.authority, inbound.version, peer)) return 'BAD_REQUEST';
  const path = normalizePath(target.path);
  if (path === null) return 'AMBIGUOUS_PATH';
  x.path = path;
  x.query = target.query;
  return '';
}

/** False where `authority` has no normal form. Only HTTP/1.0 has requests without a host (RFC 9112 §3.2). */
function readHost(x: Identified, authority: string, version: Inbound['version'], peer: KnownPeer): boolean {
  if (authority === '') return version === '1.0';
  const known = peer.host(authority, x.forwardedProto);
  if (known === null) return false;
  x.host = known.host;
  x.authority = known.authority;
  return true;
}

/** Ids of other proxies are kept where they cannot break a log line or a header: up to 128 visible ASCII characters. */
function isRequestId(id: string): boolean {
  if (id.length === 0 || id.length > 128) return false;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code <= 0x20 || code > 0x7e) return false;
  }
  return true;
}
