/** What the bench can measure: one section of docs/performance.md each. Results are plain data, kept in results.json. */
import type { Machine } from '../machine.ts';
import type { Options } from '../options.ts';

/** A figure and what it should be. */
export interface GoalRow {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  readonly verdict: 'held' | 'missed' | 'not measured';
}

export interface SectionResult {
  readonly goals: readonly GoalRow[];
  /** Headings and rows. */
  readonly cells: readonly (readonly string[])[];
  /** What was left out, and why. */
  readonly problems: Readonly<Record<string, string>>;
}

export type Say = (line: string) => void;

export interface Section {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** Measured without `--full` as well. */
  readonly quick: boolean;
  /** How it is measured, for the page. */
  method(options: Options): string;
  measure(options: Options, say: Say): Promise<SectionResult>;
}

/** The last result of one section, and where it comes from. */
export interface Stored {
  readonly machine: Machine;
  readonly seconds: number;
  /** The method as it was then. */
  readonly method: string;
  readonly result: SectionResult;
}

/** By name of section. */
export type Results = Readonly<Record<string, Stored>>;

/** `value` against a goal of at most `atMost`; NaN where there is none. */
export function atMost(what: string, limit: number, unit: string, value: number, more = ''): GoalRow {
  const missing = Number.isNaN(value);
  const verdict = missing ? 'not measured' : value <= limit ? 'held' : 'missed';
  return { what, goal: `≤ ${limit}${unit}`, measured: missing ? '–' : `${short(value)}${unit}${more}`, verdict };
}

function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}
