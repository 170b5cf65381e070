/**
 * The switch that breaks a sample on purpose, so that breakers, retries and fallbacks have something to do.
 * Demo and tests only: nothing in Weir itself knows of it.
 */

/** `ok`, one of the three ways to fail without an answer, or an HTTP status to answer with. */
export type FailureMode = 'ok' | 'hang' | 'reset' | 'truncate' | number;

export interface Switch {
  mode: FailureMode;
  /** How many more requests fail before the sample mends itself; Infinity: until told otherwise. */
  left: number;
}

/**
 * Reads `{"mode":"500"|"hang"|"reset"|"truncate"|"ok","times":n}`. Any status from 400 to 599 is a mode; without
 * `times` the mode stays. Undefined where the text is something else.
 */
export function readSwitch(text: string): Switch | undefined {
  const wish = parseObject(text);
  const mode = readMode(wish?.mode);
  if (!wish || mode === undefined) return undefined;
  const { times } = wish;
  if (times === undefined) return { mode, left: Number.POSITIVE_INFINITY };
  return Number.isInteger(times) && (times as number) > 0 ? { mode, left: times as number } : undefined;
}

/** The mode that counts for one more request, using up one of the `left`. */
export function nextMode(state: Switch): FailureMode {
  if (state.mode === 'ok') return 'ok';
  const { mode } = state;
  if (--state.left <= 0) state.mode = 'ok';
  return mode;
}

function readMode(mode: unknown): FailureMode | undefined {
  if (mode === 'ok' || mode === 'hang' || mode === 'reset' || mode === 'truncate') return mode;
  const status = Number(mode);
  return Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined;
}

/** The JSON object that `text` is, or undefined. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
