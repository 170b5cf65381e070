import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS } from './errors.ts';
import { Fields } from './fields/fields.ts';
import { grpcErrorHead, grpcStatus, grpcTrailers, isGrpc, isGrpcCall } from './grpc.ts';

const UNKNOWN = 2;

test('the media type of gRPC, and those that only look like it', () => {
  for (const type of ['application/grpc', 'application/grpc+proto', 'Application/GRPC', 'application/grpc; a=b'])
    assert.ok(isGrpc(Fields.from(['Content-Type', type])), type);
  for (const type of ['application/grpc-web', 'application/grpc-web+proto', 'application/grpcs', 'text/plain', ''])
    assert.ok(!isGrpc(Fields.from(['content-type', type])), type);
  assert.ok(!isGrpc(Fields.from([])));
});

test('gRPC is spoken over HTTP/2 alone, and with POST', () => {
  const fields = Fields.of('content-type', 'application/grpc');
  assert.ok(isGrpcCall('POST', '2', fields));
  assert.ok(!isGrpcCall('POST', '1.1', fields));
  for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) assert.ok(!isGrpcCall(method, '2', fields), method);
});

test('every status of the error table has a code', () => {
  const UNMAPPED = ['EXPECTATION_FAILED', 'CLIENT_CLOSED', 'VERSION_NOT_SUPPORTED']; // no gRPC client is told of these
  for (const [code, { status }] of Object.entries(ERRORS))
    assert.equal(grpcStatus(status) === UNKNOWN, UNMAPPED.includes(code), code);
  assert.equal(grpcStatus(529), grpcStatus(503));
});

test('a message is percent-encoded where it has to be', () => {
  assert.deepEqual(grpcTrailers(503, 'a b%~\r\n ü').toPairs(), [
    'grpc-status',
    '14',
    'grpc-message',
    'a b%25~%0D%0A %C3%BC',
  ]);
});

test('the fields of the HTTP reply come along, but for those of its body', () => {
  const fields = Fields.of('Content-Type', 'application/json', 'X-Request-Id', 'r', 'retry-after', '2');
  assert.deepEqual(grpcErrorHead(429, 'no', fields).toPairs(), [
    'content-type',
    'application/grpc',
    'grpc-status',
    '14',
    'grpc-message',
    'no',
    'X-Request-Id',
    'r',
    'retry-after',
    '2',
    'grpc-retry-pushback-ms',
    '2000',
  ]);
  assert.equal(grpcErrorHead(503, 'no', Fields.from(['retry-after', 'Tue, 15 Nov 1994 08:12:31 GMT'])).size, 4);
});
