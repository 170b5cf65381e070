/**
 * What tests need and npm does not bring. As root on a Debian it is installed; elsewhere one line says what to install,
 * and the tests that need it skip with a line of their own.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Program → Debian package. */
const NEEDED: Readonly<Record<string, string>> = { curl: 'curl', openssl: 'openssl', ps: 'procps' };

function found(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

function install(packages: readonly string[]): boolean {
  const apt = (args: readonly string[]) =>
    spawnSync('apt-get', args, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
      .status === 0;
  return apt(['update', '-qq']) && apt(['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}

const missing = Object.keys(NEEDED).filter((program) => !found(program));
if (missing.length > 0) {
  const packages = missing.map((program) => NEEDED[program]!);
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!mayInstall || !install(packages))
    process.stdout.write(`Some tests will be skipped; they need: ${packages.join(' ')}\n`);
}
