/** Samples as Prometheus reads them. */
import { Registry } from '@prometheus-io/client';
import { DURATION_BOUNDS, type Sample } from '../metrics/registry.ts';
import { familyOf } from './families.ts';

interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/** Media type of {@link exposition}. */
export const EXPOSITION_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** The text format (version 0.0.4) of samples that are already summed. */
export function exposition(samples: readonly Sample[]): Promise<string> {
  const families = new Map<string, { name: string; help: string; type: string; values: Value[] }>();
  for (const sample of samples) {
    let family = families.get(sample.family);
    if (!family) {
      const { help, type } = familyOf(sample);
      family = { name: sample.family, help, type, values: [] };
      families.set(sample.family, family);
    }
    family.values.push(...valuesOf(sample));
  }
  const sorted = [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Registry.aggregate([sorted]).metrics();
}

function valuesOf(sample: Sample): Value[] {
  if (sample.type !== 'histogram') return [{ value: sample.values[0], labels: sample.labels }];
  return histogramValues(sample);
}

/** Threads count per bucket; Prometheus wants buckets that include the smaller ones. */
function histogramValues(sample: Sample): Value[] {
  const { family, labels, values } = sample;
  const out: Value[] = [];
  let cumulative = 0;
  for (let i = 0; i <= DURATION_BOUNDS.length; i++) {
    cumulative += values[i];
    const le = i < DURATION_BOUNDS.length ? DURATION_BOUNDS[i] : '+Inf';
    out.push({ metricName: `${family}_bucket`, labels: { ...labels, le }, value: cumulative });
  }
  out.push({ metricName: `${family}_sum`, labels, value: values[DURATION_BOUNDS.length + 1] });
  out.push({ metricName: `${family}_count`, labels, value: values[DURATION_BOUNDS.length + 2] });
  return out;
}
