import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../testing/property.ts';
import {
  CLAIM,
  CONNECTION,
  FORWARDED_FOR,
  HOST,
  kindOf,
  MAX_FORWARDS,
  OWN,
  PASS,
  REQUEST_ID,
  TE,
  VIA,
} from './request-fields.ts';

test('names by kind, in any case', () => {
  const cases: [number, string][] = [
    [HOST, 'host'],
    [CONNECTION, 'connection'],
    [VIA, 'via'],
    [REQUEST_ID, 'x-request-id'],
    [MAX_FORWARDS, 'max-forwards'],
    [FORWARDED_FOR, 'x-forwarded-for'],
    [TE, 'te'],
    [OWN, 'transfer-encoding'],
    [OWN, 'content-length'],
    [OWN, 'proxy-authorization'],
    [CLAIM, 'x-forwarded-port'],
    [CLAIM, 'x-forwarded-anything-at-all-however-long-it-may-be'],
    [CLAIM, 'x-real-ip'],
    [CLAIM, 'forwarded'],
    [CLAIM, 'proxy'],
    [CLAIM, 'x-original-url'],
    [CLAIM, 'client-cert'],
    [CLAIM, 'ssl-client-verify'],
    [CLAIM, 'ssl-client-subject-dn'],
    [CLAIM, 'x-ssl-client-s-dn'],
    [CLAIM, 'x-ssl-client-cert'],
    [CLAIM, 'x-amzn-mtls-clientcert-subject'],
    [PASS, 'ssl-clients'],
    [PASS, 'x-forwarded-'],
    [PASS, 'x-forwards'],
    [PASS, 'user-agent'],
    [PASS, 'content-type'],
    [PASS, 'x-api-key'],
    [PASS, 'authorization'],
    [PASS, 'a'],
  ];
  for (const [kind, name] of cases)
    for (const spelling of [name, name.toUpperCase(), name.replace(/(^|-)\w/g, (c) => c.toUpperCase())])
      assert.equal(kindOf(spelling), kind, spelling);
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
  for (const name of names) assert.equal(kindOf(name), CLAIM, name);
  for (const name of ['x_tenant_id', 'content_type', 'user_agent', '_', '__host', 'host_', 'x_forwarded'])
    assert.equal(kindOf(name), name === 'x_forwarded' ? CLAIM : PASS, name);
});

test('other names pass', () => {
  const name = fc.stringMatching(/^[a-z0-9-]{1,24}$/);
  fc.assert(
    fc.property(name, (text) => {
      const folded = kindOf(text.replaceAll('-', '_'));
      if (kindOf(text) === PASS) assert.equal(folded, PASS);
      else assert.equal(folded, text.includes('-') ? CLAIM : kindOf(text));
    }),
  );
});
