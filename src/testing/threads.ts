/**
 * Runs one exported function in several worker threads at once, for tests of shared state. All threads are started
 * and have loaded the module before the first of them begins, so that they really race.
 */
import { Worker } from 'node:worker_threads';

/** What runs in a thread: structured-cloneable data in, structured-cloneable result out. `index` counts from 0. */
// biome-ignore lint/suspicious/noExplicitAny: data and result belong to the job
export type Job = (data: any, index: number) => unknown;

export interface ThreadStart {
  readonly module: string;
  readonly job: string;
  readonly data: unknown;
  readonly index: number;
  /** Word 0: threads that are ready; word 1: 1 when they may begin. */
  readonly gate: Int32Array;
}

/** Runs `job`, exported by `module` (a file URL), in `count` threads and gives their results in order. */
export async function runThreads<R>(module: string, job: string, count: number, data: unknown): Promise<R[]> {
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const workers = Array.from({ length: count }, (_, index) => startThread({ module, job, data, index, gate }));
  const results = workers.map((worker) => resultOf<R>(worker));
  for (let ready = Atomics.load(gate, 0); ready < count; ready = Atomics.load(gate, 0))
    await Promise.race([Atomics.waitAsync(gate, 0, ready).value, Promise.all(results)]);
  Atomics.store(gate, 1, 1);
  Atomics.notify(gate, 1);
  return Promise.all(results);
}

/** Starts one thread. */
export function startThread(start: ThreadStart): Worker {
  return new Worker(new URL('thread.ts', import.meta.url), { workerData: start });
}

function resultOf<R>(worker: Worker): Promise<R> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without a result')));
  });
}
