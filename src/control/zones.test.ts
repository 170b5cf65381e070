import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryLog } from '../testing/control.ts';
import { ZoneDirectory } from './zones.ts';

test('a zone is adopted by the next rule set that names it, and starts zeroed otherwise', () => {
  const directory = new ZoneDirectory(memoryLog());
  const first = directory.begin();
  const breaker = first.zone('breaker a', 64);
  new Int32Array(breaker)[3] = 7;
  assert.equal(first.zone('breaker a', 64), breaker);
  first.commit();
  const second = directory.begin();
  assert.equal(second.zone('breaker a', 64), breaker);
  assert.equal(new Int32Array(second.zone('breaker b', 64))[3], 0);
  second.commit();
  assert.deepEqual(Object.keys(directory.zones()).sort(), ['breaker a', 'breaker b']);
});

test('what a committed rule set does not name is dropped; an abandoned one changes nothing', () => {
  const directory = new ZoneDirectory(memoryLog());
  const first = directory.begin();
  const kept = first.zone('kept', 8);
  first.zone('gone', 8);
  first.commit();
  const abandoned = directory.begin();
  abandoned.zone('other', 8);
  abandoned.abandon();
  abandoned.commit();
  assert.deepEqual(Object.keys(directory.zones()), ['kept', 'gone']);
  const second = directory.begin();
  second.zone('kept', 8);
  second.commit();
  assert.deepEqual(directory.zones(), { kept });
});

test('another size is another zone, and said', () => {
  const log = memoryLog();
  const directory = new ZoneDirectory(log);
  const first = directory.begin();
  const small = first.zone('nonces', 8);
  first.commit();
  const second = directory.begin();
  const large = second.zone('nonces', 16);
  assert.notEqual(large, small);
  assert.equal(large.byteLength, 16);
  assert.deepEqual(log.lines[0].fields, { zone: 'nonces', had: 8, wants: 16 });
  assert.throws(() => second.zone('nonces', 8), /nonces is asked for in two sizes, 16 and 8 bytes/);
  assert.equal(directory.zones().nonces, small);
});

test('any text is an identity', () => {
  const directory = new ZoneDirectory(memoryLog());
  const zones = directory.begin();
  zones.zone('__proto__', 8);
  assert.deepEqual(Object.keys(zones.zones()), ['__proto__']);
});

test('memory that cannot be had is an error and no crash', () => {
  const zones = new ZoneDirectory(memoryLog()).begin();
  assert.throws(() => zones.zone('huge', Number.MAX_SAFE_INTEGER), RangeError);
});
