import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fields } from '../fields/fields.ts';
import { LIMITS } from '../testing/http1/refusals.ts';
import { cutAt, drip, traceReply } from '../testing/http1/trace.ts';
import { type ResponseHead, ResponseReader, type ResponseSink } from './response-reader.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const ok = (fields: string, body = ''): Buffer => bytes(`HTTP/1.1 200 OK\r\n${fields}\r\n${body}`);
const HELLO = ok('Content-Length: 5\r\n', 'hello');

class Log implements ResponseSink {
  readonly events: string[] = [];
  readonly heads: ResponseHead[] = [];
  on: (event: string) => void = () => {};

  informed(status: number, headers: Fields): void {
    this.#say(`informed ${status} ${headers.toPairs().join()}`);
  }
  head(head: ResponseHead): void {
    this.heads.push(head);
    this.#say(`head ${head.status}`);
  }
  data(chunk: Buffer): void {
    this.#say(`data ${chunk.toString('latin1')}`);
  }
  end(trailers: Fields | null): void {
    this.#say(trailers === null ? 'end' : `end ${trailers.toPairs().join()}`);
  }
  refused(code: string): void {
    this.#say(`refused ${code}`);
  }
  #say(event: string): void {
    this.events.push(event);
    this.on(event);
  }
}

function open(method: string | null = 'GET'): { log: Log; reader: ResponseReader } {
  const log = new Log();
  const reader = new ResponseReader(LIMITS, log);
  if (method !== null) reader.begin(method);
  return { log, reader };
}

describe('a reply', () => {
  for (const [what, asked, reply, bodyLength, body, reusable] of [
    ['with a length', 'GET', HELLO, 5, 'hello', true],
    ['with length 0', 'GET', ok('Content-Length: 0\r\n'), 0, '', true],
    ['in chunks', 'GET', ok('Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'), -1, 'hello', true],
    ['that closes', 'GET', ok('Content-Length: 5\r\nConnection: close\r\n', 'hello'), 5, 'hello', false],
    ['of HTTP/1.0', 'GET', bytes('HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na'), 1, 'a', false],
    [
      'of HTTP/1.0 that keeps',
      'GET',
      bytes('HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na'),
      1,
      'a',
      true,
    ],
    ['to HEAD with a length', 'HEAD', ok('Content-Length: 5\r\n'), 0, '', true],
    ['to HEAD in chunks', 'HEAD', ok('Transfer-Encoding: chunked\r\n'), 0, '', true],
    ['to HEAD without either', 'HEAD', ok(''), 0, '', true],
    ['204', 'GET', bytes('HTTP/1.1 204 \r\n\r\n'), 0, '', true],
    ['204 with length 0', 'GET', bytes('HTTP/1.1 204 \r\nContent-Length: 0\r\n\r\n'), 0, '', true],
    ['304 with a length', 'GET', bytes('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'), 0, '', true],
    ['304 in chunks', 'GET', bytes('HTTP/1.1 304 \xe4\r\nTransfer-Encoding: chunked\r\n\r\n'), 0, '', true],
    ['404 to CONNECT', 'CONNECT', bytes('HTTP/1.1 404 \r\nContent-Length: 1\r\n\r\na'), 1, 'a', true],
  ] as const)
    test(`${what} is read to its end`, () => {
      for (const pieces of [[reply], drip(reply)]) {
        const { log, reader } = open(asked);
        for (const piece of pieces) reader.push(piece);
        assert.equal(log.heads[0]!.bodyLength, bodyLength);
        assert.equal(log.events.at(-1), 'end');
        assert.equal(
          log.events
            .filter((event) => event.startsWith('data'))
            .map((event) => event.slice(5))
            .join(''),
          body,
        );
        assert.deepEqual([reader.state, reader.reusable, log.heads[0]!.keepAlive], ['ended', reusable, reusable]);
      }
    });

  test('until the connection closes', () => {
    const { log, reader } = open();
    reader.push(ok('A: b\r\n', 'hel'));
    reader.push(bytes('lo'));
    const { headers, ...head } = log.heads[0]!;
    assert.deepEqual(headers.toPairs(), ['A', 'b']);
    assert.deepEqual(head, { status: 200, bodyLength: -1, keepAlive: false });
    reader.finish();
    assert.deepEqual(log.events, ['head 200', 'data hel', 'data lo', 'end']);
    assert.deepEqual([reader.state, reader.reusable], ['ended', false]);
  });

  test('gives its trailers', () => {
    const { log, reader } = open();
    reader.push(ok('Transfer-Encoding: chunked\r\n', '1\r\na\r\n0\r\nX: y\r\nContent-Type: z\r\n\r\n'));
    assert.deepEqual(log.events, ['head 200', 'data a', 'end X,y']);
  });

  test('comes after those of 1xx', () => {
    const { log, reader } = open();
    reader.push(bytes('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n'));
    assert.equal(reader.state, 'head');
    reader.push(HELLO);
    assert.deepEqual(log.events, ['informed 100 ', 'informed 103 Link,a', 'head 200', 'data hello', 'end']);
    assert.equal(reader.reusable, true);
  });
});

