/** What reading the program and the rules left behind, given back. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8's function of this name, as far as it is used here. */
type CollectGarbage = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/**
 * Makes a function that collects the garbage of this thread, the first time it is called: some 10 MB once the rules are
 * read, in about 45 ms. The main thread has little to do from then on, so V8 would not come to it for a long time. There is
 * no other way to ask for it than V8's own function, which is hidden. It is looked up here and now, before there are other
 * threads: flags are the process's, and those that threads begin with.
 */
export function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  let collect: CollectGarbage | undefined = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  return () => {
    collect?.({ type: 'major', flavor: 'last-resort' });
    // It holds a context of its own.
    collect = undefined;
  };
}
