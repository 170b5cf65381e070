/** The quiet figures in rows. */
import { ratios, type Summary, summarize } from '../stats.ts';
import type { Round } from './driver.ts';
import type { QuietSeries } from './measure.ts';
import { LOAD_TITLES } from './messages.ts';
import type { Shares } from './samples.ts';

const HEADINGS = [
  'load',
  'program',
  'bytes/request',
  'JS µs/request',
  'min–max',
  '× bytes',
  '× µs',
  'reads',
  'writes',
  'shutdowns',
];
/** Lines of a profile. */
const LINES = 40;

/** Of one series; `of` picks the figure. */
export function figure({ rounds }: QuietSeries, of: (round: Round) => number): Summary {
  return summarize(rounds.map(of));
}

/** Headings and cells; `× …` compares this checkout with the one in the row, round by round. */
export function quietRows(series: readonly QuietSeries[]): string[][] {
  return [
    HEADINGS,
    ...series.map((one) =>
      row(
        one,
        series.find(({ load, program }) => load === one.load && program === 'this'),
      ),
    ),
  ];
}

function row(one: QuietSeries, own: QuietSeries | undefined): string[] {
  const micros = figure(one, (round) => round.micros);
  const ratio = (of: (round: Round) => number): string => {
    if (own === undefined || own === one) return '';
    return ratios(own.rounds.map(of), one.rounds.map(of)).median.toFixed(2);
  };
  const count = (of: (round: Round) => number): string => String(Number(figure(one, of).median.toFixed(2)));
  return [
    LOAD_TITLES[one.load],
    one.program,
    figure(one, (round) => round.bytes).median.toFixed(0),
    micros.median.toFixed(2),
    `${micros.min.toFixed(2)}–${micros.max.toFixed(2)}`,
    ratio((round) => round.bytes),
    ratio((round) => round.micros),
    count((round) => round.reads),
    count((round) => round.writes),
    count((round) => round.shutdowns),
  ];
}

/** Aligned for a terminal. */
export function quietTable(series: readonly QuietSeries[]): string {
  const cells = quietRows(series);
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  return cells
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The biggest shares of one profile, for each request. */
export function shareTable(title: string, shares: Shares, what: 'heap' | 'profile'): string {
  const unit = what === 'heap' ? 'bytes' : 'µs';
  const total = shares.reduce((sum, [, size]) => sum + size, 0);
  const lines = shares.slice(0, LINES).map(([name, size]) => {
    const share = ((size / total) * 100).toFixed(1).padStart(5);
    return `${share}% ${size.toFixed(what === 'heap' ? 0 : 2).padStart(7)} ${unit}  ${name}`;
  });
  return [`${title}: ${total.toFixed(what === 'heap' ? 0 : 2)} ${unit}/request`, ...lines, ''].join('\n');
}
