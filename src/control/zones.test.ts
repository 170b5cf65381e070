import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndpointState } from '../state/endpoint.ts';
import { lock, lockBytes, lockWord, markLocks } from '../state/lock.ts';
import { Users } from '../state/users.ts';
import { memoryLog } from '../testing/control.ts';
import { type ZoneCollector, ZoneDirectory } from './zones.ts';

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
  assert.deepEqual(log.lines[0]!.fields, { zone: 'nonces', had: 8, wants: 16 });
  assert.throws(() => second.zone('nonces', 8), /nonces is asked for in two sizes, 16 and 8 bytes/);
  assert.equal(directory.zones().nonces, small);
});

test('any text is an identity', () => {
  const directory = new ZoneDirectory(memoryLog());
  const zones = directory.begin();
  zones.zone('__proto__', 8);
  assert.deepEqual(Object.keys(zones.zones()), ['__proto__']);
});

test('memory that cannot be allocated is an error and no crash', () => {
  const zones = new ZoneDirectory(memoryLog()).begin();
  assert.throws(() => zones.zone('huge', Number.MAX_SAFE_INTEGER), RangeError);
});

const THREADS = 2;
const OWNER = 0xfff;
const ORPHAN = 0xfff;

/** A rule set with a lock and an endpoint of its own, that thread 1 uses, holding the lock and a request in flight. */
function ruleSet(collector: ZoneCollector, name: string) {
  const guarded = collector.zone(`lock ${name}`, lockBytes(1));
  const words = markLocks(guarded, 1);
  const users = new Users(collector.zone(Users.identity, Users.bytes(THREADS)), 1);
  const endpoint = new EndpointState(collector.zone(`endpoint ${name}`, EndpointState.bytes(THREADS)), 1);
  users.enter();
  endpoint.started();
  lock(words, lockWord(0), 1);
  return { users, endpoint, isOrphaned: () => (Atomics.load(words, lockWord(0)) & OWNER) === ORPHAN };
}

test('a dead thread gives back what it held in zones of the rule set in use', () => {
  const directory = new ZoneDirectory(memoryLog());
  const collector = directory.begin();
  const held = ruleSet(collector, 'a');
  collector.commit();
  directory.release(2);
  assert.deepEqual([held.isOrphaned(), held.endpoint.inFlight()], [false, 1], 'another thread held nothing');
  directory.release(1);
  assert.deepEqual([held.isOrphaned(), held.endpoint.inFlight()], [true, 0]);
});

test('and in zones of earlier rule sets, as long as requests run under them', () => {
  const directory = new ZoneDirectory(memoryLog());
  const [first, second, third] = ['a', 'b', 'c'].map((name) => {
    const collector = directory.begin();
    const held = ruleSet(collector, name);
    collector.commit();
    if (name === 'a') held.users.leave();
    return held;
  });
  directory.release(1);
  assert.equal(second!.isOrphaned(), true, 'requests under the second were still under way');
  assert.equal(second!.endpoint.inFlight(), 0);
  assert.equal(third!.isOrphaned(), true);
  assert.equal(first!.isOrphaned(), false, 'no thread used the first: it was let go of');
});

test('and in zones of a rule set that is being taken into use', () => {
  const directory = new ZoneDirectory(memoryLog());
  const collector = directory.begin();
  const held = ruleSet(collector, 'a');
  directory.release(1);
  assert.deepEqual([held.isOrphaned(), held.endpoint.inFlight()], [true, 0]);
  collector.abandon();
});

test('a dead thread uses no rule set any more', () => {
  const directory = new ZoneDirectory(memoryLog());
  const first = directory.begin();
  ruleSet(first, 'a');
  first.commit();
  directory.begin().commit();
  directory.release(1);
  const other = new EndpointState(first.zone('endpoint a', EndpointState.bytes(THREADS)), 2);
  other.started();
  directory.release(2);
  assert.equal(other.inFlight(), 1, 'its zones are no longer known');
});

test('no two rule sets share their users', () => {
  const directory = new ZoneDirectory(memoryLog());
  const zones = [1, 2].map(() => {
    const collector = directory.begin();
    const zone = collector.zone(Users.identity, Users.bytes(THREADS));
    collector.commit();
    return zone;
  });
  assert.notEqual(zones[0], zones[1]);
});
