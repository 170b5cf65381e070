import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields } from '../fields/fields.ts';
import { HOP_BY_HOP, kindOf } from '../fields/names.ts';
import { fieldsRead } from '../testing/fields.ts';
import fc from '../testing/property.ts';
import { checkHeaderEdits } from './header-check.ts';
import { compileHeaderEdits, type HeaderEdits } from './header-edits.ts';

type Facts = Record<string, string>;

const HOP_BY_HOP_NAMES = (
  'connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade ' +
  'http2-settings'
).split(' ');

const none: HeaderEdits = { set: {}, add: {}, default: {}, remove: [] };

/** `h.name` reads the fields as they are at that moment, as request facts do; others come from `x`. */
function apply(edits: Partial<HeaderEdits>, list: string[], x: Facts = {}): string[] {
  const results = [fieldsRead(list), Fields.from(list)].map((fields) => {
    const reader = (fact: string) => (facts: Facts) =>
      (fact.startsWith('h.') ? fields.get(fact.slice(2)) : facts[fact]) ?? '';
    compileHeaderEdits({ ...none, ...edits }, reader)(x, fields);
    return fields.toPairs();
  });
  assert.deepEqual(results[0], results[1], 'it does not matter whether a reader or Weir made the fields');
  return results[0]!;
}

test('set replaces every field of the name, in any case', () => {
  const list = ['X-A', '1', 'b', '2', 'x-a', '3'];
  assert.deepEqual(apply({ set: { 'x-A': 'new' } }, list), ['b', '2', 'x-A', 'new']);
});

test('names that look alike are not the same', () => {
  assert.deepEqual(apply({ remove: ['^a', 'x-b*'] }, ['~a', '1', '^A', '2', 'X^b', '3']), ['~a', '1', 'X^b', '3']);
});

test('a name with underscores is the same field to many upstreams, so it goes too', () => {
  const list = ['X_Region', '1', 'x-region', '2', 'X_Internal_User', '3', 'x_other', '4', 'Content_Length', '5'];
  const edits = { set: { 'X-Region': 'eu' }, remove: ['x-internal-*'] };
  assert.deepEqual(apply(edits, list), ['x_other', '4', 'Content_Length', '5', 'X-Region', 'eu']);
  assert.deepEqual(apply({ set: { x_region: 'eu' } }, ['X-Region', '1']), ['x_region', 'eu']);
  const spellings = ['X-Internal-User', '1', 'x_internal-role', '2', 'X-Internal_A', '3', 'X_INTERNAL_B', '4'];
  for (const glob of ['x-internal-*', 'x_internal_*', 'X_internal-*', 'x_*_*', '*_internal-*'])
    assert.deepEqual(apply({ remove: [glob] }, [...spellings, 'y', '5']), ['y', '5'], glob);
  assert.deepEqual(apply({ default: { 'x-region': 'eu' } }, ['X_Region', 'us']), ['X_Region', 'us']);
  assert.deepEqual(apply({ default: { x_region: 'eu' } }, ['X-Region', 'us']), ['X-Region', 'us']);
});

test('add comes on top, default only where nothing is left', () => {
  assert.deepEqual(apply({ add: { a: '2' } }, ['A', '1']), ['A', '1', 'a', '2']);
  assert.deepEqual(apply({ default: { a: '2' } }, ['A', '']), ['A', '']);
  assert.deepEqual(apply({ default: { a: '2' } }, []), ['a', '2']);
  assert.deepEqual(apply({ default: { a: '2' }, remove: ['a'] }, ['A', '1']), ['a', '2']);
  assert.deepEqual(apply({ set: { a: '2' }, add: { a: '3' } }, ['a', '1']), ['a', '2', 'a', '3']);
});

test('removals come first, so a set survives a glob', () => {
  const list = ['X-Internal-User', 'root', 'Cookie', 'c', 'accept', '*/*', 'x-internal', '1'];
  const edits = { remove: ['cookie', 'X-internal-*'], set: { 'x-internal-user': '${sub}' } };
  assert.deepEqual(apply(edits, list, { sub: 'ann' }), ['accept', '*/*', 'x-internal', '1', 'x-internal-user', 'ann']);
});

test('values see the list as it came: a field can be renamed, two can be swapped', () => {
  assert.deepEqual(
    apply({ set: { 'x-auth': '${h.authorization}' }, remove: ['authorization'] }, ['Authorization', 't']),
    ['x-auth', 't'],
  );
  assert.deepEqual(apply({ set: { a: '${h.b}', b: '${h.a}' } }, ['a', '1', 'b', '2']), ['a', '2', 'b', '1']);
  assert.deepEqual(apply({ set: { a: '1', b: '${h.a}' } }, []), ['a', '1']);
});

