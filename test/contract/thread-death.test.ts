/**
 * A thread may die between any two writes to shared memory. For every operation and every such place: it dies there, its
 * locks are handed on, by the control plane or after a waiter's bound, and the next operation finds what it must.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { forgetInFlight } from '../../src/state/endpoint.ts';
import { lockWord, releaseLocks } from '../../src/state/lock.ts';
import { startThread } from '../../src/testing/threads.ts';
import { mortal, timeless } from '../tools/mortal.ts';
import { SCENARIOS, type Scenario, START, type World } from './thread-death-scenarios.ts';

const DEAD = 2;
/** Of the tables' fingerprints: each puts the entries in other places. */
const SEEDS = [1, 2, 3, 4, 5];
const MAGIC = 0x57656972;
const OWNER = 0xfff;

function newWorld(scenario: Scenario, seed: number): World {
  const clock = new Float64Array(new SharedArrayBuffer(8)).fill(START);
  const world: World = { zones: {}, clock, seed };
  scenario.before?.(scenario.open(world, 1), world);
  return world;
}

/** What the control plane does. */
function release({ zones }: World): void {
  for (const zone of Object.values(zones)) {
    releaseLocks(zone, DEAD);
    forgetInFlight(zone, DEAD);
  }
}

/** No lock of the world is held: nobody has to wait for a dead thread any more. */
function assertFree({ zones }: World): void {
  for (const [identity, zone] of Object.entries(zones)) {
    const words = new Int32Array(zone);
    if (words[0] !== MAGIC) continue;
    for (let n = 0; n < words[1]!; n++) assert.equal(words[lockWord(n)]! & OWNER, 0, `a lock of ${identity} is held`);
  }
}

/** The replacement opens what the dead thread had open, and another goes on with it. */
function goOn(scenario: Scenario, world: World, onWait = () => {}): void {
  timeless(() => {
    scenario.open(world, DEAD);
    scenario.after(scenario.open(world, 3), world);
  }, onWait);
  assertFree(world);
}

/** The same where the dead thread's locks have been given back. */
function goOnAtOnce(scenario: Scenario, world: World): void {
  goOn(scenario, world, () => assert.fail('somebody waits for a lock'));
}

/** Runs a scenario once for each step of its operation, until it lives through; gives how many there are. */
function dieEverywhere(scenario: Scenario, seed: number, recover: (world: World, step: number) => void): number {
  for (let step = 0; ; step++) {
    const world = newWorld(scenario, seed);
    const life = mortal(
      step,
      () => scenario.open(world, DEAD),
      (subject) => scenario.act(subject, world),
    );
    try {
      recover(world, step);
    } catch (error) {
      throw new Error(`seed ${seed}, ${life.died ? `died before step ${step}` : 'lived through'}`, { cause: error });
    }
    if (!life.died) return step;
  }
}

for (const [name, scenario] of Object.entries(SCENARIOS))
  describe(name, () => {
    test('told by the control plane', () => {
      for (const seed of SEEDS) {
        const steps = dieEverywhere(scenario, seed, (world) => {
          release(world);
          goOnAtOnce(scenario, world);
        });
        assert.ok(steps > 0, 'there was a step to die at');
      }
    });

    // What a thread had in flight is known to the control plane alone.
    if (!name.startsWith('endpoint'))
      test('found by a waiter', () => {
        for (const seed of SEEDS) dieEverywhere(scenario, seed, (world) => goOn(scenario, world));
      });
  });

for (const name of ['once: room by compaction', 'take: a key gives up its place to one of another policy'])
  test(`a thread that dies while it mends what another left: ${name}`, () => {
    const scenario = SCENARIOS[name]!;
    const [seed] = SEEDS;
    const steps = dieEverywhere(scenario, seed!, release);
    for (let first = 0; first < steps; first++)
      for (let second = 0, died = true; died; second++) {
        const world = newWorld(scenario, seed!);
        const die = (step: number) => {
          const life = mortal(
            step,
            () => null,
            () => scenario.act(scenario.open(world, DEAD), world),
          );
          release(world);
          return life.died;
        };
        die(first);
        died = die(second);
        goOnAtOnce(scenario, world);
      }
  });

test('threads that are really terminated in the middle', async () => {
  const steps = (scenario: Scenario) => dieEverywhere(scenario, 1, release);
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const world = newWorld(scenario, 1);
    // Zones that the operation makes: they must be the ones this thread sees.
    for (const [identity, zone] of Object.entries(zonesOf(scenario)))
      world.zones[identity] ??= new SharedArrayBuffer(zone.byteLength);
    await terminateAt(name, world, Math.floor(steps(scenario) / 2));
    release(world);
    goOnAtOnce(scenario, world);
  }
});

/** All zones of a scenario, from a run of it that nothing disturbed. */
function zonesOf(scenario: Scenario): World['zones'] {
  const world = newWorld(scenario, 1);
  scenario.act(scenario.open(world, DEAD), world);
  return world.zones;
}

async function terminateAt(scenario: string, world: World, step: number): Promise<void> {
  const gate = new Int32Array(new SharedArrayBuffer(8)).fill(1);
  const there = new Int32Array(new SharedArrayBuffer(4));
  const module = new URL('thread-death-job.ts', import.meta.url).href;
  const worker = startThread({ module, job: 'dieAt', data: { scenario, world, step, there }, index: 0, gate });
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  await Promise.race([Atomics.waitAsync(there, 0, 0).value, failed]);
  await worker.terminate();
}
