import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../testing/property.ts';
import { paramReader, parsePattern, slashBefore } from './pattern.ts';

test('segments by kind', () => {
  assert.deepEqual(parsePattern('/v1/:id/*/**'), {
    text: '/v1/:id/*/**',
    segments: [{ kind: 'exact', text: 'v1' }, { kind: 'param', name: 'id' }, { kind: 'one' }, { kind: 'rest' }],
  });
  assert.deepEqual(parsePattern('/'), { text: '/', segments: [{ kind: 'exact', text: '' }] });
  assert.deepEqual(parsePattern('/**'), { text: '/**', segments: [{ kind: 'rest' }] });
  assert.deepEqual(parsePattern('/m/x:generate'), {
    text: '/m/x:generate',
    segments: [
      { kind: 'exact', text: 'm' },
      { kind: 'exact', text: 'x:generate' },
    ],
  });
});

test('problems and where they are', () => {
  const cases: [string, RegExp, number][] = [
    ['v1', /begins with/, 0],
    ['', /begins with/, 0],
    ['/a/**/b', /last/, 3],
    ['/a*', /whole segment/, 1],
    ['/a/:', /a parameter is/, 3],
    ['/:1x', /a parameter is/, 1],
    ['/:a/:a', /twice/, 4],
    ['/a//b', /empty/, 3],
    ['/a/../b', /refused/, 3],
    ['/a%2fb', /refused/, 1],
    ['/a?b', /without query/, 1],
    ['/a;v=1/b', /without parameters/, 1],
    ['/a/b%3Bc', /without parameters/, 3],
    ['/%7Ea', /write "~a"/, 1],
  ];
  for (const [text, problem, at] of cases) {
    const parsed = parsePattern(text);
    assert.ok('problem' in parsed, text);
    assert.match(parsed.problem, problem);
    assert.equal(parsed.at, at, text);
  }
});

test('reads parameters, still escaped', () => {
  const read = paramReader('/v1/:tenant/models/:id', 'id');
  assert.equal(read?.('/v1/acme/models/a%20b'), 'a%20b');
  assert.equal(paramReader('/v1/:tenant/**', 'tenant')?.('/v1/acme'), 'acme');
  // Else a client could have as many names, and so as many rate limits, as it likes.
  assert.equal(read?.('/v1/acme;x/models/a;v=1%3B'), 'a');
  assert.equal(paramReader('/v1/:tenant/**', 'tenant')?.('/v1/acme%3Bx/y'), 'acme');
  assert.equal(paramReader('/:a', 'a')?.('*'), '');
  assert.equal(read?.('/v1/acme'), '');
  assert.equal(paramReader('/v1/:tenant', 'other'), null);
  assert.equal(paramReader('v1/:tenant', 'tenant'), null);
});

test('slashBefore and parameters agree with splitting', () => {
  const path = fc
    .array(fc.stringMatching(/^[a-z]{0,3}$/), { minLength: 1, maxLength: 5 })
    .map((s) => `/${s.join('/')}`);
  fc.assert(
    fc.property(path, fc.nat(5), (text, index) => {
      const segments = text.slice(1).split('/');
      const pattern = `/${Array.from({ length: index }, () => '*').join('/')}/:p/**`.replace('//', '/');
      assert.equal(paramReader(pattern, 'p')?.(text), segments[index] ?? '');
      const slash = slashBefore(text, index);
      assert.equal(
        slash < 0 ? undefined : text.slice(slash + 1),
        segments.slice(index).join('/') || (segments.length > index ? '' : undefined),
      );
    }),
  );
});
