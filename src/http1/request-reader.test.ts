import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fields } from '../fields/fields.ts';
import { LIMITS } from '../testing/http1/refusals.ts';
import { cutAt, drip, traceRequests } from '../testing/http1/trace.ts';
import { type RequestHead, RequestReader, type RequestSink } from './request-reader.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const GET = bytes('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
const post = (fields: string, body: string): Buffer => bytes(`POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`);

/** Writes down every event; `on` is called after each. */
class Log implements RequestSink {
  readonly events: string[] = [];
  readonly heads: RequestHead[] = [];
  readonly chunks: Buffer[] = [];
  on: (event: string) => void = () => {};

  head(head: RequestHead): void {
    this.heads.push(head);
    this.#say(`head ${head.method} ${head.target}`);
  }
  data(chunk: Buffer): void {
    this.chunks.push(chunk);
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

function open(limits = LIMITS): { log: Log; reader: RequestReader } {
  const log = new Log();
  return { log, reader: new RequestReader(limits, log) };
}

function headOf(text: string): RequestHead {
  const { log, reader } = open();
  reader.push(bytes(text));
  assert.equal(log.heads.length, 1, log.events.join());
  return log.heads[0]!;
}

describe('a head', () => {
  test('is handed over as it came', () => {
    const head = headOf('GET /a?b=%20 HTTP/1.1\r\nhOsT: a:1\r\nX-A:\t b  c \t\r\nx-a:\r\nX-B: \xe4\xff\r\n\r\n');
    const { headers, ...others } = head;
    assert.deepEqual(headers.toPairs(), ['hOsT', 'a:1', 'X-A', 'b  c', 'x-a', '', 'X-B', '\xe4\xff']);
    assert.deepEqual(others, {
      method: 'GET',
      target: '/a?b=%20',
      version: '1.1',
      bodyLength: 0,
      keepAlive: true,
      expectsContinue: false,
      upgrade: '',
    });
  });

  test('may follow one empty line', () => assert.equal(headOf(`\r\n${GET}`).method, 'GET'));

  for (const [target, method] of [
    ['/', 'GET'],
    ['*', 'OPTIONS'],
    ['http://a', 'GET'],
    ['HTTPS://a:65535?b', 'POST'],
    ['http://[::ffff:1.2.3.4]:1/', 'GET'],
    ['http://a%41b/', 'GET'],
    ['a:80', 'CONNECT'],
    ['[1:2:3:4:5:6:7:8]:443', 'CONNECT'],
  ])
    test(`${method} takes ${target}`, () => {
      assert.equal(headOf(`${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).target, target);
    });

  for (const host of [
    'a',
    'a.b:80',
    '1.2.3.4',
    '[::]',
    '[::1]:0',
    '[1::]:65535',
    '[1:2:3:4:5:6:7::]',
    '[::1.2.3.0]',
    'a_b',
    'a%2fb',
    "!$&'()*+,;=~",
  ])
    test(`has the Host ${host}`, () =>
      assert.equal(headOf(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`).headers.value(0), host));

  test('of HTTP/1.0 needs no Host', () => assert.equal(headOf('GET / HTTP/1.0\r\n\r\n').version, '1.0'));

  for (const [version, connection, keepAlive] of [
    ['1.1', '', true],
    ['1.1', 'Connection: close\r\n', false],
    ['1.1', 'Connection: a , CLOSE\r\n', false],
    ['1.1', 'Connection: keep-alive\r\nConnection: close\r\n', false],
    ['1.1', 'Connection: close\r\nConnection: keep-alive\r\n', false],
    ['1.1', 'Connection: ,,keep-alive,\r\n', true],
    ['1.1', 'Connection:\r\n', true],
    ['1.0', '', false],
    ['1.0', 'Connection: Keep-Alive\r\n', true],
    ['1.0', 'Connection: keep-alive, close\r\n', false],
  ] as const)
    test(`of ${version} with "${connection.trim()}" ${keepAlive ? 'keeps' : 'closes'} the connection`, () => {
      assert.equal(headOf(`GET / HTTP/${version}\r\nHost: a\r\n${connection}\r\n`).keepAlive, keepAlive);
    });

  for (const [fields, upgrade] of [
    ['Connection: Upgrade\r\nUpgrade: WebSocket\r\n', 'websocket'],
    ['Connection: keep-alive, upgrade\r\nUpgrade: h2c\r\n', 'h2c'],
    ['Upgrade: websocket\r\n', ''],
    ['Connection: Upgrade\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: a, b\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n', ''],
  ])
    test(`with ${JSON.stringify(fields)} asks for "${upgrade}"`, () => {
      assert.equal(headOf(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`).upgrade, upgrade);
    });

  test('of HTTP/1.0 asks for no upgrade and waits for no 100', () => {
    const head = headOf(
      'POST / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n',
    );
    assert.deepEqual([head.upgrade, head.expectsContinue], ['', false]);
  });

  test('may wait for a 100, where there is a body', () => {
    const head = (fields: string) => headOf(`POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n${fields}\r\n`);
    assert.equal(head('Content-Length: 1\r\n').expectsContinue, true);
    assert.equal(head('Transfer-Encoding: chunked\r\n').expectsContinue, true);
    assert.equal(head('').expectsContinue, false);
  });
});

describe('limits', () => {
  const padded = (size: number): Buffer => {
    const start = 'GET / HTTP/1.1\r\nHost: a\r\na: ';
    return bytes(`${start}${'b'.repeat(size - start.length - 4)}\r\n\r\n`);
  };

  for (const cut of [(all: Buffer) => [all], drip])
    test(`are exact${cut === drip ? ', drop by drop' : ''}`, () => {
      assert.equal(traceRequests(LIMITS, cut(padded(LIMITS.headBytes))).code, '');
      assert.equal(traceRequests(LIMITS, cut(padded(LIMITS.headBytes + 1))).code, 'head-too-large');
      const target = (size: number) => bytes(`GET ${'/'.repeat(size)} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal(traceRequests(LIMITS, cut(target(LIMITS.targetBytes))).code, '');
      assert.equal(traceRequests(LIMITS, cut(target(LIMITS.targetBytes + 1))).code, 'target-too-long');
      const fields = (count: number) => bytes(`GET / HTTP/1.1\r\nHost: a\r\n${'a:\r\n'.repeat(count - 1)}\r\n`);
      assert.equal(traceRequests(LIMITS, cut(fields(LIMITS.fields))).code, '');
      assert.equal(traceRequests(LIMITS, cut(fields(LIMITS.fields + 1))).code, 'too-many-fields');
      const chunked = (rest: string) => post('Transfer-Encoding: chunked\r\n', rest);
      const trailers = (size: number) => chunked(`0\r\na:${'b'.repeat(size - 6)}\r\n\r\n`);
      assert.equal(traceRequests(LIMITS, cut(trailers(LIMITS.trailerBytes))).code, '');
      assert.equal(traceRequests(LIMITS, cut(trailers(LIMITS.trailerBytes + 1))).code, 'trailers-too-large');
      const line = (size: number) => chunked(`1;${'a'.repeat(size - 2)}\r\nb\r\n0\r\n\r\n`);
      assert.equal(traceRequests(LIMITS, cut(line(LIMITS.chunkLineBytes))).code, '');
      assert.equal(traceRequests(LIMITS, cut(line(LIMITS.chunkLineBytes + 1))).code, 'chunk-line-too-long');
    });

  test('a head that never ends keeps no more than the limit, and is refused there', () => {
    const { log, reader } = open();
    reader.push(bytes('GET / HTTP/1.1\r\nHost: a\r\na: '));
    let most = 0;
    for (let sent = 0; sent < 10_000 && log.events.length === 0; sent++) {
      reader.push(bytes('b'));
      most = Math.max(most, reader.buffered);
    }
    assert.deepEqual(log.events, ['refused head-too-large']);
    assert.ok(most <= LIMITS.headBytes);
    assert.equal(reader.buffered, 0);
    reader.push(GET);
    assert.equal(log.events.length, 1);
    assert.equal(reader.state, 'refused');
  });

  test('a drip costs about what one piece costs', () => {
    const big = { ...LIMITS, headBytes: 1 << 20, fields: 10 };
    const head = bytes(`GET / HTTP/1.1\r\nHost: a\r\na: ${'b'.repeat(500_000)}\r\n\r\n`);
    const started = process.cpuUsage();
    assert.equal(traceRequests(big, drip(head)).code, '');
    const { user, system } = process.cpuUsage(started);
    // Looking at the whole head again for each of 500,000 octets would take minutes.
    assert.ok(user + system < 5_000_000, `${user + system} µs`);
  });
});

describe('bodies', () => {
  test('are views of what was pushed', () => {
    const { log, reader } = open();
    const piece = post('Content-Length: 10\r\n', 'hello');
    reader.push(piece);
    assert.equal(log.chunks[0]!.buffer, piece.buffer);
    const rest = bytes('world');
    reader.push(rest);
    assert.equal(log.chunks[1], rest);
    assert.deepEqual(log.events, ['head POST /', 'data hello', 'data world', 'end']);
  });

  test('are not confused with the request behind them', () => {
    const all = Buffer.concat([post('Content-Length: 5\r\n', 'hello'), GET, post('Content-Length: 0\r\n', ''), GET]);
    const { messages, code } = traceRequests(LIMITS, [all]);
    assert.equal(code, '');
    assert.deepEqual(
      messages.map(({ start, body }) => `${start} ${body}`),
      ['POST / 1.1 hello', 'GET / 1.1 ', 'POST / 1.1 ', 'GET / 1.1 '],
    );
  });

  test('in chunks come without their lines, and with the trailers that may pass', () => {
    const body =
      '5;a="b;\\"c"\r\nhello\r\n00A\r\n, world!\r\n\r\n000;x=y\r\nX-Sum: 1\r\nHost: b\r\nSet-Cookie: c\r\nx-T:\r\n\r\n';
    const { messages } = traceRequests(LIMITS, [post('transfer-encoding: CHUNKED\r\n', body)]);
    assert.equal(messages[0]!.body, 'hello, world!\r\n');
    assert.deepEqual(messages[0]!.trailers, ['X-Sum', '1', 'x-T', '']);
    assert.equal(messages[0]!.whole, true);
  });

  test('whose trailers may not pass have none', () => {
    const { messages } = traceRequests(LIMITS, [
      post('Transfer-Encoding: chunked\r\n', '0\r\nAuthorization: a\r\nTE: b\r\n\r\n'),
    ]);
    assert.deepEqual([messages[0]!.whole, messages[0]!.trailers], [true, null]);
  });

  test('of known length leave no trailers of an earlier body', () => {
    const { messages } = traceRequests(LIMITS, [
      Buffer.concat([
        post('Transfer-Encoding: chunked\r\n', '0\r\na: b\r\n\r\n'),
        post('Content-Length: 1\r\nX-A: b\r\n', 'x'),
        bytes('GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n'),
      ]),
    ]);
    assert.deepEqual(
      messages.map(({ trailers }) => trailers),
      [['a', 'b'], null, null],
    );
  });
});

describe('pause', () => {
  test('keeps data and end back until resume', () => {
    const { log, reader } = open();
    log.on = (event) => {
      if (event.startsWith('head') || event === 'data hel') reader.pause();
    };
    reader.push(post('Content-Length: 5\r\n', 'hel'));
    assert.deepEqual(log.events, ['head POST /']);
    assert.equal(reader.buffered, 3);
    reader.resume();
    assert.deepEqual(log.events, ['head POST /', 'data hel']);
    reader.push(bytes('lo'));
    assert.equal(reader.buffered, 2);
    assert.equal(reader.state, 'body');
    reader.resume();
    assert.deepEqual(log.events, ['head POST /', 'data hel', 'data lo', 'end']);
    assert.equal(reader.buffered, 0);
  });

  test('in the last piece keeps the end back', () => {
    const { log, reader } = open();
    log.on = (event) => {
      if (event.startsWith('data')) reader.pause();
    };
    reader.push(post('Content-Length: 5\r\n', 'hello'));
    assert.deepEqual(log.events, ['head POST /', 'data hello']);
    reader.resume();
    assert.deepEqual(log.events, ['head POST /', 'data hello', 'end']);
  });

  test('has no effect where there is no body, and none on the next request', () => {
    const { log, reader } = open();
    reader.pause();
    reader.push(GET);
    assert.deepEqual(log.events, ['head GET /', 'end']);
    reader.pause();
    reader.next();
    reader.push(post('Content-Length: 1\r\n', 'a'));
    assert.deepEqual(log.events.slice(2), ['head POST /', 'data a', 'end']);
  });

  test('works within chunks and trailers', () => {
    const body = '1\r\na\r\n1\r\nb\r\n0\r\nx: y\r\n\r\n';
    const { log, reader } = open();
    log.on = (event) => {
      if (event !== 'end') reader.pause();
    };
    for (const piece of drip(post('Transfer-Encoding: chunked\r\n', body))) reader.push(piece);
    assert.deepEqual(log.events, ['head POST /']);
    reader.resume();
    assert.deepEqual(log.events, ['head POST /', 'data a']);
    reader.resume();
    assert.deepEqual(log.events, ['head POST /', 'data a', 'data b']);
    reader.resume();
    assert.deepEqual(log.events, ['head POST /', 'data a', 'data b', 'end x,y']);
  });

  test('does not outlive a refusal, nor what was kept', () => {
    const { log, reader } = open();
    log.on = (event) => {
      if (event.startsWith('head')) reader.pause();
    };
    reader.push(post('Transfer-Encoding: chunked\r\n', 'x'));
    reader.push(Buffer.alloc(5000, 'y'));
    assert.equal(reader.buffered, 5001);
    reader.resume();
    assert.deepEqual([log.events, reader.buffered], [['head POST /', 'refused bad-chunk-size'], 0]);
  });

  test('keeps a drip in few pieces', () => {
    const { log, reader } = open();
    log.on = (event) => {
      if (event.startsWith('head')) reader.pause();
    };
    reader.push(post('Content-Length: 20000\r\n', ''));
    for (let i = 0; i < 20_000; i++) reader.push(bytes(i % 2 ? 'a' : 'b'));
    assert.equal(reader.buffered, 20_000);
    reader.resume();
    assert.ok(log.chunks.length < 10, `${log.chunks.length} pieces`);
    assert.equal(Buffer.concat(log.chunks).toString(), 'ba'.repeat(10_000));
  });
});

describe('next', () => {
  test('reads what was kept', () => {
    const { log, reader } = open();
    reader.push(Buffer.concat([GET, GET.subarray(0, 10)]));
    assert.deepEqual([log.events, reader.state, reader.buffered], [['head GET /', 'end'], 'ended', 10]);
    reader.push(GET.subarray(10));
    assert.equal(log.events.length, 2);
    reader.next();
    assert.deepEqual([log.events.length, reader.state, reader.buffered], [4, 'ended', 0]);
    reader.next();
    assert.equal(reader.state, 'idle');
  });

  test('may be called within end', () => {
    const { log, reader } = open();
    log.on = (event) => {
      if (event === 'end') reader.next();
    };
    reader.push(Buffer.concat([GET, GET, GET]));
    assert.deepEqual([log.events.length, reader.state], [6, 'idle']);
  });

  test('does nothing within a request', () => {
    const { log, reader } = open();
    reader.push(post('Content-Length: 2\r\n', 'a'));
    reader.next();
    reader.push(bytes('b'));
    assert.deepEqual(log.events, ['head POST /', 'data a', 'data b', 'end']);
  });

  for (const closing of ['GET / HTTP/1.0\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'])
    test(`reads nothing behind ${JSON.stringify(closing)}`, () => {
      const { log, reader } = open();
      reader.push(Buffer.concat([bytes(closing), GET]));
      reader.next();
      reader.push(GET);
      assert.deepEqual([log.events.length, reader.state], [2, 'ended']);
    });
});

test('state says where it stands', () => {
  const { reader } = open();
  assert.equal(reader.state, 'idle');
  reader.push(bytes('\r\n'));
  assert.equal(reader.state, 'idle');
  reader.push(bytes('P'));
  assert.equal(reader.state, 'head');
  reader.push(bytes('OST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n'));
  assert.equal(reader.state, 'head');
  reader.push(bytes('\r\n'));
  assert.equal(reader.state, 'body');
  reader.push(bytes('a'));
  assert.equal(reader.state, 'ended');
});

test('every Host is looked at, also behind a good one', () => {
  const { log, reader } = open();
  log.on = (event) => {
    if (event === 'end') reader.next();
  };
  for (const host of ['a', 'a', 'b:1', 'b a']) reader.push(bytes(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
  assert.deepEqual([log.heads.length, log.events.at(-1)], [3, 'refused bad-host']);
});

test('a tunnel is not followed by another request', () => {
  assert.equal(headOf('CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n').keepAlive, false);
});

describe('takeRest', () => {
  const upgrade = bytes('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');

  test('gives what came behind the head', () => {
    for (const when of ['head', 'end', 'later']) {
      const { log, reader } = open();
      let rest = '';
      log.on = (event) => {
        if (event.startsWith(when)) rest = reader.takeRest().toString('latin1');
      };
      reader.push(Buffer.concat([upgrade, bytes('\x81\x00more')]));
      if (when === 'later') rest = reader.takeRest().toString('latin1');
      assert.equal(rest, '\x81\x00more', when);
      assert.deepEqual(log.events, when === 'head' ? ['head GET /'] : ['head GET /', 'end']);
      reader.push(GET);
      assert.deepEqual([log.events.length < 3, reader.state, reader.buffered], [true, 'ended', 0]);
    }
  });

  test('gives what came in several pieces', () => {
    for (const cuts of [[10], [upgrade.length], [upgrade.length + 1], [20, upgrade.length + 2]]) {
      const { log, reader } = open();
      let rest = '';
      log.on = (event) => {
        if (event.startsWith('head')) rest = reader.takeRest().toString('latin1');
      };
      const pieces = [...cutAt(Buffer.concat([upgrade, bytes('abc')]), cuts)];
      // What comes after the rest was taken is the new owner's to read.
      for (const piece of pieces) {
        if (log.events.length > 0) rest += piece.toString('latin1');
        else reader.push(piece);
      }
      assert.equal(rest, 'abc');
    }
  });
});

test('a corpus cut at every place gives the same', () => {
  const all = Buffer.concat([
    bytes('\r\n'),
    GET,
    post('Content-Length: 5\r\nA: \xe4 \t\r\n', 'hello'),
    post('Transfer-Encoding: chunked\r\n', '3;a="\\"b"\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n'),
    bytes('OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n'),
  ]);
  const { buffered: _, ...whole } = traceRequests(LIMITS, [all]);
  assert.equal(whole.messages.length, 4);
  for (let first = 1; first < all.length; first++)
    for (const second of [first, first + 1, first + 7]) {
      const cuts = second < all.length && second > first ? [first, second] : [first];
      const { buffered: __, ...cut } = traceRequests(LIMITS, cutAt(all, cuts));
      assert.deepEqual(cut, whole, `cut at ${cuts}`);
    }
});
