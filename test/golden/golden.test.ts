import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEM_CODES } from '../../src/plan/codes.ts';
import { expected, goldenCases, runCase, update } from './golden.ts';

/** Codes that no file in a folder can bring about; src/plan/load.test.ts does. */
const ELSEWHERE = new Set(['unreadable-file', 'file-too-large', 'too-many-problems']);

for (const name of goldenCases())
  test(`golden: ${name}`, () => {
    const outcome = runCase(name);
    if (process.env.UPDATE) update(outcome);
    for (const [file, text] of Object.entries(outcome.actual)) assert.equal(text, expected(name, file), file);
  });

test('every code that the loader can report has a golden case, and golden cases have no others', () => {
  const seen = new Set(goldenCases().flatMap((name) => runCase(name).problems.map((problem) => problem.code)));
  const known = Object.keys(PROBLEM_CODES).filter((code) => !ELSEWHERE.has(code));
  assert.deepEqual(
    [...seen].filter((code) => !known.includes(code)),
    ['rate'],
    '`rate` is the one code that a fixture kind reports itself',
  );
  assert.deepEqual(
    known.filter((code) => !seen.has(code)),
    [],
  );
});
