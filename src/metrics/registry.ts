/**
 * Counters of one thread. Hot paths hold the object and add to `value`; nothing is looked up per request. The control
 * plane sums the snapshots of all threads and renders them.
 */

export interface Counter {
  value: number;
}

export type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds: a stream of the Claude API can last minutes, a cached answer less than a millisecond. */
export const DURATION_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];

export interface Histogram {
  observe(seconds: number): void;
}

/** One series as it crosses the thread border. Histograms carry their buckets (not cumulative), then sum and count. */
export interface Sample {
  readonly family: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: Labels;
  readonly values: readonly number[];
}

class BucketHistogram implements Histogram {
  readonly buckets = new Array<number>(DURATION_BOUNDS.length + 1).fill(0);
  sum = 0;
  count = 0;

  observe(seconds: number): void {
    let i = 0;
    while (i < DURATION_BOUNDS.length && seconds > DURATION_BOUNDS[i]) i++;
    this.buckets[i]++;
    this.sum += seconds;
    this.count++;
  }
}

interface Series {
  readonly family: string;
  readonly labels: Labels;
}

export class Registry {
  readonly #counters = new Map<string, Series & { counter: Counter }>();
  readonly #histograms = new Map<string, Series & { histogram: BucketHistogram }>();
  readonly #readings = new Map<string, Series & { type: 'gauge' | 'counter'; read: () => number }>();

  /** The counter of these labels; the same object for the same labels, across reloads. */
  counter(family: string, labels: Labels = {}): Counter {
    const key = seriesKey(family, labels);
    let series = this.#counters.get(key);
    if (!series) {
      series = { family, labels, counter: { value: 0 } };
      this.#counters.set(key, series);
    }
    return series.counter;
  }

  histogram(family: string, labels: Labels = {}): Histogram {
    const key = seriesKey(family, labels);
    let series = this.#histograms.get(key);
    if (!series) {
      series = { family, labels, histogram: new BucketHistogram() };
      this.#histograms.set(key, series);
    }
    return series.histogram;
  }

  /** A gauge read at every snapshot; the newest reader for its labels counts. */
  gauge(family: string, labels: Labels, read: () => number): void {
    this.#readings.set(seriesKey(family, labels), { family, labels, type: 'gauge', read });
  }

  /** A counter that someone else keeps, read likewise. */
  counting(family: string, labels: Labels, read: () => number): void {
    this.#readings.set(seriesKey(family, labels), { family, labels, type: 'counter', read });
  }

  /** Forgets `read`, given to `gauge` or `counting`, when what it measured is gone. A newer reader of the series stays. */
  drop(family: string, labels: Labels, read: () => number): void {
    const key = seriesKey(family, labels);
    if (this.#readings.get(key)?.read === read) this.#readings.delete(key);
  }

  snapshot(): Sample[] {
    const out: Sample[] = [];
    for (const { family, labels, counter } of this.#counters.values())
      out.push({ family, type: 'counter', labels, values: [counter.value] });
    for (const { family, labels, histogram } of this.#histograms.values())
      out.push({ family, type: 'histogram', labels, values: [...histogram.buckets, histogram.sum, histogram.count] });
    for (const { family, type, labels, read } of this.#readings.values())
      out.push({ family, type, labels, values: [read()] });
    return out;
  }
}

function seriesKey(family: string, labels: Labels): string {
  let key = family;
  for (const name of Object.keys(labels).sort()) key += `\n${name}\t${labels[name]}`;
  return key;
}
