import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers } from '../match/covers.ts';
import fc from '../testing/property.ts';
import type { MatchPlan } from '../types/plan.ts';
import { createLoader } from './load.ts';

const load = createLoader([]);

const some = <T>(...values: T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 });

/** Mostly the first: routes that have nothing to do with each other say nothing. */
const mostly = <T>(first: T, rest: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(first) }, { weight: 1, arbitrary: rest });

const match: fc.Arbitrary<MatchPlan> = fc.record({
  hosts: mostly(['*'], some('*', '*.example.com', 'a.example.com')),
  path: fc
    .tuple(fc.array(fc.constantFrom('a', ':p', '*'), { minLength: 1, maxLength: 2 }), fc.constantFrom('', '/**'))
    .map(([segments, rest]) => named(`/${segments.join('/')}${rest}`)),
  methods: mostly([], some('GET', 'POST', 'HEAD')),
  headers: mostly(
    {},
    fc.dictionary(fc.constantFrom('x-a', 'x-b'), fc.constantFrom('1', '*'), { maxKeys: 2, noNullPrototype: true }),
  ),
  countries: mostly([], some('DE', 'FR')),
});

/** Gives each `:p` a name of its own, as patterns need. */
function named(path: string): string {
  let n = 0;
  return path.replaceAll(':p', () => `:p${n++}`);
}

function written({ hosts, path, methods, headers, countries }: MatchPlan): object {
  const optional = {
    ...(methods.length > 0 && { methods }),
    ...(countries.length > 0 && { country: countries }),
  };
  return { match: { host: hosts, path, headers, ...optional }, reply: { status: 200 } };
}

test('the routes reported are those that an earlier one covers, compared one by one', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(match, { minLength: 2, maxLength: 9, size: 'max' }), (matches) => {
      const routes = Object.fromEntries(matches.map((m, i) => [`r${i}`, written(m)]));
      const { problems } = load([{ file: '/r/a.yaml', text: JSON.stringify({ routes }) }], { env: {}, root: '/r' });
      const reported = problems.map(({ message }) => /reaches `(r\d)`/.exec(message)?.[1] ?? message);
      const covered = matches.flatMap((m, i) => (matches.slice(0, i).some((a) => covers(a, m)) ? [`r${i}`] : []));
      assert.deepEqual(reported, covered);
      found += covered.length;
    }),
    { numRuns: 500 },
  );
  assert.ok(found > 100, `${found} covered routes are enough to mean something`);
});
