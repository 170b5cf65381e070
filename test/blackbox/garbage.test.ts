/**
 * Clients and upstreams that say anything at all, at any speed, and leave at any time: no thread dies, nothing is left
 * open or in flight, and no policy throws. `FUZZ_SEED` in the environment plays a run again, `CLIENTS` tries more than the usual few.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../../src/testing/random.ts';
import { SEED, SEED_NOTE } from '../../src/testing/seed.ts';
import { until } from '../tools/until.ts';
import { startWeir } from '../tools/weir.ts';

const CLIENTS = Number(process.env.CLIENTS ?? 600);
const LANES = 30;
const TINY = { firstByte: '100ms', idle: '100ms', send: '200ms', total: '500ms' };
const RETRY = { attempts: 3, backoff: '1ms..5ms', on: ['connect', 'reset', 'timeout', 429, '5xx'], budget: '100%' };

const REPLIES = [
  'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n',
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n6\r\na: 1\n\n\r\n',
  'HTTP/1.1 103 Early\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
  'HTTP/1.1 204 None\r\n\r\n',
  'HTTP/1.1 304 Same\r\ncontent-length: 5\r\n\r\n',
  'HTTP/1.1 429 Later\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n',
  'HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno',
  'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort',
  'HTTP/1.1 101 Switch\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhi',
  'garbage\r\n\r\n',
  '',
];
const BODIES = ['', '{"a":1,"c":[1,{"b":2}]}', '{"a":', '\0\xff', 'x'.repeat(3000)];
const NOISE = ['\r\n', '\r', '\n', '\0', ':', ' ', '%', '%2e', '%00', ',', '\r\n\r\n', '\xff'];

const rules = (url: string) => ({
  regions: { eu: { countries: ['DE'] }, us: { default: true } },
  upstreams: {
    a: {
      endpoints: { e: { url, region: 'eu' }, f: { url, region: 'us' } },
      fallback: ['us', 'eu'],
      retry: RETRY,
      timeouts: TINY,
      breaker: { openFor: '20ms', minRequests: 5 },
    },
    b: { forwarder: 'http-proxy', protocol: 'anthropic', endpoints: { e: { url } }, retry: RETRY, timeouts: TINY },
  },
  policies: {
    signed: {
      signature: {
        keys: { a: 'a-secret-of-thirty-two-bytes-or-more' },
        sign: '{timestamp}\n{nonce}\n{method}\n{path}{query}\n{body}',
      },
    },
    tokens: { jwt: { issuer: 'i', audience: 'a', keys: { secrets: ['0123456789012345678901234567890123456789'] } } },
    clean: { params: { allow: ['a', 'b'], nonJson: 'pass' } },
    limited: { rateLimit: { key: '${query.k}', limit: '50/1s' } },
    map: { versions: { map: { 'v/**': '/x', 'v/:id/y': { upstream: 'b', path: '/z/:id' } } } },
    edits: {
      headers: {
        request: { set: { x: '${query.a}${header.b}${path.id}${request.host}' }, remove: ['x-*'] },
        response: { set: { 'x-q': '${query.a}', 'x-e': '${upstream.endpoint}' } },
      },
    },
  },
  routes: {
    s: { match: { path: '/s/:id' }, use: ['signed', 'edits'], to: 'a' },
    j: { match: { path: '/j/:id' }, use: ['tokens', 'edits'], to: 'a' },
    p: { match: { path: '/p/:id' }, use: ['clean', 'limited', 'edits'], to: { a: 50, b: 50 }, errors: 'map' },
    v: { match: { path: '/v/:id/**' }, use: ['map', 'edits'], to: 'a' },
    w: { match: { path: '/v/:id/y' }, use: ['map', 'edits'], to: 'a', onDisconnect: 'drain 100ms' },
    x: { match: { path: '/x/:id' }, use: ['edits'], to: 'b', errors: 'map', body: { max: '1KiB' } },
    f: { match: { path: '/f/:id' }, use: ['limited', 'edits'], reply: { status: 200, text: 'f' } },
  },
});

test(`garbage in, order kept (${SEED_NOTE})`, async (t) => {
  const chance = new Chance(SEED);
  const upstream = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => answer(socket, chance));
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.after(() => upstream.close());
  const { port: upstreamPort } = upstream.address() as { port: number };
  const weir = await startWeir(t, {
    rules: rules(`http://127.0.0.1:${upstreamPort}`),
    config: {
      log: { level: 'info', access: false },
      limits: { headerTimeout: '300ms', requestTimeout: '500ms', idleTimeout: '500ms', bodySize: '2KiB' },
    },
  });
  const port = Number(new URL(weir.url).port);
  let left = CLIENTS;
  const lane = async () => {
    while (left-- > 0) await visit(port, chance);
  };
  await Promise.all(Array.from({ length: LANES }, lane));

  await until(async () => (await weir.metric('weir_requests_in_flight')) === 0, 'every request to end');
  await until(async () => (await weir.metric('weir_connections')) === 0, 'every connection to end');
  assert.equal(await weir.metric('weir_worker_deaths_total'), 0);
  const errors = weir.records().filter(({ level }) => level === 'error' || level === 'fatal');
  assert.deepEqual(errors, []);
  assert.ok((await weir.metric('weir_requests_total')) > CLIENTS / 2, 'most of it was requests');
  assert.equal((await fetch(`${weir.url}/nowhere`)).status, 404);
});

/** The same seed makes the same choices, as far as sockets keep their order. */
class Chance extends Random {
  /** The text with a few bytes lost, doubled or put in. */
  spoilt(text: string): string {
    let out = text;
    for (let i = 1 + this.below(3); i > 0; i--) {
      const at = this.below(out.length + 1);
      const [before, behind] = [out.slice(0, at), out.slice(at)];
      out = this.pick([before + behind.slice(1 + this.below(4)), before + this.pick(NOISE) + behind, before + out]);
    }
    return out;
  }
}

