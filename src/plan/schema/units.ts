/**
 * Units in schemas: the keyword `unit` names one of these. Editors know only the pattern and its message; the checks
 * ask `valid`, which reads the text exactly as the plan will.
 */
import { parseDuration, parsePercent, parseRate, parseSize } from '../../units.ts';

/** Timers cannot wait longer than 2^31-1 ms: they would fire at once instead. */
const LONGEST = 2 ** 31 - 1;

export interface Unit {
  readonly pattern: string;
  /** Continues "must be …". */
  readonly expected: string;
  valid(text: string): boolean;
}

const DURATION = '\\d+(\\.\\d+)?(ms|s|m|h|d)';

function isDuration(text: string): boolean {
  const ms = parseDuration(text);
  return ms !== undefined && ms > 0 && ms <= LONGEST;
}

/** `500ms..5s`, or one duration for both. Null where it cannot be read or the first is longer. */
export function parseDurationRange(text: string): readonly [number, number] | null {
  const [low, high = low, ...rest] = text.split('..');
  if (rest.length > 0 || !isDuration(low!) || !isDuration(high!)) return null;
  const range = [parseDuration(low!)!, parseDuration(high!)!] as const;
  return range[0] <= range[1] ? range : null;
}

/** `cancel` → 0, `drain 30s` → 30000; null where it cannot be read. */
export function parseDisconnect(text: string): number | null {
  if (text === 'cancel') return 0;
  const [word, time, ...rest] = text.split(' ');
  return word === 'drain' && rest.length === 0 && isDuration(time ?? '') ? parseDuration(time!)! : null;
}

/** By the name that stands in schemas. */
export const UNITS: Readonly<Record<string, Unit>> = Object.freeze({
  duration: {
    pattern: DURATION,
    expected: 'a duration above 0 and up to 24d, such as 250ms, 5s, 10m or 2h',
    valid: isDuration,
  },
  size: {
    pattern: '\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)',
    expected: 'a size such as 512B, 16KiB or 10MiB',
    valid: (text) => Number.isSafeInteger(parseSize(text)),
  },
  rate: {
    pattern: '\\d+/\\d*(s|m|h|d)',
    expected: 'a rate such as 10/s or 600/1m',
    valid: (text) => parseRate(text) !== undefined,
  },
  percent: {
    pattern: '\\d+(\\.\\d+)?%',
    expected: 'a percentage from 0% to 100%, such as 50%',
    valid: (text) => parsePercent(text) !== undefined,
  },
  threshold: {
    pattern: 'off|\\d+(\\.\\d+)?%',
    expected: 'a percentage from 0% to 100%, such as 50%, or `off`',
    valid: (text) => text === 'off' || parsePercent(text) !== undefined,
  },
  durationRange: {
    pattern: `${DURATION}(\\.\\.${DURATION})?`,
    expected: 'a duration such as 1s, or two with the shorter first, such as 500ms..5s',
    valid: (text) => parseDurationRange(text) !== null,
  },
  disconnect: {
    pattern: `cancel|drain ${DURATION}`,
    expected: '`cancel`, or `drain` and a duration, such as drain 30s',
    valid: (text) => parseDisconnect(text) !== null,
  },
});
