import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../testing/property.ts';
import { compileGlob } from './glob.ts';

test('examples', () => {
  assert.equal(compileGlob('x-internal-*')('x-internal-'), true);
  assert.equal(compileGlob('x-internal-*')('x-interna'), false);
  assert.equal(compileGlob('*-id')('x-id'), true);
  assert.equal(compileGlob('ab*ba')('aba'), false);
  assert.equal(compileGlob('*')(''), true);
});

test('matches what the regular expression of the same meaning matches', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 8 });
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*'), maxLength: 7 });
  fc.assert(
    fc.property(glob, text, (pattern, name) => {
      assert.equal(compileGlob(pattern)(name), new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name));
    }),
    { numRuns: 3000 },
  );
});
