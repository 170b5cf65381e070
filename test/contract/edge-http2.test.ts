/** What the edge contract promises, over HTTP/2: Node's client and frames made by hand on one side, calls on the other. */
import { describe, it } from 'node:test';
import { abuseTests } from './edge-http2-abuse.ts';
import { Bench, type Declare } from './edge-http2-bench.ts';
import { flowTests } from './edge-http2-flow.ts';
import { goneTests } from './edge-http2-gone.ts';
import { limitTests } from './edge-http2-limits.ts';
import { replyTests } from './edge-http2-replies.ts';
import { requestTests } from './edge-http2-requests.ts';

describe('http2: the edge contract', { concurrency: 8 }, () => {
  const declare: Declare = (title, run, skip) => {
    it(title, { timeout: 30_000, skip: skip ?? false }, async () => {
      const bench = new Bench();
      try {
        await run(bench);
      } finally {
        await bench.end();
      }
    });
  };
  requestTests(declare);
  replyTests(declare);
  flowTests(declare);
  goneTests(declare);
  limitTests(declare);
  abuseTests(declare);
});
