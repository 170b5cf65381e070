/** Counters on cells of shared memory. */
import type { Cells } from './cells.ts';
import { DURATION_BOUNDS, type Labels, type SharedSeries, type Variants } from './series.ts';

/** Add to `value`. */
export interface Counter {
  value: number;
}

/** Counters that differ in one label. */
export interface CounterSet {
  /** Adds 1 to the counter of the variant with this index. */
  add(index: number): void;
}

export interface Histogram {
  observe(seconds: number): void;
}

/**
 * Where whoever counts gets counters: the same ones for the same labels, across reloads. A series is there, at 0, from the
 * moment that somebody asks for it.
 */
export interface Meters {
  counter(family: string, labels?: Labels): Counter;
  counterSet(family: string, labels: Labels, variants: Variants): CounterSet;
  histogram(family: string, labels?: Labels): Histogram;
}

/** Where series get their cells. */
export interface CellSource {
  /** Gives `series` cells, and tells the control plane of it. Returns their block. */
  open(series: Series): Float64Array;
}

/** What a registry knows of everything that is counted. */
export abstract class Series {
  /** Where its cells are, from `start` on. Null where it has been forgotten: who still counts gets new ones. */
  protected block: Float64Array | null = null;
  protected start = 0;
  readonly key: string;
  readonly family: string;
  readonly labels: Labels;
  abstract readonly type: SharedSeries['type'];
  abstract readonly variants: Variants | null;
  /** Cells that it takes. */
  abstract readonly size: number;
  /** See {@link SharedSeries}; 0 without cells. */
  id = 0;
  /** Rule sets, pools and the like that can count here. */
  holders = 0;
  protected readonly source: CellSource;

  constructor(source: CellSource, key: string, family: string, labels: Labels) {
    this.source = source;
    this.key = key;
    this.family = family;
    this.labels = labels;
  }

  get cells(): Cells | null {
    return this.block === null ? null : { block: this.block, start: this.start, length: this.size };
  }

  set cells(cells: Cells | null) {
    this.block = cells?.block ?? null;
    this.start = cells?.start ?? 0;
  }
}

export class CounterSeries extends Series implements Counter {
  readonly type = 'counter';
  readonly variants = null;
  readonly size = 1;

  get value(): number {
    return this.block === null ? 0 : this.block[this.start]!;
  }

  set value(value: number) {
    const block = this.block ?? this.source.open(this);
    block[this.start] = value;
  }
}

export class CounterSetSeries extends Series implements CounterSet {
  readonly type = 'counter';
  readonly variants: Variants;
  readonly size: number;

  constructor(source: CellSource, key: string, family: string, labels: Labels, variants: Variants) {
    super(source, key, family, labels);
    this.variants = variants;
    this.size = variants.values.length;
  }

  add(index: number): void {
    const block = this.block ?? this.source.open(this);
    block[this.start + index]!++;
  }
}

const BUCKETS = DURATION_BOUNDS.length + 1;

export class HistogramSeries extends Series implements Histogram {
  readonly type = 'histogram';
  readonly variants = null;
  readonly size = BUCKETS + 1;

  observe(seconds: number): void {
    const block = this.block ?? this.source.open(this);
    let i = 0;
    while (i < DURATION_BOUNDS.length && seconds > DURATION_BOUNDS[i]!) i++;
    block[this.start + i]!++;
    block[this.start + BUCKETS]! += seconds;
  }
}
