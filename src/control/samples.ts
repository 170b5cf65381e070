/** Adding up what several threads counted. */
import type { Labels, Sample } from '../metrics/registry.ts';
import { familyOf } from './families.ts';

/** One list out of several: counters and histograms add up, gauges combine as their family says. */
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

/** What stays of a thread that has ended: its counters and histograms, added to those of earlier ones. */
export function retire(retired: readonly Sample[], samples: readonly Sample[]): Sample[] {
  return sumSamples([retired, samples.filter((sample) => sample.type !== 'gauge')]);
}

function combine(a: Sample, b: Sample): Sample {
  const max = familyOf(a).combine === 'max';
  return { ...a, values: a.values.map((value, i) => (max ? Math.max(value, b.values[i]) : value + b.values[i])) };
}

function seriesKey(family: string, labels: Labels): string {
  const names = Object.keys(labels).sort();
  return JSON.stringify([family, ...names.map((name) => [name, labels[name]])]);
}
