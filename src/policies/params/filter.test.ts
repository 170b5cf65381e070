import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../testing/property.ts';
import { compileFilter } from './filter.ts';

const ALLOW = ['model', 'messages', 'a', 'é', 'quo"te', ''];

function run(text: string | Buffer, unknown: 'drop' | 'reject' = 'drop', allow: readonly string[] = ALLOW): string {
  const result = compileFilter(allow, unknown)(Buffer.from(text as string));
  return typeof result === 'string' ? result : result.toString();
}

describe('compileFilter', () => {
  const kept: [string, string][] = [
    ['{"model":"m","x":1}', '{"model":"m"}'],
    ['{"x":1,"model":"m"}', '{"model":"m"}'],
    ['{"x":1}', '{}'],
    [' { "x" : 1 , "y":2 } ', '{}'],
    ['{"model":1,"x":2,"a":3,"messages":[ 4 ],"y":{}}', '{"model":1,"a":3,"messages":[ 4 ]}'],
    ['{"model" : 12345678901234567890 , "a": 1.0e400, "x":0}', '{"model" : 12345678901234567890 , "a": 1.0e400}'],
    ['{"mod\\u0065l":"\\u0041\\/","x":1}', '{"mod\\u0065l":"\\u0041\\/"}'],
    ['{"quo\\"te":1,"é":2,"":3,"x":4}', '{"quo\\"te":1,"é":2,"":3}'],
    ['{"Model":1,"model ":2,"model\\u0000":3,"modelx":4,"mode":5}', '{}'],
    ['{"__proto__":{"model":1},"constructor":1}', '{}'],
    ['{"model":{"x":1,"x":2},"z":0}', '{"model":{"x":1,"x":2}}'],
    ['{"x":1,"x":2,"model":1}', '{"model":1}'],
  ];
  for (const [text, wanted] of kept) it(`${text} → ${wanted}`, () => assert.equal(run(text), wanted));

  it('gives the same buffer where nothing is dropped', () => {
    for (const unknown of ['drop', 'reject'] as const)
      for (const text of ['{}', ' {\n} ', '{"model":1}', ' { "a" : 1.50 , "model" : [ ] } \r\n']) {
        const body = Buffer.from(text);
        assert.equal(compileFilter(ALLOW, unknown)(body), body);
      }
  });

  it('refuses an allowed member that is there twice, however spelled', () => {
    for (const text of ['{"a":1,"a":1}', '{"a":1,"x":2,"\\u0061":3}', '{"\\u0061":1,"a":2}', '{"é":1,"\\u00e9":2}']) {
      assert.equal(run(text), 'duplicate');
      assert.equal(run(text.replace('"x":2,', ''), 'reject'), 'duplicate');
    }
  });

  it('remembers nothing of the body before', () => {
    const filter = compileFilter(ALLOW, 'drop');
    for (let i = 0; i < 3; i++) assert.equal(filter(Buffer.from('{"a":1,"x":2}')).toString(), '{"a":1}');
    assert.equal(filter(Buffer.from('{"a":1,')), 'unreadable');
    assert.equal(filter(Buffer.from('{"a":1,"x":2}')).toString(), '{"a":1}');
  });

  it('refuses unknown members when told to, but calls broken JSON broken', () => {
    assert.equal(run('{"x":1}', 'reject'), 'unknown');
    assert.equal(run('{"a":1,"x":2}', 'reject'), 'unknown');
    assert.equal(run('{"x":1', 'reject'), 'unreadable');
  });

  const unreadable: (string | Buffer)[] = [
    '',
    ' ',
    'null',
    '[]',
    '"model"',
    '1',
    '[{"model":1}]',
    '{"model":1}{"model":2}',
    '{"model":1}x',
  ];
  unreadable.push(
    '{"model":1,}',
    '{,"model":1}',
    '{"model":1 "a":2}',
    '{"model"}',
    '{"model":}',
    '{model:1}',
    '\uFEFF{}',
    '{"a":1}\u0000',
  );
  unreadable.push(
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    Buffer.from('{"a":"é"}', 'latin1'),
    Buffer.from('{"a":1}', 'utf16le'),
  );
  unreadable.push(`{"a":${'['.repeat(200)}${']'.repeat(200)}}`);
  for (const text of unreadable)
    it(`cannot read ${JSON.stringify(text.toString()).slice(0, 60)}`, () => assert.equal(run(text), 'unreadable'));

  const name = fc.oneof(
    fc.constantFrom(...ALLOW, 'x', 'Model', '__proto__', 'toString'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  const member = fc.tuple(name, fc.json({ maxDepth: 3 }), fc.boolean());
  /** Every character as an escape. */
  const escaped = (text: string) =>
    `"${[...Array(text.length).keys()].map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;
  const object = fc.array(member, { maxLength: 8 }).map((members) => {
    const written = members.map(([key, json, hide]) => `${hide ? escaped(key) : JSON.stringify(key)}: ${json}`);
    return { keys: members.map(([key]) => key), text: `{ ${written.join(' ,\n')} }` };
  });

  it('keeps the allowed members’ values, as JSON.parse sees them', () => {
    fc.assert(
      fc.property(object, ({ keys, text }) => {
        const allowed = keys.filter((key) => ALLOW.includes(key));
        const result = run(text);
        if (new Set(allowed).size < allowed.length) {
          assert.equal(result, 'duplicate');
          return;
        }
        const all = JSON.parse(text);
        const wanted = Object.fromEntries(Object.entries(all).filter(([key]) => ALLOW.includes(key)));
        assert.deepEqual(JSON.parse(result), wanted);
        assert.deepEqual(Object.keys(JSON.parse(result)), Object.keys(wanted));
        assert.equal(run(text, 'reject'), allowed.length < keys.length ? 'unknown' : text);
      }),
      { numRuns: 3000 },
    );
  });

  it('takes exactly the objects that JSON.parse takes', () => {
    const near = fc.string({ unit: fc.constantFrom(...'{}{}""::,,ax\\1[] '), maxLength: 14 });
    fc.assert(
      fc.property(near, (text) => {
        let value: unknown;
        try {
          value = JSON.parse(text);
        } catch {}
        const readable = typeof value === 'object' && value !== null && !Array.isArray(value);
        assert.equal(run(text) !== 'unreadable', readable, text);
      }),
      { numRuns: 20_000 },
    );
  });
});
