/**
 * Upstreams that break at every moment in every way, against callers who cancel, pause and dawdle: each attempt ends
 * exactly once and with its own reply, and nothing stays behind. FUZZ_SEED=n plays one seed again, FUZZ_FAULTS=n so many
 * attempts a seed.
 */
import assert from 'node:assert/strict';
import { createServer, type Server, Socket } from 'node:net';
import { describe, it } from 'node:test';
import tls, { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createHttp1Forwarder } from '../../../src/forwarders/http1/index.ts';
import { Random } from '../../../src/testing/random.ts';
import { SEED } from '../../../src/testing/seed.ts';
import type { EndpointPlan } from '../../../src/types/plan.ts';
import type {
  Failure,
  Forwarder,
  UpstreamCall,
  UpstreamEvents,
  UpstreamRequest,
} from '../../../src/types/transport.ts';
import { CERTIFICATE, KEY } from '../../contract/forwarder-tls.ts';
import { endpointAt, requestTo } from '../../contract/forwarder-upstream.ts';
import { until } from '../../tools/until.ts';

tls.setDefaultCACertificates([...tls.getCACertificates('default'), CERTIFICATE]);

const SEEDS = [SEED, SEED + 1, SEED + 2];
const ATTEMPTS = Number(process.env.FUZZ_FAULTS ?? 2000);
const AT_ONCE = 48;
const CONNECTIONS = 16;

// ── the upstream ──

/** Every reply repeats its request's number, in body octets that no other reply has. */
function bodyOf(id: number, size: number): string {
  const mark = `<${id}>`;
  return mark.repeat(Math.ceil(size / mark.length));
}

type Act = (socket: Socket, id: number, dice: Random) => void;

