/**
 * The house rules that a reader relies on: imports go down only (types count), policies never import one another or the
 * core, there are no cycles, and nothing at module level can be written to.
 */
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const SRC = join(import.meta.dirname, '..', '..', 'src');

/** Lowest first. A file may import its own layer's folder and the layers below; see src/README.md. */
const LAYERS: readonly (readonly string[])[] = [
  ['fields', 'methods.ts', 'slices.ts', 'units.ts', 'version.ts'],
  ['errors.ts', 'grpc.ts', 'metrics', 'http1', 'http2-streams'],
  ['types'],
  ['state', 'files', 'net', 'match', 'template', 'log'],
  ['sockets'],
  ['geo', 'store', 'forwarders', 'edges'],
  ['policies'],
  ['plan'],
  ['traffic'],
  ['rehearsal'],
  ['control'],
  ['demo'],
  ['cli'],
];

/** Rule Zero: break a rule only with a comment saying why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

interface SourceFile {
  /** Those of `imports` that must not lead back here. */
  readonly cyclic: readonly string[];
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

/** What is imported, in whatever way. */
const ALL = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;
/** Imports that are gone when types are. */
const TYPES_ONLY = /\bimport type [^;]*?from ['"](\.[^'"]+)['"]/g;

/** Code that a tool makes of the code here: it stands in a layer as any other, but nobody reads or edits it. */
const isGenerated = (path: string): boolean => path.split('/').includes('generated');

const files: readonly SourceFile[] = globSync(['**/*.ts', '**/generated/*.js'], { cwd: SRC })
  .filter((path) => !/\.(test|d)\.ts$/.test(path) && !path.startsWith('testing/'))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const imports = importsOf(path, text);
    const types = new Set(importsOf(path, text, TYPES_ONLY).filter((target) => dirname(target) === dirname(path)));
    return { path, text, imports, cyclic: imports.filter((target) => !types.has(target)) };
  });

function importsOf(path: string, text: string, kind: RegExp = ALL): string[] {
  const found = text.matchAll(kind);
  return Array.from(found, ([, specifier]) => normalize(join(dirname(path), specifier!)));
}

function layerOf(path: string): number {
  const head = path.split('/')[0]!;
  const layer = LAYERS.findIndex((names) => names.includes(head));
  assert.ok(layer >= 0, `${path} belongs to no layer: say in LAYERS and src/README.md where it stands`);
  return layer;
}

test('imports go down only', () => {
  const wrong: string[] = [];
  for (const { path, imports } of files)
    for (const target of imports) {
      if (`${path} -> ${target}` in EXCEPTIONS) continue;
      const sideways = layerOf(path) === layerOf(target) && path.split('/')[0] !== target.split('/')[0];
      if (layerOf(target) > layerOf(path) || sideways) wrong.push(`${path} -> ${target}`);
    }
  assert.deepEqual(wrong, []);
});

/** Rooms of one folder, lowest first. */
const ROOMS: Readonly<Record<string, readonly string[]>> = { traffic: ['rules', 'tunnels', 'exchange', 'thread'] };

test('imports between the rooms of a folder go down only', () => {
  const wrong: string[] = [];
  for (const { path, imports } of files)
    for (const target of imports) {
      const [head, from] = path.split('/');
      const [other, to] = target.split('/');
      const rooms = ROOMS[head!];
      if (rooms === undefined || other !== head) continue;
      if (!rooms.includes(from!) || rooms.indexOf(to!) > rooms.indexOf(from!)) wrong.push(`${path} -> ${target}`);
    }
  assert.deepEqual(wrong, []);
});

test('policies import neither one another nor the core', () => {
  const wrong: string[] = [];
  for (const { path, imports } of files) {
    const [head, kind, file] = path.split('/');
    if (head !== 'policies' || file === undefined) continue;
    for (const target of imports)
      if (target.startsWith('policies/') && target.split('/')[1] !== kind) wrong.push(`${path} -> ${target}`);
  }
  assert.deepEqual(wrong, []);
});

