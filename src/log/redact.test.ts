import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from '../testing/property.ts';
import { Redactor } from './redact.ts';

function redactorOf(secrets: Readonly<Record<string, string>>): Redactor {
  const redactor = new Redactor();
  redactor.add(Object.entries(secrets).map(([name, value]) => ({ value, reference: `\${env:${name}}` })));
  return redactor;
}

describe('Redactor', () => {
  test('knows nothing at first', () => {
    assert.equal(new Redactor().text('sk-live-1234'), 'sk-live-1234');
  });

  test('replaces a secret wherever it stands, as often as it does', () => {
    const redactor = redactorOf({ K: 'sk-live-1234' });
    assert.equal(redactor.text('a sk-live-1234, "Bearer sk-live-1234"'), 'a ${env:K}, "Bearer ${env:K}"');
  });

  test('knows the forms of JSON and of URLs', () => {
    const redactor = redactorOf({ K: 'a"b\\c d/é' });
    assert.equal(redactor.text(JSON.stringify({ k: 'a"b\\c d/é' })), '{"k":"${env:K}"}');
    assert.equal(redactor.text(`?k=${encodeURIComponent('a"b\\c d/é')}`), '?k=${env:K}');
    assert.equal(redactor.text(encodeURI('/x/a"b\\c d/é')), '/x/${env:K}');
  });

  test('knows each line of a key in PEM', () => {
    const redactor = redactorOf({ K: '-----BEGIN KEY-----\nMIIEvQIBADANBgkq9\n-----END KEY-----\n' });
    assert.equal(redactor.text('at MIIEvQIBADANBgkq9'), 'at ${env:K}');
  });

  test('takes the longest where one secret begins with another', () => {
    const redactor = redactorOf({ A: 'secret-1', B: 'secret-1-and-more' });
    assert.equal(redactor.text('secret-1-and-more secret-1'), '${env:B} ${env:A}');
  });

  test('leaves ports, short names, plain words and plain numbers readable', () => {
    const redactor = redactorOf({ PORT: '8080', REGION: 'eu-west', WORD: 'duration', NUMBER: '1795287415' });
    const line = '{"port":8080,"region":"eu-west","duration":1,"time":1795287415340}';
    assert.equal(redactor.text(line), line);
  });

  test('knows a host in lower case, as URLs have it', () => {
    const redactor = redactorOf({ K: 'TenantKey99' });
    assert.equal(redactor.text('getaddrinfo ENOTFOUND tenantkey99.example'), 'getaddrinfo ENOTFOUND ${env:K}.example');
  });

  test('takes short secrets out of a value that stands alone, and out of no other text', () => {
    const redactor = redactorOf({ WORD: 'correcthorse', PIN: '4839', ID: 'x1' });
    assert.equal(redactor.text('correcthorse 4839 x1'), 'correcthorse 4839 x1');
    assert.equal(redactor.value('Bearer correcthorse'), 'Bearer ${env:WORD}');
    assert.equal(redactor.value('4839/127.0.0.1'), '${env:PIN}/127.0.0.1');
    assert.equal(redactor.value('x1'), '${env:ID}');
    assert.equal(redactor.value('index1'), 'index1');
  });

  test('a secret that is no well-formed text, or holds what patterns are made of, is a text like others', () => {
    const redactor = redactorOf({ A: 'x\ud800abcdef', B: '(a|b)*[c]{2}^$.\\-/' });
    assert.equal(redactor.text('x\ud800abcdef (a|b)*[c]{2}^$.\\-/'), '${env:A} ${env:B}');
  });

  test('leaves JSON that can be read, whatever is written around a reference', () => {
    const redactor = new Redactor();
    redactor.add([{ value: 'say "hello" to sk-live-1234\nbye', reference: 'say "hello" to ${env:K}\nbye' }]);
    const line = JSON.stringify({ message: 'got say "hello" to sk-live-1234\nbye' });
    assert.deepEqual(JSON.parse(redactor.json(line)), { message: 'got say "hello" to ${env:K}\nbye' });
    assert.equal(redactor.text('say "hello" to sk-live-1234\nbye'), 'say \\"hello\\" to ${env:K}\\nbye');
  });

  test('takes no braces and quotes of JSON for a part of a secret that is JSON itself', () => {
    const redactor = redactorOf({ K: '{\n  "status": 200,\n  "token": "sk-live-1234"\n}' });
    const page = JSON.stringify({ status: 200, token: 'x' }, null, 2);
    assert.equal(redactor.json(page), page);
    assert.equal(redactor.json(JSON.stringify(['a "token": "sk-live-1234"'])), '["a ${env:K}"]');
    assert.equal(redactor.text('"token": "sk-live-1234"'), '${env:K}');
  });

  test('knows a secret of any length, and thousands of them', () => {
    const long = redactorOf({ K: 'sk-live-'.repeat(100_000) });
    assert.equal(long.text(`a ${'sk-live-'.repeat(100_000)} b`), 'a ${env:K} b');
    const secrets = Array.from({ length: 5000 }, (_, i): [string, string] => [`K${i}`, `${i}-secret-${i * 7}`]);
    const many = redactorOf(Object.fromEntries(secrets));
    for (const [name, value] of secrets) assert.equal(many.text(`a "${value}" b`), `a "\${env:${name}}" b`);
  });

  test('takes the same out of bytes as out of the text that they are', () => {
    const unit = fc.constantFrom('a', 'b', '-', '"', '\\', '\n', 'é', '😀', '\ud800');
    const word = fc.string({ unit, minLength: 6, maxLength: 14 });
    const check = (values: readonly string[], around: readonly string[]): void => {
      const redactor = new Redactor();
      redactor.add(values.map((value, i) => ({ value, reference: `\${env:K${i}}` })));
      // Every value stands at every distance from the beginning.
      const texts = around.flatMap((text, i) => [text, JSON.stringify(values[i % values.length]).slice(1, -1)]);
      for (let pad = 0; pad < 8; pad++) {
        const json = Buffer.from('x'.repeat(pad) + texts.join('')).toString();
        assert.equal(Buffer.from(redactor.jsonBytes(Buffer.from(json))).toString(), redactor.json(json));
      }
    };
    fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), fc.array(word, { maxLength: 5 }), check));
  });

  test('bytes in which no secret stands are not copied, and may be a part of others', () => {
    const redactor = redactorOf({ K: 'sk-live-1234' });
    const bytes = Buffer.from('sk-live-123 sk-live-1234');
    // At the end of the bytes, at every distance from their beginning, and of the least length.
    for (const secret of ['sk-live-1234', '8-chars!'])
      for (let pad = 0; pad < 8; pad++) {
        const text = redactorOf({ K: secret }).jsonBytes(Buffer.from('x'.repeat(pad) + secret));
        assert.equal(Buffer.from(text).toString(), `${'x'.repeat(pad)}\${env:K}`);
      }
    const without = bytes.subarray(0, 11);
    assert.equal(redactor.jsonBytes(without), without);
    assert.equal(Buffer.from(redactor.jsonBytes(bytes.subarray(12))).toString(), '${env:K}');
    assert.equal(new Redactor().jsonBytes(bytes), bytes);
  });

  test('finds what a search at every place finds', () => {
    const seed = randomInt(2 ** 31);
    let state = seed;
    const below = (n: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % n;
    };
    const word = (length: number): string => Array.from({ length }, () => 'ab-'[below(3)]).join('');
    for (let round = 0; round < 300; round++) {
      const values = Array.from({ length: 1 + below(6) }, () => `-${word(7 + below(4))}`);
      const text = word(below(200));
      const redactor = new Redactor();
      redactor.add(values.map((value) => ({ value, reference: `<${value.length}>` })));
      assert.equal(redactor.text(text), replaceLongest(text, values), `seed ${seed}`);
    }
  });
});

function replaceLongest(text: string, values: readonly string[]): string {
  const longest = values.toSorted((a, b) => b.length - a.length);
  let out = '';
  for (let at = 0; at < text.length; ) {
    const found = longest.find((value) => text.startsWith(value, at));
    out += found === undefined ? text[at] : `<${found.length}>`;
    at += found?.length ?? 1;
  }
  return out;
}
