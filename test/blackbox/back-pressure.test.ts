/** Whoever is slow makes the other side wait; Weir keeps a bounded part of a body, however long the body is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const BODY = 200 * 1024 * 1024;
/** What Weir's memory may grow by while it holds such a body up: buffers of both sockets, and what V8 has not collected. */
const GROWTH = 64 * 1024 * 1024;
/** What can be on its way from end to end, the system's socket buffers included. */
const ON_THE_WAY = 48 * 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'x');
const FORWARDERS = ['http', 'http-proxy'] as const;

/** One upstream connection, once its request head is here. */
interface Asked {
  readonly socket: Socket;
  readonly head: string;
}

let server: Server;
let weir: Weir;
const arrived: Asked[] = [];

before(async () => {
  server = createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', function read(chunk) {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', read).pause();
      socket.unshift(Buffer.from(text.slice(end + 4), 'latin1'));
      arrived.push({ socket, head: text.slice(0, end) });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const upstreams = FORWARDERS.map((forwarder) => [
    forwarder,
    { forwarder, endpoints: { e: { url: `http://127.0.0.1:${port}` } } },
  ]);
  const routes = FORWARDERS.map((forwarder) => [forwarder, { match: { path: `/${forwarder}` }, to: forwarder }]);
  weir = await startWeir(null, {
    rules: { upstreams: Object.fromEntries(upstreams), routes: Object.fromEntries(routes) },
    config: { threads: 1 },
  });
});

after(async () => {
  await weir?.stop();
  for (const { socket } of arrived) socket.destroy();
  server?.close();
});

for (const forwarder of FORWARDERS)
  describe(`through ${forwarder}`, () => {
    test('a reader that stops holds a long reply up, and gets all of it later', async () => {
      const client = await open();
      client.write(`GET /${forwarder} HTTP/1.1\r\nhost: a\r\n\r\n`);
      const { socket } = await asked();
      const before = await memory();
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${BODY}\r\nconnection: close\r\n\r\n`);
      const flow = pour(socket, BODY);
      await stalled(() => flow.taken);
      assert.ok(flow.taken < ON_THE_WAY, `${flow.taken} bytes left the upstream while nobody read`);
      const grown = (await memory()) - before;
      assert.ok(grown < GROWTH, `memory grew by ${grown} bytes`);
      const got = await drain(client, BODY);
      assert.ok(got > BODY, 'head and body');
    });

    test('an upstream that stops reading holds a long upload up, and gets all of it later', async () => {
      const client = await open();
      client.write(`POST /${forwarder} HTTP/1.1\r\nhost: a\r\ncontent-length: ${BODY}\r\n\r\n`);
      const before = await memory();
      const flow = pour(client, BODY);
      const { socket } = await asked();
      await stalled(() => flow.taken);
      assert.ok(flow.taken < ON_THE_WAY, `${flow.taken} bytes left the client while nobody read`);
      const grown = (await memory()) - before;
      assert.ok(grown < GROWTH, `memory grew by ${grown} bytes`);
      assert.equal(await drain(socket, BODY), BODY);
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok');
      client.resume();
      const [reply] = (await once(client, 'data')) as [Buffer];
      assert.match(reply.toString(), /^HTTP\/1\.1 200 /);
      client.destroy();
    });
  });

async function open(): Promise<Socket> {
  const client = connect({ port: Number(new URL(weir.url).port), host: '127.0.0.1' });
  client.on('error', () => {});
  client.pause();
  await once(client, 'connect');
  return client;
}

function asked(): Promise<Asked> {
  return until(() => arrived.shift(), 'the request upstream');
}

function memory(): Promise<number> {
  return weir.metric('process_resident_memory_bytes');
}

/** Writes `length` bytes as fast as they are taken. */
function pour(socket: Socket, length: number): { readonly taken: number } {
  let left = length;
  const start = socket.bytesWritten;
  const more = () => {
    while (left > 0) {
      const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
    socket.off('drain', more);
  };
  socket.on('drain', more);
  more();
  return {
    get taken() {
      return socket.bytesWritten - start - socket.writableLength;
    },
  };
}

/** Resolves when the count has stood still over many looks in a row. */
async function stalled(count: () => number): Promise<void> {
  let last = -1;
  let still = 0;
  await until(
    () => {
      still = count() === last && last > 0 ? still + 1 : 0;
      last = count();
      return still > 8;
    },
    'the flow to stop',
    30_000,
  );
}

/** Reads on until at least `length` bytes have come; gives how many. */
async function drain(socket: Socket, length: number): Promise<number> {
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.resume();
  await until(() => bytes >= length || socket.destroyed, 'the rest', 60_000);
  return bytes;
}
