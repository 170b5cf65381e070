import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../testing/property.ts';
import { compileTemplate, constantText, parseTemplate, type Template, templateFacts } from './template.ts';

function parsed(text: string): Template {
  const template = parseTemplate(text);
  assert.ok(!('problem' in template), text);
  return template;
}

const fact = (name: string) => (x: Record<string, string>) => x[name] ?? '';
const render = (text: string, x: Record<string, string> = {}) => compileTemplate(parsed(text), fact)(x);

test('literals and facts in their order', () => {
  assert.deepEqual(parsed('a ${x.y} b${z}'), { parts: ['a ', { fact: 'x.y', at: 2 }, ' b', { fact: 'z', at: 10 }] });
  assert.deepEqual(parsed(''), { parts: [] });
  assert.deepEqual(templateFacts(parsed('${a}${b}-${a}')), ['a', 'b']);
});

test('$${ is a literal ${ and a lone $ is itself', () => {
  assert.equal(render('$${a} $ $$ $a {b} }', { a: '1' }), '${a} $ $$ $a {b} }');
  assert.equal(render('$$${a}', { a: '1' }), '$${a}');
  assert.equal(render('${a}$${a}${a}', { a: '1' }), '1${a}1');
  assert.equal(render('${a}$', { a: '1' }), '1$');
});

test('problems and where they are', () => {
  const cases: [string, RegExp, number][] = [
    ['ab ${x', /never closed/, 3],
    ['${}', /not the name/, 0],
    ['a${ x }', /not the name/, 1],
    ['${1}', /not the name/, 0],
    ['${a${b}}', /not the name/, 0],
    ['${a\n}', /not the name/, 0],
  ];
  for (const [text, problem, at] of cases) {
    const found = parseTemplate(text);
    assert.ok('problem' in found, text);
    assert.match(found.problem, problem);
    assert.equal(found.at, at);
  }
});

test('constants are known as such', () => {
  assert.equal(constantText(parsed('a$${b}')), 'a${b}');
  assert.equal(constantText(parsed('')), '');
  assert.equal(constantText(parsed('${a}')), undefined);
  assert.equal(constantText(parsed('a${a}')), undefined);
});

test('a fact alone is its own reader, and readers are made once', () => {
  const read = () => 'v';
  let asked = 0;
  const reader = () => {
    asked++;
    return read;
  };
  assert.equal(compileTemplate(parsed('${a}'), reader), read);
  const joined = compileTemplate(parsed('${a}-${b}'), reader);
  assert.equal(joined({}) + joined({}), 'v-vv-v');
  assert.equal(asked, 3);
});

const literal = fc.string({ unit: fc.constantFrom('$', '{', '}', 'a', ' ', '\n', '\u00e9'), maxLength: 5 });
const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,5}$/);
const part = fc.oneof(
  literal,
  name.map((text) => ({ name: text })),
);

/** Text that means `literal`. A `$` straight before a fact cannot be written: it would escape it. */
const written = (text: string) => text.replaceAll('${', () => '$${');

test('what is written is what is read and rendered, however many facts there are', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 9 }), fc.dictionary(name, fc.string()), (parts, values) => {
      let text = '';
      let expected = '';
      let literals = '';
      for (const piece of parts) {
        if (typeof piece === 'string') literals += piece;
        else {
          if (literals.endsWith('$')) literals += ' ';
          text += `${written(literals)}\${${piece.name}}`;
          expected += literals + (values[piece.name] ?? '');
          literals = '';
        }
      }
      assert.equal(render(text + written(literals), values), expected + literals);
    }),
    { numRuns: 1000 },
  );
});

test('any text is either read or refused with a place in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'a', '.', ' ') }), (text) => {
      const found = parseTemplate(text);
      if ('problem' in found) assert.ok(text.startsWith('${', found.at));
      else
        for (const one of found.parts)
          if (typeof one !== 'string') assert.ok(text.startsWith(`\${${one.fact}}`, one.at));
          else assert.notEqual(one, '');
    }),
    { numRuns: 1000 },
  );
});