test('every import names a file that is there', () => {
  const known = new Set(files.map(({ path }) => path));
  const lost = files.flatMap(({ path, imports }) =>
    imports.filter((target) => !known.has(target)).map((target) => `${path} -> ${target}`),
  );
  assert.deepEqual(lost, []);
});

test('there are no cycles; only the types of one folder may name one another', () => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      cycles.push([...trail.slice(at), path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const target of byPath.get(path)?.cyclic ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  assert.deepEqual(cycles, []);
});

/** Collections that could be written to, unless their type says that nobody may. */
const COLLECTION = /^(?:export )?const (\w+)(: Readonly\w+)?.*=\s*new (?:Map|Set|WeakMap|WeakSet)\b/;
/** Lists that whoever is given them could write to. */
const LIST = /^(?:export )?const \w+: (?!readonly |Readonly)[^=]*\[\] = (?!Object\.freeze\()/;
const CONSTANT = /^(?:export )?const (\w+)\b/;
const WRITES = 'set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin';

test('nothing at module level is mutable', () => {
  const wrong: string[] = [];
  // What is generated is not indented, so that its lines do not tell.
  for (const { path, text } of files.filter(({ path }) => !isGenerated(path)))
    text.split('\n').forEach((line, i) => {
      const where = `${path}:${i + 1} ${line}`;
      if (/^(export )?(let|var) /.test(line)) wrong.push(where);
      const collection = COLLECTION.exec(line);
      if (collection && !collection[2]) wrong.push(where);
      if (LIST.test(line)) wrong.push(where);
      const name = CONSTANT.exec(line)?.[1];
      if (name && new RegExp(`(?<![.\\w])${name}(\\.(${WRITES})\\(|(\\[[^\\]]*\\]|\\.\\w+) = )`).test(text))
        wrong.push(where);
    });
  assert.deepEqual(wrong, []);
});

test('files are short enough to hold in the head', () => {
  const long = files
    .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
    .filter(({ path }) => !isGenerated(path))
    .filter(({ path, lines }) => lines > (LONG[path]?.lines ?? 400));
  assert.deepEqual(long, []);
});

/** Files that are longer, and why. */
const LONG: Readonly<Record<string, { readonly lines: number; readonly why: string }>> = {
  'traffic/exchange/exchange.ts': {
    lines: 605,
    why: 'the life of a request, read top to bottom; its parts stand in files of their own',
  },
};

/** Names in the first cells of the code map, row by row. */
const CODEMAP: readonly (readonly string[])[] = readFileSync(join(SRC, 'README.md'), 'utf8')
  .split(/^## /m)
  .find((section) => section.startsWith('Codemap'))!
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => Array.from(line.split('|')[1]!.matchAll(/`([^`]+)`/g), ([, name]) => name!));

test('the code map in src/README.md names what is in src, and nothing else', () => {
  const there = readdirSync(SRC).filter((name) => name !== 'README.md' && !name.endsWith('.test.ts'));
  assert.deepEqual(CODEMAP.flat().toSorted(), there.toSorted());
});

test('the code map goes upward', () => {
  const layers = CODEMAP.map((row) => row.map((name) => LAYERS.findIndex((names) => names.includes(name))));
  const program = layers.filter((row) => !row.includes(-1));
  const falls = program.slice(1).filter((row, i) => Math.min(...row) < Math.max(...program[i]!));
  assert.deepEqual(falls, []);
});

test('imports are seen however they are written', () => {
  const text = `
import './a.ts';
import type { B } from './b.ts';
export {
  C,
} from "./c.ts";
type D = import('./d.ts').D;
const e = await import('../e.ts');
import fs from 'node:fs';`;
  assert.deepEqual(importsOf('folder/x.ts', text), [
    'folder/a.ts',
    'folder/b.ts',
    'folder/c.ts',
    'folder/d.ts',
    'e.ts',
  ]);
});
