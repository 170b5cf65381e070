/** Samples as Prometheus reads them: the text format, version 0.0.4. */
import { DURATION_BOUNDS, type Labels, type Sample } from '../metrics/series.ts';
import { familyOf } from './families.ts';

/** Media type of {@link exposition}. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What the text says of `le` in each bucket: the bounds, then all. */
const BUCKETS: readonly string[] = Object.freeze([...DURATION_BOUNDS.map(String), '+Inf']);

/** The text of samples that are already summed, families by name. */
export function exposition(samples: readonly Sample[]): string {
  const families = new Map<string, Sample[]>();
  for (const sample of samples) {
    const family = families.get(sample.family);
    if (family) family.push(sample);
    else families.set(sample.family, [sample]);
  }
  return [...families.keys()]
    .sort()
    .map((name) => familyText(name, families.get(name)!))
    .join('\n');
}

function familyText(name: string, samples: readonly Sample[]): string {
  const { help, type } = familyOf(samples[0]!);
  let text = `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${type}\n`;
  for (const sample of samples)
    text +=
      sample.type === 'histogram'
        ? histogramText(sample)
        : `${name}${braced(labelsText(sample.labels))} ${valueText(sample.values[0]!)}\n`;
  return text;
}

/** Threads count per bucket; Prometheus wants buckets that include the smaller ones. */
function histogramText({ family, labels, values }: Sample): string {
  const own = labelsText(labels);
  const start = `${family}_bucket{${own === '' ? '' : `${own},`}le="`;
  let text = '';
  let cumulative = 0;
  for (let i = 0; i < BUCKETS.length; i++) {
    cumulative += values[i]!;
    text += `${start}${BUCKETS[i]}"} ${cumulative}\n`;
  }
  const sum = valueText(values[BUCKETS.length]!);
  return `${text}${family}_sum${braced(own)} ${sum}\n${family}_count${braced(own)} ${cumulative}\n`;
}

function labelsText(labels: Labels): string {
  let text = '';
  for (const name in labels) text += `${text === '' ? '' : ','}${name}="${escaped(labels[name]!)}"`;
  return text;
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function escaped(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
