/** Two different requests never sign the same bytes: what one template lets through can be read in one way only. */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import { Fields } from '../../fields/fields.ts';
import { fakeExchange, fakeHost, resolveWith } from '../../testing/fake-env.ts';
import fc from '../../testing/property.ts';
import type { Exchange, Hooks } from '../../types/policy.ts';
import type { RawSignature } from './config.ts';
import { signature } from './index.ts';

/** A time whose digits repeat, so that it is found again where it is moved by two. */
const NOW = 1_717_171_717_000;
const SECRET = 'a secret that only the test knows';

interface Subject {
  readonly parts: readonly string[];
  readonly hooks: Hooks;
}

/** The policy with this template, or null where `check` refuses it. */
function subjectOf(parts: readonly string[], more: Partial<RawSignature> = {}): Subject | null {
  const sign = parts.join('');
  const { config, problems } = resolveWith(signature, { keys: { k: SECRET }, sign, replay: 'off', ...more });
  if (problems.includes('sign sign-ambiguous')) return null;
  assert.deepEqual(problems, []);
  return { parts, hooks: signature.compile(config, fakeHost(NOW).env('signed')) };
}

type Values = Readonly<Record<string, string>>;

/** Null where no request could have such fields: no reader takes them. */
function requestWith(values: Values, message: string): Exchange | null {
  const headers = ['x-key-id', 'k', 'x-timestamp', values['{timestamp}']!];
  if ('{nonce}' in values) headers.push('x-nonce', values['{nonce}']);
  for (const name of ['x-a', 'x-b']) if (`{header.${name}}` in values) headers.push(name, values[`{header.${name}}`]!);
  headers.push('x-signature', createHmac('sha256', SECRET).update(message, 'latin1').digest('base64'));
  const fields = Fields.tryFrom(headers);
  if (fields === null) return null;
  return fakeExchange({
    method: values['{method}'] ?? 'GET',
    authority: values['{host}'] ?? 'h',
    path: values['{path}'] ?? '/',
    query: values['{query}'] ?? '',
    body: '{body}' in values ? Buffer.from(values['{body}'], 'latin1') : null,
    headers: fields,
  });
}

function passes({ hooks }: Subject, values: Values, message: string): boolean {
  const x = requestWith(values, message);
  return x !== null && hooks.admit?.(x) === undefined;
}

/** All ways to cut `message` into the parts, whatever they mean; undefined where there are more than are looked at. */
function cuts(parts: readonly string[], message: string, most: number): Values[] | undefined {
  const found: Values[] = [];
  const cut = (i: number, rest: string, values: Values): boolean => {
    if (i === parts.length) return rest !== '' || found.push(values) <= most;
    const part = parts[i]!;
    if (!part.startsWith('{')) return !rest.startsWith(part) || cut(i + 1, rest.slice(part.length), values);
    for (let length = 0; length <= rest.length; length++)
      if (!cut(i + 1, rest.slice(length), { ...values, [part]: rest.slice(0, length) })) return false;
    return true;
  };
  return cut(0, message, {}) ? found : undefined;
}

const piece = (...texts: string[]) => fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 3 });
const text = (...texts: string[]) => piece(...texts).map((all) => all.join(''));

/** Values that hold what stands between parts, and what other parts look like. */
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  '{nonce}': text('a', '1', '17', ':', '/', '?', '.', '{', '1717171717', 'GET'),
  '{body}': fc.oneof(fc.constant(''), text('a', '17', ':', '\n', '{', '/', '?', ' ', 'x:')),
  '{method}': fc.constantFrom('GET', 'POST', 'M-SEARCH'),
  '{host}': text('a', '.', ':80', '1', 'h-'),
  '{path}': text('/a', '/', ':', '/17', '/a:b', '.').map((path) => `/${path}`),
  '{query}': fc.oneof(
    fc.constant(''),
    text('a', ':', '/', '?', '17').map((query) => `?${query}`),
  ),
  '{header.x-a}': text('a', ':', ' ', '/', '17', '|', ': '),
  '{header.x-b}': text('b', ':', 'GET', '?', '.', '{'),
};
const LITERALS = [':', '\n', '.', '/', '?', '|', 'a', '17', ': ', ':\n', '{}'].filter((one) => !one.includes('{'));

const template = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom('{timestamp}', ...Object.keys(VALUES)), { minLength: 1, maxLength: 4 }),
    fc.array(fc.option(fc.constantFrom(...LITERALS), { freq: 3 }), { minLength: 6, maxLength: 6 }),
    fc.nat(4),
  )
  .map(([placeholders, literals, at]) => {
    const all = placeholders.filter((name) => name !== '{timestamp}');
    const row = all.toSpliced(Math.min(at, all.length), 0, '{timestamp}');
    return row.flatMap((name, i) => (literals[i] ? [literals[i], name] : [name])).concat(literals[5] ?? []);
  });

