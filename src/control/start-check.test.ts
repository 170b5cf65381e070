import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledDatabase } from '../geo/bundled.ts';
import { config, plan } from '../testing/control.ts';
import { checkStart } from './start-check.ts';

test('rules that do not compile are a problem of the folder', async () => {
  const policies = [{ name: 'p', kind: 'nonsense', config: {}, place: { file: '/r/a.yaml', line: 1, column: 1 } }];
  const problems = await checkStart({
    config: config({ geoip: { database: bundledDatabase(), overrides: null, required: true }, rules: '/r' }),
    placeOf: () => ({ file: '/c.yaml', line: 1, column: 1 }),
    plan: plan('1', { policies }),
    files: [],
    env: {},
  });
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error').map(({ file, code }) => [file, code]),
    [['/r', 'refused']],
  );
});
