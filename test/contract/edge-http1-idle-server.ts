/** A process with nothing but our own edge in it, for edge-http1-idle.test.ts: says its port, and its memory whenever it is asked. */

import { Http1Edge } from '../../src/edges/http1/index.ts';
import { Fields } from '../../src/fields/fields.ts';
import type { Inbound, InboundEvents } from '../../src/types/transport.ts';

class Hello implements InboundEvents {
  constructor(inbound: Inbound) {
    inbound.events = this;
    inbound.reply(200, Fields.from(['content-type', 'text/plain']), 'hello', false);
  }
  bodyData(): void {}
  bodyEnd(): void {}
  bodyFailed(): void {}
  drained(): void {}
  gone(): void {}
  shutDown(): void {}
  done(): void {}
}

const edge = new Http1Edge(
  {
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    tls: null,
    headerSize: 16_384,
    headerTimeout: 60_000,
    requestTimeout: 60_000,
    idleTimeout: 600_000,
    connections: 20_000,
  },
  (inbound) => new Hello(inbound),
);
await edge.listen();
process.send!({ port: edge.address.port });
process.on('message', () => {
  globalThis.gc!();
  globalThis.gc!();
  process.send!({ rss: process.memoryUsage.rss(), connections: edge.connections });
});
process.on('disconnect', () => process.exit(0));
