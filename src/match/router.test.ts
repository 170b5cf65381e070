import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields } from '../fields/fields.ts';
import fc from '../testing/property.ts';
import type { MatchPlan } from '../types/plan.ts';
import { covers } from './covers.ts';
import { Router } from './router.ts';

const plan = (path: string, more: Partial<MatchPlan> = {}): MatchPlan => ({
  hosts: ['*'],
  path,
  methods: [],
  headers: {},
  countries: [],
  ...more,
});

const routerOf = (...matches: MatchPlan[]) => Router.of(matches.map((match, value) => ({ match, value })));

interface Ask {
  method: string;
  host: string;
  path: string;
  headers: Fields;
  country: string;
}

const ask = (path: string, more: Partial<Ask> = {}): Ask => ({
  method: 'GET',
  host: 'a.example',
  path,
  headers: Fields.empty(),
  country: '',
  ...more,
});

const find = <T>(router: Router<T>, q: Ask) => router.find(q.method, q.host, q.path, q.headers, q.country);
const allowed = <T>(router: Router<T>, q: Ask) => router.allowed(q.host, q.path, q.headers, q.country);

test('path: exact, then :param, then *, then **, whatever the order written', () => {
  const router = routerOf(plan('/a/**'), plan('/a/*'), plan('/a/:id'), plan('/a/b'), plan('/a/b/c/d'));
  assert.equal(find(router, ask('/a/b')), 3);
  assert.equal(find(router, ask('/a/x')), 2);
  assert.equal(find(router, ask('/a/b/c')), 0);
  assert.equal(find(router, ask('/a/b/c/d')), 4);
  assert.equal(find(router, ask('/b')), null);
  assert.equal(find(routerOf(plan('/a/**'), plan('/a/*')), ask('/a/x')), 1);
});

test('a more specific segment further left decides, and a dead end is left again', () => {
  const router = routerOf(plan('/a/:x/c'), plan('/:y/b/d'), plan('/a/b/e'), plan('/**'));
  assert.equal(find(router, ask('/a/b/c')), 0);
  assert.equal(find(router, ask('/a/b/d')), 1);
  assert.equal(find(router, ask('/a/b/e')), 2);
  assert.equal(find(router, ask('/a/b/f')), 3);
});

test('/a/** closes /a and /a/ too; /** takes everything but the asterisk', () => {
  const router = routerOf(plan('/a/**'));
  for (const path of ['/a', '/a/', '/a/b', '/a/b/c/']) assert.equal(find(router, ask(path)), 0, path);
  for (const path of ['/', '/ab', '/b/a', '*']) assert.equal(find(router, ask(path)), null, path);
  const all = routerOf(plan('/**'));
  assert.equal(find(all, ask('/')), 0);
  assert.equal(find(all, ask('*')), null);
  assert.deepEqual(allowed(all, ask('*')), []);
});

test('/a and /a/ are two paths; wildcards take no empty segment', () => {
  const router = routerOf(plan('/a'), plan('/b/'), plan('/c/*'), plan('/d/:x'));
  assert.equal(find(router, ask('/a/')), null);
  assert.equal(find(router, ask('/b/')), 1);
  assert.equal(find(router, ask('/b')), null);
  assert.equal(find(router, ask('/c/')), null);
  assert.equal(find(router, ask('/d/')), null);
  assert.equal(find(router, ask('/d/1')), 3);
});

test('more than a handful of children changes nothing', () => {
  const router = routerOf(...Array.from({ length: 50 }, (_, i) => plan(`/t${i}/:x`)));
  for (let i = 0; i < 50; i++) assert.equal(find(router, ask(`/t${i}/y`)), i);
  assert.equal(find(router, ask('/t50/y')), null);
});

test('host: exact, then the longest wildcard, then *; a host comes before the path', () => {
  const router = routerOf(
    plan('/x'),
    plan('/**', { hosts: ['*.example.com'] }),
    plan('/**', { hosts: ['*.b.example.com'] }),
    plan('/**', { hosts: ['a.b.example.com', 'other.test'] }),
  );
  const on = (host: string) => find(router, ask('/x', { host }));
  assert.equal(on('a.b.example.com'), 3);
  assert.equal(on('other.test'), 3);
  assert.equal(on('z.b.example.com'), 2);
  assert.equal(on('y.z.b.example.com'), 2);
  assert.equal(on('b.example.com'), 1);
  assert.equal(on('example.com'), 0);
  assert.equal(on('notexample.com'), 0);
  assert.equal(on(''), 0);
});

