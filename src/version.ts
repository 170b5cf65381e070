import { createRequire } from 'node:module';

/** Weir's own version, from its package file: the same relative path from `src/` and from `dist/`. */
export function version(): string {
  return createRequire(import.meta.url)('../package.json').version;
}
