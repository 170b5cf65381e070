import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Stillness } from './stillness.ts';

/** Something watched, in virtual time, that must stand still for 500 ms. `mark` is what a look sees. */
async function virtual(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const watched = { mark: 'old', looks: 0, told: [] as string[], complaints: [] as string[] };
  let held: Promise<void> | null = null;
  const stillness = new Stillness({
    look: async () => {
      watched.looks++;
      const { mark } = watched;
      const wait = held;
      held = null;
      await wait;
      return { mark };
    },
    settle: 500,
    onStill: ({ mark }) => watched.told.push(mark),
    onRestless: (before, now) => watched.complaints.push(`${before.mark} ${now.mark}`),
    now: Date.now,
  });
  await stillness.take();
  /** Time passes in steps, so that looks, which are promises, end between them. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 5) {
      t.mock.timers.tick(5);
      for (let i = 0; i < 8; i++) await Promise.resolve();
    }
  };
  const change = (mark: string): void => {
    watched.mark = mark;
    stillness.trigger();
  };
  /** The next look ends when the function that this gives is called. */
  const slow = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    held = promise;
    return resolve;
  };
  return { watched, stillness, pass, change, slow };
}

test('a change is told once it has been the same for the whole time', async (t) => {
  const { watched, pass, change } = await virtual(t);
  change('new');
  await pass(500);
  assert.deepEqual(watched.told, []);
  await pass(50);
  assert.deepEqual(watched.told, ['new']);
  await pass(5000);
  assert.deepEqual(watched.told, ['new']);
  assert.equal(watched.looks, 3);
});

test('a change that goes on begins the time anew, told of or not', async (t) => {
  const { watched, pass, change } = await virtual(t);
  change('half');
  await pass(450);
  change('whole');
  await pass(450);
  watched.mark = 'whole, and more'; // and the system says nothing
  await pass(450);
  assert.deepEqual(watched.told, []);
  await pass(600);
  assert.deepEqual(watched.told, ['whole, and more']);
});

test('events that change nothing put nothing off, and are not told', async (t) => {
  const { watched, pass, change, stillness } = await virtual(t);
  stillness.trigger();
  await pass(2000);
  assert.deepEqual(watched.told, []);
  change('new');
  for (let passed = 0; passed < 1000; passed += 20) {
    stillness.trigger();
    await pass(20);
  }
  assert.deepEqual(watched.told, ['new']);
});

test('what changes and changes back is no change', async (t) => {
  const { watched, pass, change } = await virtual(t);
  change('new');
  await pass(100);
  change('old');
  await pass(5000);
  assert.deepEqual(watched.told, []);
});

test('what never stands still is never told, but complained of, once', async (t) => {
  const { watched, pass, change } = await virtual(t);
  for (let i = 0; i < 150; i++) {
    change(`n${i}`);
    await pass(200);
  }
  assert.deepEqual(watched.told, []);
  assert.equal(watched.complaints.length, 1);
  assert.match(watched.complaints[0]!, /^n\d+ n\d+$/);
  await pass(1000);
  assert.deepEqual(watched.told, ['n149']);
});

test('nothing is told after close', async (t) => {
  const { watched, stillness, pass, change } = await virtual(t);
  change('new');
  await pass(300);
  stillness.close();
  await pass(5000);
  stillness.trigger();
  await pass(5000);
  assert.deepEqual(watched.told, []);
});

test('what is taken while it settles is not told, and what comes after is', async (t) => {
  const { watched, stillness, pass, change } = await virtual(t);
  change('half');
  await pass(300);
  assert.equal((await stillness.take()).mark, 'half');
  await pass(2000);
  assert.deepEqual(watched.told, []);
  change('whole');
  await pass(1000);
  change('half');
  await pass(1000);
  assert.deepEqual(watched.told, ['whole', 'half']);
});

test('what was there before something was taken is a change when it comes back', async (t) => {
  const { watched, stillness, pass, change } = await virtual(t);
  watched.mark = 'new';
  await stillness.take();
  change('old');
  await pass(1000);
  assert.deepEqual(watched.told, ['old']);
});

test('where something is told while another look is taken, it is told once more', async (t) => {
  const { watched, stillness, pass, change, slow } = await virtual(t);
  change('new');
  await pass(300);
  const answer = slow();
  const taking = stillness.take();
  await pass(1000);
  assert.deepEqual(watched.told, ['new']);
  answer();
  await taking;
  await pass(1000);
  assert.deepEqual(watched.told, ['new', 'new']);
});

test('what could not be used is told again', async (t) => {
  const { watched, stillness, pass, change } = await virtual(t);
  change('new');
  await pass(1000);
  stillness.again();
  await pass(1000);
  assert.deepEqual(watched.told, ['new', 'new']);
});
