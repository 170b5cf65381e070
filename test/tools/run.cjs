/*
 * `npm test`: everything that CI asks, in the order in which it is cheapest to fail. Readable by any Node, because npm
 * may start it with the system's; every step then runs on the Node that npm installed.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { randomInt } = require('node:crypto');
const { join } = require('node:path');

const root = join(__dirname, '..', '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);

const STEPS = [
  ['format and lint', bin('biome'), ['ci', '--colors=off', '--error-on-warnings', '.']],
  ['types', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']],
  ['what tests need', bin('node'), ['test/tools/prepare.ts']],
  ['rules of this repository', bin('node'), ['src/main.cjs', 'check']],
  ['tests of these rules', bin('node'), ['src/main.cjs', 'test']],
  [
    'tests',
    bin('node'),
    [
      '--test',
      '--test-reporter=spec',
      '--test-concurrency=2',
      '--test-timeout=180000',
      'src/**/*.test.ts',
      'test/**/*.test.ts'
    ]
  ]
];

// Another one each time; all tests by chance begin with it (src/testing/seed.ts).
const seed = process.env.FUZZ_SEED || String(randomInt(2 ** 31 - 1));
const env = Object.assign({}, process.env, { FUZZ_SEED: seed });
process.stdout.write(`FUZZ_SEED=${seed} plays this run again\n`);

for (const [name, command, args] of STEPS) {
  const started = Date.now();
  process.stdout.write(`\n== ${name}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (error) process.stderr.write(`${error.message}\n`);
  if (status !== 0) {
    process.stderr.write(`\n== ${name}: failed (FUZZ_SEED=${seed})\n`);
    process.exit(status || 1);
  }
  process.stdout.write(`== ${name}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}
