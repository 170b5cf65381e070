import assert from 'node:assert/strict';
import { chmodSync, lchownSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../testing/control.ts';
import { checkOwnFolder, makeOwnFolder } from './own-folder.ts';

test('the state folder may be a link of this user or of root, as systemd makes it; its target counts', (t) => {
  const folder = tempFolder(t);
  const [real, link] = [join(folder, 'private'), join(folder, 'weir')];
  mkdirSync(real, { mode: 0o700 });
  symlinkSync(real, link);
  makeOwnFolder(link, 'state');
  checkOwnFolder(link, 'state');
  assert.throws(() => makeOwnFolder(link, 'runtime'), /is a symbolic link/);
  chmodSync(real, 0o777);
  assert.throws(() => checkOwnFolder(link, 'state'), /is writable by others/);
});

test('a link that another user can turn is none', {
  skip: process.getuid?.() !== 0 && 'only root can make one',
}, (t) => {
  const folder = tempFolder(t);
  const [real, link] = [join(folder, 'private'), join(folder, 'weir')];
  mkdirSync(real, { mode: 0o700 });
  symlinkSync(real, link);
  lchownSync(link, 12345, 12345);
  assert.throws(() => makeOwnFolder(link, 'state'), /is a symbolic link; set `state` to the folder itself$/);
});
