/**
 * What gRPC makes of HTTP/2 (PROTOCOL-HTTP2.md of gRPC): how a call ended stands in `grpc-status`, in the trailers or, where
 * there is nothing but an error, in a head that ends the stream ("Trailers-Only"). Weir's own errors are told that way,
 * because a client that gets another status than 200 has only a guess at what it means.
 */
import { Fields } from './fields/fields.ts';
import { CONTENT_TYPE, ID_MASK } from './fields/names.ts';

const MEDIA_TYPE = 'application/grpc';

/** Do these fields say `application/grpc`, alone or with `+proto` or the like? `application/grpc-web` is another protocol. */
export function isGrpc(headers: Fields): boolean {
  const at = headers.find(CONTENT_TYPE);
  const type = at < 0 ? '' : headers.value(at);
  if (type.slice(0, MEDIA_TYPE.length).toLowerCase() !== MEDIA_TYPE) return false;
  const next = type.charAt(MEDIA_TYPE.length);
  return next === '' || next === '+' || next === ';' || next === ' ' || next === '\t';
}

/** A call is a POST over HTTP/2: elsewhere gRPC's media type is that of any other body. */
export function isGrpcCall(method: string, version: string, headers: Fields): boolean {
  return version === '2' && method === 'POST' && isGrpc(headers);
}

const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;
const UNKNOWN = 2;

/**
 * As in gRPC's http-grpc-status-mapping.md, which is what clients make of a bare HTTP status, but where Weir knows better:
 * a bad request is no fault inside (400), nor is one that is too large (413, 431), and a method that a route does not take
 * is one that is not there (405, 501). Kept from it: 429 is UNAVAILABLE, which clients may try again.
 */
const STATUSES: Readonly<Record<number, number>> = {
  400: INVALID_ARGUMENT,
  401: UNAUTHENTICATED,
  403: PERMISSION_DENIED,
  404: UNIMPLEMENTED,
  405: UNIMPLEMENTED,
  408: UNAVAILABLE,
  413: RESOURCE_EXHAUSTED,
  414: INVALID_ARGUMENT,
  429: UNAVAILABLE,
  431: RESOURCE_EXHAUSTED,
  500: INTERNAL,
  501: UNIMPLEMENTED,
  502: UNAVAILABLE,
  503: UNAVAILABLE,
  504: UNAVAILABLE,
  508: INTERNAL,
  529: UNAVAILABLE,
};

/** The code of `grpc-status` for an error that has `status` over HTTP. */
export function grpcStatus(status: number): number {
  return STATUSES[status] ?? UNKNOWN;
}

/** What ends a call with an error. */
export function grpcTrailers(status: number, message: string): Fields {
  return Fields.of('grpc-status', String(grpcStatus(status)), 'grpc-message', percentEncoded(message));
}

/** The head, with status 200, that ends a call with an error that would have `status`, `message` and `fields` over HTTP. */
export function grpcErrorHead(status: number, message: string, fields: Fields): Fields {
  const head = grpcTrailers(status, message);
  head.addFirst('content-type', MEDIA_TYPE);
  for (let i = 0; i < fields.size; i++)
    if ((fields.kind(i) & ID_MASK) !== CONTENT_TYPE) head.add(fields.name(i), fields.value(i));
  // In gRPC's terms (proposal A6): clients heed it where they may try again at all.
  const seconds = Number(fields.get('retry-after') ?? Number.NaN);
  if (Number.isFinite(seconds) && seconds >= 0) head.add('grpc-retry-pushback-ms', String(Math.ceil(seconds * 1000)));
  return head;
}

/** `Percent-Encoded` of PROTOCOL-HTTP2.md: visible ASCII and spaces as they are, but for `%`. */
function percentEncoded(message: string): string {
  let text = '';
  for (const octet of Buffer.from(message)) {
    const plain = octet >= 0x20 && octet <= 0x7e && octet !== 0x25;
    text += plain ? String.fromCharCode(octet) : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
