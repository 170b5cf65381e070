/** The official Anthropic SDK talks through Weir as it talks to the API itself, and understands what Weir itself says. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AuthenticationError, InternalServerError, OverloadedError, RateLimitError } from '@anthropic-ai/sdk';
import { GERMAN_ADDRESS } from '../../src/demo/commands.ts';
import { type SampleServer, startSample } from '../../src/demo/sample.ts';
import { startWeir, type Weir } from '../tools/weir.ts';
import * as conversation from './conversation.ts';

const german = { 'x-forwarded-for': GERMAN_ADDRESS };

/** Two regions; one route for each thing that Weir does by itself. `dead` is an address where nobody listens. */
const rulesFor = (us: string, eu: string, dead: string) => ({
  regions: { us: { countries: ['US'], default: true }, eu: { countries: ['DE'] } },
  upstreams: {
    claude: {
      protocol: 'anthropic',
      endpoints: { 'us-1': { region: 'us', url: us }, 'eu-1': { region: 'eu', url: eu } },
    },
    dead: {
      protocol: 'anthropic',
      endpoints: { only: { url: dead } },
      breaker: { window: '60s', minRequests: 1, failureRate: '50%', openFor: '60s' },
    },
  },
  policies: {
    mapped: { versions: { map: { 'v1/messages': '/2024-03/messages', 'limited/v1/messages': '/v1/messages' } } },
    stamped: { headers: { response: { set: { 'x-served-by': '${upstream.endpoint}' } } } },
    signed: {
      signature: {
        keys: { partner: 'a-secret-of-thirty-two-bytes-or-more' },
        headers: { key: 'x-key-id', timestamp: 'x-timestamp', nonce: 'x-nonce', signature: 'x-signature' },
        sign: '{timestamp}{nonce}{body}',
        algorithm: 'hmac-sha256',
        encoding: 'base64',
        timestamp: 'unix',
        window: '5m',
        replay: 'nonce',
      },
    },
    once: { rateLimit: { key: '${client.address}', limit: '1/1h', burst: 1, algorithm: 'tokenBucket' } },
  },
  routes: {
    messages: { match: { path: '/v1/messages' }, use: ['mapped', 'stamped'], to: 'claude' },
    signed: { match: { path: '/signed/v1/messages' }, use: ['signed'], to: 'claude' },
    limited: { match: { path: '/limited/v1/messages' }, use: ['once', 'mapped'], to: 'claude' },
    dead: { match: { path: '/dead/v1/messages' }, to: 'dead' },
  },
});

describe('the official SDK talks through Weir', () => {
  let us: SampleServer;
  let eu: SampleServer;
  let weir: Weir;
  let client: ReturnType<typeof conversation.clientOf>;

  before(async () => {
    const sample = (region: string) => startSample({ region, port: 0, host: '127.0.0.1', pause: 2 });
    [us, eu] = await Promise.all([sample('us'), sample('eu')]);
    const gone = await sample('gone');
    await gone.close();
    weir = await startWeir(null, { rules: rulesFor(us.url, eu.url, gone.url) });
    client = conversation.clientOf(weir.url, german);
  });
  after(async () => {
    await weir?.stop();
    await Promise.all([us?.close(), eu?.close()]);
  });

  test('a message, from the client’s region', () => conversation.message(client, 'eu'));
  test('a message for everybody else', () => conversation.message(conversation.clientOf(weir.url), 'us'));
  test('a streamed message', () => conversation.streamed(client, 'eu'));
  test('a message cut short by max_tokens', () => conversation.cutShort(client));
  test('a request that the upstream refuses', () => conversation.badRequest(client));
  test('the upstream’s errors', () => conversation.upstreamErrors(client, eu));
  test('an abort in mid-stream reaches the upstream', () => conversation.aborted(client, eu));
  test('a stream that breaks off upstream is never a complete answer', () => conversation.brokenStream(client, eu));

  /** What the SDK makes of Weir's own refusal on a route. */
  const refusal = (prefix: string) =>
    conversation.errorOf(conversation.ask(conversation.clientOf(`${weir.url}/${prefix}`)));

  test('Weir’s own refusals: an unsigned call', async () => {
    const error = await refusal('signed');
    assert.ok(error instanceof AuthenticationError, String(error));
    assert.equal(error.type, 'authentication_error');
    assert.match(error.requestID ?? '', /^\S+$/);
  });

  test('Weir’s own refusals: too many calls', async () => {
    await conversation.ask(conversation.clientOf(`${weir.url}/limited`));
    const error = await refusal('limited');
    assert.ok(error instanceof RateLimitError, String(error));
    assert.equal(error.type, 'rate_limit_error');
    assert.ok(Number(error.headers?.get('retry-after')) > 0);
  });

  test('Weir’s own refusals: no endpoint left is “overloaded”', async () => {
    const first = await refusal('dead');
    assert.ok(first instanceof InternalServerError, String(first));
    assert.equal(first.status, 502);
    const second = await refusal('dead');
    assert.ok(second instanceof OverloadedError, String(second));
    assert.equal(second.status, 529);
    assert.equal(second.type, 'overloaded_error');
    assert.ok(Number(second.headers?.get('retry-after')) > 0);
  });
});
