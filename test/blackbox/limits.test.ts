/** Bounds of the process, tried from outside with small ones. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const LIMITS = {
  headerSize: '2KiB',
  bodySize: '1KiB',
  headerTimeout: '400ms',
  requestTimeout: '800ms',
  idleTimeout: '600ms',
  connections: 12,
};

let server: Server;
let weir: Weir;
let received = 0;

before(async () => {
  server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    request.on('end', () => response.end('ok'));
    request.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  weir = await startWeir(null, {
    rules: {
      upstreams: { u: { protocol: 'anthropic', endpoints: { e: { url } } } },
      policies: { clean: { params: { allow: ['a'], nonJson: 'pass' } } },
      routes: {
        streamed: { match: { path: '/streamed' }, to: 'u' },
        buffered: { match: { path: '/buffered' }, use: ['clean'], to: 'u' },
        wider: { match: { path: '/wider' }, use: ['clean'], to: 'u', body: { max: '8KiB' } },
        narrow: { match: { path: '/narrow' }, to: 'u', body: { max: '10B' } },
      },
    },
    config: { threads: 1, limits: LIMITS },
  });
});

after(async () => {
  await weir?.stop();
  server?.closeAllConnections();
  server?.close();
});

const connect = () => WireClient.connect(Number(new URL(weir.url).port));
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

async function ask(bytes: string) {
  const client = await connect();
  client.send(bytes);
  const reply = await client.reply();
  client.close();
  return reply;
}

const post = (path: string, body: string) =>
  ask(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
const postChunks = (path: string, body: string) =>
  ask(
    `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n${chunk(body)}0\r\n\r\n`,
  );

test('a head that is too large is 431 and the end', async () => {
  const reply = await ask(`GET /streamed HTTP/1.1\r\nhost: a\r\nx-long: ${'x'.repeat(4000)}\r\n\r\n`);
  assert.equal(reply.status, 431);
  const many = Array.from({ length: 300 }, (_, i) => `x-${i}: 1\r\n`).join('');
  assert.equal((await ask(`GET /streamed HTTP/1.1\r\nhost: a\r\n${many}\r\n`)).status, 431);
});

test('a body is bounded where it is buffered, and only there; a route may say otherwise', async () => {
  for (const send of [post, postChunks]) {
    assert.equal((await send('/streamed', 'x'.repeat(5000))).status, 200);
    const refused = await send('/buffered', 'x'.repeat(5000));
    assert.equal(refused.status, 413);
    assert.equal(JSON.parse(refused.body).error.type, 'request_too_large');
    assert.ok(refused.get('request-id'));
    assert.equal((await send('/buffered', 'x'.repeat(1024))).status, 200);
    assert.equal((await send('/wider', 'x'.repeat(5000))).status, 200);
    assert.equal((await send('/wider', 'x'.repeat(9000))).status, 413);
  }
});

test('a bound of a route holds for what it streams', async () => {
  assert.equal((await post('/narrow', '0123456789')).status, 200);
  received = 0;
  assert.equal((await post('/narrow', '0123456789!')).status, 413);
  assert.equal(received, 0);
  assert.equal((await postChunks('/narrow', '0123456789!')).status, 413);
});

test('a head that does not come is 408', async () => {
  const client = await connect();
  client.send('GET /streamed HTTP/1.1\r\nhost: a\r\nx-slow: ');
  const reply = await client.reply();
  assert.equal(reply.status, 408);
  await client.over();
});

test('a body that does not come is 408, buffered or streamed', async () => {
  for (const path of ['/buffered', '/streamed']) {
    const client = await connect();
    client.send(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 500\r\n\r\nonly this`);
    const reply = await client.reply();
    assert.equal(reply.status, 408, path);
    assert.equal(JSON.parse(reply.body).error.type, 'timeout_error');
    await client.over();
  }
});

test('an idle connection is closed, and one that talks is not', async () => {
  const client = await connect();
  for (let i = 0; i < 3; i++) {
    client.send('GET /streamed HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.equal((await client.reply()).status, 200);
  }
  await client.over();
  assert.equal(client.error, '');
});

test('connections beyond the limit are closed, and places come back', async () => {
  await until(async () => (await weir.metric('weir_connections')) === 0, 'all connections to be gone');
  const clients = await Promise.all(Array.from({ length: 12 }, connect));
  await until(async () => (await weir.metric('weir_connections')) === 12, 'all to be open');
  const beyond = await connect();
  await beyond.over(5_000);
  assert.equal(beyond.bytes, 0);
  for (const client of clients) client.close();
  await until(async () => (await weir.metric('weir_connections')) === 0, 'all connections to be gone');
  assert.equal((await ask('GET /streamed HTTP/1.1\r\nhost: a\r\n\r\n')).status, 200);
});
