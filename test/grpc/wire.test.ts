/** The frames behind it: how replies end over HTTP/2 and HTTP/1.1, what is passed of `te`, and what is sent again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2, { type ClientHttp2Session, constants, type IncomingHttpHeaders } from 'node:http2';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { WireClient } from '../contract/edge-wire.ts';
import { H2Upstream, type Taken } from '../contract/forwarder-http2-bench.ts';
import { CERTIFICATE } from '../contract/forwarder-tls.ts';
import { until } from '../tools/until.ts';
import { Relay } from './relay.ts';

const END_STREAM = constants.NGHTTP2_FLAG_END_STREAM;
const GRPC = { 'content-type': 'application/grpc' };

let relay: Relay;
let upstream: H2Upstream;
let client: ClientHttp2Session;

before(async () => {
  upstream = await H2Upstream.listen();
  const { port } = upstream.endpoint;
  const endpoints = { a: { url: `http://127.0.0.1:${port}` } };
  const pool = { http2: true };
  relay = await Relay.start({
    upstreams: {
      up: { pool, endpoints },
      again: { pool, endpoints, retry: { backoff: '1ms..2ms', budget: '100%' } },
    },
    routes: { again: { match: { path: '/again' }, to: 'again' }, all: { to: 'up' } },
  });
  client = connect();
  await once(client, 'connect');
});
after(async () => {
  client?.destroy();
  await relay?.stop();
  upstream?.close();
});

const TRUSTED = { ca: CERTIFICATE, servername: 'localhost' };
const connect = (options: http2.SecureClientSessionOptions = {}) =>
  http2.connect(`https://127.0.0.1:${relay.port}`, { ...TRUSTED, ...options });

interface Seen {
  readonly status: number;
  /** END_STREAM stood on the head. */
  readonly endedByHead: boolean;
  readonly length: string | undefined;
  readonly body: string;
  readonly trailers: string;
  readonly code: number;
}

async function ask(method: string, path: string, more: IncomingHttpHeaders = {}, body?: string): Promise<Seen> {
  const stream = client.request({ ':method': method, ':path': path, ...more }, { endStream: body === undefined });
  let seen = { status: 0, endedByHead: false, length: undefined as string | undefined, body: '', trailers: '' };
  stream.on('response', (headers, flags) => {
    const length = headers['content-length'];
    seen = { ...seen, status: Number(headers[':status']), endedByHead: (flags & END_STREAM) !== 0, length };
  });
  stream.on('trailers', (headers) => {
    seen.trailers = String(headers['grpc-status'] ?? headers['x-sum']);
  });
  stream.on('data', (chunk) => {
    seen.body += chunk;
  });
  stream.on('error', () => {});
  if (body !== undefined) stream.end(body);
  await once(stream, 'close');
  return { ...seen, code: stream.rstCode };
}

