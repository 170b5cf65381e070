/** What the forwarder contract promises, over HTTP/2. */
import { describe, it } from 'node:test';
import tls from 'node:tls';
import { Bench, type Declare } from './forwarder-http2-bench.ts';
import { failureTests } from './forwarder-http2-failures.ts';
import { flowTests } from './forwarder-http2-flow.ts';
import { messageTests } from './forwarder-http2-messages.ts';
import { poolTests } from './forwarder-http2-pool.ts';
import { CERTIFICATE } from './forwarder-tls.ts';
import { upgradeTests } from './forwarder-upgrades.ts';

describe('http2: the forwarder contract', { concurrency: 8 }, () => {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), CERTIFICATE]);
  const declare: Declare = (title, run) => {
    it(title, { timeout: 30_000 }, async () => {
      const bench = new Bench();
      try {
        await run(bench);
      } finally {
        await bench.end();
      }
    });
  };
  messageTests(declare);
  flowTests(declare);
  failureTests(declare);
  poolTests(declare);
  upgradeTests(declare);
});
