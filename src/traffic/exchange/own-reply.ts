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
import { grpcErrorHead, isGrpcCall } from '../../grpc.ts';
import { type HeaderList, indexOfHeader } from '../../headers.ts';
import type { Reply } from '../../types/policy.ts';
import { type Inbound, NO_BODY } from '../../types/transport.ts';

/** The answer for a row of the error table, in the shape of `protocol`. `headers` come on top. */
export function errorReply(code: ErrorCode, protocol: Protocol, requestId: string, headers: HeaderList): Reply {
  const status = errorStatus(code, protocol);
  const { message, retryAfter }: ErrorRow = ERRORS[code];
  const body = errorBody(protocol, status, code, message, requestId);
  const list = [...errorHeaders(protocol, requestId), ...headers];
  if (retryAfter !== undefined && indexOfHeader(headers, 'retry-after') < 0)
    list.push('retry-after', String(retryAfter));
  return { status, headers: list, body, code };
}

/** Writes a reply whose body is here. To a gRPC call an error of Weir's own is a status in trailers. */
export function writeWhole(inbound: Inbound, reply: Reply, body: string | Buffer): void {
  if (reply.code === '') return inbound.reply(reply.status, reply.headers, body, false);
  const { message, close }: ErrorRow = ERRORS[reply.code];
  if (!isGrpcCall(inbound)) return inbound.reply(reply.status, reply.headers, body, close ?? false);
  inbound.head(200, grpcErrorHead(reply.status, message, reply.headers), NO_BODY, false);
  inbound.end(null, null);
}
