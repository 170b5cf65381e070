/** Where and with what the figures were made. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './subjects/files.ts';

export interface Machine {
  readonly date: string;
  readonly commit: string;
  readonly hardware: string;
  readonly kernel: string;
  readonly versions: readonly string[];
}

export function describeMachine(): Machine {
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    hardware: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${memory} GB`,
    kernel: `${process.platform} ${release()}`,
    versions: [`Node ${process.version}`, `http-proxy ${packageVersion('http-proxy')}`, ...systemVersions()],
  };
}

/** What the bench itself writes is no change. */
const OWN = [':!docs/performance.md', ':!test/bench/results.json', ':!test/bench/quiet.json', ':!node_modules'];

function commit(): string {
  const head = output('git', ['rev-parse', '--short=12', 'HEAD']).trim();
  if (!/^[0-9a-f]+$/.test(head)) return 'none yet';
  return output('git', ['status', '--porcelain', '--', '.', ...OWN]).trim() === ''
    ? head
    : `${head} with uncommitted changes`;
}

function packageVersion(name: string): string {
  return JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}

function systemVersions(): string[] {
  const names = ['nginx-extras', 'libnginx-mod-http-lua', 'lua-nginx-redis', 'redis-server', 'nghttp2-client'];
  const lines = output('dpkg-query', ['-W', '-f', '${Package} ${Version}\n', ...names]).trim();
  return lines === '' ? [] : lines.split('\n');
}

/** Standard output, or '' where the program is missing. */
function output(command: string, args: readonly string[]): string {
  return spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' }).stdout ?? '';
}
