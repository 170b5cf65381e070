/** The figures that `npm test` holds: bytes allocated for each request, in test/bench/quiet.json. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH } from '../subjects/files.ts';
import type { QuietSeries } from './measure.ts';
import type { LoadName } from './messages.ts';
import { figure } from './report.ts';

const FILE = join(BENCH, 'quiet.json');

/** Loads whose figures are held. */
export const HELD: readonly LoadName[] = ['get', 'five'];

export interface Figures {
  /** The Node they were made on. */
  readonly node: string;
  /** Bytes allocated on V8's heap for each request. */
  readonly bytes: Readonly<Record<string, number>>;
}

export function readFigures(): Figures {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Figures;
}

/** Writes those that were measured, and keeps the others. Returns the file. */
export function writeFigures(series: readonly QuietSeries[]): string {
  const { bytes } = readFigures();
  const own = series.filter(({ load, program }) => program === 'this' && HELD.includes(load));
  const fresh = own.map((one) => [one.load, Math.round(figure(one, (round) => round.bytes).median)]);
  const figures: Figures = { node: process.version, bytes: { ...bytes, ...Object.fromEntries(fresh) } };
  writeFileSync(FILE, `${JSON.stringify(figures, null, 2)}\n`);
  return FILE;
}
