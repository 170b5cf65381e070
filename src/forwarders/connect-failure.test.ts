/** Names with several addresses: each has an error of its own, and the telling one is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectFailure, isOurs } from './connect-failure.ts';

function failed(code: string, syscall = 'connect'): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

/** As Node tells of a name: no message, and the code of its first address. */
function all(...codes: string[]): Error {
  const errors = codes.map((code) => failed(code));
  return Object.assign(new AggregateError(errors, ''), { code: codes[0] });
}

test('no way by IPv6, and nobody there by IPv4: refused', () => {
  assert.partialDeepStrictEqual(connectFailure(all('ENETUNREACH', 'ECONNREFUSED'), false, 'a:80'), {
    reason: 'connect',
    cause: 'refused',
    detail: 'a:80: connect ECONNREFUSED',
  });
  assert.equal(connectFailure(all('ENETUNREACH', 'EHOSTUNREACH'), false).cause, 'unreachable');
  assert.equal(connectFailure(all('ETIMEDOUT', 'ECONNREFUSED'), false).cause, 'timeout');
});

test('what this machine has run out of is no fault of any address', () => {
  for (const error of [all('ENETUNREACH', 'EMFILE'), all('ECONNREFUSED', 'ENFILE'), failed('EMFILE', 'getaddrinfo')]) {
    assert.partialDeepStrictEqual(connectFailure(error, false), { reason: 'busy', cause: 'descriptors', sent: false });
    assert.ok(isOurs(error));
  }
  assert.equal(connectFailure(all('EADDRNOTAVAIL'), false).cause, 'ports');
  assert.equal(connectFailure(failed('ENOTFOUND', 'getaddrinfo'), false).cause, 'dns');
  assert.ok(!isOurs(failed('ENOTFOUND', 'getaddrinfo')));
});
