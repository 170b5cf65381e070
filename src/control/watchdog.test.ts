import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryLog } from '../testing/control.ts';
import { heapLimits, type ThreadMemory, threadMemory } from './memory.ts';
import { Watchdog, type Watched } from './watchdog.ts';

const MIB = 1024 ** 2;

class FakeThread implements Watched {
  readonly number = 1;
  beats = 0;
  killed = false;
  size: ThreadMemory = { heap: 0, buffers: 0 };
  readonly ended: string[] = [];
  async memory(): Promise<ThreadMemory> {
    return this.size;
  }
  async terminate(why: string, reason: string): Promise<void> {
    this.ended.push(`${reason}: ${why}`);
  }
}

/** Two seconds, ten seconds, and a look every half second of a clock that the test turns. */
function watched(debugging = false) {
  const thread = new FakeThread();
  const log = memoryLog();
  const state = { low: false, hopeless: 0 };
  let now = 0;
  const watchdog = new Watchdog({
    times: { unresponsive: 2000, replace: 10_000 },
    most: { heap: 50 * MIB, buffers: 100 * MIB },
    threads: () => [thread],
    log,
    monotonic: () => now,
    debugging: () => debugging,
    isLow: () => state.low,
    onHopeless: () => {
      state.hopeless++;
    },
  });
  /** `gap` milliseconds pass, then it looks. */
  const look = async (gap = 500): Promise<void> => {
    now += gap;
    await watchdog.look();
  };
  const looks = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await look();
  };
  return { thread, log, watchdog, state, look, looks, said: () => log.lines.map(({ message }) => message) };
}

test('a thread that beats is left alone', async () => {
  const { thread, looks, said } = watched();
  for (let i = 0; i < 100; i++) {
    thread.beats++;
    await looks(3);
  }
  assert.deepEqual([thread.ended, said()], [[], []]);
});

test('silence is told once, and is over with the next beat', async () => {
  const { thread, watchdog, looks, said } = watched();
  await looks(3);
  assert.equal(watchdog.unresponsive(thread), false);
  await looks(3);
  assert.deepEqual([watchdog.unresponsive(thread), watchdog.stalls], [true, 1]);
  thread.beats++;
  await looks(1);
  assert.equal(watchdog.unresponsive(thread), false);
  assert.deepEqual(said(), ['a traffic thread does not respond', 'a traffic thread responds again']);
  assert.deepEqual(thread.ended, []);
});

test('long silence ends the thread, once', async () => {
  const { thread, looks, said } = watched();
  await looks(19);
  assert.deepEqual(thread.ended, []);
  await looks(1);
  assert.deepEqual(thread.ended, ['unresponsive: did not respond for 10000 ms']);
  await looks(20);
  assert.equal(thread.ended.length, 1);
  assert.match(said().at(-1)!, /cannot be terminated/);
});

test('a process that was stopped for an hour kills nobody when it wakes', async () => {
  const { thread, look, looks, said } = watched();
  for (let i = 0; i < 5; i++) {
    await look(3_600_000);
    await looks(1);
    thread.beats++;
    await looks(1);
  }
  assert.deepEqual([thread.ended, said()], [[], []]);
});

test('a thread at a breakpoint is told, and not ended', async () => {
  const { thread, watchdog, looks } = watched(true);
  await looks(200);
  assert.deepEqual([thread.ended, watchdog.unresponsive(thread)], [[], true]);
});

test('buffers above the bound end a thread at the second look, whether it beats or not', async () => {
  for (const beats of [0, 1]) {
    const { thread, watchdog, looks } = watched();
    const large = { heap: 1, buffers: 101 * MIB };
    const look = async (size: ThreadMemory): Promise<void> => {
      thread.size = size;
      thread.beats += beats;
      await looks(1);
    };
    await look(large);
    await look({ heap: 1, buffers: MIB });
    await look(large);
    assert.deepEqual(thread.ended, []);
    await look(large);
    await look(large);
    assert.deepEqual(thread.ended, ['memory: took 101 MiB of buffers, more than 100 MiB']);
    assert.deepEqual(watchdog.memory, large);
  }
});

test('so does a heap', async () => {
  const { thread, looks } = watched();
  thread.size = { heap: 51 * MIB, buffers: 0 };
  await looks(2);
  assert.deepEqual(thread.ended, ['memory: took 51 MiB of heap, more than 50 MiB']);
});

test('a thread that does not say its size is asked once, and keeps no look waiting', async () => {
  const { thread, looks } = watched();
  let asked = 0;
  thread.memory = () => {
    asked++;
    return new Promise(() => {});
  };
  thread.beats++;
  const alive = setInterval(() => {}, 1000);
  await looks(3);
  clearInterval(alive);
  assert.equal(asked, 1);
});

test('a thread that cannot be ended ends the process when memory runs out, not before', async () => {
  const { looks, state } = watched();
  await looks(40);
  assert.equal(state.hopeless, 0);
  state.low = true;
  await looks(1);
  assert.equal(state.hopeless, 1);
});

test('the memory of a thread: as configured, else a share of the machine within bounds', () => {
  const GIB = 1024 * MIB;
  assert.equal(threadMemory(300 * MIB, 4, GIB), 300 * MIB);
  assert.equal(threadMemory(0, 4, 8 * GIB), 1.5 * GIB);
  assert.equal(threadMemory(0, 4, GIB), 256 * MIB);
  assert.equal(threadMemory(0, 2, 64 * GIB), 4 * GIB);
  assert.deepEqual(heapLimits(256 * MIB), { maxYoungGenerationSizeMb: 32, maxOldGenerationSizeMb: 96 });
  assert.deepEqual(heapLimits(4 * GIB), { maxYoungGenerationSizeMb: 96, maxOldGenerationSizeMb: 1952 });
});
