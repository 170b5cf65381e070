/** Adding up gauges that several threads read. */
import { type Sample, seriesKey } from '../metrics/series.ts';
import { familyOf } from './families.ts';

/** One list out of several: gauges combine as their family says, anything else adds up. */
export function sumSamples(lists: readonly (readonly Sample[])[]): Sample[] {
  const series = new Map<string, Sample>();
  for (const list of lists) {
    for (const sample of list) {
      const key = seriesKey(sample.family, sample.labels);
      const known = series.get(key);
      series.set(key, known ? combine(known, sample) : sample);
    }
  }
  return [...series.values()];
}

/** What threads count and what `own`, a short list, says, in one list: a series that both have is one series. */
export function joinSamples(threads: readonly Sample[], own: readonly Sample[]): Sample[] {
  const families = new Set(own.map(({ family }) => family));
  const apart: Sample[] = [];
  const both: Sample[] = [];
  for (const sample of threads) (families.has(sample.family) ? both : apart).push(sample);
  return [...apart, ...sumSamples([both, own])];
}

function combine(a: Sample, b: Sample): Sample {
  const max = familyOf(a).combine === 'max';
  return { ...a, values: a.values.map((value, i) => (max ? Math.max(value, b.values[i]!) : value + b.values[i]!)) };
}
