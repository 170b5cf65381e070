/** The sources of another commit, laid out so that they run. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../subjects/files.ts';

export interface Checkout {
  readonly folder: string;
  remove(): void;
}

/** The tree of `commit`, with the dependencies installed here; null where git does not know it. A folder is taken as it is. */
export function checkoutOf(commit: string): Checkout | null {
  if (existsSync(join(commit, 'src', 'main.cjs'))) return { folder: commit, remove() {} };
  const folder = mkdtempSync(join(tmpdir(), 'weir-commit-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const tar = spawnSync('git', ['archive', commit], { cwd: ROOT, maxBuffer: 2 ** 28 });
  if (tar.status !== 0 || spawnSync('tar', ['-x', '-C', folder], { input: tar.stdout }).status !== 0) {
    remove();
    return null;
  }
  symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(folder, 'node_modules'));
  return { folder, remove };
}
