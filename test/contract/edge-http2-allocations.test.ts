/** What a plain request over HTTP/2 makes this thread allocate; its client is another thread. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import v8 from 'node:v8';
import { Worker } from 'node:worker_threads';
import { Fields } from '../../src/fields/fields.ts';
import { Bench } from './edge-http2-bench.ts';

/** Bytes a request: 9800 when this was written, 6600 of them Node's own; 11,500 with a listener for each event and an error. */
const MOST = 10_500;

const WARM_UP = 4000;
const MEASURED = 4000;
const REPLY = Buffer.alloc(1024, 'x');
const FIELDS = ['content-type', 'application/json', 'server', 'upstream'];

/** Asks for what it is told to, so many at a time, and says when it has all. */
const CLIENT = `
const { connect } = require('node:http2');
const { parentPort, workerData } = require('node:worker_threads');
const client = connect(workerData, { rejectUnauthorized: false });
parentPort.on('message', (requests) => {
  let asked = 0, whole = 0;
  const ask = () => {
    if (asked++ >= requests) return;
    const stream = client.request({ ':path': '/v1/messages' });
    stream.resume();
    stream.on('end', () => { if (++whole === requests) parentPort.postMessage('all'); else ask(); });
  };
  for (let i = 0; i < 32; i++) ask();
});`;

/** V8 counts what was allocated since Node 26. */
function allocated(): number | undefined {
  return (v8.getHeapStatistics() as { total_allocated_bytes?: number }).total_allocated_bytes;
}

test('http2: a plain request allocates little', { skip: allocated() === undefined, timeout: 60_000 }, async () => {
  const bench = new Bench();
  bench.onCall = ({ inbound }) => {
    bench.calls.length = 0;
    inbound.head(200, Fields.from(FIELDS), REPLY.length, false);
    inbound.end(null, REPLY);
  };
  await bench.listen();
  const client = new Worker(CLIENT, { eval: true, workerData: `https://127.0.0.1:${bench.port}` });
  const ask = (requests: number): Promise<unknown> => {
    client.postMessage(requests);
    return once(client, 'message');
  };
  try {
    await ask(WARM_UP);
    const before = allocated()!;
    await ask(MEASURED);
    const each = (allocated()! - before) / MEASURED;
    assert.ok(each < MOST, `${Math.round(each)} bytes a request`);
  } finally {
    await client.terminate();
    await bench.end();
  }
});
