/** Many triggers, one call. */

/** How many quiet times an unbroken row of triggers can put the call off. */
const PATIENCE = 10;

/**
 * Calls `run` once after triggers have been quiet for `quiet` milliseconds; a row of them that never breaks is cut off
 * after ten times as long. `cancel` drops a call that is due.
 */
export function debounced(run: () => void, quiet: number): { trigger: () => void; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let deadline = 0;
  const fire = (): void => {
    timer = undefined;
    run();
  };
  return {
    trigger: () => {
      const now = Date.now();
      if (timer === undefined) deadline = now + quiet * PATIENCE;
      clearTimeout(timer);
      timer = setTimeout(fire, Math.max(0, Math.min(quiet, deadline - now)));
    },
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
