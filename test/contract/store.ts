/** What every store must do, whatever it stands on: one suite for all implementations. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../../src/testing/property.ts';
import { runThreads } from '../../src/testing/threads.ts';
import { type Limit, type Store, StoreError, type Taken } from '../../src/types/store.ts';
import { type LimitModel, modelOf } from './limit-models.ts';

/** An implementation, made ready for one test. */
export interface StoreSubject {
  readonly store: Store;
  /** Lets time go by for the store, by a clock of its own or in truth. */
  advance(ms: number): void | Promise<void>;
  /** How other threads open the same store: a module's export `openStore(data)`. */
  readonly shared: { readonly module: string; readonly data: unknown };
  close(): void | Promise<void>;
}

export interface StoreTraits {
  /** Time costs nothing, so that tests may let a lot of it go by. */
  readonly virtualTime: boolean;
  /** It has room for so many nonces and keys, and says so when they are used up. */
  readonly bounded: boolean;
}

/** Makes an empty store with room for at least this many nonces and keys of limits. */
export type CreateStore = (nonces: number, limits: number) => StoreSubject | Promise<StoreSubject>;

const JOBS = new URL('store-jobs.ts', import.meta.url).href;
const THREADS = 4;

const bucket = (count: number, per: number, burst = count): Limit => ({ algorithm: 'tokenBucket', count, per, burst });
const sliding = (count: number, per: number): Limit => ({ algorithm: 'slidingWindow', count, per, burst: count });

/** Declares the suite for one implementation. */
export function storeContract(name: string, create: CreateStore, traits: StoreTraits): void {
  const withStore: WithStore = (title, body, nonces = 20_000, limits = 1_000): void => {
    test(title, async () => {
      const subject = await create(nonces, limits);
      try {
        await body(subject);
      } finally {
        await subject.close();
      }
    });
  };

  describe(`${name}: once`, () => {
    withStore('is true the first time and false after', async ({ store }) => {
      assert.equal(await store.once('a', 1_000), true);
      assert.equal(await store.once('a', 1_000), false);
      assert.equal(await store.once('b', 1_000), true);
    });

    withStore('tells keys apart that look alike', async ({ store }) => {
      const keys = [
        '',
        'a',
        'A',
        'aa',
        'a\0',
        '\0a',
        'ab',
        'ba',
        'ä',
        'a\u0308',
        '\u6f22',
        'a'.repeat(5_000),
        'a'.repeat(5_001),
      ];
      for (const key of keys) assert.equal(await store.once(key, 60_000), true, JSON.stringify(key.slice(0, 9)));
      for (const key of keys) assert.equal(await store.once(key, 60_000), false, JSON.stringify(key.slice(0, 9)));
    });

    withStore('forgets a key after its time and not before', async ({ store, advance }) => {
      await store.once('short', 300);
      await store.once('long', 60_000);
      await advance(100);
      assert.equal(await store.once('short', 300), false);
      await advance(400);
      assert.equal(await store.once('short', 60_000), true, 'its time was not prolonged by being asked for');
      assert.equal(await store.once('short', 300), false);
      assert.equal(await store.once('long', 300), false);
    });

    withStore('lets exactly one of many concurrent calls win', async ({ store }) => {
      const answers = await Promise.all(Array.from({ length: 2_000 }, (_, i) => store.once(`key ${i % 20}`, 60_000)));
      assert.equal(answers.filter(Boolean).length, 20);
    });

    withStore('10,000 duplicates of 100 nonces over several threads: exactly 100 pass', async ({ shared }) => {
      const keys = Array.from({ length: 100 }, (_, i) => `nonce ${i}`);
      const passed = await runThreads<number>(JOBS, 'raceOnce', THREADS, { shared, keys, rounds: 25 });
      assert.equal(sum(passed), 100);
    });

    withStore(
      'many different keys from several threads are all new, once',
      async ({ shared, store }) => {
        const keys = Array.from({ length: 8_000 }, (_, i) => `nonce ${i}`);
        const passed = await runThreads<number>(JOBS, 'raceOnce', THREADS, { shared, keys, rounds: 1 });
        assert.equal(sum(passed), 8_000);
        for (const key of keys) assert.equal(await store.once(key, 60_000), false);
      },
      8_000,
    );
  });

  describe(`${name}: take`, () => {
    withStore('a token bucket allows its burst, then refuses, then refills', async ({ store, advance }) => {
      const limit = bucket(10, 1_000, 3);
      for (const remaining of [2, 1, 0]) {
        const taken = await store.take('k', limit, 1);
        assert.deepEqual([taken.allowed, taken.remaining, taken.retryAfter], [true, remaining, 0]);
      }
      const refused = await store.take('k', limit, 1);
      assert.equal(refused.allowed, false);
      assert.ok(refused.retryAfter > 0 && refused.retryAfter <= 100, `${refused.retryAfter}`);
      assert.ok(refused.resetAfter > 200 && refused.resetAfter <= 300, `${refused.resetAfter}`);
      await advance(refused.retryAfter);
      assert.equal((await store.take('k', limit, 1)).allowed, true);
      assert.equal((await store.take('other', limit, 1)).remaining, 2, 'another key has its own');
    });

    withStore('a cost above what is left takes nothing', async ({ store }) => {
      const limit = bucket(10, 60_000);
      await store.take('k', limit, 6);
      assert.equal((await store.take('k', limit, 5)).allowed, false);
      assert.equal((await store.take('k', limit, 4)).allowed, true);
    });

    withStore('a raised limit keeps what was used', async ({ store }) => {
      for (let i = 0; i < 10; i++) await store.take('k', bucket(10, 60_000), 1);
      assert.equal((await store.take('k', bucket(10, 60_000), 1)).allowed, false);
      const raised = await store.take('k', bucket(15, 60_000), 1);
      assert.deepEqual([raised.allowed, raised.remaining], [true, 4]);
    });

    for (const limit of [bucket(500, 3_600_000), sliding(500, 3_600_000)])
      withStore(`${limit.algorithm}: threads share one allowance exactly`, async ({ shared }) => {
        const allowed = await runThreads<number>(JOBS, 'raceTake', THREADS, { shared, limit, times: 1_000 });
        assert.equal(sum(allowed), 500);
      });

    if (traits.virtualTime) {
      const step = fc.record({ wait: fc.nat(700), cost: fc.integer({ min: 1, max: 3 }) });
      const limits = fc.oneof(
        fc
          .record({
            count: fc.integer({ min: 1, max: 12 }),
            per: fc.integer({ min: 1, max: 3_000 }),
            burst: fc.integer({ min: 3, max: 9 }),
          })
          .map(({ count, per, burst }) => bucket(count, per, burst)),
        fc
          .record({ count: fc.integer({ min: 3, max: 12 }), per: fc.integer({ min: 1, max: 3_000 }) })
          .map(({ count, per }) => sliding(count, per)),
      );
      test('both algorithms agree with a naive model', async () => {
        const property = fc.asyncProperty(limits, fc.array(step, { maxLength: 40 }), async (limit, steps) => {
          const { store, advance, close } = await create(10, 10);
          const model = modelOf(limit);
          for (const { wait, cost } of steps) {
            await advance(wait);
            model.advance(wait);
            agree(await store.take('k', limit, cost), model, cost);
          }
          await close();
        });
        await fc.assert(property, { numRuns: 200 });
      });
    }
  });

  if (traits.bounded) describe(`${name}: full`, () => full(withStore));
}

