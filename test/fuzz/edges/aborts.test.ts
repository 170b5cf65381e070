/**
 * Clients that leave at any moment: 20,000 connections, each cut (reset, closed, half-closed) at a random byte or after a
 * random wait, against exchanges that answer at once, late, in pieces, before or after the body, or never. What each did
 * comes from a seed; what must be left at the end is nothing.
 */

import assert from 'node:assert/strict';
import { connect, Socket } from 'node:net';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ClientConnection } from '../../../src/edges/http1/client-connection.ts';
import { Http1Inbound } from '../../../src/edges/http1/inbound.ts';
import { Http1Edge } from '../../../src/edges/http1/index.ts';
import { Fields } from '../../../src/fields/fields.ts';
import { RequestReader } from '../../../src/http1/request-reader.ts';
import { Timer } from '../../../src/state/wheel.ts';
import { Random } from '../../../src/testing/random.ts';
import { SEED, SEED_NOTE } from '../../../src/testing/seed.ts';
import type { Inbound } from '../../../src/types/transport.ts';
import { Call } from '../../contract/edge-inbound.ts';
import { until } from '../../tools/until.ts';

const CONNECTIONS = 20_000;
const LANES = 24;

/** A number from 0 up to, not including, `below`. */
function random(seed: number): (below: number) => number {
  const chance = new Random(seed);
  return (below) => chance.below(below);
}
type Rng = ReturnType<typeof random>;

