/** Many event streams at a time: what one takes in memory, and how much later its events come. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRss } from '../cpu.ts';
import { quantile, summarize } from '../stats.ts';
import { weirWith } from '../subjects/node.ts';
import { listening, startTrial } from '../trial.ts';
import { descriptorLimit } from './descriptors.ts';
import { atMost, type Section } from './types.ts';

/** Streams that are asked for; descriptors may allow fewer: two for each in Weir, and two here. */
const WANTED = 10_000;
/** Descriptors for everything else. */
const SPARE = 300;
/** Streams that are being opened at a time: few, so that the first event tells of latency and not of throughput. */
const OPENING = 4;
/** Events a second over all streams. */
const RATE = 2_000;
const TICK_MS = 5;
/** Seconds of events. */
const SECONDS = 10;
const WARM = 200;

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const PADDING = '"type":"content_block_delta","text":" and so"';

/** An event that says when it was sent, as one chunk. */
function event(): string {
  const text = `data: {${PADDING},"sent":${performance.now().toFixed(4)}}\n\n`;
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** Answers each request with a stream; its first event goes out at once. */
class Events {
  readonly server: Server;
  readonly sockets: Socket[] = [];

  constructor() {
    this.server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', () => {
        this.sockets.push(socket);
        socket.write(HEAD + event());
      });
    });
  }

  /** Sends `count` events, each to the next stream, at an even rate. */
  async send(count: number): Promise<void> {
    const began = performance.now();
    for (let sent = 0; sent < count; ) {
      const due = Math.min(count, Math.floor(((performance.now() - began) * RATE) / 1000));
      for (; sent < due; sent++) this.sockets[sent % this.sockets.length]!.write(event());
      await sleep(TICK_MS);
    }
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

/** The clients' side: streams that are open, and how late each event came. */
class Clients {
  readonly sockets: Socket[] = [];
  readonly late: number[] = [];
  /** Milliseconds from request to first event. */
  readonly first: number[] = [];

  async open(port: number, count: number): Promise<void> {
    let left = count;
    const lane = async (): Promise<void> => {
      while (left-- > 0) await this.#openOne(port);
    };
    await Promise.all(Array.from({ length: OPENING }, lane));
  }

  #openOne(port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const began = performance.now();
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.sockets.push(socket);
    let open = false;
    socket.on('data', (chunk: Buffer) => {
      const now = performance.now();
      const text = chunk.toString('latin1');
      for (const [, sent] of text.matchAll(/"sent":([\d.]+)/g)) {
        if (open) this.late.push(now - Number(sent));
        else {
          this.first.push(now - began);
          open = true;
          resolve();
        }
      }
      if (!open && !text.startsWith('HTTP/1.1 200')) reject(new Error(text.slice(0, 200)));
    });
    socket.on('error', reject).on('close', () => reject(new Error('a stream ended')));
    socket.write('GET /v1/events HTTP/1.1\r\nhost: relay.example.com\r\naccept: text/event-stream\r\n\r\n');
    return promise;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

interface Found {
  readonly streams: number;
  /** Milliseconds. */
  readonly first50: number;
  readonly first99: number;
  readonly chunk50: number;
  readonly chunk99: number;
  /** Bytes of the subject for each stream; NaN without one. */
  readonly memory: number;
}

async function run(events: Events, port: number, pid: number, streams: number): Promise<Found> {
  const clients = new Clients();
  try {
    const warm = new Clients();
    await warm.open(port, WARM);
    warm.close();
    await sleep(500);
    for (const socket of events.sockets.splice(0)) socket.destroy();
    const before = pid > 0 ? readRss(pid) : Number.NaN;
    await clients.open(port, streams);
    const memory = pid > 0 ? (readRss(pid) - before) / streams : Number.NaN;
    await events.send(RATE); // the first second after so many were opened is not like the others
    const seconds: Float64Array[] = [];
    for (let second = 0; second < SECONDS; second++) {
      clients.late.length = 0;
      await events.send(RATE);
      seconds.push(Float64Array.from(clients.late).sort());
    }
    const first = Float64Array.from(clients.first).sort();
    const chunk = (q: number): number => summarize(seconds.map((late) => quantile(late, q))).median;
    return {
      streams,
      first50: quantile(first, 0.5),
      first99: quantile(first, 0.99),
      chunk50: chunk(0.5),
      chunk99: chunk(0.99),
      memory,
    };
  } finally {
    clients.close();
    events.close();
  }
}

function row(name: string, found: Found): string[] {
  const { streams, first50, first99, chunk50, chunk99, memory } = found;
  const times = [first50, first99, chunk50, chunk99].map((ms) => ms.toFixed(2));
  return [name, String(streams), Number.isNaN(memory) ? '–' : (memory / 1024).toFixed(1), ...times];
}

const subject = weirWith(
  { name: 'weir-streams', title: 'Weir, event streams', loads: [] },
  (upstream) => `upstreams:
  claude:
    endpoints: { us: { url: "http://127.0.0.1:${upstream}" } }
    pool: { connections: ${WANTED} }
routes:
  all: { match: { path: "/**" }, to: claude }
`,
);

export const streams: Section = {
  name: 'streams',
  title: '10,000 event streams',
  quick: false,
  method: () =>
    `As many streams as descriptors allow, ${WANTED} at most, opened ${OPENING} at a time, then ${RATE} events a second ` +
    `spread evenly over them for ${SECONDS} s; of quantiles the median over these seconds, since one bad moment of the ` +
    'machine delays thousands of events. An event carries the time at which it was sent, and client and upstream are one ' +
    'process. First event: from the request, on a new connection; event: from the upstream to the client; milliseconds. ' +
    '`direct` is the same without anything in between. Memory: resident memory of Weir, more than before, for each stream.',
  measure: async (_options, say) => {
    const count = Math.min(WANTED, Math.floor((descriptorLimit() - SPARE) / 2));
    say(`streams: ${count}, direct`);
    const own = new Events();
    const direct = await run(own, await listening(own.server), 0, count);
    say(`streams: ${count}, through Weir`);
    const events = new Events();
    const running = await startTrial(subject, await listening(events.server));
    try {
      const weir = await run(events, running.port, running.pid, count);
      const cells = [
        ['subject', 'streams', 'KB a stream', 'first event p50', 'p99', 'event p50', 'p99'],
        row('direct', direct),
        row(subject.name, weir),
      ];
      const goals = [
        atMost('event streams: memory of one', 20, ' KB', Number((weir.memory / 1024).toFixed(1))),
        atMost('event streams: first event, added (p50)', 2, ' ms', weir.first50 - direct.first50),
        atMost('event streams: each event, p99', 2, ' ms', weir.chunk99, ` (direct ${direct.chunk99.toFixed(2)} ms)`),
      ];
      return { goals, cells, problems: {} };
    } finally {
      await running.stop();
    }
  },
};
