import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { isWhole, judge, Loader } from './loader.ts';
import { plainBatch } from './requests.ts';

const OK = 'HTTP/1.1 200 OK\r\nx-region: us\r\ncontent-length: 2\r\n\r\nhi';
const clients = [{ address: '192.0.2.1', region: 'us' as const }];

/** A server that handles each request (one `data`) with `answer`. */
async function serving(answer: (socket: Socket, count: number) => void): Promise<{ server: Server; port: number }> {
  let count = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', () => answer(socket, ++count)).on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port };
}

test('an answer is whole when its length or its last chunk is there', () => {
  assert.equal(isWhole(OK), true);
  assert.equal(isWhole(OK.slice(0, -1)), false);
  assert.equal(isWhole(OK.slice(0, 30)), false);
  assert.equal(isWhole('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'), true);
  assert.equal(isWhole('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n'), false);
});

test('an answer is right when it is 200 from the region expected', () => {
  assert.equal(judge(OK, 'us'), '');
  assert.equal(judge(OK, 'eu'), 'wrong region');
  assert.equal(judge(OK.replace('200', '401'), 'us'), '401');
});

test('a batch is sent once, over all connections, and every answer is counted', async () => {
  let requests = 0;
  const { server, port } = await serving((socket, count) => {
    requests = count;
    socket.write(OK.slice(0, 25));
    setImmediate(() => socket.write(count % 10 === 0 ? OK.slice(25).replace('us', 'eu') : OK.slice(25)));
  });
  const loader = await Loader.open(port, 4);
  const { right, wrong, latencies } = await loader.run(plainBatch(100, clients));
  assert.deepEqual({ requests, right, wrong }, { requests: 100, right: 90, wrong: { 'wrong region': 10 } });
  assert.equal(latencies.length, 100);
  loader.close();
  server.close();
});

test('a connection that breaks is counted and the batch ends all the same', async () => {
  const { server, port } = await serving((socket) => socket.destroy());
  const loader = await Loader.open(port, 2);
  const { right, wrong } = await loader.run(plainBatch(10, clients));
  assert.deepEqual({ right, wrong }, { right: 0, wrong: { 'broken: connection closed': 2, 'not sent': 8 } });
  loader.close();
  server.close();
});