/** Declares a test on a store of its own, with room for so many nonces and limits. */
type WithStore = (
  title: string,
  body: (subject: StoreSubject) => Promise<void>,
  nonces?: number,
  limits?: number,
) => void;

function full(withStore: WithStore): void {
  withStore(
    'never gives up a live nonce, says it is full, and has room again when some expire',
    async ({ store, advance }) => {
      for (let i = 0; i < 500; i++) assert.equal(await store.once(`n${i}`, i < 100 ? 1_000 : 60_000), true);
      await rejectsFull(() => store.once('one more', 1_000));
      for (let i = 0; i < 500; i++) assert.equal(await store.once(`n${i}`, 1_000), false, 'known ones still are');
      await advance(1_200);
      for (let i = 0; i < 100; i++) assert.equal(await store.once(`again ${i}`, 60_000), true);
      await rejectsFull(() => store.once('one more', 1_000));
      for (let i = 100; i < 500; i++) assert.equal(await store.once(`n${i}`, 1_000), false);
    },
    500,
  );

  withStore(
    'a large one takes all it promised, twice over',
    async ({ store, advance }) => {
      for (let i = 0; i < 20_000; i++) assert.equal(await store.once(`n${i}`, 1_000), true);
      await advance(1_200);
      for (let i = 0; i < 20_000; i++) assert.equal(await store.once(`m${i}`, 1_000), true);
      for (let i = 0; i < 20_000; i++) assert.equal(await store.once(`m${i}`, 1_000), false);
    },
    20_000,
  );

  // Slow enough that a key which is spent stays so.
  for (const limit of [bucket(10, 100_000), sliding(10, 100_000)]) {
    withStore(
      `${limit.algorithm}: keys whose allowance is whole make room for new ones, spent ones do not`,
      async ({ store, advance }) => {
        const quick = { ...limit, per: 100 };
        for (let i = 0; i < 200; i++) await store.take(`k${i}`, i < 50 ? quick : limit, 10);
        await rejectsFull(() => store.take('one more', limit, 1));
        await advance(300);
        for (let i = 0; i < 50; i++) assert.equal((await store.take(`new ${i}`, limit, 10)).allowed, true);
        await rejectsFull(() => store.take('one more', limit, 1));
        for (let i = 50; i < 200; i++)
          assert.equal((await store.take(`k${i}`, limit, 1)).allowed, false, `k${i} is known`);
      },
      10,
      200,
    );

    withStore(
      `${limit.algorithm}: a new key takes the place of the one that has used least`,
      async ({ store }) => {
        for (let i = 0; i < 200; i++) await store.take(`k${i}`, limit, 1 + (i % 10));
        for (let i = 0; i < 40; i++) assert.equal((await store.take(`new ${i}`, limit, 10)).allowed, true);
        for (let i = 0; i < 200; i++)
          if (i % 10 > 1) assert.equal((await store.take(`k${i}`, limit, 10 - (i % 10))).allowed, false, `k${i}`);
      },
      10,
      200,
    );
  }

  describe('shares', () => shares(withStore));
}

