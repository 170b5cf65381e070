import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Registry } from '../metrics/registry.ts';
import { DURATION_BOUNDS, samplesOf } from '../metrics/series.ts';
import { until } from '../testing/control.ts';
import { runThreads } from '../testing/threads.ts';
import { exposition } from './exposition.ts';
import { FAMILIES } from './families.ts';
import { adminSource, type Overview } from './overview.ts';
import { processSamples } from './process.ts';
import { sumSamples } from './samples.ts';

function thread(requests: number, seconds: readonly number[]): Registry {
  const registry = new Registry();
  registry.counter('weir_requests_total', { route: 'a', status_class: '2xx' }).value = requests;
  const duration = registry.histogram('weir_request_duration_seconds', { route: 'a' });
  for (const value of seconds) duration.observe(value);
  registry.gauge('weir_connections', { listener: '127.0.0.1:80' }, () => 3);
  registry.gauge('weir_breaker_state', { endpoint: 'u/e' }, () => 2);
  return registry;
}

test('threads add up; a gauge that all read from shared memory does not', () => {
  const samples = sumSamples([thread(2, [0.002, 4]).snapshot(), thread(5, [700]).snapshot()]);
  const text = exposition(samples);
  assert.match(text, /^weir_requests_total\{route="a",status_class="2xx"\} 7$/m);
  assert.match(text, /^weir_connections\{listener="127\.0\.0\.1:80"\} 6$/m);
  assert.match(text, /^weir_breaker_state\{endpoint="u\/e"\} 2$/m);
});

test('histogram buckets include the smaller ones', () => {
  const text = exposition(thread(0, [0.002, 0.002, 4, 700]).snapshot());
  const buckets = [...text.matchAll(/^weir_request_duration_seconds_bucket\{route="a",le="([^"]+)"\} (\d+)$/gm)];
  assert.deepEqual(
    buckets.map((match) => match[1]),
    [...DURATION_BOUNDS.map(String), '+Inf'],
  );
  const at = (le: string): string => buckets.find((match) => match[1] === le)![2]!;
  assert.deepEqual(
    [at('0.001'), at('0.0025'), at('2.5'), at('5'), at('600'), at('+Inf')],
    ['0', '2', '2', '3', '3', '4'],
  );
  assert.match(text, /^weir_request_duration_seconds_sum\{route="a"\} 704\.004$/m);
  assert.match(text, /^weir_request_duration_seconds_count\{route="a"\} 4$/m);
});

test('the count of a histogram is its last bucket, though a thread counts meanwhile', async () => {
  const cells = new Float64Array(new SharedArrayBuffer(8 * (DURATION_BOUNDS.length + 3)));
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const jobs = new URL('../testing/state-jobs.ts', import.meta.url).href;
  const counting = runThreads(jobs, 'observe', 1, { cells, stop });
  const series = { family: 'weir_request_duration_seconds', type: 'histogram', labels: {}, variants: null } as const;
  const read = (): string[] => {
    const text = exposition(samplesOf(series, cells));
    return [/le="\+Inf"\} (\d+)/, /_count (\d+)/].map((pattern) => pattern.exec(text)![1]!);
  };
  try {
    await until(() => cells[0]! > 0, 'the thread to count');
    for (let i = 0; i < 20_000; i++) {
      const [all, count] = read();
      assert.equal(count, all);
    }
  } finally {
    Atomics.store(stop, 0, 1);
    await counting;
  }
});

test('labels are the same series in any order, and are escaped', () => {
  const one = { family: 'weir_requests_total', type: 'counter', values: [1] } as const;
  const samples = sumSamples([
    [{ ...one, labels: { route: 'a"\\\n', status_class: '2xx' } }],
    [{ ...one, labels: { status_class: '2xx', route: 'a"\\\n' } }],
  ]);
  assert.equal(samples.length, 1);
  assert.match(exposition(samples), /^weir_requests_total\{route="a\\"\\\\\\n",status_class="2xx"\} 2$/m);
});

test('a family that a policy kind brings along is shown', () => {
  const text = exposition([
    { family: 'weir_params_dropped_total', type: 'counter', labels: { policy: 'clean' }, values: [4] },
  ]);
  assert.match(text, /^# TYPE weir_params_dropped_total counter\nweir_params_dropped_total\{policy="clean"\} 4$/m);
});

test('the table and the program name the same families', () => {
  const src = join(import.meta.dirname, '..');
  const named = new Set<string>();
  for (const file of globSync('**/*.ts', { cwd: src, exclude: ['control/families.ts', 'testing/**', '**/*.test.ts'] }))
    for (const [name] of readFileSync(join(src, file), 'utf8').matchAll(/(?<=')(weir|process)_[a-z_]+(?=')/g))
      named.add(name);
  assert.deepEqual([...named].sort(), Object.keys(FAMILIES).sort());
});

test('every family has a help text and its kind', async () => {
  for (const [name, family] of Object.entries(FAMILIES)) {
    assert.match(name, /^(weir|process)_[a-z_]+$/);
    assert.ok(family.help.length > 10 && family.help.endsWith('.'), name);
    assert.equal(family.type === 'counter', name.endsWith('_total'), name);
  }
});

test('the process tells its CPU time, memory, files and start', async () => {
  const samples = new Map(processSamples(Date.now()).map((sample) => [sample.family, sample.values[0]]));
  assert.ok(samples.get('process_cpu_seconds_total')! > 0);
  assert.ok(samples.get('process_resident_memory_bytes')! > 1e6);
  assert.ok(Math.abs(samples.get('process_start_time_seconds')! - Date.now() / 1000) < 600);
  if (process.platform === 'linux') assert.ok(samples.get('process_open_fds')! > 2);
});

/** Names and labels that the text says more than once. */
function doubles(text: string): string[] {
  const named = text.split('\n').flatMap((line) => /^([a-z_]+(\{.*\})?) \S+$/.exec(line)?.[1] ?? []);
  return named.filter((name, i) => named.indexOf(name) < i);
}

test('what a thread counts as well as the main thread is one series', async () => {
  const counting = (times: number): Registry => {
    const registry = new Registry();
    registry.counter('weir_exhausted_total', { resource: 'descriptors' }).value = times;
    return registry;
  };
  const source = adminSource({
    registry: counting(2),
    pool: { collect: async () => counting(3).snapshot(), samples: () => [] },
    geo: { status: () => ({}) },
    sink: { dropped: 0 },
    compiled: () => null,
  } as unknown as Overview);
  const text = await source.metrics();
  assert.deepEqual(doubles(text), []);
  assert.match(text, /^weir_exhausted_total\{resource="descriptors"\} 5$/m);
});

test('whoever asks while metrics are gathered gets those', async () => {
  const answers: ((samples: []) => void)[] = [];
  const collect = (): Promise<[]> => new Promise((resolve) => answers.push(resolve));
  const source = adminSource({
    registry: thread(1, []),
    pool: { collect, status: () => ({ wanted: 1, listening: 1, unresponsive: 0, deaths: 0 }), samples: () => [] },
    geo: { status: () => ({}) },
    sink: { dropped: 0 },
    compiled: () => null,
  } as unknown as Overview);
  const texts = Array.from({ length: 100 }, () => source.metrics());
  assert.equal(answers.length, 1);
  answers[0]!([]);
  assert.equal(new Set(await Promise.all(texts)).size, 1);
  const later = source.metrics();
  assert.equal(answers.length, 2);
  answers[1]!([]);
  assert.match(await later, /^weir_requests_total/m);
});
