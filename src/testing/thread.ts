/** Entry of the threads that {@link runThreads} starts. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Job, ThreadStart } from './threads.ts';

const { module, job, data, index, gate } = workerData as ThreadStart;
const run: Job = (await import(module))[job];
Atomics.add(gate, 0, 1);
Atomics.notify(gate, 0);
Atomics.wait(gate, 1, 0);
parentPort!.postMessage(await run(data, index));
