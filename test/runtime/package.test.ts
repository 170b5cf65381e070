/** The built package, run as npm installs it (test/tools/package.ts). */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { installPackage, removeBuild } from '../tools/package.ts';
import { until } from '../tools/until.ts';

/** Most megabytes of its own with one traffic thread: it takes 54, and took 78. The program itself adds some 55. */
const MEMORY = 70;

let folder = '';
let installed = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-package-'));
  installed = installPackage(folder);
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
  removeBuild();
});

describe('the package', () => {
  test('brings the program with declarations, and no sources or tests', () => {
    assert.ok(existsSync(join(installed, 'dist', 'cli', 'main.js')));
    assert.ok(existsSync(join(installed, 'dist', 'cli', 'main.d.ts')));
    assert.ok(existsSync(join(installed, 'config', 'schema', 'rules.schema.json')));
    assert.ok(!existsSync(join(installed, 'src', 'cli')));
    assert.ok(!existsSync(join(installed, 'test')));
    assert.deepEqual(globSync(['**/testing', '**/*.test.*'], { cwd: installed, exclude: ['**/node_modules'] }), []);
  });

  test('serves, and answers on threads of its own', async () => {
    mkdirSync(join(folder, 'rules'));
    writeFileSync(
      join(folder, 'weir.yaml'),
      'listeners: [{ address: "127.0.0.1:0" }]\nthreads: 1\nrules: rules\nstate: state\n',
    );
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
      if (process.platform === 'linux')
        await until(() => ownMemory(child.pid!) <= MEMORY, `its memory to be ${MEMORY} MB or less`);
    } finally {
      child.kill('SIGTERM');
    }
  });
});

/** Megabytes of a process that hold no file. */
function ownMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
}

async function readyUrl(out: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of out) {
    text += chunk;
    const ready = text.split('\n').find((line) => line.includes('weir is ready'));
    if (ready) return JSON.parse(ready).listeners[0];
  }
  throw new Error(`it ended before it was ready:\n${text}`);
}
