/*
 * Preloaded into a process (`--require`), says what a start does: one line in the file that START_PROBE names for every
 * module that is resolved (`load THREAD NAME`; a package by its name, no file of Weir's own), and one for every time that V8 was
 * asked for all garbage (`collect THREAD TIME`, in milliseconds of the epoch).
 */
'use strict';
const { appendFileSync } = require('node:fs');
const { registerHooks } = require('node:module');
const { constants, PerformanceObserver } = require('node:perf_hooks');
const { threadId } = require('node:worker_threads');

const file = process.env.START_PROBE;

if (file) {
  registerHooks({
    resolve(specifier, context, next) {
      if (!/^[./]|^file:/.test(specifier)) appendFileSync(file, `load ${threadId} ${specifier}\n`);
      return next(specifier, context);
    }
  });
  new PerformanceObserver((list) => {
    for (const { detail, startTime } of list.getEntries())
      if (detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_ALL_AVAILABLE_GARBAGE)
        appendFileSync(file, `collect ${threadId} ${performance.timeOrigin + startTime}\n`);
  }).observe({ entryTypes: ['gc'] });
}
