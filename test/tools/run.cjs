/*
 * `npm test`: everything that CI asks, in the order in which it is cheapest to fail. Readable by any Node, because npm
 * may start it with the system's; every step then runs on the Node that npm installed.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { randomInt } = require('node:crypto');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..', '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);

/** The oldest Node that Weir runs on, installed beside the pinned one: the workspace test/tools/node24. */
const NODE24 = join(root, 'test', 'tools', 'node24', 'node_modules', '.bin', 'node');
/** Where npm has that Node. */
const HAS_NODE24 = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

const RUNNER = ['--test', '--test-reporter=spec', '--test-concurrency=2', '--test-timeout=180000'];

const STEPS = [
  ['format and lint', bin('biome'), ['ci', '--colors=off', '--error-on-warnings', '.']],
  ['promises', bin('oxlint'), ['--type-aware', '--deny-warnings', 'src', 'test']],
  ['types', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']],
  ['what tests need', bin('node'), ['test/tools/prepare.ts']],
  ['rules of this repository', bin('node'), ['src/main.cjs', 'check']],
  ['tests of these rules', bin('node'), ['src/main.cjs', 'test']],
  ['tests', bin('node'), [...RUNNER, 'src/**/*.test.ts', 'test/**/*.test.ts']],
  ['tests on Node 24', NODE24, [...RUNNER, 'src/**/*.test.ts', 'test/{contract,blackbox,grpc}/**/*.test.ts']]
];

// Another one each time; all tests by chance begin with it (src/testing/seed.ts).
const seed = process.env.FUZZ_SEED || String(randomInt(2 ** 31 - 1));
const env = Object.assign({}, process.env, { FUZZ_SEED: seed });
process.stdout.write(`FUZZ_SEED=${seed} plays this run again\n`);

for (const [name, command, args] of STEPS) {
  const started = Date.now();
  process.stdout.write(`\n== ${name}\n`);
  if (command === NODE24 && !HAS_NODE24) {
    process.stdout.write('left out: npm has that Node for Linux on x64 and arm64 only\n');
    continue;
  }
  if (!existsSync(command)) {
    process.stderr.write(`${command} is not there: run npm ci\n`);
    process.exit(1);
  }
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (error) process.stderr.write(`${error.message}\n`);
  if (status !== 0) {
    process.stderr.write(`\n== ${name}: failed (FUZZ_SEED=${seed})\n`);
    process.exit(status || 1);
  }
  process.stdout.write(`== ${name}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}
