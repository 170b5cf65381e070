import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { makeClients } from './clients.ts';
import { BODY, plainBatch, signedBatch } from './requests.ts';
import { SECRET } from './rules.ts';

const NOW = 1_800_000_000_000;
const clients = makeClients(16);

/** Reads a request back from its bytes. */
function parse(message: Buffer): { line: string; headers: Map<string, string>; body: string } {
  const [head, body] = message.toString('latin1').split('\r\n\r\n');
  const [line, ...fields] = head!.split('\r\n');
  return { line: line!, headers: new Map(fields.map((field) => field.split(': ') as [string, string])), body: body! };
}

test('a signed request verifies against the documented formula', () => {
  for (const message of signedBatch(20, clients, NOW).messages) {
    const { line, headers, body } = parse(message);
    const signed = `${headers.get('X-Timestamp')}${headers.get('X-Nonce')}${body}`;
    assert.equal(line, 'POST /v1/messages HTTP/1.1');
    assert.equal(headers.get('X-Timestamp'), '1800000000');
    assert.equal(headers.get('X-Signature'), createHmac('sha256', SECRET).update(signed).digest('base64'));
  }
});

test('the body is 1 KB of JSON and its length is told', () => {
  const { headers, body } = parse(signedBatch(1, clients, NOW).messages[0]!);
  assert.equal(body.length, 1024);
  assert.equal(headers.get('Content-Length'), '1024');
  assert.equal(JSON.parse(BODY).messages[0].role, 'user');
});

test('no nonce comes twice', () => {
  const { messages } = signedBatch(2000, clients, NOW);
  assert.equal(new Set(messages.map((message) => parse(message).headers.get('X-Nonce'))).size, 2000);
});

test('each request carries the client whose region is expected', () => {
  for (const batch of [signedBatch(40, clients, NOW), plainBatch(40, clients)]) {
    batch.messages.forEach((message, i) => {
      const client = clients.find(({ address }) => address === parse(message).headers.get('X-Forwarded-For'));
      assert.equal(batch.regions[i], client?.region);
    });
  }
});

test('clients are the same on every run and come from all regions', () => {
  const many = makeClients(200);
  assert.deepEqual(many.slice(0, 16), clients);
  assert.deepEqual([...new Set(many.map(({ region }) => region))].sort(), ['asia', 'eu', 'us']);
});
