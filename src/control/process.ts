/** What a process tells about itself, under the names every Prometheus dashboard knows. */
import { readdirSync } from 'node:fs';
import type { Sample } from '../metrics/series.ts';
import { descriptorLimit } from './descriptors.ts';

/** CPU of all threads, resident memory, open files and how many there may be (Linux), and start time. */
export function processSamples(now: number): Sample[] {
  const cpu = process.cpuUsage();
  const samples: Sample[] = [
    { family: 'process_cpu_seconds_total', type: 'counter', labels: {}, values: [(cpu.user + cpu.system) / 1e6] },
    gauge('process_resident_memory_bytes', process.memoryUsage.rss()),
    gauge('process_start_time_seconds', now / 1000 - process.uptime()),
  ];
  const limit = descriptorLimit();
  if (limit !== null && Number.isFinite(limit)) samples.push(gauge('process_max_fds', limit));
  const files = openFiles();
  return files === null ? samples : [...samples, gauge('process_open_fds', files)];
}

function gauge(family: string, value: number): Sample {
  return { family, type: 'gauge', labels: {}, values: [value] };
}

function openFiles(): number | null {
  try {
    // The listing itself holds one.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return null;
  }
}
