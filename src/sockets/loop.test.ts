/** The end of a turn, and time within one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from '../state/clock.ts';
import { Timer } from '../state/wheel.ts';
import { Loop } from './loop.ts';

function ending(log: string[], name: string, then: () => void = () => {}) {
  return {
    turnEnded() {
      log.push(name);
      then();
    },
  };
}

test('what is to be done at the end of a turn is done when the outermost callback is over, in order', () => {
  const loop = new Loop();
  const log: string[] = [];
  loop.within(() => {
    loop.atTurnEnd(ending(log, 'first', () => loop.atTurnEnd(ending(log, 'third'))));
    loop.within(() => loop.atTurnEnd(ending(log, 'second')));
    log.push('callback');
  });
  assert.deepEqual(log, ['callback', 'first', 'second', 'third']);
});

test('outside of a callback the turn ends when what runs now is done, before promises of later turns', async () => {
  const loop = new Loop();
  const log: string[] = [];
  loop.atTurnEnd(ending(log, 'end', () => loop.atTurnEnd(ending(log, 'end of the end'))));
  log.push('now');
  await new Promise(setImmediate);
  assert.deepEqual(log, ['now', 'end', 'end of the end']);
});

test('time stands still until the end of the turn is over, and goes on after an error', async () => {
  let reads = 0;
  const loop = new Loop(
    new Clock(
      () => 0,
      () => ++reads,
    ),
    null,
  );
  reads = 0; // the wheel has looked where it stands
  const seen: number[] = [];
  const look = () => seen.push(loop.clock.monotonic());
  loop.within(() => {
    look();
    loop.atTurnEnd({ turnEnded: look });
  });
  look();
  const broken = {
    turnEnded() {
      throw new Error('mine');
    },
  };
  assert.throws(() =>
    loop.within(() => {
      loop.atTurnEnd(broken);
      loop.atTurnEnd({ turnEnded: look });
    }),
  );
  look();
  look();
  assert.deepEqual(seen, [1, 1, 2, 3, 4]);
  await new Promise(setImmediate);
  assert.deepEqual(seen.slice(5), [5], 'what was to be done behind the one that threw');
});

test('a tick of the wheel is a callback: time stands still in it, and its turn ends', async () => {
  const loop = new Loop();
  const ticked = Promise.withResolvers<boolean>();
  const keepAlive = setInterval(() => {}, 1000);
  const timer = new (class extends Timer {
    override onTimeout(): void {
      const { depth } = loop.clock;
      loop.atTurnEnd({ turnEnded: () => ticked.resolve(depth > 0) });
    }
  })();
  loop.wheel.set(timer, 5);
  assert.equal(await ticked.promise, true);
  clearInterval(keepAlive);
});
