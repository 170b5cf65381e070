import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryLog, tempFolder, until } from '../testing/control.ts';
import { isNoise, watchFolder } from './watch.ts';

/** What the folder holds does not matter to these, only that it changed. */
const NOTHING = { read: async () => null, digest: () => '', settle: 10 };

/** A watched folder with `a.yaml`; `seen` waits for a change after what `act` does. */
async function watched(t: TestContext, prepare: (folder: string) => void = () => {}, poll?: number) {
  const folder = join(tempFolder(t), 'rules');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.yaml'), 'a');
  prepare(folder);
  let changes = 0;
  const watch = watchFolder({ folder, log: memoryLog(), onChange: () => changes++, poll, ...NOTHING });
  t.after(() => watch.close());
  await watch.ready;
  const seen = async (what: string, act: () => void): Promise<void> => {
    const before = changes;
    act();
    await until(() => changes > before, what);
  };
  return { folder, seen, watch, count: () => changes, file: (name: string) => join(folder, name) };
}

test('every way a rule file changes is seen', async (t) => {
  const { seen, file } = await watched(t);
  await seen('a write in place', () => writeFileSync(file('a.yaml'), 'aa'));
  await seen('a truncation', () => truncateSync(file('a.yaml')));
  await seen('a new file', () => writeFileSync(file('b.yaml'), 'b'));
  await seen('a rename', () => renameSync(file('b.yaml'), file('c.yaml')));
  await seen('a removal', () => rmSync(file('c.yaml')));
  await seen('an editor that saves by rename', () => {
    writeFileSync(file('.a.yaml.swp'), 'x');
    writeFileSync(file('a.yaml.tmp'), 'aaa');
    renameSync(file('a.yaml.tmp'), file('a.yaml'));
  });
  await seen('an editor that keeps a backup', () => {
    renameSync(file('a.yaml'), file('a.yaml~'));
    writeFileSync(file('a.yaml'), 'aaaa');
  });
  await seen('the file after all that', () => writeFileSync(file('a.yaml'), 'aaaaa'));
});

test("a ConfigMap's swap of its ..data link is seen, again and again", async (t) => {
  const version = (folder: string, n: number): void => {
    mkdirSync(join(folder, `..v${n}`));
    writeFileSync(join(folder, `..v${n}`, 'map.yaml'), String(n));
    symlinkSync(`..v${n}`, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    if (n > 1) rmSync(join(folder, `..v${n - 1}`), { recursive: true });
  };
  const { folder, seen } = await watched(t, (folder) => {
    version(folder, 1);
    symlinkSync('..data/map.yaml', join(folder, 'map.yaml'));
  });
  for (const n of [2, 3, 4]) await seen(`version ${n}`, () => version(folder, n));
});

test('a folder that is moved away and made anew is watched on', async (t) => {
  const { folder, seen, file } = await watched(t);
  await seen('the move', () => renameSync(folder, `${folder}.old`));
  await seen('the new folder', () => {
    mkdirSync(folder);
    writeFileSync(file('new.yaml'), 'n');
  });
  await seen('a change in it', () => writeFileSync(file('new.yaml'), 'nn'));
});

test('a folder behind a link that moves to another one is seen', async (t) => {
  const base = tempFolder(t);
  for (const name of ['one', 'two']) {
    mkdirSync(join(base, name));
    writeFileSync(join(base, name, 'a.yaml'), name);
  }
  symlinkSync('one', join(base, 'current'));
  let changes = 0;
  const onChange = () => changes++;
  const watch = watchFolder({ folder: join(base, 'current'), log: memoryLog(), onChange, poll: 20, ...NOTHING });
  t.after(() => watch.close());
  await watch.ready;
  symlinkSync('two', join(base, 'next'));
  renameSync(join(base, 'next'), join(base, 'current'));
  await until(() => changes > 0, 'the link to be seen');
  const before = changes;
  // Once: what is written again and again never stands still.
  writeFileSync(join(base, 'two', 'a.yaml'), 'two, changed');
  await until(() => changes > before, 'a change behind the new link');
});

test("editors' side files are no change", () => {
  for (const name of ['.a.yaml.swp', 'a.yaml~', '4913', '#a.yaml#', '.hidden.yaml', 'a.yaml.tmp', '..2026_01_01'])
    assert.ok(isNoise(name), name);
  for (const name of ['a.yaml', '..data', '10-a.yaml', 'tmp.yaml']) assert.ok(!isNoise(name), name);
});

test('nothing is told after close', async (t) => {
  const { folder, count, file, watch } = await watched(t);
  let witnessed = 0;
  const witness = watchFolder({ folder, log: memoryLog(), onChange: () => witnessed++, ...NOTHING, settle: 50 });
  t.after(() => witness.close());
  await witness.ready;
  writeFileSync(file('a.yaml'), 'aa');
  await watch.close();
  const before = count();
  await until(() => witnessed > 0, 'another watcher to see it');
  assert.equal(count(), before);
});

test('a change is told with what was read when the folder stood still', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'a.yaml');
  writeFileSync(file, 'one');
  const told: (string | Error)[] = [];
  const watch = watchFolder<string>({
    folder,
    log: memoryLog(),
    settle: 10,
    read: async () => readFileSync(file, 'utf8'),
    digest: (text) => text,
    onChange: (text) => told.push(text),
  });
  t.after(() => watch.close());
  await watch.ready;
  writeFileSync(file, 'two');
  await until(() => told.includes('two'), 'the change');
  rmSync(file);
  await until(() => told.at(-1) instanceof Error, 'that it cannot be read any more');
});

