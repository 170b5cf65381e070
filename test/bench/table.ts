/** The figures in rows, for the terminal and for the page. */
import type { Outcome, Series } from './session.ts';
import { ratios, summarize } from './stats.ts';
import type { LoadKind } from './subjects/types.ts';

export const LOAD_TITLES: Readonly<Record<LoadKind, string>> = {
  post: 'signed POST 1 KB',
  get: 'GET 1 KB',
  tls: 'GET 1 KB, TLS 1.3',
  h2: 'GET 1 KB, HTTP/2',
  paths: 'GET 1 KB, all routes',
};

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

/** Headings and cells; a column in which nothing was measured is left out. */
export function rows(outcome: Outcome): string[][] {
  const body = (Object.keys(LOAD_TITLES) as LoadKind[]).flatMap((load) =>
    outcome.series.filter((s) => s.load === load && s.bursts.length > 0).map((s) => row(outcome, s)),
  );
  const used = (column: number): boolean => column < 2 || body.some((line) => line[column] !== '–');
  return [[...HEADINGS, ...MORE], ...body].map((line) => line.filter((_, column) => used(column)));
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
    millis(median((b) => b.p50)),
    millis(median((b) => b.p99)),
    String(Math.round(bursts[bursts.length - 1]!.rss / 2 ** 20)),
  ];
}

function millis(ms: number): string {
  return Number.isNaN(ms) ? '–' : ms.toFixed(1);
}

/** Aligned for a terminal. */
export function table(outcome: Outcome): string {
  return aligned(rows(outcome), outcome.problems);
}

/** Headings and cells under one another, and what could not be measured. */
export function aligned(
  cells: readonly (readonly string[])[],
  problems: Readonly<Record<string, string>> = {},
): string {
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  for (const [subject, problem] of Object.entries(problems)) lines.push(`${subject}: not measured: ${problem}`);
  return lines.join('\n');
}
