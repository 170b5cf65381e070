/** The figures in rows, for the terminal and for the page. */
import type { Outcome, Series } from './session.ts';
import { ratios, summarize } from './stats.ts';
import type { LoadKind } from './subjects/types.ts';

export const LOAD_TITLES: Readonly<Record<LoadKind, string>> = { post: 'signed POST 1 KB', get: 'GET 1 KB' };

const HEADINGS = ['load', 'subject', 'CPU µs/request', 'min–max', '× http-proxy', '× nginx + Lua', 'requests/s'];
const MORE = ['p50 ms', 'p99 ms', 'RSS MB'];

/** The series of a subject, if it was measured under that load. */
export function find(outcome: Outcome, subject: string, load: LoadKind): Series | undefined {
  return outcome.series.find((s) => s.subject === subject && s.load === load && s.bursts.length > 0);
}

/** `0.53 (0.51–0.55)`: median and extremes over rounds, or `–` where one of the two is missing. */
export function ratioText(of: Series | undefined, to: Series | undefined): string {
  if (!of || !to) return '–';
  const { median, min, max } = ratios(cpus(of), cpus(to));
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

/** CPU µs for each request, by round. */
export function cpus(series: Series): number[] {
  return series.bursts.map((burst) => burst.cpu);
}

/** Headings and cells. */
export function rows(outcome: Outcome): string[][] {
  const body = (['post', 'get'] as const).flatMap((load) =>
    outcome.series.filter((s) => s.load === load && s.bursts.length > 0).map((s) => row(outcome, s)),
  );
  return [[...HEADINGS, ...MORE], ...body];
}

function row(outcome: Outcome, series: Series): string[] {
  const { load, bursts } = series;
  const cpu = summarize(cpus(series));
  const median = (of: (b: (typeof bursts)[number]) => number) => summarize(bursts.map(of)).median;
  return [
    LOAD_TITLES[load],
    series.subject,
    cpu.median.toFixed(1),
    `${cpu.min.toFixed(1)}–${cpu.max.toFixed(1)}`,
    ratioText(series, find(outcome, 'http-proxy', load)),
    ratioText(series, find(outcome, 'nginx-lua', load)),
    String(Math.round(median((b) => b.perSecond))),
    median((b) => b.p50).toFixed(1),
    median((b) => b.p99).toFixed(1),
    String(Math.round(bursts[bursts.length - 1]!.rss / 2 ** 20)),
  ];
}

/** Aligned for a terminal. */
export function table(outcome: Outcome): string {
  const cells = rows(outcome);
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  for (const [subject, problem] of Object.entries(outcome.problems)) lines.push(`${subject}: not measured: ${problem}`);
  return lines.join('\n');
}
