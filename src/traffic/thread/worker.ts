/** A traffic thread: listeners, the rule set in use, and the conversation with the control plane (types/threads.ts). */
import { parentPort } from 'node:worker_threads';
import type { ToWorker } from '../../types/threads.ts';
import { TrafficThread } from './thread.ts';

const port = parentPort!;
port.once('message', (first: ToWorker) => {
  if (first.type !== 'start') throw new Error(`a thread cannot begin with \`${first.type}\``);
  const thread = new TrafficThread(first.start, (answer, transferred = []) => port.postMessage(answer, transferred));
  port.on('message', (message: ToWorker) => thread.receive(message));
  void thread.start();
});
