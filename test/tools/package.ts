/**
 * The built package: packed as npm packs it and laid out as npm installs it (dependencies beside it, nothing of this
 * checkout's sources). The registry is not asked: what `npm ci` installed here stands in for it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** Builds the package and installs it below `folder`. Returns the folder of the package. */
export function installPackage(folder: string): string {
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT, encoding: 'utf8' });
  assert.equal(packed.status, 0, packed.stderr);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  const modules = join(folder, 'empty', 'node_modules');
  mkdirSync(modules, { recursive: true });
  const untar = spawnSync('tar', ['-xzf', join(folder, tarball), '-C', modules]);
  assert.equal(untar.status, 0);
  for (const name of productionModules()) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return join(modules, 'package');
}

/** Removes what building leaves in the checkout. */
export function removeBuild(): void {
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
}

/** What npm would install beside the package: everything in the lock file that is not for development only. */
function productionModules(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  return Object.entries<{ dev?: boolean; link?: boolean }>(lock.packages)
    .filter(
      ([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link && existsSync(join(ROOT, path)),
    )
    .map(([path]) => path.slice('node_modules/'.length))
    .filter((name) => !name.includes('/node_modules/'));
}
