/**
 * What one thread counts. Hot paths hold the object and add to it; nothing is looked up per request. Counts stand in
 * shared memory that is announced to the control plane once, which reads it from then on without asking.
 */
import { CellMemory, viewOf } from './cells.ts';
import {
  type CellSource,
  type Counter,
  CounterSeries,
  type CounterSet,
  CounterSetSeries,
  type Histogram,
  HistogramSeries,
  type Meters,
  type Series,
} from './counters.ts';
import { type Labels, type Sample, type SharedSeries, samplesOf, seriesKey, type Variants } from './series.ts';

/** Told of series that have got cells. */
export type Announce = (series: readonly SharedSeries[]) => void;

interface Reading {
  readonly family: string;
  readonly labels: Labels;
  readonly reads: Set<() => number>;
}

/** Its own counters are never forgotten; those of a {@link MeterHold} can be. */
export class Registry implements Meters, CellSource {
  readonly #announce: Announce | null;
  readonly #memory = new CellMemory();
  readonly #series = new Map<string, Series>();
  /** What has cells, by id. */
  readonly #open = new Map<number, Series>();
  readonly #readings = new Map<string, Reading>();
  readonly #own = new MeterHold(this);
  #news: SharedSeries[] = [];
  #lastId = 0;
  #gathering = false;

  constructor(announce: Announce | null = null) {
    this.#announce = announce;
  }

  counter(family: string, labels: Labels = {}): Counter {
    return this.#own.counter(family, labels);
  }

  counterSet(family: string, labels: Labels, variants: Variants): CounterSet {
    return this.#own.counterSet(family, labels, variants);
  }

  histogram(family: string, labels: Labels = {}): Histogram {
    return this.#own.histogram(family, labels);
  }

  /** Meters for something that ends, such as a rule set. */
  hold(): MeterHold {
    return new MeterHold(this);
  }

  /** A gauge read at every snapshot; the newest reader for its labels counts. */
  gauge(family: string, labels: Labels, read: () => number): void {
    this.#readings.set(seriesKey(family, labels), { family, labels, reads: new Set([read]) });
  }

  /** One of several readers whose sum is the gauge: a pool and the one that takes its place, say. */
  gaugePart(family: string, labels: Labels, read: () => number): void {
    const key = seriesKey(family, labels);
    const reading = this.#readings.get(key);
    if (reading) reading.reads.add(read);
    else this.#readings.set(key, { family, labels, reads: new Set([read]) });
  }

  /** Forgets `read` when what it measured is gone. Other readers of the series stay. */
  drop(family: string, labels: Labels, read: () => number): void {
    const key = seriesKey(family, labels);
    const reading = this.#readings.get(key);
    if (reading?.reads.delete(read) && reading.reads.size === 0) this.#readings.delete(key);
  }

  /** Every gauge, read now. */
  gauges(): Sample[] {
    return Array.from(this.#readings.values(), ({ family, labels, reads }) => {
      let sum = 0;
      for (const read of reads) sum += read();
      return { family, type: 'gauge', labels, values: [sum] };
    });
  }

  /** Everything there is, read now. */
  snapshot(): Sample[] {
    return [
      ...Array.from(this.#open.values(), (series) => samplesOf(series, viewOf(series.cells!))).flat(),
      ...this.gauges(),
    ];
  }

  /** Runs `work`, and announces all series that are made meanwhile in one message instead of one each. */
  together(work: () => void): void {
    this.#gathering = true;
    try {
      work();
    } finally {
      this.#gathering = false;
      this.#tellNews();
    }
  }

  /**
   * The control plane reads these series no more. Cells of those that nobody holds will be used again; the others are
   * announced once more, as they are.
   */
  forget(ids: readonly number[]): void {
    this.together(() => {
      for (const id of ids) {
        const series = this.#open.get(id);
        if (series === undefined) continue;
        if (series.holders > 0) this.#tell(series);
        else this.#close(series);
      }
    });
  }

  /** The series of this family and these labels, made by `create` where there is none, with cells. */
  find<S extends Series>(family: string, labels: Labels, create: (key: string) => S): S {
    const key = seriesKey(family, labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known as S;
    const series = create(key);
    this.#series.set(key, series);
    this.open(series);
    return series;
  }

  open(series: Series): Float64Array {
    const cells = this.#memory.take(series.size);
    series.cells = cells;
    series.id = ++this.#lastId;
    this.#open.set(series.id, series);
    this.#tell(series);
    // At once: the thread may die of the very request that is counted.
    if (!this.#gathering) this.#tellNews();
    return cells.block;
  }

  #tell({ id, family, type, labels, variants, cells }: Series): void {
    if (this.#announce !== null) this.#news.push({ id, family, type, labels, variants, cells: viewOf(cells!) });
  }

  #tellNews(): void {
    if (this.#news.length === 0) return;
    const news = this.#news;
    this.#news = [];
    this.#announce!(news);
  }

  #close(series: Series): void {
    this.#open.delete(series.id);
    // It may not be the one of its key any more: who holds nothing may still count, and gets new cells.
    if (this.#series.get(series.key) === series) this.#series.delete(series.key);
    this.#memory.give(series.cells!);
    series.cells = null;
    series.id = 0;
  }
}

/** Counters held by something that ends: a rule set, a pool. What nobody holds any more can be forgotten. */
export class MeterHold implements Meters {
  readonly #registry: Registry;
  readonly #mine = new Set<Series>();
  #released = false;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter(family: string, labels: Labels = {}): Counter {
    const registry = this.#registry;
    return this.#keep(registry.find(family, labels, (key) => new CounterSeries(registry, key, family, labels)));
  }

  counterSet(family: string, labels: Labels, variants: Variants): CounterSet {
    const registry = this.#registry;
    return this.#keep(
      registry.find(family, labels, (key) => new CounterSetSeries(registry, key, family, labels, variants)),
    );
  }

  histogram(family: string, labels: Labels = {}): Histogram {
    const registry = this.#registry;
    return this.#keep(registry.find(family, labels, (key) => new HistogramSeries(registry, key, family, labels)));
  }

  /** Lets go of all of it, for good: what it is asked for later it does not hold. */
  release(): void {
    for (const series of this.#mine) series.holders--;
    this.#mine.clear();
    this.#released = true;
  }

  #keep<S extends Series>(series: S): S {
    if (!this.#released && !this.#mine.has(series)) {
      this.#mine.add(series);
      series.holders++;
    }
    return series;
  }
}
