import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.ts';
import { page } from './page.ts';
import { selfTimes } from './profile.ts';
import type { Outcome, Series } from './session.ts';
import { fill } from './subjects/files.ts';
import { SUBJECTS } from './subjects/index.ts';
import { table } from './table.ts';

const MACHINE = { date: '2026-01-01', commit: 'abc', hardware: '2 × CPU', kernel: 'linux', versions: ['Node v26'] };

function series(subject: string, ...cpu: number[]): Series {
  const bursts = cpu.map((value) => ({ cpu: value, perSecond: 1000, p50: 1, p99: 2, rss: 2 ** 20 }));
  return { subject, load: 'post', bursts };
}

function pageOf(outcome: Outcome): string {
  return page(outcome, readOptions([], []), MACHINE, SUBJECTS, 60);
}

test('the page says whether each goal is held, by the median of the ratios', () => {
  const all = [series('http-proxy', 100, 100, 100), series('nginx-lua', 20, 20, 20), series('weir-rules', 50, 40, 45)];
  const text = pageOf({ series: all, problems: {} });
  assert.match(text, /five rules, against bare http-proxy doing nothing \| ≤ 0\.75 \| 0\.45 \(0\.40–0\.50\) \| held/);
  assert.match(
    text,
    /five rules, against nginx \+ Lua with the same rules \| ≤ 1\.5 \| 2\.25 \(2\.00–2\.50\) \| missed/,
  );
});

test('what was not measured is named, with the reason, and no figure is made up for it', () => {
  const outcome = { series: [series('http-proxy', 100)], problems: { 'weir-rules': 'replay: 200 instead of 401' } };
  assert.match(pageOf(outcome), /\*\*weir-rules\*\* was not measured: replay: 200 instead of 401/);
  assert.match(pageOf(outcome), /≤ 0\.75 \| – \| not measured/);
  assert.match(table(outcome), /weir-rules: not measured: replay/);
});

test('options: what is unknown or not a number is refused', () => {
  assert.deepEqual(readOptions(['--only', 'a,b', '--rounds', '3'], ['a', 'b']).only, ['a', 'b']);
  assert.throws(() => readOptions(['--only', 'c'], ['a', 'b']), /no subject c; there are a, b/);
  assert.throws(() => readOptions(['--rounds', '0'], []), /--rounds takes a whole number above 0, not 0/);
  assert.throws(() => readOptions(['--roundz', '1'], []), /roundz/);
});

test('templates: every gap needs a word', () => {
  assert.equal(fill('a __b__ __b__', { b: 1 }), 'a 1 1');
  assert.throws(() => fill('__c__', { b: 1 }), /no word for __c__/);
});

test('profile: a sample lasts until the next one; idle time is left out', () => {
  const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 4 });
  const nodes = [frame('(idle)'), frame('work', 'file:///x/a.ts'), frame('work', 'file:///x/a.ts'), frame('(program)')];
  const profile = {
    nodes: nodes.map((callFrame, i) => ({ id: i + 1, callFrame })),
    samples: [1, 2, 3, 4, 1],
    timeDeltas: [7, 100, 20, 30, 5],
  };
  assert.deepEqual(selfTimes(profile), [
    { name: 'work /x/a.ts:5', micros: 50 },
    { name: '(program)', micros: 5 },
  ]);
});