test('a host whose routes do not fit leaves the request to the next', () => {
  const router = routerOf(plan('/x'), plan('/x', { hosts: ['a.example'], methods: ['POST'] }));
  assert.equal(find(router, ask('/x')), 0);
  assert.equal(find(router, ask('/x', { method: 'POST' })), 1);
});

test('conditions: more headers, exact values, country, methods, order', () => {
  const router = routerOf(
    plan('/x'),
    plan('/x', { methods: ['GET'] }),
    plan('/x', { countries: ['DE', 'FR'] }),
    plan('/x', { headers: { 'x-a': '*' } }),
    plan('/x', { headers: { 'x-a': '1' } }),
    plan('/x', { headers: { 'x-a': '1', 'x-b': '*' }, methods: ['GET', 'POST'] }),
    plan('/x', { headers: { 'x-a': '1', 'x-b': '*' } }),
    plan('/x', { methods: ['GET', 'PUT'] }),
  );
  assert.equal(find(router, ask('/x', { method: 'PATCH' })), 0);
  assert.equal(find(router, ask('/x')), 1);
  assert.equal(find(router, ask('/x', { country: 'DE' })), 2);
  assert.equal(find(router, ask('/x', { headers: Fields.from(['X-A', '2']) })), 3);
  assert.equal(find(router, ask('/x', { headers: Fields.from(['x-a', '1']) })), 4);
  assert.equal(find(router, ask('/x', { headers: Fields.from(['X_A', '1']) })), 4);
  assert.equal(find(router, ask('/x', { headers: Fields.from(['x-b', '', 'X-A', '1']) })), 5);
  assert.equal(find(router, ask('/x', { headers: Fields.from(['x-b', '', 'X-A', '1']), method: 'PUT' })), 6);
  assert.equal(find(router, ask('/x', { method: 'PUT' })), 7);
});

test('routes that ask for different headers are ranked among each other', () => {
  const router = routerOf(
    plan('/x', { headers: { 'x-a': '1' } }),
    plan('/x', { headers: { 'x-b': '1' }, methods: ['GET'] }),
    plan('/x', { headers: { 'x-a': '1' }, countries: ['DE'] }),
  );
  const headers = ['x-a', '1', 'x-b', '1'];
  assert.equal(find(router, ask('/x', { headers: Fields.from(headers) })), 1);
  assert.equal(find(router, ask('/x', { headers: Fields.from(headers), country: 'DE' })), 2);
  assert.equal(find(router, ask('/x', { headers: Fields.from(headers), method: 'PUT' })), 0);
});

test('of a header sent more than once every field is looked at', () => {
  const router = routerOf(plan('/x', { headers: { 'x-a': '1' } }), plan('/x', { headers: { 'x-a': '*' } }));
  assert.equal(find(router, ask('/x', { headers: Fields.from(['x-a', '1']) })), 0);
  assert.equal(find(router, ask('/x', { headers: Fields.from(['x-a', '1', 'X-A', '1']) })), 0);
  assert.equal(
    find(router, ask('/x', { headers: Fields.from(['x-a', '0', 'X-A', '1']) })),
    0,
    'a rule is not escaped by a field before',
  );
  assert.equal(find(router, ask('/x', { headers: Fields.from(['x-a', '1', 'X-A', '0']) })), 0, 'nor by one behind');
  assert.equal(find(router, ask('/x', { headers: Fields.from(['x-a', '0', 'X-A', '2']) })), 1);
});

test('of several values that are named the best route wins', () => {
  const router = routerOf(
    plan('/x', { headers: { 'x-a': '1', 'x-b': '1' } }),
    plan('/x', { headers: { 'x-a': '2', 'x-b': '2' }, countries: ['DE'] }),
    plan('/x', { headers: { 'x-a': '2', 'x-b': '3' }, methods: ['POST'] }),
  );
  const sent = (...fields: string[]) => find(router, ask('/x', { headers: Fields.from(fields), country: 'DE' }));
  assert.equal(sent('x-a', '2', 'x-a', '1', 'x-b', '2', 'x-b', '1'), 1);
  assert.equal(sent('x-a', '2', 'x-a', '1', 'x-b', '1'), 0);
  assert.equal(sent('x-a', '2', 'x-a', '9', 'x-b', '1'), null);
  const post = ask('/x', { method: 'POST', headers: Fields.from(['x-a', '2', 'x-a', '1', 'x-b', '3', 'x-b', '3']) });
  assert.equal(find(router, post), 2);
  assert.deepEqual(allowed(router, post), ['POST']);
});

