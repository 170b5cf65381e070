/** How much memory a traffic thread may take, so that one that goes wrong does not take the machine along. */
import { totalmem } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';

const MIB = 1024 ** 2;

/** Bytes that a thread takes by itself. */
export interface ThreadMemory {
  readonly heap: number;
  /** Buffers and what else lies outside the heap. Memory that threads share does not count. */
  readonly buffers: number;
}

/** Of the machine's memory, what all threads together get: the rest is the main thread's, the kernel's and others'. */
const SHARE = 0.75;
const LEAST = 256 * MIB;
/** V8's own bound for a heap on large machines. */
const MOST = 4096 * MIB;

/** Requests under way must not outlive the young generation: what is promoted costs a concurrent mark of the old one. */
const YOUNG_MIB = 96;

/** Bytes of memory that this process may use: the machine's, or its container's where that is less. */
export function machineMemory(): number {
  // 0 where there is no bound, and a number above the machine's where a cgroup has none.
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

/** Bytes for one thread: as `configured`, or where that is 0 its share of `machine`. */
export function threadMemory(configured: number, threads: number, machine: number): number {
  if (configured > 0) return configured;
  return Math.min(MOST, Math.max(LEAST, Math.floor((machine * SHARE) / threads)));
}

/** Half of the memory is for the heap; V8 ends a thread that needs more. */
export function heapLimits(memory: number): ResourceLimits {
  const heap = memory / 2 / MIB;
  const young = Math.min(YOUNG_MIB, Math.floor(heap / 4));
  return { maxYoungGenerationSizeMb: young, maxOldGenerationSizeMb: Math.floor(heap) - young };
}

/** Of the heap that V8 allows, what a thread may use before it is replaced. */
const HEAP_SHARE = 0.8;

/**
 * What a thread may have of each before it is replaced: where V8 cannot allocate a large piece at its own bound, it
 * ends the whole process instead of the thread, so threads must stay well below. The other half of the memory is for buffers.
 */
export function mostMemory(memory: number): ThreadMemory {
  return { heap: (memory / 2) * HEAP_SHARE, buffers: memory / 2 };
}

/**
 * Bytes of request bodies that a thread may hold: far enough from where it is replaced, since a body is copied once when it
 * is whole, and what is let go of stays until the next collection.
 */
export function bodiesMost(memory: number): number {
  return Math.floor(mostMemory(memory).buffers / 4);
}

/** Is this process about to take all memory there is? */
export function isLowOnMemory(): boolean {
  return process.memoryUsage.rss() > machineMemory() * 0.9;
}
