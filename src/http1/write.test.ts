import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Fields } from '../fields/fields.ts';
import { checkField } from '../fields/line.ts';
import { fieldsRead } from '../testing/fields.ts';
import { LIMITS } from '../testing/http1/refusals.ts';
import { traceReply, traceRequests } from '../testing/http1/trace.ts';
import { Random } from '../testing/random.ts';
import { SEED, SEED_NOTE } from '../testing/seed.ts';
import { chunkPrefix, LAST_CHUNK, lastChunk, requestHead, responseHead } from './write.ts';

const HOST = Fields.of('Host', 'a');

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
    const [message] = traceRequests(LIMITS, [
      Buffer.from(requestHead('GET', '/', Fields.from(headers), -2), 'latin1'),
    ]).messages;
    assert.deepEqual(message!.headers, headers);
  });
});

describe('a reply head', () => {
  test('has what it is given', () => {
    assert.equal(
      responseHead(200, Fields.from(['A', 'b']), 5, 'keep-alive', 'Thu, 01 Jan 1970 00:00:00 GMT'),
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nA: b\r\n\r\n',
    );
    assert.equal(responseHead(204, Fields.empty(), -2, '', ''), 'HTTP/1.1 204 No Content\r\n\r\n');
    assert.equal(
      responseHead(529, Fields.empty(), -1, 'close', ''),
      'HTTP/1.1 529 Overloaded\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
    );
    assert.equal(responseHead(299, Fields.empty(), -2, '', ''), 'HTTP/1.1 299 \r\n\r\n');
  });

  test('is read again as it was written', () => {
    const bytes = Buffer.from(responseHead(200, Fields.from(['A', '\xff']), 1, '', ''), 'latin1');
    const { messages, code } = traceReply(LIMITS, 'GET', [bytes, Buffer.from('x')], false);
    assert.deepEqual([code, messages[0]!.headers, messages[0]!.body], ['', ['Content-Length', '1', 'A', '\xff'], 'x']);
  });

  for (const status of [0, 99, 600, 999, 1000, 200.5, Number.NaN])
    test(`has no status ${status}`, () =>
      assert.throws(() => responseHead(status, Fields.empty(), 0, '', ''), RangeError));
});

describe(`whatever the fields (${SEED_NOTE})`, () => {
  const limits = { ...LIMITS, headBytes: 1 << 20, fields: 2000 };
  const rng = new Random(SEED);
  /** Fields of random names, some of them almost the ones that go first, with a Host in a random place. */
  const someFields = (count: number): string[] => {
    const list: string[] = [];
    for (let i = 0; i < count; i++)
      list.push(rng.pick(['a', 'hos', 'hostx', 'Date', 'x-Length', 'VIA']), rng.pick(['', '1', 'b c']));
    list.splice(rng.below(count + 1) * 2, 0, rng.pick(['Host', 'host', 'HOST']), 'a');
    return list;
  };

  test('a request has Host first, the framing behind it and the others in order, and a thousand fields at most', () => {
    for (let round = 0; round < 400; round++) {
      const headers = someFields(rng.pick([0, 1, 5, 20, 990, 997, 998, 999, 1000, 1500]));
      const length = rng.pick([-2, -1, 0, 7]);
      const own = length === -2 ? 0 : 1;
      const fields = rng.below(2) === 0 ? Fields.from(headers) : fieldsRead(headers);
      if (headers.length / 2 + own > 1000) {
        assert.throws(() => requestHead('POST', '/', fields, length), RangeError);
        continue;
      }
      const head = requestHead('POST', '/', fields, length);
      assert.deepEqual(fields.toPairs(), headers, 'the fields are left as they were');
      const read = traceRequests(limits, [Buffer.from(head, 'latin1')]).messages[0]!.headers;
      assert.equal(read[0]!.toLowerCase(), 'host');
      if (own) assert.match(read[2]!, /^(Content-Length|Transfer-Encoding)$/);
      const at = headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === 'host');
      assert.deepEqual(read.slice(2 + 2 * own), headers.toSpliced(at, 2));
      assert.ok(read.length <= 2000);
    }
  });

  test('a reply has the framing first and the others in order, and a thousand fields at most', () => {
    for (let round = 0; round < 400; round++) {
      const headers = someFields(rng.pick([0, 1, 20, 994, 995, 996, 997, 998, 1500]));
      const length = rng.pick([-2, -1, 0, 7]);
      const connection = rng.pick(['keep-alive', 'close', ''] as const);
      const date = rng.pick(['', 'now']);
      const own = (length === -2 ? 0 : 1) + (connection === '' ? 0 : 1) + (date === '' ? 0 : 1);
      const fields = rng.below(2) === 0 ? Fields.from(headers) : fieldsRead(headers);
      if (headers.length / 2 + own > 1000) {
        assert.throws(() => responseHead(200, fields, length, connection, date), RangeError);
        continue;
      }
      const head = responseHead(200, fields, length, connection, date);
      const read = traceReply(limits, 'GET', [Buffer.from(head, 'latin1')], false).messages[0]!.headers;
      if (length !== -2) assert.match(read[0]!, /^(Content-Length|Transfer-Encoding)$/);
      assert.deepEqual(read.slice(2 * own), headers);
      assert.ok(read.length <= 2000);
    }
  });

  test('trailers are a thousand at most', () => {
    assert.doesNotThrow(() => lastChunk(Fields.from(Array.from({ length: 2000 }, () => 'a'))));
    assert.throws(() => lastChunk(Fields.from(Array.from({ length: 2002 }, () => 'a'))), RangeError);
  });
});

