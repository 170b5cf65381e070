import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { WeirError } from '../errors.ts';
import { KINDS } from '../policies/index.ts';
import { createLoader } from './load.ts';
import { MAX_FILE_SIZE } from './parse.ts';
import { readRuleFiles } from './read.ts';

let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-read-'));
});

after(() => rm(folder, { recursive: true, force: true }));

async function folderWith(name: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
  return path;
}

test('every *.yaml by name, and nothing that editors leave behind', async () => {
  const path = await folderWith('names', {
    'b.yaml': 'b',
    'a.yaml': 'a',
    'c.yml': '',
    'notes.txt': '',
    '.hidden.yaml': '',
    '..data.yaml': '',
    '.#a.yaml': '',
    '#a.yaml#': '',
    '#b.yaml': '',
    'a.yaml~': '',
    '.a.yaml.swp': '',
    'a.yaml.swp': '',
    'a.yaml.bak': '',
  });
  const files = await readRuleFiles(path);
  assert.deepEqual(files, [
    { file: join(path, 'a.yaml'), text: 'a' },
    { file: join(path, 'b.yaml'), text: 'b' },
    { file: join(path, 'c.yml'), text: '', leftOut: 'does not end in .yaml' },
  ]);
});

test('the links of a ConfigMap are followed, its versions are not read twice', async () => {
  const path = await folderWith('configmap', {});
  await mkdir(join(path, '..2026_01_31'));
  await writeFile(join(path, '..2026_01_31', 'a.yaml'), 'routes: {}');
  await symlink('..2026_01_31', join(path, '..data'));
  await symlink('..data/a.yaml', join(path, 'a.yaml'));
  const files = await readRuleFiles(path);
  assert.deepEqual(files, [{ file: join(path, 'a.yaml'), text: 'routes: {}' }]);
});

test('what cannot be read says why', async () => {
  const path = await folderWith('unreadable', { 'latin.yaml': Buffer.from('a: 1\nb: \xe4\n', 'latin1') });
  await symlink('nowhere.yaml', join(path, 'dangling.yaml'));
  await mkdir(join(path, 'folder.yaml'));
  const found = Object.fromEntries((await readRuleFiles(path)).map((f) => [basename(f.file), f]));
  assert.equal(found['dangling.yaml']!.leftOut, 'is a link that leads nowhere, to nowhere.yaml');
  assert.equal(found['folder.yaml']!.unreadable, 'it is a folder, not a regular file');
  assert.equal(found['latin.yaml']!.unreadable, 'it is not UTF-8 from here on');
  assert.deepEqual(found['latin.yaml']!.unreadableAt, { line: 2, column: 4 });
});

test('of a file that is too large only the beginning is read, and the loader sees it', async () => {
  for (const [name, text] of [
    ['ascii', `# ${'x'.repeat(MAX_FILE_SIZE)}`],
    ['euro', `# ${'€'.repeat(MAX_FILE_SIZE)}`],
    ['mark', `\ufeff# ${'€'.repeat(MAX_FILE_SIZE)}`],
  ]) {
    const path = await folderWith(name!, { 'a.yaml': text! });
    const files = await readRuleFiles(path);
    assert.ok(files[0]!.text.length <= MAX_FILE_SIZE + 1);
    const { problems } = createLoader(KINDS)(files, { env: {}, root: path });
    assert.deepEqual(
      problems.map((problem) => problem.code),
      ['file-too-large'],
      name!,
    );
  }
});

test('a byte order mark is no part of the first key', async () => {
  const path = await folderWith('bom', { 'a.yaml': '\ufeffroute: {}\n' });
  const { problems } = createLoader(KINDS)(await readRuleFiles(path), { env: {}, root: path });
  assert.equal(problems[0]!.message, 'there is no section `route`');
});

test('a folder that is not there is an error of its own', async () => {
  await assert.rejects(readRuleFiles(join(folder, 'missing')), WeirError);
});
