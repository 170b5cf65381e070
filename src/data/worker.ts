/** A traffic thread: listeners, the rule set in use, and the conversation with the control plane (types/threads.ts). */
import { parentPort, workerData } from 'node:worker_threads';
import type { ToWorker, WorkerStart } from '../types/threads.ts';
import { TrafficThread } from './thread.ts';

const port = parentPort!;
const thread = new TrafficThread(workerData as WorkerStart, (message) => port.postMessage(message));
port.on('message', (message: ToWorker) => thread.receive(message));
await thread.start();
