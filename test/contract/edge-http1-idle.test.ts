/** What ten thousand idle keep-alive connections cost the process that holds them. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { until } from '../tools/until.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: weir.test\r\nAccept: */*\r\nUser-Agent: idle\r\n\r\n';
const MOST = 10_240;
const AT_ONCE = 100;

/** Both ends of a connection are files of processes with the same limit, which Node raises as far as it may. */
function affordable(): number {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? 10_000 : Math.min(10_000, Number(limit) - 500);
}

interface Memory {
  readonly rss: number;
  readonly connections: number;
}

async function memory(server: ChildProcess): Promise<Memory> {
  server.send('memory');
  const [answer] = (await once(server, 'message')) as [Memory];
  return answer;
}

/** Opens connections of which each has had two requests answered. */
async function open(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count)
    await Promise.all(Array.from({ length: AT_ONCE }, () => served(port).then((socket) => sockets.push(socket))));
  return sockets;
}

function served(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let replies = 0;
    socket.on('error', reject);
    socket.on('data', () => {
      if (++replies === 2) resolve(socket);
      else socket.write(GET);
    });
    socket.write(GET);
  });
}

test('http1: an idle keep-alive connection costs at most 10 KB of resident memory', { timeout: 60_000 }, async (t) => {
  const count = affordable();
  const server = fork(new URL('./edge-http1-idle-server.ts', import.meta.url), { execArgv: ['--expose-gc'] });
  after(() => server.kill());
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];

  for (const socket of await open(port, 1000)) socket.destroy();
  await until(async () => (await memory(server)).connections === 0, 'the warm-up to be over');
  const before = await memory(server);
  const sockets = await open(port, count);
  const holding = await memory(server);
  for (const socket of sockets) socket.destroy();

  assert.ok(holding.connections >= count);
  const each = (holding.rss - before.rss) / holding.connections;
  t.diagnostic(`${holding.connections} connections, ${Math.round(each)} bytes each`);
  assert.ok(each <= MOST, `${Math.round(each)} bytes each`);
  await until(async () => (await memory(server)).connections === 0, 'all to be closed');
});
