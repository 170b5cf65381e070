/** Large bodies: CPU time of an upload and a download against nginx. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { cpuBetween, readCpu, readRss } from '../cpu.ts';
import { ratios, summarize } from '../stats.ts';
import { nginxStreaming } from '../subjects/nginx.ts';
import { weirPlain } from '../subjects/node.ts';
import type { Running, Subject } from '../subjects/types.ts';
import { listening, startTrial } from '../trial.ts';
import { atMost, type Section } from './types.ts';

const SUBJECTS: readonly Subject[] = [nginxStreaming, weirPlain];
const ROUNDS = 3;
const BLOCK = Buffer.alloc(64 * 1024, 'x');
const DIRECTIONS = ['upload', 'download'] as const;
type Direction = (typeof DIRECTIONS)[number];

/** Writes `bytes` as fast as they are taken. */
function pour(socket: Socket, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !socket.destroyed) {
      const size = Math.min(left, BLOCK.length);
      left -= size;
      if (!socket.write(size === BLOCK.length ? BLOCK : BLOCK.subarray(0, size)))
        return void socket.once('drain', more);
    }
  };
  more();
}

/** Takes any upload, and answers a GET with `bytes`. */
function bulkUpstream(bytes: number): Server {
  return createServer({ noDelay: true }, (socket) => {
    let [text, left] = ['', 0];
    const ended = (): void => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      if (left > 0) {
        left -= chunk.length;
        if (left === 0) ended();
        return;
      }
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      left = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0) - (text.length - end - 4);
      if (text.startsWith('GET')) {
        left = 0;
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`);
        pour(socket, bytes);
      } else if (left === 0) ended();
      text = '';
    });
  });
}

/** One transfer on a connection of its own; resolves when the answer is whole. @throws {Error} where it is not. */
function transfer(port: number, direction: Direction, bytes: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let [head, missing] = ['', -1];
  const came = (chunk: Buffer): void => {
    if (missing < 0) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!head.startsWith('HTTP/1.1 200')) return void reject(new Error(head.slice(0, 200)));
      missing = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]) - (head.length - end - 4);
    } else missing -= chunk.length;
    if (missing === 0) resolve();
  };
  socket.on('data', came).on('error', reject);
  socket.on('close', () => reject(new Error('the connection ended before the answer did')));
  const shape = direction === 'upload' ? `POST /bulk HTTP/1.1\r\ncontent-length: ${bytes}` : 'GET /bulk HTTP/1.1';
  socket.write(`${shape}\r\nhost: relay.example.com\r\n\r\n`);
  if (direction === 'upload') pour(socket, bytes);
  return promise.finally(() => socket.destroy());
}

/** Milliseconds of CPU time, and the megabytes that the subject had at its end. */
interface Cost {
  readonly cpu: number;
  readonly rss: number;
}

async function measured(running: Running, direction: Direction, bytes: number): Promise<Cost> {
  const before = readCpu(running.pid);
  await transfer(running.port, direction, bytes);
  return { cpu: cpuBetween(before, readCpu(running.pid)) / 1000, rss: readRss(running.pid) / 2 ** 20 };
}

async function alternate(direction: Direction, bytes: number, all: readonly Running[]): Promise<Cost[][]> {
  const costs = all.map((): Cost[] => []);
  for (const running of all) await transfer(running.port, direction, bytes / 8); // warm-up
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, running] of all.entries()) costs[i]!.push(await measured(running, direction, bytes));
  return costs;
}

function row(direction: Direction, subject: Subject, costs: readonly Cost[]): string[] {
  const cpu = summarize(costs.map((cost) => cost.cpu));
  const range = `${cpu.min.toFixed(0)}–${cpu.max.toFixed(0)}`;
  return [direction, subject.name, cpu.median.toFixed(0), range, Math.max(...costs.map(({ rss }) => rss)).toFixed(0)];
}

export const bulk: Section = {
  name: 'bulk',
  title: 'Upload and download of 1 GB',
  quick: false,
  method: ({ megabytes }) =>
    `One transfer of ${megabytes} MB at a time, ${ROUNDS} rounds each, alternating; CPU time of the whole transfer. Nothing is ` +
    'buffered on disk: nginx has `proxy_request_buffering off` and `proxy_max_temp_file_size 0`. Client and upstream are the ' +
    'bench and do not count. The transfer under way is all the traffic there is, so memory is that of one.',
  measure: async ({ megabytes }, say) => {
    const bytes = megabytes * 2 ** 20;
    const cells = [['transfer', 'subject', 'CPU ms', 'min–max', 'RSS MB']];
    const missing = SUBJECTS.flatMap((subject) =>
      subject.missing() === '' ? [] : [[subject.name, subject.missing()]],
    );
    if (missing.length > 0) return { goals: [], cells, problems: Object.fromEntries(missing) };
    const upstream = bulkUpstream(bytes);
    const port = await listening(upstream);
    const all: Running[] = [];
    try {
      for (const subject of SUBJECTS) all.push(await startTrial(subject, port));
      const goals = [];
      for (const direction of DIRECTIONS) {
        say(`bulk: ${direction}`);
        const [nginx, weir] = await alternate(direction, bytes, all);
        cells.push(row(direction, nginxStreaming, nginx!), row(direction, weirPlain, weir!));
        const of = (costs: readonly Cost[]): number[] => costs.map(({ cpu }) => cpu);
        const { median, min, max } = ratios(of(weir!), of(nginx!));
        goals.push(
          atMost(`CPU: ${direction}, against nginx`, 1.3, '', median, ` (${min.toFixed(2)}–${max.toFixed(2)})`),
        );
      }
      return { goals, cells, problems: {} };
    } finally {
      await Promise.all(all.map((running) => running.stop()));
      upstream.close();
    }
  },
};