test('thousands of fields for thousands of rules are no square', () => {
  const tenants = Array.from({ length: 1000 }, (_, i) => String(i));
  const router = routerOf(...tenants.map((tenant) => plan('/x', { headers: { 'x-a': tenant, 'x-b': 'never' } })));
  const headers = tenants.flatMap((tenant) => ['x-a', tenant, 'x-b', tenant]);
  const before = process.cpuUsage();
  for (let i = 0; i < 10; i++) assert.equal(find(router, ask('/x', { headers: Fields.from(headers) })), null);
  const { user } = process.cpuUsage(before);
  assert.ok(user < 500_000, `ten took ${user / 1000} ms; a square takes seconds`);
});

test('parameters of segments do not lead round a rule', () => {
  const router = routerOf(plan('/**', {}), plan('/admin/**', {}), plan('/a/:id', {}));
  for (const path of ['/admin;a/x', '/admin;/x', '/admin%3Bjsessionid=1', '/admin/x;y'])
    assert.equal(find(router, ask(path)), 1, path);
  assert.equal(find(router, ask('/a/b;v=1')), 2);
  assert.equal(find(router, ask('/administration;a/x')), 0);
});

test('TRACE is taken by a route that names it, and by no other', () => {
  const router = routerOf(plan('/x', {}), plan('/y', { methods: ['TRACE', 'GET'] }), plan('/**', {}));
  assert.equal(find(router, ask('/x', { method: 'TRACE' })), null);
  assert.equal(find(router, ask('/y', { method: 'TRACE' })), 1);
  assert.ok(!allowed(router, ask('/x')).includes('TRACE'));
  assert.ok(allowed(router, ask('/y')).includes('TRACE'));
});

test('a route without methods leaves TRACE to a later one', () => {
  const any = plan('/:id/x', {});
  const trace = plan('/*/x', { methods: ['TRACE'] });
  assert.ok(!covers(any, trace));
  assert.ok(covers(any, plan('/*/x', { methods: ['GET'] })));
});

test('what a host takes at all', () => {
  const router = routerOf(
    plan('/x', { methods: ['GET'], hosts: ['a.example'] }),
    plan('/y', { methods: ['POST'], hosts: ['*.example'] }),
    plan('/z', { hosts: ['b.test'] }),
  );
  assert.deepEqual(router.methodsOf('a.example'), ['GET', 'HEAD', 'POST']);
  assert.deepEqual(router.methodsOf('b.example'), ['POST']);
  assert.deepEqual(router.methodsOf('b.test'), ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']);
  assert.deepEqual(router.methodsOf('c.test'), []);
});

test('GET takes HEAD; Allow lists what would match', () => {
  const router = routerOf(
    plan('/x', { methods: ['GET'] }),
    plan('/**', { methods: ['POST'], countries: ['DE'] }),
    plan('/x', { methods: ['DELETE'], headers: { 'x-admin': 'yes' } }),
    plan('/x', { methods: ['PUT'], hosts: ['a.example'] }),
    plan('/any', {}),
  );
  assert.equal(find(router, ask('/x', { method: 'HEAD' })), 0);
  assert.deepEqual(allowed(router, ask('/x')), ['GET', 'HEAD', 'PUT']);
  assert.deepEqual(allowed(router, ask('/x', { host: 'b', country: 'DE' })), ['GET', 'HEAD', 'POST']);
  assert.deepEqual(allowed(router, ask('/x', { headers: Fields.from(['x-admin', 'yes']) })), [
    'DELETE',
    'GET',
    'HEAD',
    'PUT',
  ]);
  assert.deepEqual(allowed(router, ask('/y')), []);
  assert.ok(allowed(router, ask('/any')).includes('PATCH'));
});

test('a host of thousands of labels costs as many looks as wildcards are deep', () => {
  const router = routerOf(plan('/x', { hosts: ['*.example.com'] }));
  assert.equal(find(router, ask('/x', { host: `${'a.'.repeat(8000)}example.com` })), 0);
  assert.equal(find(router, ask('/x', { host: 'a.'.repeat(8000) })), null);
});

test('a path that is no pattern throws', () => {
  assert.throws(() => routerOf(plan('x')), /begins with/);
});

// ── against a naive model ────────────────────────────────────────────────────────────────────────────────────────

const segment = fc.constantFrom('a', 'b', 'c', ':p', ':q', '*');
const path = fc
  .tuple(
    fc.uniqueArray(segment, { maxLength: 3, selector: (s) => (s.startsWith(':') ? s : {}) }),
    fc.constantFrom('', '/', '/**'),
  )
  .map(([segments, end]) => segments.map((s) => `/${s}`).join('') + end || '/');
const match: fc.Arbitrary<MatchPlan> = fc.record({
  hosts: fc.uniqueArray(fc.constantFrom('*', 'a.com', 'b.a.com', '*.a.com', '*.b.a.com', '*.com'), { maxLength: 2 }),
  path,
  methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', 'HEAD'), { maxLength: 2 }),
  headers: fc.dictionary(fc.constantFrom('x-a', 'x-b'), fc.constantFrom('*', '1', '2'), {
    maxKeys: 2,
    noNullPrototype: true,
  }),
  countries: fc.uniqueArray(fc.constantFrom('DE', 'FR'), { maxLength: 2 }),
});
const request: fc.Arbitrary<Ask> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT'),
  host: fc.constantFrom('a.com', 'b.a.com', 'x.b.a.com', 'x.a.com', 'com', 'other', ''),
  path: fc
    .tuple(fc.array(fc.constantFrom('a', 'b', 'c', 'z'), { maxLength: 4 }), fc.constantFrom('', '/'))
    .map(([segments, end]) => segments.map((s) => `/${s}`).join('') + end || '/'),
  headers: fc
    .array(fc.tuple(fc.constantFrom('x-a', 'X-A', 'x-b', 'x-c'), fc.constantFrom('1', '2')), { maxLength: 3 })
    .map((fields) => Fields.from(fields.flat())),
  country: fc.constantFrom('DE', 'FR', 'US', ''),
});

