import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import { Fields } from '../../fields/fields.ts';
import fc from '../../testing/property.ts';
import { type Algorithm, Mac, macKey } from './mac.ts';
import { parseSignTemplate, type SignPart } from './sign-template.ts';

const ALGORITHMS: Algorithm[] = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'];

function parts(text: string): SignPart[] {
  const parsed = parseSignTemplate(text);
  assert.ok(Array.isArray(parsed), JSON.stringify(parsed));
  return parsed;
}

const source = (body: Buffer | null) => ({
  method: 'POST',
  authority: 'h.test:8080',
  path: '/v1/messages',
  query: '?a=1',
  headers: Fields.from(['Host', 'h', 'X-Date', 'caf\xe9']),
  body,
});

test('gives the bytes of createHmac, for keys and messages of every length', () => {
  const lengths = [1, 63, 64, 65, 127, 128, 129, 200];
  const key = fc.oneof(
    fc.string({ minLength: 1, unit: 'binary' }),
    fc.constantFrom(...lengths.map((n) => 'k'.repeat(n))),
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(16_000, 17_000, 70_000).map((n) => new Uint8Array(n)),
  );
  fc.assert(
    fc.property(fc.constantFrom(...ALGORITHMS), key, body, (algorithm, secret, bytes) => {
      const mac = new Mac(algorithm, parts('{timestamp}\n{nonce}\n{body}'));
      mac.compute(macKey(algorithm, secret), '1700000000', 'n', source(Buffer.from(bytes)));
      const expected = createHmac(algorithm.slice(5), secret).update('1700000000\nn\n').update(bytes).digest('hex');
      assert.equal(mac.digest.toString('hex'), expected);
    }),
    { numRuns: 60 },
  );
});

for (const body of [Buffer.from('{"ü":1}'), Buffer.alloc(40_000, 'x')])
  test(`puts every placeholder and non-ASCII text where it stands (${body.length} bytes of body)`, () => {
    const template = '·{timestamp}·{nonce}·{method}·{host}·{path}{query}·{header.x-date}·{body}·';
    const mac = new Mac('hmac-sha256', parts(template));
    mac.compute(macKey('hmac-sha256', 's'), '17', 'n', source(body));
    const message = Buffer.concat([
      Buffer.from('·17·n·POST·h.test:8080·/v1/messages?a=1·'),
      Buffer.from('caf\xe9', 'latin1'),
      Buffer.from('·'),
      body,
      Buffer.from('·'),
    ]);
    assert.equal(mac.digest.toString('hex'), createHmac('sha256', 's').update(message).digest('hex'));
  });

test('no body is an empty body, and one key leaves nothing behind for the next', () => {
  const mac = new Mac('hmac-sha256', parts('{timestamp}:{body}'));
  for (const secret of ['a', 'b', 'a']) {
    mac.compute(macKey('hmac-sha256', secret), '17', '', source(null));
    assert.equal(mac.digest.toString('hex'), createHmac('sha256', secret).update('17:').digest('hex'));
  }
});