async function askHttp1(method: string, path: string) {
  const wire = await WireClient.connectTls(relay.port);
  wire.send(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const reply = await wire.reply(method === 'HEAD');
  wire.send('GET /length HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const next = await wire.reply();
  assert.equal(next.body, 'five!', 'the connection goes on where the reply ended');
  wire.close();
  return {
    status: reply.status,
    length: reply.get('content-length'),
    chunked: reply.get('transfer-encoding') === 'chunked',
    body: reply.body,
    trailers: reply.trailers.join(),
  };
}

/** What an upstream does, by path. */
const REPLIES: Readonly<Record<string, (taken: Taken) => void>> = {
  '/trailers-only': ({ stream }) => stream.respond({ ...GRPC, 'grpc-status': '5' }, { endStream: true }),
  '/head-ends': ({ stream }) => stream.respond({ ':status': 200 }, { endStream: true }),
  '/head-ends-with-length': ({ stream }) => stream.respond({ 'content-length': '0' }, { endStream: true }),
  '/empty-data': ({ stream }) => {
    stream.respond({ ':status': 200 });
    stream.end();
  },
  '/204': ({ stream }) => stream.respond({ ':status': 204 }, { endStream: true }),
  '/304': ({ stream }) => stream.respond({ ':status': 304, etag: '"a"' }, { endStream: true }),
  '/length': ({ stream }) => {
    stream.respond({ 'content-length': '5' });
    stream.end('five!');
  },
  '/no-length': ({ stream }) => {
    stream.respond({ ':status': 200 });
    stream.end('five!');
  },
  '/trailers': ({ stream }) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }));
    stream.end('five!');
  },
  '/trailers-alone': ({ stream }) => {
    stream.respond(GRPC, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '5' }));
    stream.end();
  },
  '/grpc-with-length': ({ stream }) => {
    stream.respond({ ...GRPC, 'content-length': '5' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end('five!');
  },
};

function serve(): void {
  upstream.onRequest = (taken) => REPLIES[taken.get(':path')!]!(taken);
}

const whole = { status: 200, endedByHead: false, length: undefined, body: '', trailers: '', code: 0 };

test('over HTTP/2 a reply ends where the upstream ended it, with the length that the upstream named', async () => {
  serve();
  const ended = { ...whole, endedByHead: true };
  const EXPECTED: Readonly<Record<string, Seen>> = {
    '/trailers-only': ended,
    '/head-ends': ended,
    '/head-ends-with-length': { ...ended, length: '0' },
    '/empty-data': whole,
    '/204': { ...ended, status: 204 },
    '/304': { ...ended, status: 304 },
    '/length': { ...whole, length: '5', body: 'five!' },
    '/no-length': { ...whole, body: 'five!' },
    '/trailers': { ...whole, body: 'five!', trailers: '1' },
    '/trailers-alone': { ...whole, trailers: '5' },
    '/grpc-with-length': { ...whole, body: 'five!', trailers: '0' },
  };
  for (const [path, expected] of Object.entries(EXPECTED)) assert.deepEqual(await ask('GET', path), expected, path);
  for (const path of ['/head-ends', '/head-ends-with-length', '/length', '/no-length'])
    assert.deepEqual(
      await ask('HEAD', path),
      { ...ended, length: path === '/length' ? '5' : path === '/head-ends-with-length' ? '0' : undefined },
      `HEAD ${path}`,
    );
});

test('over HTTP/1.1 the same replies have the framing that it needs', async () => {
  serve();
  const empty = { status: 200, length: '0' as string | undefined, chunked: false, body: '', trailers: '' };
  const chunked = { ...empty, length: undefined, chunked: true };
  const EXPECTED: Readonly<Record<string, typeof empty>> = {
    '/trailers-only': empty,
    '/head-ends': empty,
    '/head-ends-with-length': empty,
    '/empty-data': chunked,
    '/204': { ...empty, status: 204, length: undefined },
    '/304': { ...empty, status: 304, length: undefined },
    '/length': { ...empty, length: '5', body: 'five!' },
    '/no-length': { ...chunked, body: 'five!' },
    '/trailers': { ...chunked, body: 'five!', trailers: 'x-sum: 1' },
    '/trailers-alone': { ...chunked, trailers: 'grpc-status: 5' },
  };
  for (const [path, expected] of Object.entries(EXPECTED))
    assert.deepEqual(await askHttp1('GET', path), expected, path);
  for (const path of ['/head-ends', '/length', '/no-length'])
    assert.deepEqual(
      await askHttp1('HEAD', path),
      { ...empty, length: path === '/length' ? '5' : undefined },
      `HEAD ${path}`,
    );
});

test('only a POST is a call: others get the status of HTTP, whatever their media type', async () => {
  for (const [method, path, status] of [
    ['GET', '/a//b', 400],
    ['HEAD', '/a//b', 400],
    ['TRACE', '/x', 405],
  ] as const)
    assert.equal((await ask(method, path, GRPC)).status, status, method);
  assert.equal((await ask('POST', '/a//b', GRPC)).status, 200);
});

test('`te: trailers` is passed on where the client sent it, and nothing else of `te`', async () => {
  upstream.onRequest = (taken) => taken.answer();
  const from = upstream.requests.length;
  await ask('GET', '/x', { te: 'trailers' });
  await ask('GET', '/x');
  const wire = await WireClient.connectTls(relay.port);
  wire.send('GET /x HTTP/1.1\r\nHost: a\r\nTE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n\r\n');
  await wire.reply();
  wire.send('GET /x HTTP/1.1\r\nHost: a\r\nTE: gzip\r\nConnection: TE\r\n\r\n');
  await wire.reply();
  wire.close();
  assert.deepEqual(
    upstream.requests.slice(from).map((taken) => taken.get('te')),
    ['trailers', undefined, 'trailers', undefined],
  );
});

/** How an upstream says that it did nothing with a request. */
const DECLINES: Readonly<Record<string, (taken: Taken) => void>> = {
  'REFUSED_STREAM (RFC 9113 §8.7)': ({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
  // Node takes a last stream of 0 for "the last one seen", so these are never the first of their connection.
  'a GOAWAY that leaves it out (RFC 9113 §6.8)': ({ stream }) => stream.session!.goaway(0, stream.id! - 2),
};

for (const [what, decline] of Object.entries(DECLINES))
  test(`${what}: a POST is sent again where the rules have retries, and else a 502`, async () => {
    upstream.onRequest = (taken) => taken.answer();
    await ask('GET', '/warm');
    let count = 0;
    upstream.onRequest = (taken) => {
      if (++count === 1) decline(taken);
      else void taken.whole().then(() => taken.answer(taken.body));
    };
    const again = await ask('POST', '/again', GRPC, 'a message');
    assert.deepEqual([again.status, again.body, count], [200, 'a message', 2]);
    count = 0;
    const failed = await ask('POST', '/once', {}, 'a message');
    assert.deepEqual([failed.status, count], [502, 1]);
  });

test('slow readers hold their own streams back, and no other, on either connection', async () => {
  const MB = 1 << 20;
  const sent: number[] = [];
  upstream.onRequest = (taken) => {
    if (taken.get(':path') !== '/pour') return taken.answer();
    const { stream } = taken;
    const index = sent.push(0) - 1;
    const piece = Buffer.alloc(65_536);
    const more = () => {
      while (sent[index]! < 4 * MB) {
        sent[index]! += piece.length;
        if (!stream.write(piece)) return void stream.once('drain', more);
      }
      stream.end();
    };
    stream.respond(GRPC);
    more();
  };
  // Together more than what may be under way on Weir's connection to the upstream, 4 MB.
  const streams = Array.from({ length: 32 }, () => client.request({ ':method': 'POST', ':path': '/pour', ...GRPC }));
  for (const stream of streams) stream.on('error', () => {});
  await Promise.all(streams.map((stream) => once(stream.pause(), 'response')));
  for (let i = 0; i < 50; i++) assert.equal((await ask('GET', '/x')).body, 'ok', 'requests beside them go on');
  assert.ok(Math.max(...sent) < 2 * MB, `${sent} bytes were sent to clients that do not read`);
  for (const stream of streams.slice(1)) stream.close(constants.NGHTTP2_CANCEL);
  let read = 0;
  streams[0]!.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  streams[0]!.resume();
  await once(streams[0]!, 'end');
  assert.equal(read, 4 * MB);
});

test('a client whose connection breaks: its streams are cancelled upstream', async () => {
  upstream.onRequest = ({ stream }) => {
    stream.respond(GRPC);
    stream.write('half');
  };
  const from = upstream.requests.length;
  const socket = connectTls({ host: '127.0.0.1', port: relay.port, ...TRUSTED, ALPNProtocols: ['h2'] });
  const other = connect({ createConnection: () => socket });
  other.on('error', () => {});
  const streams = [1, 2, 3].map(() => other.request({ ':method': 'POST', ':path': '/x', ...GRPC }));
  for (const stream of streams) stream.on('error', () => {});
  await Promise.all(streams.map((stream) => once(stream, 'response')));
  socket.destroy();
  const taken = upstream.requests.slice(from);
  await until(() => taken.every(({ closed }) => closed), 'the streams to be reset');
  assert.deepEqual(
    taken.map(({ stream }) => stream.rstCode),
    [8, 8, 8],
  );
});

test('extended CONNECT (RFC 8441) is not offered', async () => {
  upstream.onRequest = (taken) => taken.answer();
  const from = upstream.requests.length;
  const other = connect();
  const [settings] = await once(other, 'remoteSettings');
  assert.ok(!settings.enableConnectProtocol);
  const stream = client.request({ ':method': 'CONNECT', ':authority': 'a.test:443' });
  const [headers] = await once(stream, 'response');
  assert.equal(headers[':status'], 405);
  stream.resume();
  assert.equal(upstream.requests.length, from);
  other.destroy();
});
