/** A request's head as HTTP/2 has it (RFC 9113 §8.3.1). Pure. */
import { FIELDS_MAX } from '../../fields/fields.ts';
import { isFieldName } from '../../fields/line.ts';
import { CONTENT_LENGTH, EXPECT, HOST } from '../../fields/names.ts';
import { appendFields } from '../../http2-streams/fields.ts';
import type { UpstreamRequest } from '../../types/transport.ts';

/** Fields that are written here: `host` becomes `:authority`, the edge has met the expectation, the length is ours. */
const OWN = [HOST, EXPECT, CONTENT_LENGTH];

/** Without a body these say so (RFC 9110 §8.6). */
const WITH_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** The length of the body to be sent: 0 none, -1 not known. */
export function requestLength(request: UpstreamRequest): number {
  return request.body === null ? request.bodyLength : request.body.length;
}

/** Pseudo fields, the length, then the others, as a flat list; null where the request cannot be put on the wire. */
export function requestFields(request: UpstreamRequest): string[] | null {
  const { method, target, endpoint } = request;
  if (!isFieldName(method) || method === 'CONNECT' || !isPath(target, method)) return null;
  const fields = [
    ':method',
    method,
    ':scheme',
    endpoint.secure ? 'https' : 'http',
    ':authority',
    request.headers.get('host') ?? endpoint.authority,
    ':path',
    target,
  ];
  const length = requestLength(request);
  if (length > 0 || (length === 0 && WITH_CONTENT.has(method))) fields.push('content-length', String(length));
  if (!appendFields(fields, request.headers, OWN)) return null;
  // The one field that a request can do without, where it has as many as there may be.
  if (request.trailers && fields.length < FIELDS_MAX * 2) fields.push('te', 'trailers');
  return fields;
}

/** Nothing that could end a request line, should the other side write one. */
function isPath(target: string, method: string): boolean {
  if (target.charCodeAt(0) !== SLASH) return target === '*' && method === 'OPTIONS';
  for (let i = 1; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code <= 0x20 || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

const SLASH = 0x2f;