describe('nothing breaks out of its line', () => {
  const bad = ['\r', '\n', '\0', '\x7f', '\x1b', 'Ā', 'č', 'Ċ', '嘊', '\r\nX: y'];
  for (const text of bad)
    test(JSON.stringify(text), () => {
      for (const place of [text, `a${text}`, `${text}a`, `a${text}a`]) {
        assert.throws(() => requestHead(place, '/', HOST, -2), RangeError);
        assert.throws(() => requestHead('GET', place, HOST, -2), RangeError);
        assert.throws(() => requestHead('GET', '/', Fields.from(['Host', place]), -2), RangeError);
        assert.throws(() => requestHead('GET', '/', Fields.from([place, 'a']), -2), RangeError);
        assert.throws(() => responseHead(200, Fields.from(['A', place]), 0, '', ''), RangeError);
        assert.throws(() => responseHead(200, Fields.from([place, 'a']), 0, '', ''), RangeError);
        assert.throws(() => responseHead(200, Fields.empty(), 0, '', place), RangeError);
        assert.throws(() => lastChunk(Fields.from(['A', place])), RangeError);
        assert.throws(() => checkField('A', place), RangeError);
      }
    });

  for (const name of ['', ' ', 'a b', 'a:', ':', 'a: b', '\xe4'])
    test(`the name ${JSON.stringify(name)}`, () => {
      assert.throws(() => requestHead('GET', '/', Fields.from([name, 'a']), -2), RangeError);
      assert.throws(() => checkField(name, 'a'), RangeError);
    });

  for (const word of ['', ' ', 'a b', '\t', '\xe4'])
    test(`the word ${JSON.stringify(word)}`, () => {
      assert.throws(() => requestHead(word, '/', HOST, -2), RangeError);
      assert.throws(() => requestHead('GET', word, HOST, -2), RangeError);
    });

  for (const length of [-3, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
    test(`the length ${length}`, () => assert.throws(() => requestHead('GET', '/', HOST, length), RangeError));
});

describe('chunks', () => {
  test('are framed as they are read', () => {
    const body = `${chunkPrefix(5)}hello\r\n${chunkPrefix(26)}${'x'.repeat(26)}\r\n${lastChunk(Fields.from(['X-Sum', '1']))}`;
    const head = requestHead('POST', '/', HOST, -1);
    const [message] = traceRequests(LIMITS, [Buffer.from(head + body)]).messages;
    assert.deepEqual([message!.body, message!.trailers], [`hello${'x'.repeat(26)}`, ['X-Sum', '1']]);
    assert.equal(chunkPrefix(26), '1a\r\n');
    assert.equal(lastChunk(null), LAST_CHUNK);
    assert.equal(lastChunk(Fields.empty()), LAST_CHUNK);
  });

  for (const size of [0, -1, 0.5, Number.NaN])
    test(`of ${size} octets are none`, () => assert.throws(() => chunkPrefix(size), RangeError));
});
