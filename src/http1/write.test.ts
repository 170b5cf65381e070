import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS } from '../../test/fuzz/http1/refusals.ts';
import { traceReply, traceRequests } from '../../test/fuzz/http1/trace.ts';
import type { HeaderList } from '../headers.ts';
import { checkField, chunkPrefix, LAST_CHUNK, lastChunk, requestHead, responseHead } from './write.ts';

const HOST: HeaderList = ['Host', 'a'];

describe('a request head', () => {
  test('says of the body what it is told', () => {
    assert.equal(requestHead('GET', '/a?b', HOST, -2), 'GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(requestHead('POST', '/', HOST, 0), 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    assert.equal(
      requestHead('POST', '/', HOST, -1),
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
  });

  test('keeps order, case, duplicates and latin1', () => {
    const headers = ['hOsT', 'a', 'x-A', '\xe4', 'X-a', '', 'x-A', 'b\tc'];
    const [message] = traceRequests(LIMITS, [Buffer.from(requestHead('GET', '/', headers, -2), 'latin1')]).messages;
    assert.deepEqual(message.headers, headers);
  });
});

describe('a reply head', () => {
  test('has what it is given', () => {
    assert.equal(
      responseHead(200, ['A', 'b'], 5, 'keep-alive', 'Thu, 01 Jan 1970 00:00:00 GMT'),
      'HTTP/1.1 200 OK\r\nA: b\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n',
    );
    assert.equal(responseHead(204, [], -2, '', ''), 'HTTP/1.1 204 No Content\r\n\r\n');
    assert.equal(
      responseHead(529, [], -1, 'close', ''),
      'HTTP/1.1 529 Overloaded\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    assert.equal(responseHead(299, [], -2, '', '', true), 'HTTP/1.0 299 \r\n\r\n');
  });

  test('is read again as it was written', () => {
    const bytes = Buffer.from(responseHead(200, ['A', '\xff'], 1, '', ''), 'latin1');
    const { messages, code } = traceReply(LIMITS, 'GET', [bytes, Buffer.from('x')], false);
    assert.deepEqual([code, messages[0].headers, messages[0].body], ['', ['A', '\xff', 'Content-Length', '1'], 'x']);
  });

  for (const status of [0, 99, 600, 999, 1000, 200.5, Number.NaN])
    test(`has no status ${status}`, () => assert.throws(() => responseHead(status, [], 0, '', ''), RangeError));
});

describe('nothing breaks out of its line', () => {
  const bad = ['\r', '\n', '\0', '\x7f', '\x1b', 'Ā', 'č', 'Ċ', '嘊', '\r\nX: y'];
  for (const text of bad)
    test(JSON.stringify(text), () => {
      for (const place of [text, `a${text}`, `${text}a`, `a${text}a`]) {
        assert.throws(() => requestHead(place, '/', HOST, -2), RangeError);
        assert.throws(() => requestHead('GET', place, HOST, -2), RangeError);
        assert.throws(() => requestHead('GET', '/', ['Host', place], -2), RangeError);
        assert.throws(() => requestHead('GET', '/', [place, 'a'], -2), RangeError);
        assert.throws(() => responseHead(200, ['A', place], 0, '', ''), RangeError);
        assert.throws(() => responseHead(200, [place, 'a'], 0, '', ''), RangeError);
        assert.throws(() => responseHead(200, [], 0, '', place), RangeError);
        assert.throws(() => lastChunk(['A', place]), RangeError);
        assert.throws(() => checkField('A', place), RangeError);
      }
    });

  for (const name of ['', ' ', 'a b', 'a:', ':', 'a: b', '\xe4'])
    test(`the name ${JSON.stringify(name)}`, () => {
      assert.throws(() => requestHead('GET', '/', [name, 'a'], -2), RangeError);
      assert.throws(() => checkField(name, 'a'), RangeError);
    });

  for (const word of ['', ' ', 'a b', '\t', '\xe4'])
    test(`the word ${JSON.stringify(word)}`, () => {
      assert.throws(() => requestHead(word, '/', HOST, -2), RangeError);
      assert.throws(() => requestHead('GET', word, HOST, -2), RangeError);
    });

  for (const length of [-3, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
    test(`the length ${length}`, () => assert.throws(() => requestHead('GET', '/', HOST, length), RangeError));

  test('what was checked is not looked at again', () => {
    assert.equal(requestHead('GET', '/', ['Host', '\x01'], -2, true), 'GET / HTTP/1.1\r\nHost: \x01\r\n\r\n');
    assert.equal(responseHead(200, ['A', '\x01'], -2, '', '', false, true), 'HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n');
  });
});

describe('chunks', () => {
  test('are framed as they are read', () => {
    const body = `${chunkPrefix(5)}hello\r\n${chunkPrefix(26)}${'x'.repeat(26)}\r\n${lastChunk(['X-Sum', '1'])}`;
    const head = requestHead('POST', '/', HOST, -1);
    const [message] = traceRequests(LIMITS, [Buffer.from(head + body)]).messages;
    assert.deepEqual([message.body, message.trailers], [`hello${'x'.repeat(26)}`, ['X-Sum', '1']]);
    assert.equal(chunkPrefix(26), '1a\r\n');
    assert.equal(lastChunk(null), LAST_CHUNK);
    assert.equal(lastChunk([]), LAST_CHUNK);
  });

  for (const size of [0, -1, 0.5, Number.NaN])
    test(`of ${size} octets are none`, () => assert.throws(() => chunkPrefix(size), RangeError));
});
