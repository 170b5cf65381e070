/** Which folders a running Weir can be found in, and what is said of those that will not do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../testing/control.ts';
import { runtimePaths } from './runtime-folder.ts';

test('a folder that is missing is made, with those above it, for this user alone', (t) => {
  const folder = join(tempFolder(t), 'a', 'b');
  assert.ok(runtimePaths(folder, '/etc/weir.yaml', {}).shared.startsWith(folder));
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, '..')).mode & 0o777, 0o700);
});

test('what cannot be used is told by what it is', (t) => {
  const folder = tempFolder(t);
  const make = (name: string) => runtimePaths(join(folder, name), '/etc/weir.yaml', {});
  make('open');
  chmodSync(join(folder, 'open'), 0o777);
  assert.throws(() => make('open'), /open is writable by others; run chmod 700 on it$/);
  make('real');
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  assert.throws(() => make('link'), /link is a symbolic link; set `runtime` to the folder itself$/);
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  assert.throws(() => make('dangling/weir'), /ENOENT/);
  writeFileSync(join(folder, 'file'), '');
  assert.throws(() => make('file'), /file is not a folder$/);
  assert.throws(() => make('x'.repeat(100)), /is too long for a Unix socket$/);
});

test('a file system in which nothing can be made does not hold up the start', {
  skip: process.platform !== 'linux',
}, () => {
  // In a process of its own: a call that does not return could not be ended from within.
  const module = new URL('./runtime-folder.ts', import.meta.url).href;
  const program = `import(${JSON.stringify(module)}).then((m) => m.runtimePaths('/proc/self/weir', '/x', {}))`;
  const { signal, stderr } = spawnSync(process.execPath, ['--eval', program], { timeout: 10_000, encoding: 'utf8' });
  assert.equal(signal, null, 'it never ended');
  assert.match(stderr, /ENOENT/);
});

test('processes that start at once have paths of their own, even with one process id, and share the other', (t) => {
  const folder = tempFolder(t);
  const [one, two] = [1, 2].map(() => runtimePaths(folder, '/etc/weir.yaml', {}));
  assert.equal(one!.shared, two!.shared);
  assert.notEqual(one!.own, two!.own);
});