/** Rank of a pattern for a path as a text that sorts: lower is better; null where it does not match. */
function pathScore(pattern: string, path: string): string | null {
  const wanted = pattern.slice(1).split('/');
  const have = path.slice(1).split('/');
  const rest = wanted.at(-1) === '**';
  if (rest ? have.length < wanted.length - 1 : have.length !== wanted.length) return null;
  let score = '';
  for (let i = 0; i < (rest ? wanted.length - 1 : wanted.length); i++) {
    if (wanted[i]!.startsWith(':')) score += '2';
    else if (wanted[i] === '*') score += '3';
    else if (wanted[i] === have[i]) score += '1';
    else return null;
    if (have[i] === '' && wanted[i] !== '') return null;
  }
  return rest ? `${score}4` : `${score}0`;
}

function hostScore(hosts: readonly string[], host: string): string | null {
  const scores = (hosts.length === 0 ? ['*'] : hosts).map((pattern) => {
    if (pattern === host) return '000';
    if (pattern === '*') return '999';
    return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) ? String(500 - pattern.length) : null;
  });
  return scores.filter((score) => score !== null).sort()[0] ?? null;
}

/** Score of a route for a request, lower is better; null where it does not match. The method counts unless left out. */
function score(m: MatchPlan, q: Ask, withMethod = true): string | null {
  const host = hostScore(m.hosts, q.host);
  const path = pathScore(m.path, q.path);
  if (host === null || path === null) return null;
  const methods = m.methods.includes('GET') ? [...m.methods, 'HEAD'] : m.methods;
  if (withMethod && methods.length > 0 && !methods.includes(q.method)) return null;
  if (m.countries.length > 0 && !m.countries.includes(q.country)) return null;
  const conditions = Object.entries(m.headers);
  for (const [name, value] of conditions) {
    const values = q.headers.toPairs().filter((_, i, all) => i % 2 === 1 && all[i - 1]!.toLowerCase() === name);
    if (values.length === 0 || (value !== '*' && !values.includes(value))) return null;
  }
  const exact = conditions.filter(([, value]) => value !== '*').length;
  return [host, path, 9 - conditions.length, 9 - exact, m.countries.length ? 0 : 1, m.methods.length ? 0 : 1].join(' ');
}

function winner(matches: readonly MatchPlan[], q: Ask): number | null {
  let best: { score: string; index: number } | null = null;
  matches.forEach((m, index) => {
    const found = score(m, q);
    if (found !== null && (best === null || found < best.score)) best = { score: found, index };
  });
  return (best as { index: number } | null)?.index ?? null;
}