test('an empty value sends no field, and what it replaces is gone', () => {
  const edits = { set: { a: '${none}' }, add: { b: '${none}' }, default: { c: '${none}' } };
  assert.deepEqual(apply(edits, ['A', 'forged', 'x', '1']), ['x', '1']);
});

test('a value no field can hold is no value: nothing of it is sent', () => {
  for (const bad of ['a\r\nx-admin: 1', 'a\n', '\0', 'a\x7f', 'a\x1b[1m', '\u0141', '\u2028', '\ud83d\ude00'])
    assert.deepEqual(
      apply({ set: { a: 'v=${x}' }, add: { b: '${x}' } }, ['a', '1'], { x: bad }),
      [],
      JSON.stringify(bad),
    );
  assert.deepEqual(apply({ set: { a: '${x}' } }, [], { x: 'caf\u00e9\t1' }), ['a', 'caf\u00e9\t1']);
});

test('globs leave framing and host alone', () => {
  const list = ['Host', 'h', 'Content-Length', '3', 'Transfer-Encoding', 'x', 'content-type', 't', 'Connection', 'c'];
  const kept = ['Host', 'h', 'Content-Length', '3', 'Transfer-Encoding', 'x', 'Connection', 'c'];
  assert.deepEqual(apply({ remove: ['*'] }, [...list]), kept);
  assert.deepEqual(apply({ remove: ['content-*'] }, [...list]), list.toSpliced(6, 2));
});

function problems(edits: Partial<HeaderEdits>, direction: 'request' | 'response' = 'request'): string[] {
  const found: string[] = [];
  checkHeaderEdits({ ...none, ...edits }, direction, (at, code) => found.push(`${at.join('.')} ${code}`));
  return found;
}

test('the check finds every problem and its place', () => {
  assert.deepEqual(problems({ set: { a: 'x', B: '${y}' }, add: { c: '$${' }, remove: ['d', 'x-*'] }), []);
  assert.deepEqual(problems({ set: { 'a b': 'x', 'x-*': 'x', ':path': 'x' } }), [
    'set.a b header-name',
    'set.x-* header-name',
    'set.:path header-name',
  ]);
  assert.deepEqual(problems({ add: { a: 'x\r\ny: z ${b}' }, default: { b: '\u0141' } }), [
    'add.a header-value',
    'default.b header-value',
  ]);
  assert.deepEqual(problems({ set: { a: '${', b: '', A: 'x' } }), [
    'set.a template-syntax',
    'set.b header-empty',
    'set.A header-duplicate',
  ]);
  assert.deepEqual(problems({ set: { a: '1' }, default: { A: '2' } }), ['default.A header-no-effect']);
  for (const host of ['a b', 'http://a.test', 'a.test/x', 'u@a.test', 'a.test:x'])
    assert.deepEqual(problems({ set: { Host: host } }), ['set.Host header-value'], host);
  for (const host of ['a.test', '[::1]:80', '${tenant} x']) assert.deepEqual(problems({ set: { host } }), [], host);
  assert.deepEqual(problems({ remove: ['a b', 'Content-Length', 'host'] }), [
    'remove.0 header-name',
    'remove.1 header-reserved',
    'remove.2 header-reserved',
  ]);
});

test('framing and hop-by-hop fields can be neither made nor removed', () => {
  for (const name of [...HOP_BY_HOP_NAMES, 'content-length', 'Content-Length', 'TE'])
    for (const direction of ['request', 'response'] as const) {
      for (const operation of ['set', 'add', 'default'] as const) {
        assert.deepEqual(problems({ [operation]: { [name]: '1' } }, direction), [
          `${operation}.${name} header-reserved`,
        ]);
        assert.throws(() => apply({ [operation]: { [name]: '1' } }, []), /cannot be set/);
      }
      assert.deepEqual(problems({ remove: [name] }, direction), ['remove.0 header-reserved']);
      assert.throws(() => apply({ remove: [name] }, []), /cannot be removed/);
    }
});

test('a request has one host, which can be set; and no expect of ours', () => {
  assert.deepEqual(problems({ set: { Host: 'a' } }), []);
  assert.deepEqual(problems({ add: { host: 'a' } }), ['add.host header-reserved']);
  assert.deepEqual(problems({ default: { host: 'a' } }), ['default.host header-reserved']);
  assert.deepEqual(problems({ set: { expect: '100-continue' } }), ['set.expect header-reserved']);
  assert.deepEqual(problems({ set: { expect: 'x' }, remove: ['host'] }, 'response'), []);
});

