/** System calls for each request, as strace counts them. Debian: `apt-get install strace`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesOf } from '../cpu.ts';
import { Session } from '../session.ts';
import { nginxLua, nginxPlain } from '../subjects/nginx.ts';
import { bare, weirPlain, weirRules, weirRulesLog } from '../subjects/node.ts';
import type { LoadKind, Subject } from '../subjects/types.ts';
import { LOAD_TITLES } from '../table.ts';
import type { Section, SectionResult } from './types.ts';

const STRACE = '/usr/bin/strace';
/** Enough to count, few enough for what strace costs. */
const REQUESTS = 4_000;
/** Calls with a column of their own, by what they do; all others are summed up. */
const KINDS: Readonly<Record<string, RegExp>> = {
  read: /^(read|readv|recvfrom|recvmsg)$/,
  write: /^(write|writev|sendto|sendmsg)$/,
  epoll: /^epoll_/,
  futex: /^futex$/,
};

/** Calls by name, from the table that `strace -c` writes. */
export function readCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const found = /^\s*[\d.]+\s+[\d.]+\s+\d*\s+(\d+)\s+(?:\d+\s+)?(\w+)$/.exec(line);
    if (found && found[2] !== 'total') counts.set(found[2]!, Number(found[1]));
  }
  return counts;
}

/** Waits until strace has all `processes`. Its threads come along with each. */
async function attached(child: ChildProcess, processes: number): Promise<void> {
  let text = '';
  for await (const more of child.stderr!.iterator({ destroyOnReturn: false })) {
    text += String(more);
    if (text.split('attached').length > processes) return;
  }
  throw new Error(`strace cannot attach here: ${text.split('\n', 1)[0]}`);
}

/** Counts from now until the promise's function is called. */
async function trace(pid: number, file: string): Promise<() => Promise<void>> {
  const processes = processesOf(pid);
  const of = processes.flatMap((process) => ['-p', String(process)]);
  const child = spawn(STRACE, ['-c', '-f', ...of, '-o', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const orphan = (): void => void child.kill('SIGINT');
  process.once('exit', orphan);
  const ended = once(child, 'exit');
  await attached(child, processes.length);
  child.stderr!.resume();
  return async () => {
    child.kill('SIGINT');
    await ended;
    process.off('exit', orphan);
  };
}

function row(load: LoadKind, name: string, file: string): string[] {
  const counts = readCounts(readFileSync(file, 'utf8'));
  const sum = (of: (call: string) => boolean): string => {
    const calls = [...counts].filter(([call]) => of(call)).reduce((total, [, count]) => total + count, 0);
    return (calls / REQUESTS).toFixed(2);
  };
  const kinds = Object.values(KINDS);
  return [
    LOAD_TITLES[load],
    name,
    sum(() => true),
    ...kinds.map((kind) => sum((call) => kind.test(call))),
    sum((call) => !kinds.some((kind) => kind.test(call))),
  ];
}

/** A row for each subject that runs. */
async function count(
  session: Session,
  load: LoadKind,
  subjects: readonly Subject[],
  folder: string,
): Promise<string[][]> {
  const rows: string[][] = [];
  await session.prepare(subjects);
  await session.each(load, async (name, pid) => {
    const file = join(folder, name);
    const end = await trace(pid, file);
    return async () => {
      await end();
      rows.push(row(load, name, file));
    };
  });
  return rows;
}

const LANES: Readonly<Partial<Record<LoadKind, readonly Subject[]>>> = {
  get: [nginxPlain, bare, weirPlain],
  post: [nginxLua, weirRules, weirRulesLog],
};

export const calls: Section = {
  name: 'calls',
  title: 'System calls',
  quick: true,
  method: ({ connections }) =>
    `\`strace -c -f\` on each subject while it serves ${REQUESTS} requests over ${connections} kept connections: calls for ` +
    'each request, all threads and processes together, the check before them included. Under strace a process is slow, so ' +
    'more happens for each turn of its event loop than otherwise: `epoll` and `futex` are lower than without.',
  measure: async (options, say): Promise<SectionResult> => {
    const cells = [['load', 'subject', 'calls/request', ...Object.keys(KINDS), 'others']];
    const problems: Record<string, string> = {};
    if (!existsSync(STRACE)) return { goals: [], cells, problems: { strace: 'not here: apt-get install strace' } };
    const folder = mkdtempSync(join(tmpdir(), 'weir-calls-'));
    try {
      for (const [load, subjects] of Object.entries(LANES) as [LoadKind, readonly Subject[]][]) {
        const session = await Session.open({ ...options, rounds: 1, requests: REQUESTS }, say);
        try {
          cells.push(...(await count(session, load, subjects, folder)));
          Object.assign(problems, session.problems);
        } finally {
          await session.close();
        }
      }
    } catch (error) {
      problems.strace = (error as Error).message;
    }
    rmSync(folder, { recursive: true, force: true });
    return { goals: [], cells, problems };
  },
};
