import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from './registry.ts';
import type { SharedSeries } from './series.ts';

const BY = { label: 'kind', values: ['a', 'b'] };

function announcing() {
  const news: SharedSeries[] = [];
  const messages: number[] = [];
  const registry = new Registry((series) => {
    messages.push(series.length);
    // As a message to another thread does it.
    news.push(...structuredClone(series));
  });
  const cells = (family: string) => news.findLast((series) => series.family === family)!.cells;
  return { registry, news, messages, cells };
}

test('who was told of a series once reads what is counted from then on', () => {
  const { registry, cells, messages } = announcing();
  const counter = registry.counter('c_total', { x: '1' });
  const set = registry.counterSet('s_total', {}, BY);
  const histogram = registry.histogram('h_seconds');
  assert.deepEqual(messages, [1, 1, 1]);
  counter.value += 2;
  counter.value++;
  set.add(1);
  histogram.observe(0.002);
  histogram.observe(1000);
  assert.deepEqual([...cells('c_total')], [3]);
  assert.deepEqual([...cells('s_total')], [0, 1]);
  assert.deepEqual([cells('h_seconds')[1], cells('h_seconds')[18]], [1, 1]);
  assert.deepEqual([...cells('h_seconds').slice(-2)], [1, 1000.002]);
  assert.deepEqual(messages, [1, 1, 1]);
});

test('what is made together is told of in one message', () => {
  const { registry, messages } = announcing();
  registry.together(() => {
    for (let i = 0; i < 100; i++) registry.counter('c_total', { i: String(i) });
    registry.counter('c_total', { i: '7' });
  });
  assert.deepEqual(messages, [100]);
});

test('the same labels are the same counter, in any order, across holds', () => {
  const { registry, messages } = announcing();
  const first = registry.hold();
  first.counter('c_total', { a: '1', b: '2' }).value = 5;
  const second = registry.hold();
  first.release();
  assert.equal(second.counter('c_total', { b: '2', a: '1' }).value, 5);
  assert.deepEqual(messages, [1]);
});

test('the cells of what is forgotten are used again, and begin at 0', () => {
  const { registry, news } = announcing();
  const hold = registry.hold();
  hold.counter('old_total').value = 7;
  hold.release();
  registry.forget([news[0]!.id]);
  assert.deepEqual(registry.snapshot(), []);
  const next = registry.counter('next_total');
  assert.equal(next.value, 0);
  next.value = 1;
  assert.equal(news[0]!.cells[0], 1);
  assert.notEqual(news[1]!.id, news[0]!.id);
});

test('what is forgotten while it is held is told of anew, with all it counted', () => {
  const { registry, news } = announcing();
  const counter = registry.hold().counter('c_total');
  counter.value = 7;
  registry.forget([news[0]!.id]);
  assert.equal(news.length, 2);
  counter.value++;
  assert.deepEqual([news[1]!.id, ...news[1]!.cells], [news[0]!.id, 8]);
});

test('who still counts what was forgotten disturbs nobody and is heard', () => {
  const { registry, news, cells } = announcing();
  const hold = registry.hold();
  const late = hold.counter('old_total');
  hold.release();
  registry.forget([news[0]!.id]);
  const other = registry.counter('other_total');
  late.value++;
  assert.equal(other.value, 0);
  assert.equal(cells('old_total')[0], 1);
  assert.equal(late.value, 1);
  // Nobody holds it, so it can be forgotten again, whatever took its name meanwhile.
  const again = registry.hold().counter('old_total');
  registry.forget([news.find(({ id, family }) => family === 'old_total' && id > 2)!.id]);
  again.value = 3;
  assert.equal(again.value, 3);
  assert.equal(late.value, 0);
});

test('ids that are not known, or no more, are ignored', () => {
  const { registry, messages } = announcing();
  registry.counter('c_total');
  registry.forget([1, 1, 99]);
  assert.deepEqual(messages, [1, 2].slice(0, messages.length));
});

test('ten thousand series take the memory of their cells', () => {
  const { registry, news } = announcing();
  for (let i = 0; i < 10_000; i++) registry.histogram('h_seconds', { i: String(i) });
  const buffers = new Set<number>();
  for (const { cells } of news) {
    assert.equal(cells.byteOffset % 8, 0);
    buffers.add(cells.buffer.byteLength);
  }
  assert.deepEqual([...buffers], [65_536]);
});

test('parts of a gauge add up; each goes by itself', () => {
  const registry = new Registry();
  const [one, two] = [() => 1, () => 2];
  registry.gaugePart('g', {}, one);
  registry.gaugePart('g', {}, two);
  assert.deepEqual(registry.gauges()[0]!.values, [3]);
  registry.drop('g', {}, two);
  assert.deepEqual(registry.gauges()[0]!.values, [1]);
  registry.drop('g', {}, two);
  registry.drop('g', {}, one);
  assert.deepEqual(registry.gauges(), []);
});