function allowedByModel(matches: readonly MatchPlan[], q: Ask): string[] {
  const any = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
  const methods = new Set<string>();
  for (const m of matches)
    if (score(m, q, false) !== null)
      for (const method of m.methods.length ? m.methods : any)
        methods.add(method).add(method === 'GET' ? 'HEAD' : method);
  return [...methods].sort();
}

const requests = fc.array(request, { minLength: 5, maxLength: 15 });

test('finds the route that scoring all of them finds, and allows what would match', () => {
  fc.assert(
    fc.property(fc.array(match, { maxLength: 12 }), requests, (matches, asks) => {
      const router = routerOf(...matches);
      for (const q of asks) {
        assert.equal(find(router, q), winner(matches, q));
        assert.deepEqual(allowed(router, q), allowedByModel(matches, q));
      }
    }),
    { numRuns: 800 },
  );
});

/** Pairs of which the second is often within the first: parts of it are taken over. */
const related = fc
  .tuple(match, match, fc.array(fc.constantFrom<keyof MatchPlan>('hosts', 'path', 'methods', 'headers', 'countries')))
  .map(([a, b, same]) => [a, { ...b, ...Object.fromEntries(same.map((key) => [key, a[key]])) }] as const);

test('covers is sound: what it says is covered wins no request', () => {
  let covered = 0;
  fc.assert(
    fc.property(related, requests, ([a, b], asks) => {
      if (!covers(a, b)) return;
      covered++;
      const router = routerOf(a, b);
      for (const q of asks) assert.notEqual(find(router, q), 1, JSON.stringify(q));
    }),
    { numRuns: 3000 },
  );
  assert.ok(covered > 100, `only ${covered} covered pairs were generated`);
});

/** Every request that can make a difference between two routes which differ in one thing. */
const paths = ['/'];
for (let from = 0; paths.length < 1 + 4 + 16 + 64 + 256; from++)
  for (const s of ['a', 'b', 'c', 'z']) paths.push(`${paths[from] === '/' ? '' : paths[from]}/${s}`);
const fields = ['1', '2', '3'].map((value) => [value]);
const universe: Record<keyof MatchPlan, Ask[]> = {
  hosts: ['a.com', 'b.a.com', 'x.a.com', 'x.b.a.com', 'x.com', 'com', 'q'].map((host) => ask('/a', { host })),
  path: paths.flatMap((text) => [ask(text), ask(`${text === '/' ? '' : text}/`)]),
  methods: ['GET', 'POST', 'HEAD', 'PUT'].map((method) => ask('/a', { method })),
  headers: [[], ...fields].flatMap((a) =>
    [[], ...fields].map((b) =>
      ask('/a', { headers: Fields.from([...a.flatMap((v) => ['x-a', v]), ...b.flatMap((v) => ['x-b', v])]) }),
    ),
  ),
  countries: ['DE', 'FR', 'US', ''].map((country) => ask('/a', { country })),
};

test('covers is exact on pairs that differ in one thing', () => {
  const field = fc.constantFrom<keyof MatchPlan>('hosts', 'methods', 'headers', 'countries', 'path', 'path', 'path');
  fc.assert(
    fc.property(match, match, field, (one, other, vary) => {
      const a = { ...plan('/a'), [vary]: one[vary] };
      const b = { ...plan('/a'), [vary]: other[vary] };
      const router = routerOf(a, b);
      assert.equal(covers(a, b), !universe[vary].some((q) => find(router, q) === 1));
    }),
    { numRuns: 1000 },
  );
});

test('covers: examples', () => {
  assert.equal(covers(plan('/a/:x'), plan('/a/*')), true);
  assert.equal(covers(plan('/a/*'), plan('/a/:x')), false);
  assert.equal(covers(plan('/a/:x/**'), plan('/a/*/c')), true);
  assert.equal(covers(plan('/a/**'), plan('/a/b')), false);
  assert.equal(covers(plan('/a/:x'), plan('/a/')), false);
  assert.equal(covers(plan('/:x/:y'), plan('/*/')), false);
  assert.equal(covers(plan('/a', { methods: ['GET'] }), plan('/a', { methods: ['HEAD'] })), true);
  assert.equal(covers(plan('/a'), plan('/a', { methods: ['GET'] })), false);
  assert.equal(covers(plan('/a', { hosts: ['*.x'] }), plan('/a', { hosts: ['b.x'] })), false);
  assert.equal(covers(plan('a'), plan('/a')), false);
});