function answer(socket: Socket, chance: Chance): void {
  const reply = chance.pick(REPLIES);
  const bytes = Buffer.from(chance.below(6) === 0 ? chance.spoilt(reply) : reply, 'latin1');
  const how = chance.below(8);
  if (how === 0) socket.destroy();
  else if (how === 1) socket.end(bytes);
  else if (how === 2) socket.write(bytes.subarray(0, 10), () => socket.write(bytes.subarray(10), () => {}));
  else socket.write(bytes);
}

/** Sends a request or some, waits a little, leaves one way or another. */
async function visit(port: number, chance: Chance): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  const gone = once(socket, 'close');
  socket.resume();
  const text = Array.from({ length: 1 + chance.below(3) }, () => request(chance)).join('');
  socket.write(Buffer.from(chance.below(3) === 0 ? chance.spoilt(text) : text, 'latin1'));
  await Promise.race([gone, pause(chance.below(chance.below(5) === 0 ? 200 : 40))]);
  if (chance.below(2) === 0) socket.destroy();
  else socket.resetAndDestroy();
  await gone;
}

function request(chance: Chance): string {
  const body = chance.pick(BODIES);
  const chunked = body !== '' && chance.below(2) === 0;
  const length = body.length.toString(chunked ? 16 : 10);
  const path = `/${chance.pick([...'sjpvxf'])}/${chance.pick(['1', 'a%20b', '%e4', '1/y', '..'])}`;
  const fields = [
    `host: ${chance.pick(['a', 'B:81', '[::1]'])}`,
    chance.pick(['accept: */*', 'content-type: application/json']),
    chance.pick(['x-a: b', 'connection: close', 'connection: upgrade\r\nupgrade: websocket', 'expect: 100-continue']),
    chance.pick(['x-forwarded-for: 85.214.132.117', 'x-forwarded-for: ,,x', 'via: 1.1 x']),
    chance.pick([
      'x-b: c',
      'authorization: Bearer a.b.c',
      'x-timestamp: 1\r\nx-nonce: a\r\nx-signature: b\r\nx-key-id: a',
    ]),
    chunked ? 'transfer-encoding: chunked' : `content-length: ${length}`,
  ];
  const sent = chunked ? `${length}\r\n${body}\r\n0\r\n\r\n` : body;
  const target = path + chance.pick(['', '?a=b&k=1', '?a=%0d%0a', '?k=%zz&a=%E5%98%8A']);
  return `${chance.pick(['GET', 'POST', 'DELETE', 'HEAD', 'PUT'])} ${target} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${sent}`;
}
