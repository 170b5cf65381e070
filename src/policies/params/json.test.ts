import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../testing/property.ts';
import { DEPTH_MAX, skipValue } from './json.ts';

const ends = (text: string) => {
  const bytes = Buffer.from(text);
  return skipValue(bytes, 0, 0) === bytes.length;
};

const parses = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** JSON with a few characters changed, removed or put in. */
const damaged = fc
  .tuple(
    fc.json(),
    fc.array(fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...'{}[]",:\\0-+.eEutfn \n\t\u0001é')), { maxLength: 3 }),
  )
  .map(([text, edits]) => {
    for (const [where, remove, put] of edits) {
      const at = where % (text.length + 1);
      text = text.slice(0, at) + put + text.slice(at + remove);
    }
    return text;
  });

describe('skipValue', () => {
  it('ends where the value ends', () => {
    for (const text of ['1', '-0.5e+10', '"a\\"b"', '[1,[2]]', '{"a":{"b":[]}}', 'true', 'null'])
      assert.equal(skipValue(Buffer.from(`${text},x`), 0, 0), text.length, text);
  });

  const refused = [
    '',
    '-',
    '+1',
    '01x',
    '1.',
    '.5',
    '1e',
    '1e+',
    'tru',
    'nul',
    'True',
    'NaN',
    "'a'",
    '"',
    '"\\',
    '"\\x"',
    '"\\u12"',
    '"\\u00zz"',
  ];
  refused.push(
    '"\n"',
    '"\u0000"',
    '[',
    '[1',
    '[1,',
    '[1,]',
    '[,]',
    '[1 2]',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{a:1}',
    '{1:1}',
    '{"a" 1}',
    '/**/1',
    '\uFEFF1',
  );
  for (const text of refused) it(`refuses ${JSON.stringify(text)}`, () => assert.equal(ends(text), false));

  it('takes what JSON.parse takes', () => {
    fc.assert(fc.property(fc.json(), (text) => assert.ok(ends(text))));
    const white = fc.json({ maxDepth: 4 }).map((text) => JSON.stringify(JSON.parse(text), null, '\t\r\n '.slice(0, 3)));
    fc.assert(fc.property(white, (text) => assert.ok(ends(text))));
  });

  it('refuses what JSON.parse refuses, and nothing else', () => {
    fc.assert(
      fc.property(damaged, (text) => {
        // JSON.parse skips white space around the value, which is not ours to skip.
        const bare = text.replace(/^[ \n\r\t]+|[ \n\r\t]+$/g, '');
        assert.equal(ends(bare), parses(bare));
      }),
      { numRuns: 20_000 },
    );
    const near = fc.string({ unit: fc.constantFrom(...'{}[]",:\\01-+.eEutrfalsn'), maxLength: 12 });
    fc.assert(
      fc.property(near, (text) => assert.equal(ends(text), parses(text))),
      { numRuns: 20_000 },
    );
  });

  it('bounds the depth', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    assert.equal(ends(nested(DEPTH_MAX)), true);
    assert.equal(ends(nested(DEPTH_MAX + 1)), false);
    assert.equal(ends('['.repeat(5_000_000)), false);
    assert.equal(ends('{"a":'.repeat(1_000_000)), false);
  });
});
