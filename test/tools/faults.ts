/** Preloaded into Weir (`NODE_OPTIONS=--import …`): bugs on command. SIGUSR2 throws in the main thread, SIGWINCH in traffic thread 1. */
import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads';

const channel = new BroadcastChannel('weir-faults');
channel.unref();
if (isMainThread) {
  process.on('SIGUSR2', () => {
    throw new Error('a bug in the main thread');
  });
  process.on('SIGWINCH', () => channel.postMessage('throw'));
} else if ((workerData as { thread?: number } | null)?.thread === 1) {
  channel.onmessage = () => {
    throw new Error('a bug in a traffic thread');
  };
}
