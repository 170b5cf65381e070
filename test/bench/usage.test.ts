/** The bench says how it is used to whoever asks. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BENCH = fileURLToPath(new URL('bench.ts', import.meta.url));

for (const args of [['--help'], ['--quiet', '--help']])
  test(`npm run bench -- ${args.join(' ')}`, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BENCH, ...args], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
    assert.ok(stdout.startsWith(`npm run bench -- ${args.length > 1 ? '--quiet ' : ''}[options]`), stdout);
  });
