/** What a process tree has used, read from /proc: CPU time (proc(5), `stat` and `schedstat`) and resident memory. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of the clock that /proc/<pid>/stat counts in; USER_HZ is 100 on every Linux architecture Node runs on. */
const TICKS_PER_SECOND = 100;

/** One process as `/proc/<pid>/stat` shows it. */
export interface ProcStat {
  readonly pid: number;
  readonly parent: number;
  /** utime + stime, in ticks: all threads of the process, those that have ended included. */
  readonly ticks: number;
}

/** Parses `/proc/<pid>/stat`. The command name may hold spaces and parentheses, so fields count from the last `)`. */
export function parseStat(text: string): ProcStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid: Number.parseInt(text, 10), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

/** `root` and all below it, given every process. */
export function familyOf(root: number, processes: readonly ProcStat[]): ProcStat[] {
  const family = processes.filter((p) => p.pid === root);
  for (const member of family) family.push(...processes.filter((p) => p.parent === member.pid));
  return family;
}

/** CPU time of a process tree at one moment. */
export interface CpuReading {
  /** Microseconds by the ten-millisecond ticks of `stat`. */
  readonly ticksMicros: number;
  /** Microseconds by `schedstat`, per thread (`pid/tid`), to the nanosecond; empty where the kernel does not say. */
  readonly threads: Readonly<Record<string, number>>;
}

/** Reads the CPU time used so far by `root`, its threads and its child processes. */
export function readCpu(root: number): CpuReading {
  const family = familyOf(root, allProcesses());
  const threads: Record<string, number> = {};
  for (const { pid } of family) Object.assign(threads, threadTimes(pid));
  const ticks = family.reduce((sum, p) => sum + p.ticks, 0);
  return { ticksMicros: (ticks / TICKS_PER_SECOND) * 1e6, threads };
}

/**
 * Microseconds between two readings. Takes the exact per-thread times where the same threads lived through both, and
 * the ticks (which remember ended threads) otherwise.
 */
export function cpuBetween(before: CpuReading, after: CpuReading): number {
  const names = Object.keys(after.threads);
  const same = names.length > 0 && names.length === Object.keys(before.threads).length;
  if (!same || !names.every((name) => name in before.threads)) return after.ticksMicros - before.ticksMicros;
  return names.reduce((sum, name) => sum + after.threads[name]! - before.threads[name]!, 0);
}

/** Process ids of `root` and all below it. */
export function processesOf(root: number): number[] {
  return familyOf(root, allProcesses()).map(({ pid }) => pid);
}

/** Resident bytes of the tree. Pages that its processes share count once for each of them. */
export function readRss(root: number): number {
  let kilobytes = 0;
  for (const { pid } of familyOf(root, allProcesses())) {
    kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1] ?? 0);
  }
  return kilobytes * 1024;
}

function allProcesses(): ProcStat[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map((pid) => readOrEmpty(`/proc/${pid}/stat`))
    .filter((text) => text !== '')
    .map(parseStat);
}

function threadTimes(pid: number): Record<string, number> {
  const times: Record<string, number> = {};
  for (const tid of listOrEmpty(`/proc/${pid}/task`)) {
    const text = readOrEmpty(`/proc/${pid}/task/${tid}/schedstat`);
    if (text !== '') times[`${pid}/${tid}`] = Number(text.split(' ')[0]) / 1000;
  }
  return times;
}

// A process or thread may end between being listed and being read.
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function listOrEmpty(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
