/** Replies that Weir makes itself. */
import {
  ERRORS,
  type ErrorCode,
  type ErrorRow,
  errorBody,
  errorHeaders,
  errorStatus,
  type Protocol,
} from '../../errors.ts';
import type { Pairs } from '../../fields/fields.ts';
import { RETRY_AFTER } from '../../fields/names.ts';
import { grpcErrorHead } from '../../grpc.ts';
import type { Reply } from '../../types/policy.ts';
import { type Inbound, NO_BODY } from '../../types/transport.ts';

/** The answer for a row of the error table, in the shape of `protocol`. `headers` come on top. */
export function errorReply(code: ErrorCode, protocol: Protocol, requestId: string, headers: Pairs): Reply {
  const status = errorStatus(code, protocol);
  const { message, retryAfter }: ErrorRow = ERRORS[code];
  const body = errorBody(protocol, status, code, message, requestId);
  const fields = errorHeaders(protocol, requestId);
  fields.addAll(headers);
  if (retryAfter !== undefined && fields.find(RETRY_AFTER) < 0) fields.add('retry-after', String(retryAfter));
  return { status, headers: fields, body, code };
}

/** Writes a reply whose body is here. To a gRPC call an error of Weir's own is a status in trailers. */
export function writeWhole(inbound: Inbound, reply: Reply, body: string | Buffer): void {
  if (reply.code === '') return inbound.reply(reply.status, reply.headers, body, false);
  const { message, close }: ErrorRow = ERRORS[reply.code];
  if (!inbound.isGrpc) return inbound.reply(reply.status, reply.headers, body, close ?? false);
  inbound.head(200, grpcErrorHead(reply.status, message, reply.headers), NO_BODY, false);
  inbound.end(null, null);
}
