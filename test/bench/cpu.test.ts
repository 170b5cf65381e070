import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type CpuReading, cpuBetween, familyOf, parseStat, readCpu, readRss } from './cpu.ts';

const STAT = '812 (a) R (b) S 77 812 77 0 -1 4194304 100 0 1 0 150 25 9 9 20 0 11 0 121860 3133440 350';

test('stat: fields count from the last parenthesis, whatever the name of the command', () => {
  assert.deepEqual(parseStat(STAT), { pid: 812, parent: 77, ticks: 175 });
});

test('a family is the root with its children and theirs, and nobody else', () => {
  const processes = [
    { pid: 1, parent: 0, ticks: 0 },
    { pid: 5, parent: 4, ticks: 0 },
    { pid: 4, parent: 3, ticks: 0 },
    { pid: 3, parent: 1, ticks: 0 },
    { pid: 9, parent: 1, ticks: 0 },
  ];
  assert.deepEqual(
    familyOf(3, processes)
      .map((p) => p.pid)
      .sort(),
    [3, 4, 5],
  );
});

test('exact times count where the same threads lived through both readings, ticks otherwise', () => {
  const before: CpuReading = { ticksMicros: 10_000, threads: { '1/1': 100, '1/2': 50 } };
  assert.equal(cpuBetween(before, { ticksMicros: 30_000, threads: { '1/1': 150, '1/2': 51 } }), 51);
  assert.equal(cpuBetween(before, { ticksMicros: 30_000, threads: { '1/1': 150, '1/3': 51 } }), 20_000);
  assert.equal(cpuBetween({ ...before, threads: {} }, { ticksMicros: 30_000, threads: {} }), 20_000);
});

test('the work of another thread of the process counts', { skip: process.platform !== 'linux' }, async () => {
  const burn = `
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (ms) => {
      const from = performance.now();
      const used = process.threadCpuUsage();
      while (process.threadCpuUsage(used).user < ms * 1000 && performance.now() - from < 5000);
      parentPort.postMessage('done');
    });
    parentPort.postMessage('ready');`;
  const worker = new Worker(burn, { eval: true });
  await once(worker, 'message');
  const before = readCpu(process.pid);
  worker.postMessage(60);
  await once(worker, 'message');
  assert.ok(cpuBetween(before, readCpu(process.pid)) >= 50_000);
  await worker.terminate();
});

test('child processes count towards memory', { skip: process.platform !== 'linux' }, async () => {
  const alone = readRss(process.pid);
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)'], { stdio: 'pipe' });
  await once(child.stdout, 'data');
  assert.ok(readRss(process.pid) > alone + 10 * 2 ** 20);
  child.kill();
  await once(child, 'exit');
});
