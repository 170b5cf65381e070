/** The official SDK where all connections to its upstream are in use: told so, it comes back when Weir says, and is served. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Anthropic, APIUserAbortError, OverloadedError } from '@anthropic-ai/sdk';
import { type SampleServer, startSample } from '../../src/demo/sample.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';
import * as conversation from './conversation.ts';

/** Takes seconds to be said. */
const LONG = {
  model: 'claude-sample',
  max_tokens: 4096,
  messages: [{ role: 'user' as const, content: 'word '.repeat(2000) }],
};

let sample: SampleServer;
let weir: Weir;
let client: Anthropic;

before(async () => {
  sample = await startSample({ region: 'us', port: 0, host: '127.0.0.1', pause: 2 });
  const upstream = {
    protocol: 'anthropic',
    endpoints: { only: { url: sample.url } },
    pool: { connections: 1, queue: { max: 0 } },
    breaker: { window: '60s', minRequests: 1, failureRate: '1%', openFor: '60s' },
  };
  const rules = {
    upstreams: { narrow: upstream },
    policies: { mapped: { versions: { map: { 'v1/messages': '/2024-03/messages' } } } },
    routes: { messages: { match: { path: '/v1/messages' }, use: ['mapped'], to: 'narrow' } },
  };
  weir = await startWeir(null, { rules, config: { threads: 1 } });
  client = conversation.clientOf(weir.url);
});

after(async () => {
  await weir?.stop();
  await sample?.close();
});

test('“overloaded”, and an answer once a connection is free', async () => {
  const stream = client.messages.stream(LONG);
  const aborted = assert.rejects(stream.done(), APIUserAbortError);
  await new Promise<void>((resolve) => stream.once('text', () => resolve()));
  const error = await conversation.errorOf(conversation.ask(client));
  assert.ok(error instanceof OverloadedError, String(error));
  assert.equal(error.headers?.get('retry-after'), '1');
  const patient = conversation.message(client.withOptions({ maxRetries: 1 }), 'us');
  const busy = () => weir.metric('weir_upstream_attempts_total', { upstream: 'narrow', outcome: 'busy' });
  await until(async () => (await busy()) === 2, 'the second refusal');
  stream.abort();
  await aborted;
  await patient;
  assert.equal(await weir.metric('weir_breaker_state', { endpoint: 'narrow/only' }), 0);
});
