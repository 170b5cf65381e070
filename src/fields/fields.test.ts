/** Fields against a naive model: a list of pairs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fieldsRead } from '../testing/fields.ts';
import fc from '../testing/property.ts';
import { FIELDS_MAX, Fields } from './fields.ts';
import { checkField, Line } from './line.ts';
import { CONNECTION, CONTENT_LENGTH, DATE, HOP_BY_HOP, ID_MASK, kindOf, NOT_IN_TRAILERS } from './names.ts';

type Pair = [name: string, value: string];

const name = fc.constantFrom(
  ...['Host', 'host', 'X-A', 'x-a', 'x_a', 'Content-Length', 'Connection', 'TE', 'Date', 'X-Other', 'Set-Cookie', 'b'],
);
const value = fc.constantFrom('', '1', 'a b', 'keep-alive, x-a', 'x\ty', 'timeout=5', '\xe4');
const pairs = fc.array(fc.tuple(name, value), { maxLength: 12 });

/** How a line may be written; the reader takes all of them for the same. */
const SPACINGS: readonly ((name: string, value: string) => string)[] = [
  (n, v) => `${n}: ${v}\r\n`,
  (n, v) => `${n}:${v}\r\n`,
  (n, v) => `${n}:\t ${v} \t\r\n`,
];

type Edit = { readonly do: (fields: Fields) => void; readonly model: (list: Pair[]) => Pair[] };
const lower = ([n]: Pair) => n.toLowerCase();
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(name, value).map(([n, v]) => ({
    do: (fields: Fields) => fields.add(n, v),
    model: (list: Pair[]) => [...list, [n, v] as Pair],
  })),
  fc.tuple(name, value).map(([n, v]) => ({
    do: (fields: Fields) => fields.addFirst(n, v),
    model: (list: Pair[]) => [[n, v] as Pair, ...list],
  })),
  fc.tuple(name, value).map(([n, v]) => ({
    do: (fields: Fields) => fields.addLine(Line.of(n, v)),
    model: (list: Pair[]) => [...list, [n, v] as Pair],
  })),
  fc.tuple(name, value).map(([n, v]) => ({
    do: (fields: Fields) => fields.set(n, v),
    model: (list: Pair[]) => {
      const first = list.findIndex((pair) => lower(pair) === n.toLowerCase());
      if (first < 0) return [...list, [n, v] as Pair];
      return list
        .map((pair, i) => (i === first ? ([n, v] as Pair) : pair))
        .filter((pair, i) => i === first || lower(pair) !== n.toLowerCase());
    },
  })),
  name.map((n) => ({
    do: (fields: Fields) => fields.remove(n.toLowerCase()),
    model: (list: Pair[]) => list.filter((pair) => lower(pair) !== n.toLowerCase()),
  })),
  fc.constantFrom(HOP_BY_HOP, NOT_IN_TRAILERS).map((bits) => ({
    do: (fields: Fields) => fields.drop(bits),
    model: (list: Pair[]) => list.filter(([n]) => (kindOf(n) & bits) === 0),
  })),
  fc.constantFrom(CONTENT_LENGTH, DATE).map((id) => ({
    do: (fields: Fields) => fields.dropId(id),
    model: (list: Pair[]) => list.filter(([n]) => (kindOf(n) & ID_MASK) !== id),
  })),
  fc.constant({
    do: (fields: Fields) => fields.dropHopByHop(),
    model: (list: Pair[]) => {
      const named = list
        .filter(([n]) => n.toLowerCase() === 'connection')
        .flatMap(([, v]) => v.split(',').map((option) => option.trim().toLowerCase()));
      return list.filter(
        ([n]) => (kindOf(n) & HOP_BY_HOP) === 0 && !(n.toLowerCase() === 'x-a' && named.includes('x-a')),
      );
    },
  }),
);

/** What is written of all lines. */
function textOf(fields: Fields): string {
  let text = '';
  fields.writeTo({
    text: (more) => (text += more),
    octet: (code) => (text += String.fromCharCode(code)),
    lineEnd: () => (text += '\r\n'),
  });
  return text;
}

