/** What gRPC clients are told where Weir itself answers, and what others are. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { WireClient } from '../contract/edge-wire.ts';
import { Relay } from './relay.ts';
import { outcome, Service, unary, upload } from './service.ts';

let relay: Relay;
let service: Service;

before(async () => {
  service = await Service.start();
  service.on.unary = (_call, answer) => answer(null, { text: 'through' });
  const pool = { http2: true };
  relay = await Relay.start(
    {
      upstreams: {
        up: { pool, endpoints: { only: { url: service.url } } },
        nowhere: { pool, endpoints: { only: { url: 'http://127.0.0.1:1' } }, breaker: { minRequests: 1 } },
      },
      policies: {
        signed: { signature: { keys: { k: 'a-secret-of-thirty-two-bytes-or-more' }, sign: '{timestamp}{nonce}' } },
        rare: { rateLimit: { key: '${client.address}', limit: '1/1h', burst: 1 } },
        paced: { rateLimit: { key: '${client.address}', limit: '1/s', burst: 1 } },
      },
      routes: {
        signed: { match: { host: 'signed.test' }, use: ['signed'], to: 'up' },
        rare: { match: { host: 'rare.test' }, use: ['rare'], to: 'up' },
        paced: { match: { host: 'paced.test' }, use: ['paced'], to: 'up' },
        nowhere: { match: { host: 'nowhere.test' }, to: 'nowhere' },
        read: { match: { host: 'read.test', methods: ['GET'] }, reply: { status: 200, text: 'ok' } },
        small: { match: { host: 'small.test' }, to: 'up', body: { max: '1KiB' } },
        open: { match: { host: 'open.test' }, to: 'up' },
        fixed: { match: { host: 'fixed.test' }, reply: { status: 503, text: 'closed for today' } },
      },
    },
    { headerSize: '4KiB' },
  );
});
after(async () => {
  await relay?.stop();
  service?.stop();
});

const clientOf = (host: string, more = {}) => relay.client({ 'grpc.default_authority': host, ...more });

test('a signature that is missing is UNAUTHENTICATED', async () => {
  const { code, details, trailing } = await unary(clientOf('signed.test'), {});
  assert.deepEqual([code, details], [status.UNAUTHENTICATED, 'A header that the signature needs is missing.']);
  assert.match(String(trailing.get('x-request-id')), /^req_/);
  assert.deepEqual(trailing.get('content-length'), []);
});

test('too many requests are UNAVAILABLE, with the time after which to come back; the log has the HTTP status', async () => {
  const client = clientOf('rare.test');
  assert.equal((await unary(client, {})).code, status.OK);
  const { code, details, trailing } = await unary(client, {});
  assert.deepEqual([code, details], [status.UNAVAILABLE, 'Too many requests; slow down.']);
  const [seconds] = trailing.get('retry-after');
  assert.deepEqual(trailing.get('grpc-retry-pushback-ms'), [String(Number(seconds) * 1000)]);
  const record = await relay.weir.record((one) => one.code === 'TOO_MANY_REQUESTS');
  assert.deepEqual([record.status, record.route], [429, 'rare']);
});

test('a client that may retry comes back after that time', async () => {
  const methodConfig = [
    {
      name: [{ service: 'weir.test.Probe' }],
      retryPolicy: {
        maxAttempts: 3,
        initialBackoff: '0.001s',
        maxBackoff: '0.001s',
        backoffMultiplier: 1,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ];
  const client = clientOf('paced.test', {
    'grpc.enable_retries': 1,
    'grpc.service_config': JSON.stringify({ methodConfig }),
  });
  assert.equal((await unary(client, {})).code, status.OK);
  assert.equal((await unary(client, {})).code, status.OK, 'at the second attempt');
});

test('an endpoint that cannot be reached, and then none to choose, is UNAVAILABLE', async () => {
  const { code, details } = await unary(clientOf('nowhere.test'), {});
  assert.deepEqual([code, details], [status.UNAVAILABLE, 'The upstream could not be reached.']);
  const open = await unary(clientOf('nowhere.test'), {});
  assert.deepEqual([open.code, open.details], [code, 'No upstream endpoint can take this request now.']);
});

test('no route, or none for POST, is UNIMPLEMENTED', async () => {
  assert.equal((await unary(clientOf('none.test'), {})).code, status.UNIMPLEMENTED);
  const { code, trailing } = await unary(clientOf('read.test'), {});
  assert.equal(code, status.UNIMPLEMENTED);
  assert.notEqual(trailing.get('allow').join(), '');
});

test('a message larger than the route takes, and a head larger than the limit, are RESOURCE_EXHAUSTED', async () => {
  const client = clientOf('small.test');
  assert.equal((await unary(client, { blob: Buffer.alloc(100_000) })).code, status.RESOURCE_EXHAUSTED);
  service.on.upload = (call) => call.on('data', () => {});
  const { call, outcome: uploaded } = upload(client);
  for (let i = 0; i < 20; i++) call.write({ blob: Buffer.alloc(1000) });
  assert.equal((await uploaded).code, status.RESOURCE_EXHAUSTED);
  const metadata = new Metadata();
  metadata.set('x-long', 'a'.repeat(5000));
  assert.equal((await unary(clientOf('open.test'), {}, { metadata })).code, status.RESOURCE_EXHAUSTED);
  assert.equal((await outcome(clientOf('open.test').download({}, metadata))).code, status.RESOURCE_EXHAUSTED);
});

test('more than the route takes, while the reply streams, is RESOURCE_EXHAUSTED too', async () => {
  service.on.chat = (call) => {
    call.write({ text: 'begun' });
    call.on('data', () => {});
  };
  const call = clientOf('small.test').chat();
  const result = outcome(call);
  await once(call, 'data');
  for (let i = 0; i < 20; i++) call.write({ blob: Buffer.alloc(1000) });
  const { code, answers } = await result;
  assert.deepEqual([code, answers], [status.RESOURCE_EXHAUSTED, [{ text: 'begun' }]]);
});

test('a reply that the rules write goes out as they write it', async () => {
  const { code, details } = await unary(clientOf('fixed.test'), {});
  assert.deepEqual([code, details], [status.UNAVAILABLE, 'Received HTTP status code 503']);
});

test('over HTTP/1.1 there is no gRPC, whatever the content type says', async () => {
  const client = await WireClient.connectTls(relay.port);
  client.send('POST /x HTTP/1.1\r\nHost: none.test\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n');
  const reply = await client.reply();
  assert.equal(reply.status, 404);
  assert.equal(reply.get('content-type'), 'application/problem+json');
  assert.equal(reply.get('grpc-status'), undefined);
  client.close();
});
