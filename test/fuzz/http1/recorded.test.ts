/** Strict, but not too strict for anybody who is out there: recorded clients and servers are understood to the last octet. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS } from '../../../src/testing/http1/refusals.ts';
import { drip, type Trace, traceReply, traceRequests } from '../../../src/testing/http1/trace.ts';
import { difference } from './compare.ts';
import { RequestOracle, readReplies } from './oracle.ts';
import { recordedReplies, recordedRequests } from './recorded.ts';

const gist = ({ messages, informed, code, rest }: Trace) => ({ messages, informed, code, rest });

describe('recorded clients', () => {
  const oracle = new RequestOracle();
  for (const { name, bytes } of recordedRequests())
    test(name, async () => {
      const trace = traceRequests(LIMITS, [bytes]);
      assert.equal(trace.code, '');
      assert.ok(trace.messages.length > 0 && trace.messages.every(({ whole }) => whole));
      assert.deepEqual(gist(traceRequests(LIMITS, drip(bytes))), gist(trace));
      const [node] = await oracle.read([[bytes]]);
      assert.equal(difference(trace, node!), '');
    });

  test('all that were asked for are here', () => {
    const all = recordedRequests().map(({ name }) => name);
    for (const client of 'curl undici fetch axios got anthropic-sdk openai-sdk chromium python-http wrk h2load'.split(
      ' ',
    ))
      assert.ok(
        all.some((name) => name.startsWith(client)),
        client,
      );
  });
});

describe('recorded servers', () => {
  for (const { name, asked, bytes } of recordedReplies())
    test(name, async () => {
      const trace = traceReply(LIMITS, asked, [bytes], true);
      assert.equal(trace.code, '');
      assert.equal(trace.messages.length, 1);
      assert.ok(trace.messages[0]!.whole);
      assert.deepEqual(gist(traceReply(LIMITS, asked, drip(bytes), true)), gist(trace));
      const [node] = await readReplies([{ asked, pieces: [bytes], closes: true }]);
      assert.equal(difference(trace, node!, asked), '');
    });

  test('all that were asked for are here', () => {
    const all = recordedReplies().map(({ name }) => name);
    for (const server of ['nginx', 'node', 'python', 'haproxy']) assert.ok(all.some((name) => name.startsWith(server)));
  });
});