const written = (list: readonly Pair[]) => list.map(([n, v]) => `${n}: ${v}\r\n`).join('');

test('whatever is read, edited and looked for, it is as with a list of pairs', () => {
  fc.assert(
    fc.property(pairs, fc.array(edit, { maxLength: 6 }), fc.nat(2), fc.boolean(), (list, edits, spacing, read) => {
      const fields = read ? fieldsRead(list.flat(), SPACINGS[spacing]) : Fields.from(list.flat());
      let model: Pair[] = list;
      for (const each of edits) {
        const copy = fields.copy();
        const before = model.flat();
        each.do(fields);
        model = each.model(model);
        assert.deepEqual(copy.toPairs(), before, 'an edit shows in no copy');
      }
      assert.deepEqual(fields.toPairs(), model.flat());
      assert.equal(textOf(fields), written(model));
      assert.equal(fields.octets, written(model).length);
      for (const each of ['host', 'x-a', 'x_a', 'connection', 'none']) {
        const first = model.findIndex((pair) => lower(pair) === each);
        assert.equal(fields.indexOf(each), first);
        assert.equal(fields.get(each), first < 0 ? undefined : model[first]![1]);
        assert.equal(fields.countOf(each), model.filter((pair) => lower(pair) === each).length);
        const folded = (text: string) => text.toLowerCase().replaceAll('_', '-');
        assert.equal(
          fields.indexOfTwin(each),
          model.findIndex(([n]) => folded(n) === folded(each)),
        );
      }
      model.forEach(([n, v], i) => {
        assert.deepEqual([fields.name(i), fields.value(i), fields.kind(i)], [n, v, kindOf(n)]);
        assert.equal(fields.nameLength(i), n.length);
      });
    }),
    { numRuns: 2000 },
  );
});

describe('there is no way to a line that breaks out of it', () => {
  const bad = ['\r', '\n', '\0', '\x7f', '\x1b', 'Ā', 'č', 'Ċ', '嘊', '\r\nX: y'];
  for (const text of bad)
    test(JSON.stringify(text), () => {
      for (const place of [text, `a${text}`, `${text}a`, `a${text}a`]) {
        for (const [n, v] of [
          ['A', place],
          [place, 'a'],
        ] as Pair[]) {
          assert.throws(() => checkField(n, v), RangeError);
          assert.throws(() => Fields.of(n, v), RangeError);
          assert.throws(() => Line.of(n, v), RangeError);
          for (const way of ['add', 'addFirst', 'set'] as const) {
            const fields = fieldsRead(['A', '1', 'b', '2']);
            assert.throws(() => fields[way](n, v), RangeError);
            assert.deepEqual(fields.toPairs(), ['A', '1', 'b', '2']);
          }
          assert.equal(Fields.tryFrom(['b', '1', n, v]), null);
          assert.deepEqual(Fields.sendable(['b', '1', n, v, 'c', '2']).toPairs(), ['b', '1', 'c', '2']);
        }
      }
    });

  for (const n of ['', ' ', 'a b', 'a:', ':', 'a: b', '\xe4'])
    test(`the name ${JSON.stringify(n)}`, () => assert.throws(() => Fields.of(n, 'a'), RangeError));
});

test('a thousand lines are too many as soon as others come on top', () => {
  const list = Array.from({ length: FIELDS_MAX - 4 }, () => ['a', '']).flat();
  const fields = fieldsRead(list);
  assert.equal(fields.overfull, false);
  fields.add('b', '');
  assert.equal(fields.overfull, true);
});

test('lines read in any pieces are the same fields', () => {
  fc.assert(
    fc.property(pairs, fc.nat(2), (list, spacing) => {
      const whole = fieldsRead(list.flat(), SPACINGS[spacing]);
      assert.equal(
        whole.find(CONNECTION),
        list.findIndex((pair) => lower(pair) === 'connection'),
      );
    }),
  );
});
