/**
 * The built package: packed as npm packs it, laid out as npm installs it (dependencies beside it, nothing of this
 * checkout's sources), and run. The registry is not asked: what `npm ci` installed here stands in for it.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
let folder = '';
let installed = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-package-'));
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT, encoding: 'utf8' });
  assert.equal(packed.status, 0, packed.stderr);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  const modules = join(folder, 'empty', 'node_modules');
  mkdirSync(modules, { recursive: true });
  const untar = spawnSync('tar', ['-xzf', join(folder, tarball), '-C', modules]);
  assert.equal(untar.status, 0);
  installed = join(modules, 'package');
  for (const name of productionModules()) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
});

/** What npm would install beside the package: everything in the lock file that is not for development only. */
function productionModules(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  return Object.entries<{ dev?: boolean }>(lock.packages)
    .filter(([path, { dev }]) => path.startsWith('node_modules/') && !dev && existsSync(join(ROOT, path)))
    .map(([path]) => path.slice('node_modules/'.length))
    .filter((name) => !name.includes('/node_modules/'));
}

describe('the package', () => {
  test('brings the program with declarations, and no sources or tests', () => {
    assert.ok(existsSync(join(installed, 'dist', 'cli', 'main.js')));
    assert.ok(existsSync(join(installed, 'dist', 'cli', 'main.d.ts')));
    assert.ok(existsSync(join(installed, 'config', 'schema', 'rules.schema.json')));
    assert.ok(!existsSync(join(installed, 'src', 'cli')));
    assert.ok(!existsSync(join(installed, 'test')));
  });

  test('serves, and answers on threads of its own', async () => {
    mkdirSync(join(folder, 'rules'));
    writeFileSync(join(folder, 'weir.yaml'), 'listeners: [{ address: "127.0.0.1:0" }]\nthreads: 1\nrules: rules\n');
    writeFileSync(join(folder, 'rules', 'r.yaml'), 'routes:\n  all: { reply: { status: 418, text: packed } }\n');
    const entry = join(installed, 'src', 'main.cjs');
    const child = spawn(process.execPath, [entry, 'serve', '--config', join(folder, 'weir.yaml')], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const url = await readyUrl(child.stdout);
      const reply = await fetch(url);
      assert.equal(reply.status, 418);
      assert.equal(await reply.text(), 'packed');
    } finally {
      child.kill('SIGTERM');
    }
  });
});

async function readyUrl(out: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of out) {
    text += chunk;
    const ready = text.split('\n').find((line) => line.includes('weir is ready'));
    if (ready) return JSON.parse(ready).listeners[0];
  }
  throw new Error(`it ended before it was ready:\n${text}`);
}
