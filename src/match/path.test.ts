import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../testing/property.ts';
import { normalizePath, withoutParameters } from './path.ts';

test('a path in normal form comes back as it is', () => {
  for (const path of [
    '/',
    '/v1/messages',
    '/a/',
    '/a.b/.c/..d/...',
    '/a%20b',
    '/~x/:y/@;=,+$',
    '*',
    '/%C3%A9',
    '/%E0%A0%80%F0%90%80%80',
  ])
    assert.equal(normalizePath(path), path);
});

test('one spelling for each path (RFC 3986 §6.2.2)', () => {
  assert.equal(normalizePath('/%7euser/%41%2dz%5F%2e9'), '/~user/A-z_.9');
  assert.equal(normalizePath('/a%3ab%c3%a9'), '/a%3Ab%C3%A9');
  assert.equal(normalizePath('/a|b"{c}'), '/a%7Cb%22%7Bc%7D');
});

const AMBIGUOUS: Record<string, string[]> = {
  'encoded slash': ['/a%2fb', '/a%2Fb', '/%2f'],
  backslash: ['/a\\b', '/a%5cb', '/..\\a', '/%5C'],
  'dot segment': ['/.', '/..', '/a/.', '/a/../b', '/./a', '/a/..', '/../'],
  'encoded dot segment': ['/%2e', '/%2E%2e/a', '/.%2e/a', '/%2e./a', '/a/%2e'],
  'dot segment with a parameter': ['/..;/a', '/a/..;x=1/b', '/.;/', '/..%3b/a', '/%2e%2E%3Bx'],
  'control character': ['/\0', '/a\r', '/a\n', '/\x7f', '/%00', '/%0d%0a', '/%7f', '/a\tb', '/%1F'],
  'empty segment': ['//', '//a', '/a//b', '/a//'],
  'segment of parameters alone': ['/;', '/;a', '/;/a', '/a/;v=1/b', '/%3b/a', '/a/%3Bx', '/a/;'],
  'bad escape': ['/%', '/%4', '/%zz', '/%4g', '/a%', '/%%41'],
  'overlong UTF-8': [
    '/%c0%af',
    '/%C0%AE%c0%ae/',
    '/%e0%80%af',
    '/%C1%81',
    '/%f0%80%80%af',
    '/%E0%9F%BF',
    '/%F0%8f%bf%bf',
  ],
  'no URI character': ['/a b', '/\u00e9', '/\u2025', '/a?b', '/a#b'],
  'no origin form': ['', 'a', '**', 'http://x/', '?'],
};

for (const [why, paths] of Object.entries(AMBIGUOUS))
  test(`refused: ${why}`, () => {
    for (const path of paths) assert.equal(normalizePath(path), null, JSON.stringify(path));
  });

/** The same rules, told naively: by segments, regular expressions and bytes. */
function reference(raw: string): string | null {
  if (raw === '*') return raw;
  if (!/^\/[!-~]*$/.test(raw) || /[\\?#]/.test(raw) || /%(?![0-9a-f]{2})/i.test(raw)) return null;
  if (/%(0.|1.|2f|5c|7f|c0|c1|e0%[89].|f0%8.)/i.test(raw)) return null;
  const segments = raw.slice(1).split('/');
  if (segments.slice(0, -1).includes('')) return null;
  const normal = segments.map((segment) =>
    [
      ...Buffer.from(
        segment.replace(/%(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
        'latin1',
      ),
    ]
      .map((byte) => String.fromCharCode(byte))
      .map((char, index) => spell(char, isEscaped(segment, index)))
      .join(''),
  );
  if (normal.some((segment) => /^(\.{1,2}$|\.{0,2}(;|%3B))/.test(segment))) return null;
  return `/${normal.join('/')}`;
}

function isEscaped(segment: string, index: number): boolean {
  return (segment.match(/%..|./g) ?? [])[index]!.length === 3;
}

function spell(char: string, escaped: boolean): string {
  if (/[A-Za-z0-9._~-]/.test(char)) return char;
  if (!escaped && !/["<>^`{|}]/.test(char)) return char;
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Texts made mostly of what the rules are about. */
const bits = [
  '/',
  '.',
  '..',
  ';',
  'a',
  'B',
  '~',
  '%2e',
  '%2E',
  '%2f',
  '%5c',
  '%41',
  '%7e',
  '%3b',
  '%c3%a9',
  '%c0',
  '%e0',
];
const rare = ['%', '%80', '%f0', '%4', '\\', '|', '"', '?', '#', ' ', '\0', '\u00e9', '%00', '%25', '%252f', '*', ':'];
const path = fc
  .array(
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...bits) }, fc.constantFrom(...rare), fc.string({ maxLength: 2 })),
    {
      maxLength: 8,
    },
  )
  .map((parts) => `/${parts.join('')}`);

test('matches a naive reading of the rules', () => {
  fc.assert(
    fc.property(path, (raw) => assert.equal(normalizePath(raw), reference(raw))),
    { numRuns: 3000 },
  );
});

test('a normal form is its own, decodes to the same segments and hides nothing', () => {
  const decoded = (text: string) => text.split('/').map((segment) => unescape(segment));
  fc.assert(
    fc.property(path, (raw) => {
      const normal = normalizePath(raw);
      if (normal === null) return;
      assert.equal(normalizePath(normal), normal);
      assert.deepEqual(decoded(normal), decoded(raw));
      for (const segment of decoded(normal)) {
        assert.doesNotMatch(segment, /^\.\.?(;|$)/);
        assert.doesNotMatch(segment, /[/\\\x00-\x1f\x7f]/);
      }
    }),
    { numRuns: 3000 },
  );
});

test('parameters of segments are left out of what is matched', () => {
  const cases: [string, string][] = [
    ['/a/b', '/a/b'],
    ['/', '/'],
    ['*', '*'],
    ['/admin;a/x', '/admin/x'],
    ['/admin%3Ba/x', '/admin/x'],
    ['/a;v=1;w=2/b;x', '/a/b'],
    ['/a;%3B;/b%253Bc/', '/a/b%253Bc/'],
    ['/a/b/;', '/a/b/'],
  ];
  for (const [path, bare] of cases) assert.equal(withoutParameters(path), bare, path);
  fc.assert(
    fc.property(path, (raw) => {
      const normal = normalizePath(raw);
      if (normal === null) return;
      const naive = normal.split('/').map((segment) => segment.split(/;|%3B/)[0]);
      assert.equal(withoutParameters(normal), naive.join('/'));
    }),
  );
});

test('escaping any unreserved character changes nothing', () => {
  const plain = fc.stringMatching(/^(\/[a-z0-9~_-]{1,4}){1,3}$/);
  fc.assert(
    fc.property(plain, fc.nat(), fc.boolean(), (text, seed, upper) => {
      const at = 1 + (seed % (text.length - 1));
      if (text[at] === '/') return;
      const hex = text.charCodeAt(at).toString(16);
      const spelled = `${text.slice(0, at)}%${upper ? hex.toUpperCase() : hex}${text.slice(at + 1)}`;
      assert.equal(normalizePath(spelled), text);
    }),
  );
});
