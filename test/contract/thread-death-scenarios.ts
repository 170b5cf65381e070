/** Every operation on shared memory, each with what must hold when a thread has died in the middle of it. */
import assert from 'node:assert/strict';
import { Breaker, type BreakerSettings } from '../../src/state/breaker.ts';
import { RetryBudget } from '../../src/state/budget.ts';
import { EndpointState } from '../../src/state/endpoint.ts';
import { Users } from '../../src/state/users.ts';
import { createMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import { Windows } from '../../src/store/windows.ts';
import { type Limit, StoreError } from '../../src/types/store.ts';

/** The shared memory of one case, and its clock. Crosses threads by structured clone. */
export interface World {
  readonly zones: Record<string, SharedArrayBuffer>;
  /** One number: milliseconds since the epoch. */
  readonly clock: Float64Array;
  readonly seed: number;
}

/** Threads are numbered: 1 did `before`, 2 dies in `act`, the replacement of 2 and then 3 do `after`. */
// biome-ignore lint/suspicious/noExplicitAny: each scenario has a subject of its own
export interface Scenario<S = any> {
  open(world: World, thread: number): S;
  before?(subject: S, world: World): void;
  act(subject: S, world: World): unknown;
  after(subject: S, world: World): void;
}

export const START = 1_700_000_000_000;
/** As full as a table of 32 slots may be, so that entries stand in one another's way. */
const CAPACITY = 23;

export const advance = ({ clock }: World, ms: number): void => {
  clock[0]! += ms;
};

function zoneOf({ zones }: World, identity: string, bytes: number): SharedArrayBuffer {
  zones[identity] ??= new SharedArrayBuffer(bytes);
  return zones[identity];
}

function openStore(world: World, thread: number): MemoryStore {
  return createMemoryStore({
    zone: (identity, bytes) => zoneOf(world, identity, bytes),
    now: () => world.clock[0]!,
    thread,
    nonces: CAPACITY,
    limits: CAPACITY,
    seed: (bytes) => new Uint8Array(bytes).fill(world.seed),
  });
}

const LIFE = 60_000;
/** Uses `count` nonces for `ttl` milliseconds. */
function use(store: MemoryStore, name: string, count: number, ttl = LIFE): void {
  for (let i = 0; i < count; i++) assert.equal(store.once(`${name}${i}`, ttl), true, `${name}${i} is new`);
}

/** All of these are known, a new one is known from its first use on, and there is room for `CAPACITY` and no more. */
function knows(store: MemoryStore, name: string, count: number, maybe: string): void {
  for (let i = 0; i < count; i++) assert.equal(store.once(`${name}${i}`, LIFE), false, `${name}${i} was used before`);
  if (count < CAPACITY) {
    store.once(maybe, LIFE);
    assert.equal(store.once(maybe, LIFE), false, 'the one it died with is used once at most');
    use(store, 'filler', CAPACITY - count - 1);
  }
  assert.throws(() => store.once('one too many', LIFE), StoreError);
  assert.equal(store.stats().nonces.used, CAPACITY);
}

const BUCKET: Limit = { algorithm: 'tokenBucket', count: 10, per: 10_000, burst: 10 };
/** One that hardly refills in the course of a test. */
const SLOW: Limit = { algorithm: 'tokenBucket', count: 10, per: 100_000, burst: 10 };
const SLIDING: Limit = { algorithm: 'slidingWindow', count: 10, per: 10_000, burst: 10 };

function take(store: MemoryStore, key: string, limit: Limit, times: number, sharer = 'a'): number {
  let allowed = 0;
  for (let i = 0; i < times; i++) if (store.take(key, limit, 1, sharer).allowed) allowed++;
  return allowed;
}

/** `used` of ten units were used `ago` ms before a thread died while it took one more; ten seconds forgive all. */
function taking(limit: Limit, used: number, ago: number, left: number): Scenario<MemoryStore> {
  return {
    open: openStore,
    before(store, world) {
      take(store, 'k', limit, used);
      advance(world, ago);
    },
    act: (store) => store.take('k', limit, 1, 'a'),
    after(store, world) {
      const allowed = take(store, 'k', limit, 20);
      assert.ok(allowed <= left, `${allowed} more were allowed where at most ${left} were left`);
      advance(world, 20_000);
      assert.equal(take(store, 'k', limit, 20), 10, 'the allowance becomes whole again');
    },
  };
}

/** Units used of each key of a full table: the first four have none left, and of the others some have more than others. */
const USED = Array.from({ length: CAPACITY }, (_, i) => (i < 4 ? 10 : 3 + ((i * 3) % 5)));
const LEAST = 3;

/** Units that a key of `a`'s has left; all of them where it was given up, which a full table cannot take again. */
function leftOf(store: MemoryStore, key: string): number {
  try {
    return take(store, key, SLOW, 10);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return 10;
  }
}

/** A full table of limits, all of it `a`'s, and a new key of `sharer`. */
function evicting(sharer: string): Scenario<MemoryStore> {
  return {
    open: openStore,
    before: (store) => USED.forEach((used, i) => void take(store, `k${i}`, SLOW, used)),
    act: (store) => store.take('new', SLOW, 10, sharer),
    after(store, world) {
      // The fullest last, because to ask for one that was given up makes another give up its place.
      for (const [i, used] of [...USED.entries()].sort(([, a], [, b]) => b - a)) {
        const left = leftOf(store, `k${i}`);
        if (left !== 10 || used > LEAST) assert.equal(left, 10 - used, `k${i} is what it was`);
      }
      advance(world, 10_000);
      store.take('new', SLOW, 10, sharer);
      assert.equal(store.take('new', SLOW, 10, sharer).allowed, false, 'the new one is counted');
      assert.equal(store.stats().limits.used, CAPACITY);
    },
  };
}

const BREAKER: BreakerSettings = {
  window: 10_000,
  minRequests: 5,
  failureRate: 0.5,
  openFor: 1_000,
  probes: 2,
  lease: 500,
};

function openBreaker(world: World, thread: number): Breaker {
  return new Breaker(zoneOf(world, 'breaker', Breaker.bytes), BREAKER, thread);
}

const now = (world: World): number => world.clock[0]!;

function fail(breaker: Breaker, world: World, times: number): void {
  for (let i = 0; i < times; i++) breaker.failure(breaker.enter(now(world)), now(world));
}

/** How many requests get through at once. */
function entered(breaker: Breaker, world: World): number {
  let count = 0;
  for (let i = 0; i < 10; i++) if (breaker.enter(now(world)) !== 0) count++;
  return count;
}

/** Whatever state it is in, leases that the dead took along end, and good probes close it. */
function closesAgain(breaker: Breaker, world: World): void {
  advance(world, 1_600);
  for (let i = 0; i < 4 && breaker.state(now(world)) !== 'closed'; i++)
    breaker.success(breaker.enter(now(world)), now(world));
  assert.equal(breaker.state(now(world)), 'closed');
  const { successes, failures } = breaker.counts(now(world));
  fail(breaker, world, 5 + successes - failures);
  assert.equal(breaker.state(now(world)), 'open', 'and it opens again');
}

/** Opened, and its time over. */
function tripped(breaker: Breaker, world: World): void {
  fail(breaker, world, 5);
  advance(world, 1_000);
}

const breaking = (scenario: Partial<Scenario<Breaker>> & Pick<Scenario<Breaker>, 'act'>): Scenario<Breaker> => ({
  open: openBreaker,
  after: closesAgain,
  ...scenario,
});

const openBudget = (world: World, thread: number): RetryBudget =>
  new RetryBudget(zoneOf(world, 'budget', RetryBudget.bytes), { ratio: 0.5, minimum: 0 }, thread);

function retries(budget: RetryBudget, world: World): number {
  let count = 0;
  while (budget.take(now(world))) count++;
  return count;
}

const openEndpoint = (world: World, thread: number): EndpointState =>
  new EndpointState(zoneOf(world, 'endpoint', EndpointState.bytes(3)), thread);

const atEndpoint = (act: Scenario<EndpointState>['act'], more: Partial<Scenario<EndpointState>> = {}) =>
  ({
    open: openEndpoint,
    before(endpoint, world) {
      endpoint.started();
      endpoint.observe(20, now(world) - 70_000);
    },
    act,
    after(endpoint, world) {
      assert.equal(endpoint.inFlight(), 1, 'that of thread 1');
      const latency = endpoint.latency();
      assert.ok(latency === 0 || (latency >= 20 && latency <= 40), `${latency} ms`);
      endpoint.observe(30, now(world));
      assert.ok(endpoint.latency() >= 20);
      assert.ok(!endpoint.explore(now(world)), 'it is fresh again');
    },
    ...more,
  }) satisfies Scenario<EndpointState>;

function openWindows(world: World, thread: number): Windows {
  return new Windows(zoneOf(world, Windows.identity, Windows.bytes), thread);
}

/** Whoever comes with `next` ms finds that what was signed under a shorter one is held to that. */
function changingWindow(earlier: readonly number[], next: number): Scenario<Windows> {
  return {
    open: openWindows,
    before(windows, { clock }) {
      for (const window of earlier) windows.use(windows.bucketOf(7), window, clock[0]!);
      clock[0]! += 5 * LIFE;
    },
    act: (windows, { clock }) => windows.use(windows.bucketOf(7), next, clock[0]!),
    after(windows, { clock }) {
      const bucket = windows.bucketOf(7);
      assert.equal(windows.use(bucket, 10 * LIFE, clock[0]!), 10 * LIFE);
      assert.equal(windows.use(bucket, 20 * LIFE, clock[0]!), 20 * LIFE, 'and takes the lock over if need be');
      assert.equal(windows.remembers(bucket, START + 3 * LIFE, clock[0]!), false);
      assert.equal(windows.remembers(bucket, clock[0]! + 10 * LIFE + 2_000, clock[0]! + 15 * LIFE), true);
    },
  };
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'windows: a longer one': changingWindow([30_000], 10 * LIFE),
  'windows: a longer one for the second time': changingWindow([10_000, 30_000], 10 * LIFE),
  'windows: a shorter one': changingWindow([60_000], 30_000),
  'store: opening a new one': {
    open: (world) => world,
    act: (world: World) => openStore(world, 2),
    after: (world: World) => knows(openStore(world, 3), 'n', 0, 'new'),
  },
  'store: opening one in use': {
    open: (world) => world,
    before: (world: World) => use(openStore(world, 1), 'n', 5),
    act: (world: World) => openStore(world, 2),
    after: (world: World) => knows(openStore(world, 3), 'n', 5, 'new'),
  },
  'once: a new nonce': {
    open: openStore,
    before: (store) => use(store, 'n', 5),
    act: (store) => store.once('new', LIFE),
    after: (store) => knows(store, 'n', 5, 'new'),
  },
  'once: the last that fits': {
    open: openStore,
    before: (store) => use(store, 'n', CAPACITY - 1),
    act: (store) => store.once('new', LIFE),
    after: (store) => knows(store, 'n', CAPACITY - 1, 'new'),
  },
  'once: one that was used': {
    open: openStore,
    before: (store) => use(store, 'n', 5),
    act: (store) => store.once('n3', LIFE),
    after: (store) => knows(store, 'n', 5, 'new'),
  },
  'once: asking alone': {
    open: openStore,
    before: (store) => use(store, 'n', 5),
    act: (store) => assert.deepEqual([store.hasUsed('n3'), store.hasUsed('new')], [true, false]),
    after(store) {
      assert.deepEqual([store.hasUsed('n3'), store.hasUsed('new')], [true, false]);
      knows(store, 'n', 5, 'new');
    },
  },
  'once: no room': {
    open: openStore,
    before: (store) => use(store, 'n', CAPACITY),
    act(store) {
      try {
        store.once('new', LIFE);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
      }
    },
    after: (store) => knows(store, 'n', CAPACITY, 'new'),
  },
  'once: the same nonce again, expired': {
    open: openStore,
    before(store, world) {
      use(store, 'n', 5);
      use(store, 'new', 1, 1_000);
      advance(world, 2_000);
    },
    act: (store) => store.once('new0', LIFE),
    after: (store) => knows(store, 'n', 5, 'new0'),
  },
  'once: room by compaction': {
    open: openStore,
    before(store, world) {
      // So few that the new one hardly comes by a place that has expired.
      use(store, 'old', 2, 1_000);
      use(store, 'n', CAPACITY - 2);
      advance(world, 2_000);
    },
    act: (store) => store.once('new', LIFE),
    after: (store) => knows(store, 'n', CAPACITY - 2, 'new'),
  },
  'take: a new key': {
    open: openStore,
    act: (store) => store.take('k', BUCKET, 1, 'a'),
    after: (store) => assert.ok([9, 10].includes(take(store, 'k', BUCKET, 20))),
  },
  'take: a bucket': taking(BUCKET, 8, 4_000, 6),
  'take: a spent bucket': taking(BUCKET, 10, 4_000, 4),
  'take: a sliding window': taking(SLIDING, 8, 4_000, 2),
  'take: a sliding window, in the next one': taking(SLIDING, 8, 12_000, 3),
  'take: a sliding window, long after': taking(SLIDING, 8, 32_000, 10),
  'take: a key gives up its place to one of its own policy': evicting('a'),
  'take: a key gives up its place to one of another policy': evicting('b'),
  'breaker: a success': breaking({ act: (breaker, world) => breaker.success(breaker.enter(now(world)), now(world)) }),
  'breaker: a failure': breaking({
    before: (breaker, world) => fail(breaker, world, 2),
    act: (breaker, world) => fail(breaker, world, 1),
    after(breaker, world) {
      const { failures } = breaker.counts(now(world));
      assert.ok(failures === 2 || failures === 3, `${failures}`);
      closesAgain(breaker, world);
    },
  }),
  'breaker: a failure a while later': breaking({
    before(breaker, world) {
      fail(breaker, world, 2);
      advance(world, 6_000);
      fail(breaker, world, 1);
      advance(world, 6_000);
    },
    act: (breaker, world) => fail(breaker, world, 1),
    after(breaker, world) {
      const { failures } = breaker.counts(now(world));
      assert.ok(failures === 1 || failures === 2, `${failures}`);
      closesAgain(breaker, world);
    },
  }),
  'breaker: the failure that opens it': breaking({
    before: (breaker, world) => fail(breaker, world, 4),
    act: (breaker, world) => fail(breaker, world, 1),
    after(breaker, world) {
      fail(breaker, world, 1);
      assert.equal(breaker.state(now(world)), 'open', 'no failure was forgotten');
      closesAgain(breaker, world);
    },
  }),
  'breaker: the first probe': breaking({
    before: tripped,
    act: (breaker, world) => breaker.enter(now(world)),
    after(breaker, world) {
      advance(world, 1_000);
      assert.equal(entered(breaker, world), BREAKER.probes);
      closesAgain(breaker, world);
    },
  }),
  'breaker: a probe succeeds': breaking({
    before: tripped,
    act: (breaker, world) => breaker.success(breaker.enter(now(world)), now(world)),
  }),
  'breaker: the probe that closes it': breaking({
    before(breaker, world) {
      tripped(breaker, world);
      breaker.success(breaker.enter(now(world)), now(world));
    },
    act: (breaker, world) => breaker.judge(breaker.enter(now(world)), true, now(world)),
  }),
  'breaker: a probe fails': breaking({
    before: tripped,
    act: (breaker, world) => breaker.failure(breaker.enter(now(world)), now(world)),
    after(breaker, world) {
      assert.ok(entered(breaker, world) <= BREAKER.probes);
      closesAgain(breaker, world);
    },
  }),
  'breaker: a probe is given back': breaking({
    before: tripped,
    act: (breaker, world) => breaker.cancel(breaker.enter(now(world)), now(world)),
  }),
  'breaker: how long, and how many': breaking({
    before: tripped,
    act: (breaker, world) => [breaker.retryAfter(now(world)), breaker.counts(now(world))],
  }),
  'breaker: by hand': breaking({ act: (breaker, world) => breaker.force('open', now(world)) }),
  'budget: a request': {
    open: openBudget,
    before: (budget, world) => {
      for (let i = 0; i < 4; i++) budget.request(now(world));
      advance(world, 600);
    },
    act: (budget, world) => budget.request(now(world)),
    after(budget, world) {
      advance(world, 9_000);
      for (let i = 0; i < 4; i++) budget.request(now(world));
      advance(world, 2_000);
      assert.equal(retries(budget, world), 2, 'what is older than the window has gone');
    },
  },
  'budget: a retry': {
    open: openBudget,
    before: (budget, world) => {
      for (let i = 0; i < 8; i++) budget.request(now(world));
      advance(world, 600);
    },
    act: (budget, world) => budget.take(now(world)),
    after(budget, world) {
      const left = retries(budget, world);
      assert.ok(left === 3 || left === 4, `${left}`);
      advance(world, 20_000);
      for (let i = 0; i < 8; i++) budget.request(now(world));
      assert.equal(retries(budget, world), 4);
    },
  },
  'endpoint: opening a new one': {
    open: (world) => world,
    act: (world: World) => openEndpoint(world, 2),
    after: (world: World) => assert.equal(openEndpoint(world, 3).inFlight(), 0),
  },
  'endpoint: an attempt': atEndpoint((endpoint) => {
    endpoint.started();
    endpoint.started();
    endpoint.ended();
  }),
  'endpoint: a measurement': atEndpoint((endpoint, world) => endpoint.observe(40, now(world))),
  'endpoint: a failure without one': atEndpoint((endpoint, world) => {
    for (let i = 0; i < 20; i++) endpoint.untold(now(world));
  }),
  'endpoint: exploring': atEndpoint((endpoint, world) => {
    for (let i = 0; i < 25; i++) endpoint.explore(now(world));
  }),
  'endpoint: health': atEndpoint((endpoint) => endpoint.setHealthy(false)),
  'rule set: its users': {
    open: (world, thread) => new Users(zoneOf(world, Users.identity, Users.bytes(3)), thread),
    act: (users) => {
      users.enter();
      users.leave();
    },
    after: (users) => users.enter(),
  },
};
