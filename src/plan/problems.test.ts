import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblems, type Problem } from './problems.ts';
import { didYouMean, nearest } from './suggest.ts';

const problem: Problem = {
  file: '/w/rules/a.yaml',
  line: 2,
  column: 6,
  severity: 'error',
  code: 'unknown-key',
  message: 'unknown key `tp`',
  hint: 'did you mean `to`?',
};

const sources = [{ file: '/w/rules/a.yaml', text: 'routes:\n  r: {tp: a}\n  s: {to: a}\n' }];

test('text shows the place, the frame and the hint', () => {
  assert.equal(
    formatProblems([problem], sources, { format: 'text', cwd: '/w' }),
    [
      'rules/a.yaml:2:6 error unknown-key',
      '  unknown key `tp`',
      '    1 | routes:',
      '  > 2 |   r: {tp: a}',
      '      |      ^',
      '    3 |   s: {to: a}',
      '  hint: did you mean `to`?',
    ].join('\n'),
  );
});

test('JSON is an array of exactly the seven keys', () => {
  const text = formatProblems([{ ...problem, extra: 1 } as Problem], sources, { format: 'json', cwd: '/' });
  const [only] = JSON.parse(text);
  assert.deepEqual(Object.keys(only), ['file', 'line', 'column', 'severity', 'code', 'message', 'hint']);
  assert.equal(only.file, 'w/rules/a.yaml');
  assert.equal(formatProblems([], [], { format: 'json', cwd: '/' }), '[]');
});

test('files outside the folder keep their absolute name', () => {
  const text = formatProblems([problem], [], { format: 'text', cwd: '/w/rules/deeper' });
  assert.match(text, /^\/w\/rules\/a.yaml:2:6 /);
});

test('long lines are cut around the column, and controls do not reach the terminal', () => {
  const long = `${'a'.repeat(300)}\u001b[31mX`;
  const place = { ...problem, line: 1, column: 306 };
  const text = formatProblems([place], [{ file: place.file, text: long }], { format: 'text', cwd: '/w' });
  const [shown, caret] = text.split('\n').slice(2);
  assert.ok(shown!.length < 140);
  assert.equal(shown![caret!.indexOf('^')], 'X');
  assert.ok(!text.includes('\u001b'));
});

test('the nearest name is meant, and only if it is near', () => {
  const names = ['connect', 'timeout', 'reset'];
  assert.equal(nearest('conect', names), 'connect');
  assert.equal(nearest('TIMEOUT', names), 'timeout');
  assert.equal(nearest('tiemout', names), 'timeout');
  assert.equal(nearest('window', names), undefined);
  assert.equal(nearest('', names), undefined);
  assert.equal(didYouMean('rset', names), 'did you mean `reset`?');
  assert.equal(didYouMean('window', names, 'kinds'), 'kinds: connect, timeout, reset');
  assert.equal(didYouMean('window', []), '');
});
