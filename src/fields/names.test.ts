import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../testing/property.ts';
import {
  CLAIM,
  CONNECTION,
  CONNECTION_SPECIFIC,
  CONTENT_LENGTH,
  FORWARDED_FOR,
  FRAMING,
  HOP_BY_HOP,
  HOST,
  ID_MASK,
  isEndToEnd,
  kindAt,
  kindOf,
  MAX_FORWARDS,
  NOT_FORWARDED,
  NOT_IN_TRAILERS,
  REQUEST_ID,
  TE,
  TRANSFER_ENCODING,
  VIA,
} from './names.ts';

/** What becomes of the field in a request. */
function inRequest(name: string): 'claim' | 'own' | 'pass' {
  const kind = kindOf(name);
  if ((kind & CLAIM) !== 0) return 'claim';
  return (kind & NOT_FORWARDED) !== 0 ? 'own' : 'pass';
}

const spellings = (name: string) => [name, name.toUpperCase(), name.replace(/(^|-)\w/g, (c) => c.toUpperCase())];

test('fields that Weir reads, in any case', () => {
  const cases: [number, string][] = [
    [HOST, 'host'],
    [CONNECTION, 'connection'],
    [VIA, 'via'],
    [REQUEST_ID, 'x-request-id'],
    [MAX_FORWARDS, 'max-forwards'],
    [FORWARDED_FOR, 'x-forwarded-for'],
    [TE, 'te'],
    [TRANSFER_ENCODING, 'transfer-encoding'],
    [CONTENT_LENGTH, 'content-length'],
    [0, 'proxy-authorization'],
    [0, 'a'],
  ];
  for (const [id, name] of cases)
    for (const spelling of spellings(name)) assert.equal(kindOf(spelling) & ID_MASK, id, spelling);
});

test('what goes upstream, in any case', () => {
  const own =
    'host connection via x-request-id x-forwarded-for te transfer-encoding content-length proxy-authorization';
  const claims =
    'x-forwarded-port x-forwarded-anything-at-all-however-long-it-may-be x-real-ip forwarded proxy x-original-url ' +
    'client-cert ssl-client-verify ssl-client-subject-dn x-ssl-client-s-dn x-ssl-client-cert x-amzn-mtls-clientcert-subject';
  const passing =
    'ssl-clients x-forwarded- x-forwards user-agent content-type x-api-key authorization a max-forwards date retry-after';
  for (const [what, names] of [
    ['own', own],
    ['claim', claims],
    ['pass', passing],
  ] as const)
    for (const name of names.split(' '))
      for (const spelling of spellings(name)) assert.equal(inRequest(spelling), what, spelling);
});

test('sets: of this hop, framing, what HTTP/2 has not, and what never passes in trailers', () => {
  const sets: [number, string][] = [
    [
      HOP_BY_HOP,
      'connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade ' +
        'http2-settings',
    ],
    [FRAMING, 'content-length transfer-encoding trailer'],
    [CONNECTION_SPECIFIC, 'connection keep-alive proxy-connection transfer-encoding upgrade http2-settings'],
    [
      NOT_IN_TRAILERS,
      'content-length host te authorization set-cookie cache-control content-type via x-forwarded-port',
    ],
  ];
  for (const [bits, names] of sets)
    for (const name of names.split(' '))
      for (const spelling of spellings(name)) assert.notEqual(kindOf(spelling) & bits, 0, spelling);
  for (const name of ['x-sum', 'grpc-status', 'server-timing', 'etag', 'x-trailer'])
    assert.equal(kindOf(name) & (HOP_BY_HOP | FRAMING | CONNECTION_SPECIFIC | NOT_IN_TRAILERS), 0, name);
});

test('Connection takes no field away that is for whoever the message is meant for', () => {
  for (const name of ['host', 'cookie', 'content-type', 'accept', 'if-match', 'x-forwarded-for', 'anthropic-version'])
    assert.ok(isEndToEnd(name), name);
  for (const name of ['x-hop', 'close', 'x-tenant']) assert.ok(!isEndToEnd(name), name);
});

test('octets are told as the name that they are', () => {
  const names = fc.oneof(
    fc.constantFrom(...'host X-Forwarded-For x_forwarded_for CONTENT-TYPE via X-Real-Ip Ssl-Client-X a'.split(' ')),
    fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,24}$/),
  );
  fc.assert(
    fc.property(names, fc.nat(5), (name, at) => {
      const bytes = Buffer.from(`${'x'.repeat(at)}${name}: v`, 'latin1');
      assert.equal(kindAt(bytes, at, name.length), kindOf(name));
    }),
  );
});

test('names that read as a known one where _ is - are claims', () => {
  const names = ['Transfer_Encoding', 'X_Forwarded_For', 'x_forwarded_port', 'X-Forwarded_Host', 'content_length'];
  names.push(
    'X_Request_Id',
    'X_REAL_IP',
    'proxy_connection',
    'x-original_url',
    'MAX_FORWARDS',
    'x_forwarded-a_b',
    'SSL_CLIENT_VERIFY',
  );
  for (const name of names) assert.equal(inRequest(name), 'claim', name);
  for (const name of ['x_tenant_id', 'content_type', 'user_agent', '_', '__host', 'host_', 'x_forwarded'])
    assert.equal(inRequest(name), name === 'x_forwarded' ? 'claim' : 'pass', name);
});

test('other names pass', () => {
  const name = fc.stringMatching(/^[a-z0-9-]{1,24}$/);
  fc.assert(
    fc.property(name, (text) => {
      const folded = inRequest(text.replaceAll('-', '_'));
      if (inRequest(text) === 'pass' && (kindOf(text) & ID_MASK) !== MAX_FORWARDS) assert.equal(folded, 'pass');
      else assert.equal(folded, text.includes('-') ? 'claim' : inRequest(text));
    }),
  );
});
