/** Waiting for conditions, not for time. */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Resolves with `condition()` once it is neither false, null nor undefined; asks every few milliseconds. A condition
 * that throws is not met yet.
 * @throws {Error} after `timeout` ms, naming `what` was waited for, with the condition's last error as its cause.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  timeout = 10_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + timeout;
  let cause: unknown;
  for (let wait = 2; ; wait = Math.min(50, wait * 2)) {
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined)
        return value as Exclude<T, false | null | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeout} ms for ${what}`, { cause });
    await pause(wait);
  }
}