const HOST = 'Host: weir.test\r\n';
const BIG = 'x'.repeat(100_000);
const CHUNK = BIG.slice(0, 0x4000);
const SCRIPTS: readonly Buffer[] = [
  `GET / HTTP/1.1\r\n${HOST}\r\n`,
  `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(5),
  'GET / HTTP/1.0\r\n\r\n',
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\n0123456789`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: ${BIG.length}\r\n\r\n${BIG}`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n4000\r\n${CHUNK}\r\n0\r\nX-Sum: 1\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\noops\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\nExpect: 100-continue\r\n\r\n0123456789`,
  `GET / HTTP/1.1\r\n${HOST}Connection: upgrade\r\nUpgrade: websocket\r\n\r\nframes`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nbodyGET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
  'no request at all\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));

const LARGE = Buffer.alloc(300_000, 'y');
const SMALL = Buffer.from('a small answer');

/** An exchange of a random kind: what it does, it does now or in a later turn, whether the client is still there or not. */
class Wild extends Call {
  #kind: number;
  #pieces = 3;
  #answered = false;
  #late: NodeJS.Timeout | undefined;

  constructor(inbound: Inbound, rng: Rng) {
    super(inbound);
    this.#kind = rng(7);
    if (rng(2) === 0) this.read();
    const when = rng(4);
    if (when === 0) this.#answer();
    else if (when === 1) setImmediate(() => this.#answer());
    else if (when === 2) setTimeout(() => this.#answer(), rng(6));
    else {
      // Whoever waits for a body answers in the end: nothing tells an edge that a client has gone behind unread bytes.
      this.onBodyEnd = () => this.#answer();
      this.#late = setTimeout(() => this.#answer(), 600);
    }
    this.onBodyFailed = () => this.inbound.reply(400, Fields.empty(), 'broken', true);
    this.onDrained = () => this.#more();
  }

  override gone(): void {
    clearTimeout(this.#late);
    super.gone();
  }

  #answer(): void {
    clearTimeout(this.#late);
    const { inbound } = this;
    if (this.#answered) return;
    this.#answered = true;
    if (this.#kind === 0) inbound.reply(200, Fields.empty(), SMALL, false);
    else if (this.#kind === 1) inbound.reply(200, Fields.empty(), LARGE, true);
    else if (this.#kind === 2) inbound.destroy();
    else if (this.#kind === 3 && inbound.upgrade !== '' && this.over === '') this.#take();
    else {
      inbound.head(200, Fields.empty(), this.#kind === 4 ? LARGE.length * 3 : -1, false);
      this.#more();
    }
  }

  #take(): void {
    const { socket } = this.inbound.takeOver(Fields.from(['upgrade', 'websocket', 'connection', 'upgrade']));
    this.over = 'taken';
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.resume();
  }

  #more(): void {
    while (this.#pieces > 0 && this.over === '') {
      this.#pieces--;
      if (this.#kind === 5) return this.inbound.destroy();
      if (!this.inbound.write(this.#kind === 6 ? SMALL : LARGE)) return;
    }
    this.inbound.end(null, null);
  }
}

/** One client: sends up to a random byte, in one or two pieces, waits or not, and leaves in a random way. */
async function visit(port: number, lane: number, rng: Rng): Promise<void> {
  const script = SCRIPTS[rng(SCRIPTS.length)]!;
  const socket = connect({
    port,
    host: '127.0.0.1',
    localAddress: `127.0.0.${2 + (lane % LANES)}`,
    allowHalfOpen: true,
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  if (rng(3) > 0) socket.resume();
  const end = rng(3) === 0 ? script.length : rng(script.length + 1);
  const cut = rng(end + 1);
  socket.write(script.subarray(0, cut));
  if (rng(2) === 0) await turns(rng(4));
  socket.write(script.subarray(cut, end));
  await turns(rng(8));
  leave(socket, rng);
  await closed;
}

function leave(socket: Socket, rng: Rng): void {
  const way = rng(4);
  if (way === 0) socket.resetAndDestroy();
  else if (way === 1) socket.destroy();
  else {
    socket.end();
    socket.resume();
    // Most leave altogether soon after; a few wait for the edge.
    if (way === 2 || rng(20) > 0) setTimeout(() => socket.destroy(), rng(10));
    else setTimeout(() => socket.destroy(), 400);
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** What a connection is made of. */
const PARTS = [Socket, ClientConnection, RequestReader, Http1Inbound, Timer, Call] as const;

/** How many of each are alive. */
function alive(): number[] {
  return PARTS.map((part) => queryObjects(part, { format: 'count' }));
}

/** Bytes in use after everything that can go has gone. */
async function used(collect: () => void): Promise<number> {
  // Finalizers run in turns of their own, and what they let go needs another round.
  for (let i = 0; i < 4; i++) {
    collect();
    await turns(4);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test(`http1: ${CONNECTIONS} clients that leave at any moment leave nothing behind (${SEED_NOTE})`, {
  timeout: 120_000,
}, async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const chance = random(SEED);
  const ends = { gone: 0, done: 0, taken: 0 };
  const open = new Set<Call>();
  const faults: string[] = [];
  let calls = 0;
  const edge = new Http1Edge(
    {
      host: '127.0.0.1',
      port: 0,
      reusePort: false,
      tls: null,
      headerSize: 16_384,
      headerTimeout: 60_000,
      requestTimeout: 60_000,
      idleTimeout: 60_000,
      connections: 10_000,
    },
    (inbound) => {
      calls++;
      open.add(new Wild(inbound, chance));
    },
  );
  const sweep = (): void => {
    for (const call of open) {
      if (call.over === '') continue;
      ends[call.over]++;
      faults.push(...call.faults);
      open.delete(call);
    }
  };
  await edge.listen();
  const none = alive();
  after(() => edge.close());
  const { port } = edge.address;

  let left = 0;
  const lane = async (number: number): Promise<void> => {
    const rng = random(SEED + number * 7919);
    while (left-- > 0) {
      await visit(port, number, rng);
      if (left % 500 === 0) sweep();
    }
  };
  const settled = async (): Promise<void> => {
    await until(() => edge.connections === 0, 'no socket to be left', 20_000);
    await until(() => edge.deadlines === 0, 'no deadline to be left');
    sweep();
    assert.deepEqual([open.size, faults], [0, []], 'each request has exactly one end');
  };

  const wave = async (number: number, connections: number): Promise<number> => {
    left = connections;
    await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i + number * LANES)));
    await settled();
    return used(collect);
  };

  // The first waves warm code and caches up; what the last one adds is what would be left behind.
  await wave(0, CONNECTIONS / 20);
  const before = await wave(1, CONNECTIONS / 20);
  const grown = (await wave(2, (CONNECTIONS * 9) / 10)) - before;
  // A handle that is being closed may hold the last connection for a few turns more; what is left behind stays.
  let rest = alive();
  for (let look = 0; look < 20 && !isDeepStrictEqual(rest, none); look++) {
    await turns(100);
    rest = alive();
  }
  assert.deepEqual(rest, none, `left of ${PARTS.map((part) => part.name)}`);
  assert.ok(grown < 2_000_000, `${grown} bytes are left of ${calls} requests`);
  assert.ok(ends.gone > 1000 && ends.done > 1000 && ends.taken > 10, `all ends were seen: ${JSON.stringify(ends)}`);
});
