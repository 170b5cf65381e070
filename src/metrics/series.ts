/** Series as they are counted, shared and shown. */

export type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds: a stream of the Claude API can last minutes, a cached answer less than a millisecond. */
export const DURATION_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];

/** One series at one moment. Histograms carry their buckets (not cumulative), then the sum; how many
 * there were is what the buckets add up to, since another cell might be read before or after one of them. */
export interface Sample {
  readonly family: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: Labels;
  readonly values: readonly number[];
}

/** The label in which the counters of a set differ, and its values: one cell for each. */
export interface Variants {
  readonly label: string;
  readonly values: readonly string[];
}

/** A counter, a set of counters or a histogram as a thread tells the control plane of it: what `cells` mean, and they. */
export interface SharedSeries {
  /** The thread's own number for it, never used again. */
  readonly id: number;
  readonly family: string;
  readonly type: 'counter' | 'histogram';
  readonly labels: Labels;
  readonly variants: Variants | null;
  /** Shared memory, written by the thread alone: one cell, one for each variant, or those of a histogram. */
  readonly cells: Float64Array;
}

/** What the cells of a series say, one sample for each variant. */
export function samplesOf(
  { family, type, labels, variants }: Pick<SharedSeries, 'family' | 'type' | 'labels' | 'variants'>,
  cells: Float64Array,
): Sample[] {
  if (variants === null) return [{ family, type, labels, values: [...cells] }];
  return variants.values.map((value, i) => {
    return { family: family!, type: type!, labels: { ...labels, [variants.label]: value }, values: [cells[i]!] };
  });
}

/** One text for one family and its labels, in whatever order they stand. */
export function seriesKey(family: string, labels: Labels): string {
  let key = family;
  // Lengths keep a value with a separator in it from reading as two labels.
  for (const name of Object.keys(labels).sort()) key += `\n${name}\t${labels[name]!.length}:${labels[name]}`;
  return key;
}
