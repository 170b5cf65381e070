/** Bodies that are held before anybody knows who sent them: bounded, so that they cannot bring a thread to its end. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { until } from '../tools/until.ts';
import { startWeir } from '../tools/weir.ts';

const MIB = 1024 ** 2;
const CLIENTS = 16;
/** What a client sends of its 10 MiB: all but the end. */
const SENT = 10 * MIB - 1;

test('bodies held back at their end are refused where the thread has no room, and it lives on', async (t) => {
  const server = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const weir = await startWeir(t, {
    rules: {
      upstreams: { u: { protocol: 'anthropic', endpoints: { e: { url } } } },
      policies: { clean: { params: { allow: ['a'] } } },
      routes: { r: { match: { path: '/' }, use: ['clean'], to: 'u' } },
    },
    // 16 MiB of bodies: an eighth.
    config: { threads: 1, watchdog: { memory: '128MiB' } },
  });
  const answers: string[] = [];
  const clients: Socket[] = [];
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  const piece = Buffer.alloc(SENT, ' ');
  for (let i = 0; i < CLIENTS; i++) {
    const client = connect(Number(new URL(weir.url).port), '127.0.0.1');
    clients.push(client.on('error', () => {}));
    client.setEncoding('latin1').on('data', (text) => answers.push(text as unknown as string));
    client.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${SENT + 1}\r\n\r\n`);
    client.write(piece);
  }
  await until(() => answers.length >= CLIENTS - 2, 'all that have no room to be refused');
  for (const answer of answers) {
    assert.match(answer, /^HTTP\/1\.1 529 /);
    assert.match(answer, /\r\nretry-after: 1\r\n/i);
  }
  const held = await weir.metric('weir_bodies_held_bytes');
  assert.ok(held > 0 && held <= 17 * MIB, `${held} bytes are held`);
  assert.ok((await weir.metric('weir_exhausted_total', { resource: 'bodies' })) >= CLIENTS - 2);
  await until(() => weir.accessLog().some(({ code }) => code === 'BODIES_FULL'), 'a line of the access log');
  for (const client of clients) client.destroy();
  await until(async () => (await weir.metric('weir_bodies_held_bytes')) === 0, 'what was held to be let go of');
  const reply = await fetch(weir.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
  });
  assert.equal(reply.status, 200);
  assert.equal(await weir.metric('weir_worker_deaths_total'), 0);
});
