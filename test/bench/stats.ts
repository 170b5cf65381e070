/** Medians and spreads. */

/** A set of measurements in short. Units are those of what went in. */
export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
  readonly max: number;
}

/** The value below which the fraction `q` (0…1) of `sorted` lies, interpolated; NaN of nothing. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

/** Median, quartiles and extremes. */
export function summarize(values: readonly number[]): Summary {
  const sorted = Float64Array.from(values).sort();
  const [min, lower, median, upper, max] = [0, 0.25, 0.5, 0.75, 1].map((q) => quantile(sorted, q));
  return { count: values.length, min: min!, lower: lower!, median: median!, upper: upper!, max: max! };
}

/**
 * Ratios of two subjects' measurements, round by round. Both ran within seconds of each other in each round, so what
 * slows the whole machine for a while falls out.
 */
export function ratios(of: readonly number[], to: readonly number[]): Summary {
  return summarize(of.slice(0, to.length).map((value, i) => value / to[i]!));
}
