/** What a thread has used so far, in figures that other processes do not disturb. */
import { getHeapStatistics, type HeapInfo } from 'node:v8';

/** Bytes allocated on V8's heap since the thread began, garbage included; NaN where this Node does not say. */
export function allocatedBytes(): number {
  return (getHeapStatistics() as HeapInfo & { total_allocated_bytes?: number }).total_allocated_bytes ?? Number.NaN;
}

/** Does this Node count them? */
export function countsAllocations(): boolean {
  return !Number.isNaN(allocatedBytes());
}

const NEVER = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/**
 * CPU time of the calling thread in microseconds. Linux brings its account of a running thread up to date at ticks of
 * some milliseconds, and whenever the thread stops running; so it stops for a moment.
 */
export function cpuMicros(): number {
  Atomics.wait(NEVER, 0, 0, 1);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