describe('the connection', () => {
  test('carries one reply after the other', () => {
    const { log, reader } = open();
    for (let i = 0; i < 3; i++) {
      reader.push(HELLO);
      assert.equal(reader.reusable, true);
      reader.begin('HEAD');
      assert.equal(reader.reusable, false);
      reader.push(ok('Content-Length: 5\r\n'));
      reader.begin('GET');
    }
    assert.equal(log.events.filter((event) => event === 'end').length, 6);
  });

  test('may be given the next request within end', () => {
    const { log, reader } = open();
    log.on = (event) => {
      if (event === 'end' && log.heads.length === 1) reader.begin('GET');
    };
    reader.push(HELLO);
    reader.push(HELLO);
    assert.deepEqual(log.events.slice(3), ['head 200', 'data hello', 'end']);
  });

  test('is not reusable within end where more came than was asked for', () => {
    const { log, reader } = open();
    let reusable = true;
    log.on = (event) => {
      if (event !== 'end') return;
      reusable = reader.reusable;
      reader.begin('GET');
    };
    reader.push(Buffer.concat([HELLO, HELLO]));
    assert.equal(reusable, false);
    assert.deepEqual(log.events, ['head 200', 'data hello', 'end', 'refused unsolicited']);
    assert.equal(reader.state, 'refused');
  });

  test('that spoke unasked is given up', () => {
    const { log, reader } = open();
    reader.push(HELLO);
    reader.push(bytes('H'));
    assert.equal(log.events.at(-1), 'refused unsolicited');
    reader.begin('GET');
    reader.push(HELLO);
    assert.deepEqual([log.events.length, reader.state, reader.reusable], [4, 'refused', false]);
  });

  test('that must close is not used again', () => {
    const { log, reader } = open();
    reader.push(ok('Content-Length: 0\r\nConnection: close\r\n'));
    reader.begin('GET');
    assert.equal(log.events.at(-1), 'refused unsolicited');
  });

  test('may end between replies', () => {
    for (const asked of [null, 'GET']) {
      const { log, reader } = open(asked);
      if (asked !== null) reader.push(HELLO);
      const before = log.events.length;
      reader.finish();
      assert.deepEqual([log.events.length, reader.reusable], [before, false]);
    }
  });
});

test('the end of the connection may be told within an event', () => {
  const { log, reader } = open();
  log.on = (event) => {
    if (event === 'head 200') reader.finish();
  };
  reader.push(HELLO);
  assert.deepEqual([log.events, reader.reusable], [['head 200', 'data hello', 'end'], false]);
});

describe('pause', () => {
  test('keeps what runs until close, and its end', () => {
    const { log, reader } = open();
    log.on = () => reader.pause();
    reader.push(ok('', 'hel'));
    reader.push(bytes('lo'));
    reader.finish();
    assert.deepEqual(log.events, ['head 200']);
    reader.resume();
    assert.deepEqual(log.events, ['head 200', 'data hel']);
    assert.equal(reader.buffered, 2);
    reader.resume();
    reader.resume();
    assert.deepEqual(log.events, ['head 200', 'data hel', 'data lo', 'end']);
  });

  test('does not hide that a reply was cut off', () => {
    const { log, reader } = open();
    log.on = (event) => {
      if (event === 'head 200') reader.pause();
    };
    reader.push(ok('Content-Length: 9\r\n', 'hello'));
    reader.finish();
    reader.resume();
    assert.deepEqual(log.events, ['head 200', 'data hello', 'refused truncated']);
  });

  test('before the end of a whole reply leaves the end for later, although the connection is gone', () => {
    const { log, reader } = open();
    log.on = (event) => {
      if (event === 'head 200') reader.pause();
    };
    reader.push(HELLO);
    reader.finish();
    assert.equal(reader.state, 'body');
    reader.resume();
    assert.deepEqual(log.events, ['head 200', 'data hello', 'end']);
    assert.equal(reader.reusable, false);
  });
});

describe('tunnels', () => {
  for (const [asked, head] of [
    ['GET', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['CONNECT', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
  ])
    test(`behind ${head!.slice(9, 12)} to ${asked} keep what follows`, () => {
      for (const when of ['head', 'end', 'later']) {
        const { log, reader } = open(asked);
        let rest = '';
        log.on = (event) => {
          if (event.startsWith(when)) rest = reader.takeRest().toString('latin1');
        };
        reader.push(bytes(`${head}\x81\x00`));
        if (when === 'later') rest = reader.takeRest().toString('latin1');
        assert.equal(rest, '\x81\x00', when);
        assert.deepEqual([log.heads[0]!.bodyLength, log.heads[0]!.keepAlive, reader.reusable], [0, false, false]);
        assert.ok(!log.events.some((event) => event.startsWith('refused')));
      }
    });
});

test('a corpus cut at every place gives the same', () => {
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
  for (const [asked, reply, closes] of [
    ['GET', Buffer.concat([bytes(early), HELLO]), false],
    ['GET', ok('Transfer-Encoding: chunked\r\nA: \xe4\t \r\n', '3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n'), false],
    ['GET', bytes('HTTP/1.0 404 Not  Found\r\nA:b\r\n\r\nuntil close'), true],
    ['HEAD', ok('Content-Length: 5\r\n'), false],
  ] as const) {
    const { buffered: _, ...whole } = traceReply(LIMITS, asked, [reply], closes);
    assert.equal(whole.code, '');
    for (let first = 1; first < reply.length; first++) {
      const { buffered: __, ...cut } = traceReply(LIMITS, asked, cutAt(reply, [first]), closes);
      assert.deepEqual(cut, whole, `cut at ${first}`);
    }
  }
});
