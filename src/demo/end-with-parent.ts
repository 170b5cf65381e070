/**
 * Preloaded into a child (`node --import …/end-with-parent.ts`) that must not outlive the process that started it: when the IPC
 * channel to that process is gone, however it died, the child ends as on SIGTERM. Used by the demo and the tests.
 */
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The listener must not keep a child alive that has nothing else to do.
  process.channel.unref();
}