test('two different requests never sign the same bytes, under any template that check accepts', () => {
  let looked = 0;
  const property = fc.property(
    template,
    fc.record(VALUES),
    fc.option(fc.constant(8), { freq: 4 }),
    (parts, values, nonceLength) => {
      const signed = parts.includes('{nonce}') && nonceLength ? { nonceLength } : {};
      const subject = subjectOf(parts, signed);
      if (subject === null) return;
      const nonce = nonceLength ? values['{nonce}']!.padEnd(8, '17').slice(0, 8) : values['{nonce}']!;
      const all: Values = { ...values, '{timestamp}': '1717171717', '{nonce}': nonce };
      const message = parts.map((part) => all[part] ?? part).join('');
      const ways = cuts(parts, message, 2_000);
      if (ways === undefined) return;
      looked += ways.length;
      const passing = ways.filter((way) => passes(subject, way, message));
      assert.ok(passing.length <= 1, `${JSON.stringify(message)}: ${JSON.stringify(passing)}`);
    },
  );
  fc.assert(property, { numRuns: 1_200 });
  assert.ok(looked > 3_000, `only ${looked} ways were tried`);
});

const REFUSED: [string[], RegExp][] = [
  [['{timestamp}', ':', '{path}', ':', '{header.x-user}', ':', '{nonce}'], /":" can be a part of \{path\}/],
  [['{timestamp}', ':', '{path}', ':', '{body}'], /":" can be a part of \{path\}/],
  [['{timestamp}', ':', '{header.x-a}', ':', '{header.x-b}'], /between \{header.x-a\} and \{header.x-b\}/],
  [['{timestamp}', '{nonce}', '{path}', '{body}'], /between \{nonce\} and \{path\}/],
  [['{timestamp}', ':', '{body}', ':', '{path}', '\n', '{body}'], /between \{body\} and \{path\}/],
  // The digits of a nonce can be those of the time.
  [['{nonce}', '{timestamp}', '{body}'], /between \{nonce\} and \{timestamp\}/],
  [['{timestamp}', '\n', '{query}', '{body}'], /between \{query\} and \{body\}/],
  [['{timestamp}', '{body}', '{nonce}'], /between \{body\} and \{nonce\}/],
];

for (const [parts, says] of REFUSED)
  test(`check: ${JSON.stringify(parts.join(''))} can be read in two ways`, () => {
    const told: [string, string][] = [];
    const problem = (_at: unknown, code: string, message: string, hint = '') => {
      assert.equal(code, 'sign-ambiguous');
      told.push([message, hint]);
    };
    signature.resolve({ keys: { k: SECRET }, sign: parts.join('') }, { problem, resolvePath: (path) => path });
    assert.equal(told.length, 1);
    assert.match(told[0]![0], says);
    assert.match(told[0]![1], /line break|at the end/);
  });

const ACCEPTED: [string, Partial<RawSignature>?][] = [
  ['{timestamp}{nonce}{body}'],
  ['{timestamp}{nonce}'],
  ['{timestamp}:{nonce}:{body}'],
  ['{timestamp}\n{nonce}\n{method}\n{host}\n{path}{query}\n{header.x-user}\n{body}'],
  ['{timestamp}:{path}:{nonce}'],
  ['{timestamp} {path} {body}'],
  ['{method}{path}{query}\n{timestamp}'],
  ['{body}{timestamp}'],
  ['{body}\n{nonce}\n{timestamp}'],
  ['{timestamp}{header.x-user}:\n{body}'],
  ['{timestamp}{nonce}{path}\n{body}', { nonceLength: 16 }],
  ['{body}{nonce}{timestamp}', { nonceLength: 16, timestamp: 'rfc3339' }],
];

for (const [sign, more] of ACCEPTED)
  test(`check: ${JSON.stringify(sign)} can be read in one way`, () => {
    assert.deepEqual(resolveWith(signature, { keys: { k: SECRET }, sign, ...more }).problems, []);
  });

test('check: fields that policies never see, and the signature itself, cannot be signed', () => {
  const problemsOf = (sign: string, more: Partial<RawSignature> = {}) =>
    resolveWith(signature, { keys: { k: SECRET }, sign, ...more }).problems;
  for (const name of [
    'host',
    'Connection',
    'te',
    'upgrade',
    'expect',
    'content-length',
    'transfer-encoding',
    'trailer',
  ])
    assert.deepEqual(problemsOf(`{timestamp}\n{header.${name}}`), ['sign signature-header'], name);
  for (const name of ['via', 'x-forwarded-for', 'x-request-id', 'x-real-ip', 'X_Forwarded_Host', 'x-signature'])
    assert.deepEqual(problemsOf(`{timestamp}\n{header.${name}}`), ['sign signature-header'], name);
  assert.deepEqual(problemsOf('{timestamp}', { headers: { timestamp: 'Via' } }), [
    'headers.timestamp signature-header',
  ]);
  for (const name of ['content-type', 'authorization', 'cookie', 'date', 'x-key-id', 'max-forwards'])
    assert.deepEqual(problemsOf(`{timestamp}\n{header.${name}}`), [], name);
});
