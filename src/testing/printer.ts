/**
 * A process that logs to its standard output and says on standard error, line by line, what it has come to. Its first
 * argument is what to do; see src/control/sink.test.ts.
 */

import { createSink } from '../control/sink.ts';
import { createAccessWriter, createLog } from '../log/log.ts';

const [what, maxBuffered = '1000000'] = process.argv.slice(2);
const sink = createSink({ maxBuffered: Number(maxBuffered) });
const log = createLog({ level: 'info', format: 'json' }, sink);
const access = createAccessWriter({ format: 'json' }, sink);
const say = (fact: object): void => void process.stderr.write(`${JSON.stringify(fact)}\n`);

const doing: Record<string, () => void | Promise<void>> = {
  /** More than a pipe and the buffer hold, to a reader that does not read. */
  flood() {
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 2000; i++)
      access(`${JSON.stringify({ i, pad: 'x'.repeat(50_000) })}\n${JSON.stringify({ i })}\n`);
    say({ dropped: sink.dropped, grown: process.memoryUsage.rss() - before });
  },
  /** Log lines and batches in turn, then the end. */
  async mixed() {
    for (let i = 0; i < 300; i++) {
      log.info({ i }, 'process');
      access(`{"a":${i},"pad":"${'y'.repeat(997 * (i % 7))}"}\n{"b":${i}}\n`);
    }
    await sink.close(10_000);
    process.exit(0);
  },
  /** More than a pipe and the buffer hold, and then a reader. */
  async missed() {
    const told = new Promise<void>((resolve) => {
      sink.onRecovered = (lines) => {
        sink.write(`lost ${lines}\n`);
        resolve();
      };
    });
    for (let i = 0; i < 100; i++) access(`${'x'.repeat(20_000)}\n`);
    say({ dropped: sink.dropped });
    await told;
    await sink.close(10_000);
    process.exit(0);
  },
  /** Goes on writing after the reader is gone. */
  broken() {
    const timer = setInterval(() => {
      access('{"line":1}\n');
      if (sink.dropped < 10) return;
      clearInterval(timer);
      say({ dropped: sink.dropped });
    }, 2);
  },
};

await doing[what!]!();
if (what === 'flood') {
  const began = performance.now();
  await sink.close(200);
  say({ closed: performance.now() - began });
  process.exit(0);
}
