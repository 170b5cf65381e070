import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReport } from './h2load.ts';
import { readOptions } from './options.ts';
import { page } from './page.ts';
import { selfTimes } from './profile.ts';
import { readCounts } from './sections/calls.ts';
import { SECTIONS } from './sections/index.ts';
import { roundsResult } from './sections/rounds.ts';
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
  const stored = { machine: MACHINE, seconds: 60, method: 'as ever', result: roundsResult(outcome) };
  return page({ rounds: stored }, readOptions([], []), SECTIONS, SUBJECTS);
}

test('the page says whether each goal is held, by the median of the ratios', () => {
  const all = [series('http-proxy', 100, 100, 100), series('nginx-lua', 20, 20, 20), series('weir-rules', 50, 40, 45)];
  const text = pageOf({ series: all, problems: {} });
  assert.match(text, /five rules, against bare http-proxy doing nothing \| ≤ 0\.75 \| 0\.45 \(0\.40–0\.50\) \| held/);
  assert.match(text, /five rules, against nginx \+ Lua with the same rules \| ≤ 1 \| 2\.25 \(2\.00–2\.50\) \| missed/);
});

test('what was not measured is named, with the reason, and no figure is made up for it', () => {
  const outcome = { series: [series('http-proxy', 100)], problems: { 'weir-rules': 'replay: 200 instead of 401' } };
  assert.match(pageOf(outcome), /\*\*weir-rules\*\* was not measured: replay: 200 instead of 401/);
  assert.match(pageOf(outcome), /≤ 0\.75 \| – \| not measured/);
  assert.match(table(outcome), /weir-rules: not measured: replay/);
});

test('the page says when each section was made, and which never were', () => {
  const text = pageOf({ series: [series('http-proxy', 100)], problems: {} });
  assert.match(text, /Made on 2026-01-01, commit abc, in 60 s: .* By `npm run bench -- --only rounds`\./);
  assert.match(text, /Not measured yet: `quiet`, `calls`,/);
  assert.match(text, /## HTTP\/2\n\nNot measured yet: `npm run bench -- --only h2`\./);
});

test('options: --only takes sections or subjects', () => {
  const options = readOptions(['--only', 'tls'], ['nginx'], ['tls', 'h2']);
  assert.deepEqual([options.sections, options.only], [['tls'], []]);
  assert.throws(() => readOptions(['--only', 'tls,nginx'], ['nginx'], ['tls']), /sections or subjects, not both/);
});

test('what strace and h2load write is read', () => {
  const table = [
    '% time     seconds  usecs/call     calls    errors syscall',
    ' 74.82    0.053078         758        70         2 futex',
    ' 19.38    0.013751        1527         9           read',
    '100.00    0.070000         800        79         2 total',
  ];
  assert.deepEqual(
    [...readCounts(table.join('\n'))],
    [
      ['futex', 70],
      ['read', 9],
    ],
  );
  const report = 'finished in 1.00s, 20.00 req/s, 1.00KB/s\nstatus codes: 20 2xx, 0 3xx, 0 4xx, 0 5xx\n';
  const { right, wrong, seconds } = readReport(report, 20);
  assert.deepEqual({ right, wrong, seconds }, { right: 20, wrong: {}, seconds: 1 });
  assert.deepEqual(readReport(report, 30).wrong, { 'not 2xx': 10 });
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
