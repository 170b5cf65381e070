/** jose, which only rules with a `jwt` policy need. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Loaded with the first call, which takes some 30 ms and 5 MB: not to be made first while a request waits. */
export function jose(): typeof import('jose') {
  return require('jose');
}
