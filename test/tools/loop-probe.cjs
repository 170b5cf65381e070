/*
 * Preloaded into a process (`--require`), says how long its traffic threads keep requests waiting: for every turn of a
 * thread's event loop that took long, a line of JSON in the file that LOOP_PROBE names. Time is the thread's own CPU time
 * (getrusage(2), RUSAGE_THREAD), so that what else runs on the machine does not count.
 */
'use strict';
const { appendFileSync } = require('node:fs');
const { isMainThread, threadId } = require('node:worker_threads');

/* Microseconds. */
const LONG = 2_000;

if (!isMainThread && process.env.LOOP_PROBE) {
  const used = () => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  };
  let before = used();
  /* Timers run once in every turn of the loop. */
  setInterval(() => {
    const now = used();
    const micros = now - before;
    before = now;
    if (micros < LONG) return;
    appendFileSync(
      process.env.LOOP_PROBE,
      `${JSON.stringify({ at: Date.now(), thread: threadId, ms: micros / 1000 })}\n`
    );
    before = used();
  }, 1).unref();
}
