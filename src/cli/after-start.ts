/** What is done once, when Weir has served for a moment, in the main thread: no request waits for it. */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8's function of this name, as far as it is used here. */
type CollectGarbage = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/** Milliseconds, so that who waits for `/readyz` is answered first. */
const DELAY = 250;

export function tidyUpSoon(): void {
  setTimeout(tidyUp, DELAY).unref();
}

function tidyUp(): void {
  // Node writes the cache of compiled code when it exits, which this process does not: see `leave`.
  flushCompileCache();
  collectGarbage();
}

/**
 * Gives back what reading the program and the rules left behind, some 11 MB. The main thread has little to do from now on, so
 * V8 would not come to it for a long time. There is no other way to ask for it than V8's own function, which is hidden.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: CollectGarbage | undefined = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  collect?.({ type: 'major', flavor: 'last-resort' });
}
