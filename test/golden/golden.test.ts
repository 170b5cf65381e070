import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PROBLEM_CODES } from '../../src/plan/codes.ts';
import { KINDS } from '../../src/policies/index.ts';
import { expected, goldenCases, runCase, update } from './golden.ts';

for (const name of goldenCases())
  test(`golden: ${name}`, async () => {
    const outcome = await runCase(name);
    if (process.env.UPDATE) update(outcome);
    for (const [file, text] of Object.entries(outcome.actual)) assert.equal(text, expected(name, file), file);
  });

/** Codes of the kinds' own, as their pages list them. */
const KIND_CODES: readonly string[] = KINDS.flatMap(({ kind }) => {
  const page = readFileSync(new URL(`../../src/policies/${kind}/README.md`, import.meta.url), 'utf8');
  const [, list = ''] = /Problems it reports: ([\s\S]*?)(?:\n\n|$)/.exec(page) ?? [];
  return Array.from(list.matchAll(/`([^`]+)`/g), ([, code]) => code!);
});

test('every code that a problem can have has a golden case, and golden cases have no others', async () => {
  const outcomes = await Promise.all(goldenCases().map(runCase));
  const seen = new Set(outcomes.flatMap(({ problems }) => problems.map(({ code }) => code)));
  const known = new Set([...Object.keys(PROBLEM_CODES), ...KIND_CODES]);
  assert.deepEqual(
    [...seen].filter((code) => !known.has(code)),
    [],
    'not documented',
  );
  assert.deepEqual(
    [...known].filter((code) => !seen.has(code)),
    [],
    'without a golden case',
  );
});

test('every problem has a place, says what is wrong, and what was expected or is to be done', async () => {
  const outcomes = await Promise.all(goldenCases().map(runCase));
  const mute: string[] = [];
  for (const { name, problems } of outcomes)
    for (const { file, line, column, message, hint } of problems) {
      const where = `${name}: ${file}:${line}:${column} ${message}`;
      assert.ok(file.startsWith('/golden/') && line > 0 && column > 0 && message !== '', where);
      if (hint === '' && !EXPECTS.test(message)) mute.push(where);
    }
  assert.deepEqual(mute, [], 'these do not say what to do');
});

/** Messages that name what was expected, or what stands in the way so that removing it is what to do. */
const EXPECTS = /must |needs |expected /i;
