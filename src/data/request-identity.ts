/** Who asks, for what: read from the head, believed of trusted proxies only. */
import type { ErrorCode } from '../errors.ts';
import { normalizePath } from '../match/path.ts';
import { splitTarget } from '../match/target.ts';
import { clientAddress } from '../net/client.ts';
import type { Client } from '../types/policy.ts';
import type { Inbound } from '../types/transport.ts';
import type { Core, Generation } from './core.ts';
import type { RequestHead } from './request-head.ts';

/** What these functions fill in. */
export interface Identified extends RequestHead {
  id: string;
  path: string;
  query: string;
  client: Client;
}

/** Sets id and client, and adds this hop to the forwarding fields. */
export function identify(x: Identified, inbound: Inbound, core: Core, generation: Generation): void {
  const { trusted, newId } = core;
  const remote = inbound.remoteAddress;
  const believed = trusted.has(remote);
  const address = believed && x.forwardedFor !== null ? clientAddress(remote, x.forwardedFor, trusted) : remote;
  x.client = generation.clients.get(address);
  x.id = believed && isRequestId(x.requestId) ? x.requestId : newId();
  addForwarding(x, inbound, believed);
}

/** Sets host, path and query; a code where the target cannot be served, else ''. */
export function readTarget(x: Identified, inbound: Inbound): ErrorCode | '' {
  const target = splitTarget(inbound.target);
  if (target === null) return 'BAD_REQUEST';
  x.host = hostOf(target.authority === '' ? x.host : target.authority);
  const path = normalizePath(target.path);
  if (path === null) return 'AMBIGUOUS_PATH';
  x.path = path;
  x.query = target.query;
  return '';
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

/** Lower-case host without the port; brackets of an IPv6 literal stay. */
function hostOf(authority: string): string {
  const colon = authority.lastIndexOf(':');
  const host = colon > authority.lastIndexOf(']') ? authority.slice(0, colon) : authority;
  return host.toLowerCase();
}

/** `X-Forwarded-*` and `Via`: what a trusted proxy said goes on with our own word added, anything else is replaced. */
function addForwarding(x: Identified, inbound: Inbound, believed: boolean): void {
  const earlier = believed && x.forwardedFor !== null ? `${x.forwardedFor.join(', ')}, ` : '';
  const proto = (believed && x.forwardedProto) || (inbound.secure ? 'https' : 'http');
  const host = (believed && x.forwardedHost) || x.host;
  x.headers.push('x-forwarded-for', earlier + inbound.remoteAddress, 'x-forwarded-proto', proto);
  if (host !== '') x.headers.push('x-forwarded-host', host);
  x.headers.push('via', x.via === '' ? `${inbound.version} weir` : `${x.via}, ${inbound.version} weir`);
}
