/**
 * What the traffic threads count, read from their memory without asking them: what a thread that ended has counted stays
 * in the sum, and so does what no rule names any more, until scrapers have had time to see the last of it.
 */
import { type Labels, type Sample, type SharedSeries, samplesOf, seriesKey, type Variants } from '../metrics/series.ts';
import type { Plan } from '../types/plan.ts';

/** One thread's part in a series. */
interface Part {
  readonly thread: number;
  /** The thread's number for it. */
  readonly id: number;
  readonly cells: Float64Array;
}

interface Total {
  readonly family: string;
  readonly type: 'counter' | 'histogram';
  readonly labels: Labels;
  readonly variants: Variants | null;
  /** Of threads that have ended. */
  retired: Float64Array | null;
  readonly parts: Part[];
  /** When the rules in use were first seen not to name it; 0 while they do. */
  unnamedSince: number;
}

/** Labels that name something in the rules. A series is as lasting as what they name. */
const NAMING = ['route', 'upstream', 'endpoint', 'policy'] as const;

type Names = Readonly<Record<(typeof NAMING)[number], ReadonlySet<string>>>;

export interface SeriesDirectoryOptions {
  /** Milliseconds for which a series is still shown after the rules have ceased to name it. */
  readonly keep: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A thread's series, by id, are not read any more. */
  readonly forget: (thread: number, series: readonly number[]) => void;
}

export class SeriesDirectory {
  readonly #options: SeriesDirectoryOptions;
  readonly #totals = new Map<string, Total>();
  /** Null before there are rules: then everything is named. */
  #names: Names | null = null;

  constructor(options: SeriesDirectoryOptions) {
    this.#options = options;
  }

  /** `thread` counts these from now on. */
  add(thread: number, announced: readonly SharedSeries[]): void {
    for (const series of announced) {
      const part = { thread, id: series.id, cells: series.cells };
      this.#total(series).parts.push(part);
    }
  }

  /** `thread` has ended: what it counted stays. */
  retire(thread: number): void {
    for (const total of this.#totals.values()) {
      for (const { cells } of total.parts.filter((part) => part.thread === thread)) {
        total.retired ??= new Float64Array(cells.length);
        addTo(total.retired, cells);
      }
      removeWhere(total.parts, (part) => part.thread === thread);
    }
  }

  /** These rules are in use. */
  follow(plan: Plan): void {
    this.#names = namesOf(plan);
    const now = this.#options.now();
    for (const total of this.#totals.values())
      if (this.#isNamed(total.labels)) total.unnamedSince = 0;
      else total.unnamedSince ||= now;
    this.sweep();
  }

  /** Drops what has not been named for long enough. */
  sweep(): void {
    const before = this.#options.now() - this.#options.keep;
    const forgotten = new Map<number, number[]>();
    for (const [key, { unnamedSince, parts }] of this.#totals) {
      if (unnamedSince === 0 || unnamedSince > before) continue;
      this.#totals.delete(key);
      for (const { thread, id } of parts) {
        const ids = forgotten.get(thread);
        if (ids) ids.push(id);
        else forgotten.set(thread, [id]);
      }
    }
    for (const [thread, ids] of forgotten) this.#options.forget(thread, ids);
  }

  /** Every series, summed over the threads. One that nothing names and that never counted anything says nothing. */
  samples(): Sample[] {
    const samples: Sample[] = [];
    for (const total of this.#totals.values()) {
      const sum = sumOf(total);
      if (total.unnamedSince === 0 || sum.some((value) => value !== 0)) samples.push(...samplesOf(total, sum));
    }
    return samples;
  }

  #total({ family, type, labels, variants }: SharedSeries): Total {
    const key = seriesKey(family, labels);
    const known = this.#totals.get(key);
    if (known) return known;
    const unnamedSince = this.#isNamed(labels) ? 0 : this.#options.now();
    const total: Total = { family, type, labels, variants, retired: null, parts: [], unnamedSince };
    this.#totals.set(key, total);
    return total;
  }

  #isNamed(labels: Labels): boolean {
    const names = this.#names;
    if (names === null) return true;
    return NAMING.every((label) => labels[label] === undefined || names[label].has(labels[label]));
  }
}

function namesOf({ routes, upstreams, policies }: Plan): Names {
  return {
    // '' counts what no route took.
    route: new Set(['', ...routes.map(({ name }) => name)]),
    upstream: new Set(upstreams.map(({ name }) => name)),
    endpoint: new Set(upstreams.flatMap(({ endpoints }) => endpoints.map(({ id }) => id))),
    policy: new Set(policies.map(({ name }) => name)),
  };
}

function sumOf({ parts, retired }: Total): Float64Array {
  if (retired === null && parts.length === 1) return parts[0]!.cells;
  const sum = retired === null ? new Float64Array(parts[0]!.cells.length) : retired.slice();
  for (const { cells } of parts) addTo(sum, cells);
  return sum;
}

function addTo(sum: Float64Array, cells: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += cells[i]!;
}

function removeWhere<T>(list: T[], gone: (item: T) => boolean): void {
  for (let i = list.length - 1; i >= 0; i--) if (gone(list[i]!)) list.splice(i, 1);
}