test('what the check would have reported does not compile', () => {
  const bad: Partial<HeaderEdits>[] = [
    { set: { 'a b': 'x' } },
    { set: { 'a*': 'x' } },
    { add: { a: '${' } },
    { add: { a: '\n' } },
  ];
  for (const edits of bad) assert.throws(() => apply(edits, []));
});

// ── against a naive model ────────────────────────────────────────────────────────────────────────────────────────

const word = fc.constantFrom(
  'a',
  'A',
  'b',
  'x-a',
  'X-A',
  'x-b',
  'x-ab',
  'accept',
  'Host',
  'Content-Length',
  'TE',
  '_x',
);
const settable = fc.constantFrom('a', 'A', 'b', 'x-a', 'X-A', 'x-b', 'accept', 'new');
const text = fc.constantFrom('1', 'v ${p}', '${p}', '${q}', '${p}${q}', '${h.a}', '${h.x-a}!', '$${p}', '');
const map = fc.dictionary(settable, text, { maxKeys: 3, noNullPrototype: true });
const edits: fc.Arbitrary<HeaderEdits> = fc.record({
  set: map,
  add: map,
  default: map,
  remove: fc.array(fc.constantFrom('a', 'X-B', 'x-*', '*', '*a', 'x-*b', 'nothing', 'c*', 'accept', '_X'), {
    maxLength: 2,
  }),
});
/** What of a value can be there: a reader takes no others, and none has space around it. */
const sendable = (value: string) => value.replaceAll(/[^\t\x20-\x7e]/g, '').trim();
const list = fc
  .array(fc.tuple(word, fc.string({ unit: 'binary-ascii', maxLength: 3 }).map(sendable)), { maxLength: 6 })
  .map((fields) => fields.flat());
const nasty = fc.oneof(
  fc.constantFrom('', '\r\n', '\0', 'ok', '\u0100', '\x7f', '\t'),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

/** The same semantics, told naively over pairs. */
function model(e: HeaderEdits, fields: string[], x: Facts): [string, string][] {
  const before: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) before.push([fields[i]!, fields[i + 1]!]);
  const first = (name: string) => before.find(([n]) => n.toLowerCase() === name)?.[1] ?? '';
  const value = (t: string) => {
    const whole = t
      .replaceAll('$${', '\u0001')
      .replace(/\$\{([^}]+)\}/g, (_, fact) => (fact.startsWith('h.') ? first(fact.slice(2)) : (x[fact] ?? '')))
      .replaceAll(/^\u0001(?=p\})/g, '${');
    return /^[\t\x20-\x7e\x80-\xff]*$/.test(whole) ? whole : '';
  };
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  const isFraming = (name: string) => /^(host|content-length|te)$/i.test(name);
  let after = before.filter(
    ([name]) =>
      !e.remove.some((glob) =>
        glob.includes('*')
          ? !isFraming(name) && new RegExp(`^${glob.replaceAll('*', '.*')}$`, 'i').test(name)
          : same(glob, name),
      ),
  );
  for (const [name, t] of Object.entries(e.default))
    if (value(t) !== '' && !after.some(([n]) => same(n, name))) after.push([name, value(t)]);
  after = after.filter(([name]) => !Object.keys(e.set).some((n) => same(n, name)));
  for (const [name, t] of [...Object.entries(e.set), ...Object.entries(e.add)])
    if (value(t) !== '') after.push([name, value(t)]);
  return after;
}

test('edits do what a naive reading of their rules does', () => {
  fc.assert(
    fc.property(edits, list, nasty, nasty, (e, fields, p, q) => {
      const expected = model(e, fields, { p, q });
      assert.deepEqual(apply(e, [...fields], { p, q }), expected.flat());
    }),
    { numRuns: 2000 },
  );
});

test('whatever the facts are, no value that is made can break out of its field', () => {
  fc.assert(
    fc.property(edits, nasty, nasty, (e, p, q) => {
      const made = apply(e, [], { p, q });
      for (const made1 of made) assert.match(made1, /^[\t\x20-\x7e\x80-\xff]+$/);
      for (let i = 0; i < made.length; i += 2) assert.ok((kindOf(made[i]!) & HOP_BY_HOP) === 0);
    }),
    { numRuns: 2000 },
  );
});
