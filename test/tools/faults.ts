/**
 * Preloaded into Weir (`NODE_OPTIONS=--import …`): bugs on command. SIGUSR2 throws in the main thread; SIGWINCH makes
 * traffic thread 1 do what the environment's `FAULT` says, `throw` by default.
 */
import { pbkdf2Sync } from 'node:crypto';
import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads';

const channel = new BroadcastChannel('weir-faults');
channel.unref();

/** Kept, so that nothing of it is garbage. */
const kept: unknown[] = [];

const FAULTS: Readonly<Record<string, () => void>> = {
  throw() {
    throw new Error('a bug in a traffic thread');
  },
  /** Never turns the event loop again. */
  spin() {
    while (kept !== undefined);
  },
  /** Fills its heap as fast as it can. */
  heap() {
    for (;;) kept.push({ a: kept.length, b: [1, 2, 3] });
  },
  /** Hangs outside JavaScript, where nothing can end it. */
  native() {
    pbkdf2Sync('a', 'b', 2 ** 31 - 1, 64, 'sha512');
  },
  /** Fills memory outside its heap, turning its event loop. */
  buffers() {
    for (let i = 0; i < 10; i++) kept.push(Buffer.alloc(2 ** 20, 1));
    setTimeout(FAULTS.buffers!, 10);
  },
  /** The same without turning it, at a pace of 100 MiB a second. */
  spinBuffers() {
    for (let next = performance.now(); ; next += 10) {
      while (performance.now() < next);
      kept.push(Buffer.alloc(2 ** 20, 1));
    }
  },
};

if (isMainThread) {
  process.on('SIGUSR2', () => {
    throw new Error('a bug in the main thread');
  });
  process.on('SIGWINCH', () => channel.postMessage('now'));
} else if ((workerData as { thread?: number } | null)?.thread === 1) {
  channel.onmessage = FAULTS[process.env.FAULT ?? 'throw']!;
}
