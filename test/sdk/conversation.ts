/**
 * What the official Anthropic SDK must be able to do at an address: run once against the sample itself, which proves
 * the sample right, and once through Weir, which proves Weir invisible. Each check fails with the SDK's own words.
 */
import assert from 'node:assert/strict';
import Anthropic, {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  OverloadedError,
  RateLimitError,
} from '@anthropic-ai/sdk';
import type { SampleServer } from '../../src/demo/sample.ts';
import { until } from '../tools/until.ts';

const ASK = {
  model: 'claude-sample',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'How is the weather?' }],
};

/** A client whose own retries are off, so that each check sees the first answer. */
export function clientOf(baseURL: string, defaultHeaders: Record<string, string> = {}): Anthropic {
  return new Anthropic({ baseURL, apiKey: 'sk-ant-test', maxRetries: 0, timeout: 10_000, defaultHeaders });
}

/** Asks for one message; for checks of what goes wrong. */
export function ask(client: Anthropic): Promise<unknown> {
  return client.messages.create(ASK);
}

/** A plain message: text, usage, and the request id that support asks for. */
export async function message(client: Anthropic, region: string): Promise<void> {
  const reply = await client.messages.create(ASK);
  assert.equal(reply.type, 'message');
  assert.equal(reply.role, 'assistant');
  assert.equal(reply.model, ASK.model);
  assert.equal(reply.stop_reason, 'end_turn');
  assert.equal(reply.content[0]!.type, 'text');
  const text = reply.content[0]!.type === 'text' ? reply.content[0]!.text : '';
  assert.match(text, new RegExp(`^Hello from the ${region} region .*How is the weather\\?$`));
  assert.ok(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0);
  assert.match(reply._request_id ?? '', /^\S+$/);
}

/** A streamed message: every event in its place. That it comes while the rest is still being said, {@link aborted} shows. */
export async function streamed(client: Anthropic, region: string): Promise<void> {
  const types: string[] = [];
  const stream = client.messages.stream(ASK);
  stream.on('streamEvent', (event) => types.push(event.type));
  const reply = await stream.finalMessage();
  assert.deepEqual(
    [...new Set(types)],
    [
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ],
  );
  assert.match(await stream.finalText(), new RegExp(`^Hello from the ${region} region `));
  assert.equal(reply.stop_reason, 'end_turn');
  assert.equal(reply.usage.output_tokens, types.filter((type) => type === 'content_block_delta').length);
}

/** `max_tokens` reaches the upstream and its consequence comes back. */
export async function cutShort(client: Anthropic): Promise<void> {
  const reply = await client.messages.create({ ...ASK, max_tokens: 3 });
  assert.equal(reply.stop_reason, 'max_tokens');
  assert.equal(reply.usage.output_tokens, 3);
}

/** An upstream's errors arrive as the SDK's own classes, with type, message and request id. */
export async function upstreamErrors(client: Anthropic, sample: SampleServer): Promise<void> {
  const cases = [
    ['401', AuthenticationError, 'authentication_error'],
    ['404', NotFoundError, 'not_found_error'],
    ['429', RateLimitError, 'rate_limit_error'],
    ['500', InternalServerError, 'api_error'],
    ['529', OverloadedError, 'overloaded_error'],
  ] as const;
  for (const [mode, expected, type] of cases) {
    sample.fail(mode, 1);
    const error = await errorOf(ask(client));
    assert.ok(error instanceof expected, `${mode}: ${error}`);
    assert.equal(error.type, type);
    assert.equal(error.status, Number(mode));
    assert.match(error.apiMessage ?? '', /was told to fail$/);
    assert.match(error.requestID ?? '', /^\S+$/);
  }
}

/** A request the upstream finds wrong is refused by it, and says what is missing. */
export async function badRequest(client: Anthropic): Promise<void> {
  const error = await errorOf(client.messages.create({ model: 'm', max_tokens: 1 } as never));
  assert.ok(error instanceof BadRequestError, String(error));
  assert.equal(error.type, 'invalid_request_error');
  assert.equal(error.apiMessage, 'messages: Field required');
}

/**
 * Leaving a stream in the middle reaches the upstream, which stops talking. The stream would take seconds: a reply that
 * somebody on the way collects first would be over before its first word could be answered by leaving.
 */
export async function aborted(client: Anthropic, sample: SampleServer): Promise<void> {
  const before = sample.stats.aborted;
  const long = { ...ASK, messages: [{ role: 'user' as const, content: 'word '.repeat(2000) }], max_tokens: 4096 };
  const stream = client.messages.stream(long);
  stream.once('text', () => stream.abort());
  await assert.rejects(stream.done(), APIUserAbortError);
  await abortCounted(sample, before + 1);
}

/** Waits until the sample has seen its `count`th client leave. */
export async function abortCounted(sample: SampleServer, count: number): Promise<void> {
  await until(() => sample.stats.aborted >= count, 'the abort to reach the sample');
  assert.equal(sample.stats.aborted, count);
}

/** A stream that breaks off is an error, never a complete answer. */
export async function brokenStream(client: Anthropic, sample: SampleServer): Promise<void> {
  sample.fail('truncate', 1);
  const stream = client.messages.stream(ASK);
  await assert.rejects(stream.finalMessage());
}

/** The APIError that `call` ends with. */
export async function errorOf(call: Promise<unknown>): Promise<InstanceType<typeof APIError>> {
  const error = await call.then(
    () => assert.fail('an answer came where an error was expected'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof APIError, String(error));
  return error;
}
