/** Where tests live (test/README.md): units beside their code, a folder of `test/` for each kind of proof. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const SRC = join(ROOT, 'src');
const TEST = join(ROOT, 'test');
const README = join(TEST, 'README.md');

const sources = globSync('**/*.ts', { cwd: SRC });
const isTest = (path: string): boolean => path.endsWith('.test.ts');
const isTesting = (path: string): boolean => path.startsWith(`testing${sep}`);

/** What `path` below `src` names with a relative specifier or path in a string: imports, URLs of workers, fixtures. */
function targetsOf(path: string): string[] {
  const text = readFileSync(join(SRC, path), 'utf8');
  const folder = dirname(join(SRC, path));
  return Array.from(text.matchAll(/['"`](\.\.?\/[^'"`\s$]*)/g), ([, target]) => resolve(folder, target!));
}

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}${sep}`);

function edges(from: (path: string) => boolean, to: (target: string) => boolean): string[] {
  return sources.filter(from).flatMap((path) =>
    targetsOf(path)
      .filter(to)
      .map((target) => `${path} -> ${relative(ROOT, target)}`),
  );
}

test('nothing under src reads anything of test', () => {
  const found = edges(
    () => true,
    (target) => isBelow(target, TEST),
  );
  assert.deepEqual(found, []);
});

test('paths that are put together do not lead from src to test either', () => {
  const found = sources.filter((path) =>
    /(?:join|resolve)\([^)]*'\.\.'[^)]*'test'/.test(readFileSync(join(SRC, path), 'utf8')),
  );
  assert.deepEqual(found, []);
});

test('the program uses neither tests nor what they share', () => {
  const found = edges(
    (path) => !isTest(path) && !isTesting(path),
    (target) => isBelow(target, join(SRC, 'testing')) || isTest(target),
  );
  assert.deepEqual(found, []);
});

test('a unit test stands beside what it tests, or names a file there', () => {
  const lost = sources.filter((path) => {
    if (!isTest(path)) return false;
    const beside = join(SRC, path.replace(/\.test\.ts$/, '.ts'));
    return (
      !existsSync(beside) &&
      !edges(
        (one) => one === path,
        (target) => isIn(target, path),
      ).length
    );
  });
  assert.deepEqual(lost, []);
});

/** Is `target` a file in the folder of the test `path`? */
function isIn(target: string, path: string): boolean {
  return dirname(target) === dirname(join(SRC, path)) && !isTest(target);
}

test('what tests share has no tests of its own', () => {
  assert.deepEqual(
    sources.filter((path) => isTesting(path) && isTest(path)),
    [],
  );
});

test('every folder of test is a kind of proof that test/README.md names, and it names no others', () => {
  const folders = readdirSync(TEST, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const named = Array.from(readFileSync(README, 'utf8').matchAll(/^\| `([a-z]+)\/` \|/gm), ([, name]) => name!);
  assert.deepEqual(named.toSorted(), folders.toSorted());
});

test('no test lies about at the top of test', () => {
  assert.deepEqual(
    readdirSync(TEST)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => basename(name)),
    [],
  );
});

test('chance comes from the seed of the run', () => {
  // A measurement is the same each time, so that it can be compared with others.
  const own = /^(?:src\/testing\/(?:property|random|seed)\.ts$|test\/(?:architecture|bench)\/)/;
  const tests = [...sources.filter((path) => isTest(path) || isTesting(path)).map((path) => join('src', path))];
  const proofs = globSync('**/*.ts', { cwd: TEST, exclude: ['**/node_modules'] }).map((path) => join('test', path));
  const found = [...tests, ...proofs].filter((path) => {
    if (own.test(path)) return false;
    return /Math\.random\b|from 'fast-check'|\bseed: \d/.test(readFileSync(join(ROOT, path), 'utf8'));
  });
  assert.deepEqual(found, []);
});
