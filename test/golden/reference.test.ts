import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadRules } from '../../src/plan/load.ts';
import { readRuleFiles } from '../../src/plan/read.ts';
import { KINDS } from '../../src/policies/index.ts';
import { GOLDEN } from './golden.ts';

const SECRET = { WEIR_PARTNER_A: 'a-secret-of-thirty-two-bytes-or-more' };

test('the reference loads with the real kinds of policy', async () => {
  const root = `${GOLDEN}/reference/rules`;
  const { plan, problems } = loadRules(await readRuleFiles(root), { kinds: KINDS, env: SECRET, root });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['unused-policy'],
  );
  assert.equal(plan?.policies.length, 6);
});

test('a plan can be cloned to another thread', async () => {
  const root = `${GOLDEN}/reference/rules`;
  const { plan } = loadRules(await readRuleFiles(root), { kinds: KINDS, env: SECRET, root });
  assert.notEqual(plan, null);
  assert.deepEqual(structuredClone(plan), plan);
});