/** `a` and `b` stand for two policies. */
function shares(
  withStore: (title: string, body: (subject: StoreSubject) => Promise<void>, nonces?: number, limits?: number) => void,
): void {
  const DAY = 86_400_000;
  const limit = bucket(10, DAY);

  for (const [title, cost] of [
    ['that used little', 1],
    ['that are all spent', 10],
  ] as const)
    withStore(
      `a crowd of keys ${title} keeps no key of another policy out, and has none of its keys forgotten`,
      async ({ store }) => {
        for (let i = 0; i < 10; i++) assert.equal((await store.take(`early ${i}`, limit, 10, 'b')).allowed, true);
        for (let i = 0; i < 400; i++) await takeOrFull(store, `crowd ${i}`, limit, cost, 'a');
        for (let i = 0; i < 90; i++) assert.equal((await store.take(`late ${i}`, limit, 10, 'b')).allowed, true);
        for (let i = 0; i < 400; i++) await takeOrFull(store, `more ${i}`, limit, cost, 'a');
        for (let i = 0; i < 10; i++) assert.equal((await store.take(`early ${i}`, limit, 1, 'b')).allowed, false);
        for (let i = 0; i < 90; i++) assert.equal((await store.take(`late ${i}`, limit, 1, 'b')).allowed, false);
      },
      10,
      200,
    );

  withStore(
    'a policy that has its share gives up keys of its own, and what it has more than that goes first',
    async ({ store }) => {
      for (let i = 0; i < 180; i++) await store.take(`a${i}`, limit, 10, 'a');
      for (let i = 0; i < 20; i++) await store.take(`b${i}`, limit, 5, 'b');
      await rejectsFull(() => store.take('one more', limit, 1, 'a'));
      for (let i = 20; i < 100; i++) assert.equal((await store.take(`b${i}`, limit, 5, 'b')).allowed, true);
      // Half and half: from here on each is for itself.
      await rejectsFull(() => store.take('one more', limit, 1, 'a'));
      for (let i = 0; i < 50; i++) await store.take(`b again ${i}`, limit, 10, 'b');
      let spent = 0;
      for (let i = 0; i < 180; i++) if (!(await takeOrFull(store, `a${i}`, limit, 1, 'a'))) spent++;
      assert.equal(spent, 180, '100 of them are known, and for the others there is no room');
      for (let i = 0; i < 50; i++) assert.equal((await store.take(`b again ${i}`, limit, 1, 'b')).allowed, false);
    },
    10,
    200,
  );

  withStore(
    'in a large store, too, every policy has its share',
    async ({ store }) => {
      for (let i = 0; i < 40_000; i++) await takeOrFull(store, `crowd ${i}`, limit, 10, 'a');
      for (const policy of ['b', 'c', 'd'])
        for (let i = 0; i < 4_000; i++) assert.equal((await store.take(policy + i, limit, 10, policy)).allowed, true);
      for (const policy of ['b', 'c', 'd'])
        for (let i = 0; i < 4_000; i++) assert.equal((await store.take(policy + i, limit, 1, policy)).allowed, false);
    },
    10,
    20_000,
  );
}

/** False where it was refused, or there was no room. */
async function takeOrFull(store: Store, key: string, limit: Limit, cost: number, sharer: string): Promise<boolean> {
  try {
    return (await store.take(key, limit, cost, sharer)).allowed;
  } catch (error) {
    if (error instanceof StoreError && error.reason === 'full') return false;
    throw error;
  }
}

async function rejectsFull(call: () => unknown): Promise<void> {
  await assert.rejects(
    async () => call(),
    (error) => error instanceof StoreError && error.reason === 'full',
  );
}

function agree(taken: Taken, model: LimitModel, cost: number): void {
  const before = model.wouldAllow(cost, 0);
  assert.equal(taken.allowed, before);
  if (!taken.allowed && model.everAllows(cost)) {
    assert.ok(model.wouldAllow(cost, taken.retryAfter), `passes after ${taken.retryAfter}`);
    assert.ok(!model.wouldAllow(cost, taken.retryAfter - 1), `and not before ${taken.retryAfter}`);
  }
  if (taken.allowed) model.take(cost);
  assert.equal(taken.remaining, model.remaining());
  assert.ok(model.isWhole(taken.resetAfter), `whole after ${taken.resetAfter}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
