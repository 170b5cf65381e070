/** Open event streams: as many as teams have, without a word about it in the rules. */
import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

/** More than the 256 that a thread once had for an endpoint. */
const STREAMS = 300;

let server: Server;
let weir: Weir;
const open: ServerResponse[] = [];

before(async () => {
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    open.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 511, resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  weir = await startWeir(null, {
    rules: {
      upstreams: { u: { endpoints: { e: { url } }, pool: { connect: '10s' } } },
      routes: { r: { match: { path: '/**' }, to: 'u' } },
    },
    config: { threads: 1, log: { level: 'info', access: false } },
  });
});

after(async () => {
  await weir?.stop();
  server?.closeAllConnections();
  server?.close();
});

test(`${STREAMS} open event streams on one thread, and one more request`, async () => {
  const clients: WireClient[] = [];
  for (let i = 0; i < STREAMS; i++) {
    const client = await WireClient.connect(Number(new URL(weir.url).port));
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    clients.push(client);
  }
  for (const client of clients) assert.equal((await client.head()).status, 200);
  assert.equal(await weir.metric('weir_pool_waiting'), 0);
  assert.equal(await weir.metric('weir_pool_connections', { state: 'busy' }), STREAMS);
  for (const response of open) response.end();
  await until(() => clients.every((client) => client.text.endsWith('0\r\n\r\n')), 'all streams to end');
  for (const client of clients) client.close();
});
