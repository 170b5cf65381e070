/** The clock of an upload, in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimerWheel } from '../state/wheel.ts';
import { UploadClock } from './upload-clock.ts';

/** A clock with 60 s that gives a second back for 500 octets; `pass` lets milliseconds go by. */
function started(settings: { uploadRate?: number; requestTimeout?: number; spent?: number } = {}) {
  let now = 0;
  let late = -1;
  const wheel = new TimerWheel(
    50,
    () => now,
    () => () => {},
  );
  const { uploadRate = 500, requestTimeout = 60_000, spent = 0 } = settings;
  const clock = new UploadClock({ wheel, requestTimeout, uploadRate, now: () => now }, () => {
    late = now;
  });
  clock.start(spent);
  clock.run();
  const pass = (ms: number): void => {
    for (const end = now + ms; now < end; ) {
      now = Math.min(end, now + 50);
      wheel.advance(now);
    }
  };
  return { clock, wheel, pass, late: () => late };
}

test('a client that sends nothing is late after requestTimeout', () => {
  const { pass, late, wheel } = started();
  pass(59_950);
  assert.equal(late(), -1);
  pass(100);
  assert.equal(late(), 60_000);
  assert.equal(wheel.size, 0);
});

test('a client that keeps to the rate is never late, however long it takes', () => {
  const { clock, pass, late } = started();
  for (let second = 0; second < 3600; second++) {
    pass(1000);
    clock.took(500);
  }
  assert.equal(late(), -1);
});

test('a client that drips is late, a little later', () => {
  const { clock, pass, late } = started();
  for (let second = 0; second < 100 && late() < 0; second++) {
    pass(1000);
    clock.took(50);
  }
  assert.ok(late() > 60_000 && late() < 70_000, `${late()}`);
});

test('what came fast does not pay for silence later on', () => {
  const { clock, pass, late } = started();
  pass(1000);
  clock.took(100_000_000);
  pass(60_100);
  assert.equal(late(), 61_000);
});

test('without a rate any octet gives all of the time back', () => {
  const { clock, pass, late } = started({ uploadRate: 0 });
  for (let i = 0; i < 100; i++) {
    pass(59_000);
    clock.took(1);
  }
  assert.equal(late(), -1);
  pass(60_100);
  assert.ok(late() > 0);
});

test('while Weir holds the client back the clock stands still, and goes on where it stood', () => {
  const { clock, wheel, pass, late } = started();
  pass(50_000);
  clock.hold();
  assert.equal(wheel.size, 0);
  pass(3_600_000);
  clock.run();
  clock.run();
  pass(9_900);
  assert.equal(late(), -1);
  pass(200);
  assert.ok(late() > 0);
});

test('what comes while it stands still counts', () => {
  const { clock, pass, late } = started();
  pass(50_000);
  clock.hold();
  pass(100_000);
  clock.took(10_000);
  clock.run();
  pass(29_000);
  assert.equal(late(), -1);
  pass(1_100);
  assert.ok(late() > 0);
});

test('the time that the head took is part of it', () => {
  const { pass, late } = started({ spent: 9_000 });
  pass(51_100);
  assert.equal(late(), 51_000);
});

test('no limit, and a stopped clock, are never late', () => {
  const none = started({ requestTimeout: 0 });
  none.clock.took(1);
  none.pass(1e6);
  const stopped = started();
  stopped.clock.stop();
  stopped.clock.took(1);
  stopped.pass(1e6);
  assert.deepEqual([none.late(), stopped.late(), none.wheel.size, stopped.wheel.size], [-1, -1, 0, 0]);
});