function whole(id: number, dice: Random): string {
  const body = bodyOf(id, dice.chance(0.1) ? 60_000 : dice.below(2000) + 1);
  const fields = dice.chance(0.3) ? 'Keep-Alive: timeout=30\r\nX-A: 1\r\n' : '';
  const informed = dice.chance(0.1) ? 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' : '';
  if (dice.chance(0.5)) return `${informed}HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
  const at = dice.below(body.length - 1) + 1;
  const chunks = [body.slice(0, at), body.slice(at)].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
  return `${informed}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`;
}

function cut(text: string, dice: Random): string {
  return text.slice(0, dice.below(text.length));
}

/** In several turns, then `last`. */
function drip(socket: Socket, text: string, dice: Random, last: () => void = () => {}): void {
  const at = dice.chance(0.6) ? text.length : dice.below(text.length + 1);
  socket.write(text.slice(0, at), 'latin1');
  if (at < text.length) setImmediate(drip, socket, text.slice(at), dice, last);
  else last();
}

const ACTS: readonly (readonly [weight: number, act: Act])[] = [
  [30, (socket, id, dice) => drip(socket, whole(id, dice), dice)],
  [3, (socket, id, dice) => drip(socket, whole(id, dice), dice, () => socket.end())],
  [3, (socket, id, dice) => drip(socket, whole(id, dice), dice, () => reset(socket))],
  [3, (socket, id, dice) => drip(socket, cut(whole(id, dice), dice), dice, () => socket.end())],
  [3, (socket, id, dice) => drip(socket, cut(whole(id, dice), dice), dice, () => reset(socket))],
  [3, (socket, id, dice) => drip(socket, `HTTP/1.1 200 OK\r\n\r\n${bodyOf(id, 500)}`, dice, () => socket.end())],
  [2, (socket, id, dice) => drip(socket, `${whole(id, dice)}${whole(id + 1, dice)}`, dice)],
  [2, (socket, _id, dice) => drip(socket, garbage(dice), dice)],
  [1, (socket, id, dice) => drip(socket, `${cut(whole(id, dice), dice)}${garbage(dice)}`, dice, () => socket.end())],
  [1, (socket) => socket.destroy()],
  [1, (socket) => socket.end()],
  [1, (socket) => reset(socket)],
  [1, () => {}],
  [1, (socket, id, dice) => drip(socket, cut(whole(id, dice), dice), dice)],
];
const WEIGHT = ACTS.reduce((sum, [weight]) => sum + weight, 0);

/** A TLS socket cannot be reset; it ends without a word. */
function reset(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

function garbage(dice: Random): string {
  return String.fromCharCode(...Array.from({ length: dice.below(200) + 1 }, () => dice.below(256)));
}

function actOf(dice: Random): Act {
  let roll = dice.next() * WEIGHT;
  for (const [weight, act] of ACTS) {
    roll -= weight;
    if (roll < 0) return act;
  }
  return ACTS[0]![1];
}

/** Acts when a head has come (so while a body may still be on its way) or, at times, before that. */
function serve(socket: Socket, dice: Random): void {
  let text = '';
  socket.setNoDelay(true);
  socket.on('error', () => {});
  // Half-open until then: what is being written goes on.
  socket.on('end', () => setImmediate(() => socket.end()));
  if (dice.chance(0.02)) reset(socket);
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (let match = HEAD.exec(text); match; match = HEAD.exec(text)) {
      text = text.slice(match.index + match[0].length);
      setImmediate(actOf(dice), socket, Number(match[1]), dice);
    }
    text = text.slice(-300);
  });
}
const HEAD = /[A-Z]+ \/(\d+) HTTP\/1\.1\r\n(?:[^\r]+\r\n)*\r\n/;

class Upstream {
  readonly server: Server;
  readonly #secure: boolean;

  constructor(dice: Random, secure: boolean) {
    this.#secure = secure;
    this.server = secure
      ? createTlsServer({ cert: CERTIFICATE, key: KEY, allowHalfOpen: true })
      : createServer(HALF_OPEN);
    this.server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.server.on('connection', (socket: Socket) => socket.on('error', () => {}));
    this.server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => serve(socket, dice));
  }

  async listen(): Promise<EndpointPlan> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as { port: number };
    return endpointAt(port, { secure: this.#secure, hostname: this.#secure ? 'localhost' : '127.0.0.1' });
  }
}
const HALF_OPEN = { allowHalfOpen: true };

// ── the caller ──

/** One attempt; checks what it is told, and resolves when it is over. */
class Caller implements UpstreamEvents {
  readonly over = Promise.withResolvers<void>();
  readonly #id: number;
  readonly #dice: Random;
  #call: UpstreamCall | null = null;
  #upload = 0;
  #state: 'waiting' | 'headed' | 'over' | 'cancelled' = 'waiting';
  #body = '';
  outcome = '';

  constructor(id: number, dice: Random) {
    this.#id = id;
    this.#dice = dice;
  }

  send(forwarder: Forwarder, endpoint: EndpointPlan): UpstreamCall {
    const dice = this.#dice;
    const more: Partial<UpstreamRequest> = { target: `/${this.#id}`, timeouts: TIMEOUTS };
    const request = requestTo(endpoint, { ...more, ...this.#bodyParts() });
    this.#call = forwarder.send(request, this);
    const call = this.#call;
    if (dice.chance(0.1)) this.#later(() => this.#cancel());
    if (dice.chance(0.1)) {
      call.pause();
      this.#later(() => call.resume());
    }
    return call;
  }

  #bodyParts(): Partial<UpstreamRequest> {
    const dice = this.#dice;
    const kind = dice.next();
    if (kind < 0.5) return { method: dice.pick(['GET', 'HEAD', 'POST', 'DELETE']) };
    const size = dice.chance(0.1) ? 300_000 : dice.below(3000) + 1;
    if (kind < 0.8) return { method: dice.pick(['POST', 'PUT']), body: Buffer.alloc(size, 'b') };
    this.#upload = size;
    return { method: dice.pick(['POST', 'PUT']), bodyLength: dice.chance(0.5) ? -1 : size };
  }

  #later(action: () => void): void {
    let turns = this.#dice.below(8);
    const step = (): void => {
      if (turns-- > 0) setImmediate(step);
      else action();
    };
    step();
  }

  #cancel(): void {
    if (this.#state === 'over' || this.#state === 'cancelled') return;
    this.#state = 'cancelled';
    this.outcome = 'cancelled';
    this.#call?.cancel();
    this.over.resolve();
  }

  sendMore(): void {
    this.#check('waiting', 'headed');
    while (this.#upload > 0) {
      const size = Math.min(this.#upload, this.#dice.below(40_000) + 1);
      this.#upload -= size;
      const room = this.#call!.write(Buffer.alloc(size, 'u'));
      if (this.#upload === 0) this.#call!.finish();
      if (!room) return;
    }
  }

  informed(status: number): void {
    this.#check('waiting');
    assert.ok(status > 100 && status < 200);
  }

  head(): void {
    this.#check('waiting');
    this.#state = 'headed';
    if (this.#dice.chance(0.05)) this.#cancel();
  }

  data(chunk: Buffer): void {
    this.#check('headed');
    this.#body += chunk.toString('latin1');
    if (this.#dice.chance(0.03)) this.#cancel();
    else if (this.#dice.chance(0.1)) {
      this.#call!.pause();
      this.#later(() => this.#call!.resume());
    }
  }

  end(): void {
    this.#check('headed');
    // Garbage behind a head that a close ends is a body like any other.
    const own = bodyOf(this.#id, this.#body.length).slice(0, this.#body.length);
    this.#finish(this.#body === own ? 'ended' : 'strange');
  }

  upgraded(): void {
    assert.fail('upgraded, and nobody asked for it');
  }

  failed(failure: Failure): void {
    this.#check('waiting', 'headed');
    this.#finish(failure.reason);
  }

  #finish(outcome: string): void {
    this.#state = 'over';
    this.outcome = outcome;
    this.over.resolve();
  }

  #check(...states: string[]): void {
    assert.ok(states.includes(this.#state), `an event while ${this.#state}`);
  }
}
const TIMEOUTS = { send: 40, firstByte: 40, idle: 40, total: 1000 };

// ── the play ──

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Played {
  readonly outcomes: Record<string, number>;
  readonly calls: WeakRef<UpstreamCall>[];
}

async function play(forwarder: Forwarder, endpoint: EndpointPlan, dice: Random, attempts: number): Promise<Played> {
  const played: Played = { outcomes: {}, calls: [] };
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < attempts) {
      const caller = new Caller(next++, dice);
      played.calls.push(new WeakRef(caller.send(forwarder, endpoint)));
      await caller.over.promise;
      played.outcomes[caller.outcome] = (played.outcomes[caller.outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return played;
}

async function run(seed: number, attempts: number, secure: boolean): Promise<void> {
  const sockets = watchSockets();
  const dice = new Random(seed);
  const upstream = new Upstream(dice, secure);
  const endpoint = await upstream.listen();
  const pool = {
    connections: CONNECTIONS,
    queue: { max: 1000, wait: 30_000 },
    idle: 50,
    connect: 5000,
    tlsHandshake: 5000,
    http2: false,
  };
  const forwarder = createHttp1Forwarder({ pool, now: Date.now });
  const { outcomes, calls } = await play(forwarder, endpoint, dice, attempts);

  for (const outcome of ['ended', 'cancelled', 'reset', 'truncated', 'protocol'])
    assert.ok(outcomes[outcome]! > 0, `no attempt came out as ${outcome}: ${JSON.stringify(outcomes)}`);
  assert.ok((outcomes.strange ?? 0) <= attempts / 50, `foreign bytes in replies: ${JSON.stringify(outcomes)}`);
  assert.equal(forwarder.stats().waiting, 0);
  await until(() => forwarder.stats().open === 0, 'idle connections to end, and no other to be left');
  await forwarder.close();
  upstream.server.close();
  sockets.stop();
  assert.ok(sockets.made.length > 50, `${sockets.made.length} sockets`);
  await until(() => sockets.made.every((socket) => socket.closed), 'no socket to be left');
  await until(() => {
    collect();
    return calls.every((call) => call.deref() === undefined);
  }, 'the attempts to be forgotten');
}

/** Every socket that connects somewhere from now on, TLS or not. */
function watchSockets(): { readonly made: Socket[]; stop(): void } {
  const made: Socket[] = [];
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (this: Socket, ...how: unknown[]): Socket {
    made.push(this);
    return connect.apply(this, how as unknown as Parameters<typeof connect>);
  };
  return {
    made,
    stop: () => {
      Socket.prototype.connect = connect;
    },
  };
}

describe('http1: faults leave nothing behind', () => {
  for (const seed of SEEDS) {
    it(`FUZZ_SEED=${seed}`, { timeout: 60_000 }, () => run(seed, ATTEMPTS, false));
    it(`FUZZ_SEED=${seed}, TLS`, { timeout: 60_000 }, () => run(seed, ATTEMPTS / 5, true));
  }
});
