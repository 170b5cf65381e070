import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '../slices.ts';
import { planOf, policyPlan, routePlan, upstreamPlan } from '../testing/fakes.ts';
import { packPlan, unpackPlan } from './packed.ts';

const many = <T>(count: number, make: (name: string) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(`n${i}`));

test('a plan comes out as it went in, but for the tests', () => {
  const plan = planOf({
    regions: [
      { name: 'eu', countries: ['DE'], continents: ['EU'], default: true, place: { file: 'f', line: 1, column: 1 } },
    ],
    upstreams: many(250, (name) => upstreamPlan(name)),
    policies: many(101, (name) => ({
      ...policyPlan(name, {}),
      config: { keys: new Map([[name, Buffer.from(name)]]) },
    })),
    routes: many(1000, (name) => routePlan(name)),
    tests: [{} as never],
  });
  const packed = packPlan(plan);
  assert.equal(packed.revision, plan.revision);
  // As a message brings it to a thread.
  assert.deepEqual(finish(unpackPlan(structuredClone(packed))), { ...plan, tests: [] });
});

test('a plan with nothing in it', () => {
  const plan = planOf({ upstreams: [], routes: [] });
  assert.deepEqual(finish(unpackPlan(packPlan(plan))), plan);
});

test('ten thousand routes are read in a hundred steps, in memory that all threads share', () => {
  const packed = packPlan(planOf({ routes: many(10_000, (name) => routePlan(name)) }));
  assert.ok(packed.bytes.buffer instanceof SharedArrayBuffer);
  assert.ok([...unpackPlan(packed)].length >= 100);
});

test('what routes have in common is one object at the other end, and what differs is not mixed up', () => {
  const routes = [
    ...many(3, (name) => routePlan(name, { use: ['a'] })),
    ...many(3, (name) => routePlan(`${name}b`, { use: ['a', 'b'] })),
    routePlan('map', { errors: 'map' }),
    routePlan('large', { bodyMax: Number.POSITIVE_INFINITY }),
    routePlan('reply', { to: [], reply: { status: 204, headers: ['a', 'b'], body: '' } }),
    routePlan('placed', { place: { file: 'other.yaml', line: 7, column: 3 } }),
    routePlan('matched', { match: { ...routePlan('').match, path: '/a', headers: { a: 'b' }, methods: ['GET'] } }),
  ];
  const read = finish(unpackPlan(packPlan(planOf({ routes }))));
  assert.deepEqual(read.routes, routes);
  const [one, two, , four] = read.routes;
  for (const part of ['use', 'to', 'onDisconnect'] as const) assert.equal(one![part], two![part], part);
  assert.equal(one!.match.hosts, two!.match.hosts);
  assert.notEqual(one!.use, four!.use);
});

test('what cannot be serialised is an error', () => {
  assert.throws(() => packPlan(planOf({ policies: [policyPlan('p', { admit: () => undefined })] })));
});
