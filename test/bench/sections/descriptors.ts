import { readFileSync } from 'node:fs';

/** How many descriptors a process may have open here (RLIMIT_NOFILE, the soft limit that Node raises to the hard one). */
export function descriptorLimit(): number {
  const line = /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return Number(line?.[1] ?? 1024);
}
