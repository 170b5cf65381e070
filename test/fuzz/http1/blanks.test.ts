/**
 * Chunk extensions with blanks in them: legal to read (RFC 9112 §7.1.1, BWS), and refused all the same, because Node's
 * parser refuses them. The day it takes them this fails, and ours may take them too.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../src/testing/http1/refusals.ts';
import { traceRequests } from '../../../src/testing/http1/trace.ts';
import { RequestOracle } from './oracle.ts';

const message = (line: string): Buffer =>
  Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${line}\r\nhello\r\n0\r\n\r\n`);

const BLANKS = ['5 ;a', '5\t;a', '5; a', '5;\ta', '5;a =b', '5;a= b', '5;a ;b', '5;a=b ;c', '5;a=b; c', '5;a="b" ;c'];
const TAKEN = ['5', '5;a', '5;a=b', '5;a=b;c', '5;a="b c"', '5;a="b;c";d=e'];

test('a blank around a chunk extension is refused by Node and by us', async () => {
  const traces = await new RequestOracle().read(BLANKS.map((line) => [message(line)]));
  for (const [i, line] of BLANKS.entries()) {
    assert.notEqual(traces[i]!.error, '', `Node takes ${JSON.stringify(line)}`);
    assert.match(traceRequests(LIMITS, [message(line)]).code, /^bad-chunk-(size|extension)$/, line);
  }
});

test('an extension without blanks, or with one in quotes, is taken by both and dropped', async () => {
  const traces = await new RequestOracle().read(TAKEN.map((line) => [message(line)]));
  for (const [i, line] of TAKEN.entries()) {
    assert.deepEqual([traces[i]!.error, traces[i]!.messages[0]!.body], ['', 'hello'], line);
    const { code, messages } = traceRequests(LIMITS, [message(line)]);
    assert.deepEqual([code, messages[0]!.body], ['', 'hello'], line);
  }
});