test('a file that is a link to itself hides no change of others from the looks', async (t) => {
  // Where the system has no watch to give, the looks are all there is.
  const { seen, file } = await watched(t, (folder) => symlinkSync('self.yaml', join(folder, 'self.yaml')), 20);
  await seen('a write in place', () => writeFileSync(file('a.yaml'), 'aa'));
  await seen('a new file', () => writeFileSync(file('b.yaml'), 'b'));
});

test('what somebody took without waiting is no change; what comes back after it is one', async (t) => {
  const base = tempFolder(t);
  for (const name of ['one', 'two']) {
    mkdirSync(join(base, name));
    writeFileSync(join(base, name, 'a.yaml'), name);
  }
  const current = join(base, 'current');
  const turn = (to: string): void => {
    symlinkSync(to, join(base, 'next'));
    renameSync(join(base, 'next'), current);
  };
  turn('one');
  const told: (string | Error)[] = [];
  const watch = watchFolder<string>({
    folder: current,
    log: memoryLog(),
    settle: 60,
    poll: 10,
    read: async () => readFileSync(join(current, 'a.yaml'), 'utf8'),
    digest: (text) => text,
    onChange: (text) => told.push(text),
  });
  t.after(() => watch.close());
  await watch.ready;
  turn('two');
  assert.equal(await watch.take(), 'two');
  // The very files that it began with, with their times and inodes.
  turn('one');
  await until(() => told.length > 0, 'what came back');
  assert.deepEqual(told, ['one']);
});

test('files that do not count keep nothing from standing still', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'tls.pem');
  writeFileSync(file, 'one');
  let changes = 0;
  const watch = watchFolder({
    folder,
    log: memoryLog(),
    onChange: () => changes++,
    ...NOTHING,
    settle: 200,
    counts: (name) => name === 'tls.pem',
  });
  t.after(() => watch.close());
  await watch.ready;
  let lines = 0;
  const busy = setInterval(() => writeFileSync(join(folder, 'renew.log'), 'x'.repeat(++lines)), 5);
  try {
    writeFileSync(file, 'other');
    await until(() => changes > 0, 'the change beside a log that grows');
  } finally {
    clearInterval(busy);
  }
});
