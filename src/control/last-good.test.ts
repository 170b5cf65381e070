import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryLog, tempFolder } from '../testing/control.ts';
import { LastGood, type LastGoodOptions } from './last-good.ts';

const FILES = [
  { file: '/etc/weir/rules/a.yaml', text: 'key: "${env:SECRET}"\n' },
  { file: '/etc/weir/rules/b.yaml', text: '\ufeff# ü\n' },
];

function lastGood(t: TestContext, more: Partial<LastGoodOptions> = {}) {
  const state = join(tempFolder(t), 'a', 'state');
  const log = memoryLog();
  const options = { state, configFile: '/etc/weir/weir.yaml', rules: '/etc/weir/rules', env: {}, log, now: () => 0 };
  const open = (other: Partial<LastGoodOptions> = {}) => new LastGood({ ...options, ...more, ...other });
  const file = () => join(state, readdirSync(state)[0]!);
  return { state, log, open, file };
}

test('what is kept is read back as it was, by another process', async (t) => {
  const { open, state, file } = lastGood(t);
  assert.equal(await open().read(), null);
  const first = open();
  first.keep([{ file: '/etc/weir/rules/a.yaml', text: 'old' }], 'r1');
  first.keep(FILES, 'r2');
  await first.settled(10_000);
  assert.deepEqual(await open().read(), { revision: 'r2', keptAt: '1970-01-01T00:00:00.000Z', files: FILES });
  assert.deepEqual([statSync(state).mode & 0o777, statSync(file()).mode & 0o777], [0o700, 0o600]);
  assert.equal(readdirSync(state).length, 1);
});

test('the rules of another config are not found, those of another folder are refused', async (t) => {
  const { open } = lastGood(t);
  const first = open();
  first.keep(FILES, 'r');
  await first.settled(10_000);
  assert.equal(await open({ configFile: '/etc/other/weir.yaml' }).read(), null);
  await assert.rejects(open({ rules: '/etc/weir/rules2' }).read(), /belongs to other rules \(\/etc\/weir\/rules\)/);
});

test('a torn, changed or foreign file is refused', async (t) => {
  const { open, file } = lastGood(t);
  const first = open();
  first.keep(FILES, 'r');
  await first.settled(10_000);
  const good = readFileSync(file(), 'utf8');
  for (const text of [
    '',
    good.slice(0, -10),
    good.replace('SECRET', 'OTHER'),
    '{}',
    'null',
    good.replace('a.yaml', '../a'),
  ]) {
    writeFileSync(file(), text);
    await assert.rejects(open().read(), /is damaged/, text);
  }
  writeFileSync(file(), good);
  chmodSync(file(), 0o666);
  await assert.rejects(open().read(), /is not a file that Weir has written/);
  const path = file();
  rmSync(path);
  writeFileSync(`${path}.elsewhere`, good, { mode: 0o600 });
  symlinkSync(`${path}.elsewhere`, path);
  await assert.rejects(open().read(), { code: 'ELOOP' });
});

test('a folder that others can write to is neither used nor believed', async (t) => {
  const { open, state, log } = lastGood(t);
  const first = open();
  first.keep(FILES, 'r');
  await first.settled(10_000);
  chmodSync(state, 0o777);
  await assert.rejects(open().read(), /is writable by others/);
  first.keep(FILES, 'r2');
  first.keep(FILES, 'r3');
  await first.settled(10_000);
  assert.equal(log.lines.length, 1);
  assert.match(String(log.lines[0]!.fields.problem), /is writable by others; run chmod 700 on it/);
});

test('where nothing can be written Weir goes on with a warning, and leaves nothing behind', async (t) => {
  const { open, state, log } = lastGood(t);
  const first = open();
  first.keep(FILES, 'r');
  await first.settled(10_000);
  const name = readdirSync(state)[0]!;
  rmSync(join(state, name));
  // A folder in its place: the rename fails.
  mkdirSync(join(state, name, 'x'), { recursive: true });
  first.keep(FILES, 'r2');
  await first.settled(10_000);
  assert.deepEqual([readdirSync(state), log.lines.length], [[name], 1]);
});

test('by default the folder is one that outlives a reboot', async (t) => {
  const base = tempFolder(t);
  for (const [env, path] of [
    [{ STATE_DIRECTORY: join(base, 'systemd'), HOME: '/nowhere' }, 'systemd'],
    [{ XDG_STATE_HOME: join(base, 'xdg'), HOME: '/nowhere' }, 'xdg/weir'],
    [{ HOME: join(base, 'home') }, 'home/.local/state/weir'],
  ] as const) {
    const subject = lastGood(t).open({ state: null, env });
    subject.keep(FILES, 'r');
    await subject.settled(10_000);
    assert.equal(readdirSync(join(base, path)).length, 1);
  }
});

test('of rules that come faster than they are written the newest are kept, and a new failure is told anew', async (t) => {
  const { open, state, log } = lastGood(t);
  const first = open();
  for (let i = 0; i <= 100; i++) first.keep(FILES, `r${i}`);
  await first.settled(10_000);
  assert.equal((await open().read())?.revision, 'r100');
  const fail = async () => {
    chmodSync(state, 0o777);
    first.keep(FILES, 'lost');
    await first.settled(10_000);
    chmodSync(state, 0o700);
  };
  await fail();
  await fail();
  assert.equal(log.lines.length, 1);
  first.keep(FILES, 'again');
  await first.settled(10_000);
  await fail();
  assert.equal(log.lines.length, 2);
});
