/** The sample upstream, as the official SDK and as plain HTTP see it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type SampleServer, startSample } from '../../src/demo/sample.ts';
import { until } from '../tools/until.ts';
import * as conversation from './conversation.ts';

describe('the official SDK talks to the sample', () => {
  let sample: SampleServer;
  let client: ReturnType<typeof conversation.clientOf>;
  before(async () => {
    sample = await startSample({ region: 'eu', port: 0, host: '127.0.0.1', pause: 2 });
    client = conversation.clientOf(sample.url);
  });
  after(() => sample.close());

  test('a message', () => conversation.message(client, 'eu'));
  test('a streamed message', () => conversation.streamed(client, 'eu'));
  test('a message cut short by max_tokens', () => conversation.cutShort(client));
  test('a refused request', () => conversation.badRequest(client));
  test('errors it understands', () => conversation.upstreamErrors(client, sample));
  test('an abort in mid-stream', () => conversation.aborted(client, sample));
  test('a stream that breaks off', () => conversation.brokenStream(client, sample));
});

describe('the sample by itself', () => {
  let sample: SampleServer;
  before(async () => {
    sample = await startSample({ region: 'asia', name: 'asia-1', port: 0, host: '127.0.0.1', pause: 0 });
  });
  after(() => sample.close());
  const get = (path: string, init?: RequestInit) => fetch(sample.url + path, init);
  const fail = (body: string) => get('/__demo/fail', { method: 'POST', body });

  test('/v1/user and /v3/user say who answered and what arrived', async () => {
    for (const path of ['/v1/user', '/v3/user?a=1']) {
      const who = (await (await get(path, { headers: { 'x-client-region': 'asia' } })).json()) as Record<string, never>;
      assert.equal(who.region, 'asia');
      assert.equal(who.endpoint, 'asia-1');
      assert.equal(who.path, path.split('?')[0]);
      assert.equal(who.headers!['x-client-region'], 'asia');
    }
  });

  test('answers on the paths that version maps lead to', async () => {
    for (const path of ['/2024-03/messages', '/2024-03/chat']) {
      const reply = await get(path, { method: 'POST', body: '{"messages":[]}' });
      assert.equal(reply.status, 200);
      assert.match(reply.headers.get('request-id') ?? '', /^req_/);
      await reply.body?.cancel();
    }
  });

  test('a stream on the wire: named events, a ping, usage at both ends', async () => {
    const reply = await get('/v1/messages', { method: 'POST', body: '{"messages":[],"stream":true,"max_tokens":2}' });
    assert.match(reply.headers.get('content-type') ?? '', /^text\/event-stream/);
    const events = (await reply.text()).trimEnd().split('\n\n');
    for (const event of events) {
      const [name, data] = event.split('\n');
      assert.equal(name, `event: ${JSON.parse(data!.slice('data: '.length)).type}`);
    }
    const types = events.map((event) => event.slice('event: '.length, event.indexOf('\n')));
    const delta = 'content_block_delta';
    assert.deepEqual(types, [
      'message_start',
      'content_block_start',
      'ping',
      delta,
      delta,
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  test('unknown paths, wrong methods and broken bodies get the API’s errors', async () => {
    const cases = [
      ['/nowhere', { method: 'GET' }, 404, 'not_found_error'],
      ['/v1/messages', { method: 'GET' }, 405, 'invalid_request_error'],
      ['/v1/user', { method: 'POST' }, 405, 'invalid_request_error'],
      ['/v1/messages', { method: 'POST', body: '{' }, 400, 'invalid_request_error'],
    ] as const;
    for (const [path, init, status, type] of cases) {
      const reply = await get(path, init);
      const body = (await reply.json()) as { type: string; error: { type: string }; request_id: string };
      assert.equal(reply.status, status);
      assert.equal(body.type, 'error');
      assert.equal(body.error.type, type);
      assert.equal(body.request_id, reply.headers.get('request-id'));
    }
  });

  test('the switch breaks it, for a while or until told otherwise; the health check goes on passing', async () => {
    assert.equal((await fail('{"mode":"500"}')).status, 200);
    assert.equal((await get('/v1/user')).status, 500);
    assert.equal((await get('/v1/user')).status, 500);
    assert.equal((await get('/healthz')).status, 200);
    await fail('{"mode":"ok"}');
    assert.equal((await get('/v1/user')).status, 200);
    await fail('{"mode":"503","times":1}');
    assert.equal((await get('/v1/user')).status, 503);
    assert.equal((await get('/v1/user')).status, 200);
  });

  test('the switch: reset, truncate and hang never look like an answer, and only a hang ends by the client', async () => {
    const before = { ...sample.stats };
    await fail('{"mode":"reset","times":1}');
    await assert.rejects(get('/v1/user'));
    await fail('{"mode":"truncate","times":1}');
    await assert.rejects((await get('/v1/user')).text());
    await fail('{"mode":"hang","times":1}');
    const impatience = new AbortController();
    const hanging = assert.rejects(get('/v1/user', { signal: impatience.signal }), { name: 'AbortError' });
    await until(() => sample.stats.spoilt === before.spoilt + 3, 'the third request to be spoilt');
    impatience.abort();
    await hanging;
    await conversation.abortCounted(sample, before.aborted + 1);
  });

  test('the switch refuses what it does not know', async () => {
    for (const body of ['{"mode":"explode"}', '{"mode":"200"}', '{"mode":"500","times":0}', '[]', 'x']) {
      assert.equal((await fail(body)).status, 400, body);
    }
    assert.throws(() => sample.fail('explode'), TypeError);
  });

  test('/__demo/stats counts', async () => {
    const stats = (await (await get('/__demo/stats')).json()) as Record<string, number>;
    assert.deepEqual(stats, { endpoint: 'asia-1', ...sample.stats });
    assert.equal(stats.messages, 3);
    assert.equal(stats.streams, 1);
  });

  test('a port in use is the system’s error', async () => {
    const options = { region: 'us', port: sample.port, host: '127.0.0.1' };
    await assert.rejects(startSample(options), { code: 'EADDRINUSE' });
  });
});
