/**
 * Contract: what is no request, or one that two readers could understand differently, is refused with 400 and the end of
 * the connection, and never reaches the exchange (RFC 9112 §2.2, §3, §5, §6, §7.1).
 */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import type { Declare } from './edge.ts';

const HOST = 'Host: weir.test\r\n';
const BODY = '\r\nhello';

const post = (fields: string, body = BODY) => `POST / HTTP/1.1\r\n${HOST}${fields}${body}`;
const field = (line: string) => `GET / HTTP/1.1\r\n${HOST}${line}\r\n\r\n`;
const target = (text: string, method = 'GET') => `${method} ${text} HTTP/1.1\r\n${HOST}\r\n`;
const line = (text: string) => `${text}\r\n${HOST}\r\n`;

const CL = 'Content-Length: 5\r\n';
const TE = 'Transfer-Encoding: chunked\r\n';

/** Title → bytes. */
const REFUSED: Readonly<Record<string, string>> = {
  // framing
  'Content-Length, then Transfer-Encoding': post(CL + TE),
  'Transfer-Encoding, then Content-Length': post(TE + CL),
  'Content-Length twice, the same': post(CL + CL),
  'Content-Length twice, in another case': post(`${CL}content-length: 5\r\n`),
  'Content-Length twice, different': post(`${CL}Content-Length: 6\r\n`),
  'a list in Content-Length': post('Content-Length: 5, 5\r\n'),
  'Content-Length with a plus sign': post('Content-Length: +5\r\n'),
  'Content-Length with a minus sign': post('Content-Length: -5\r\n'),
  'Content-Length in hexadecimal': post('Content-Length: 0x5\r\n'),
  'Content-Length with a space inside': post('Content-Length: 1 5\r\n'),
  'Content-Length with a decimal point': post('Content-Length: 5.0\r\n'),
  'Content-Length with an exponent': post('Content-Length: 5e0\r\n'),
  'an empty Content-Length': post('Content-Length:\r\n'),
  'Content-Length beyond 2^53': post('Content-Length: 9007199254740993\r\n'),
  'Content-Length beyond 2^64': post('Content-Length: 18446744073709551621\r\n'),
  'a coding before chunked': post('Transfer-Encoding: gzip, chunked\r\n'),
  'a coding after chunked': post('Transfer-Encoding: chunked, gzip\r\n'),
  'chunked twice in one field': post('Transfer-Encoding: chunked, chunked\r\n'),
  'Transfer-Encoding twice': post(TE + TE),
  'Transfer-Encoding identity': post('Transfer-Encoding: identity\r\n'),
  'Transfer-Encoding with a parameter': post('Transfer-Encoding: chunked;a=b\r\n'),
  'Transfer-Encoding in quotes': post('Transfer-Encoding: "chunked"\r\n'),
  'Transfer-Encoding misspelt': post('Transfer-Encoding: xchunked\r\n'),
  'an empty Transfer-Encoding': post('Transfer-Encoding:\r\n'),
  'Transfer-Encoding with a vertical tab': post('Transfer-Encoding: \x0bchunked\r\n'),
  'Transfer-Encoding in HTTP/1.0': 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  // fields
  'obsolete folding with a space': field('X-A: b\r\n c'),
  'obsolete folding with a tab': field('X-A: b\r\n\tc'),
  'folding behind the request line': `GET / HTTP/1.1\r\n X-A: b\r\n${HOST}\r\n`,
  'a bare CR in a value': field('X-A: b\rc'),
  'a bare CR instead of a line end': `GET / HTTP/1.1\r${HOST}\r\n`,
  'a bare LF behind a field': `GET / HTTP/1.1\r\nHost: weir.test\nX-A: b\r\n\r\n`,
  'a bare LF behind the request line': `GET / HTTP/1.1\n${HOST}\r\n`,
  'a bare LF as the empty line': `GET / HTTP/1.1\r\n${HOST}\n`,
  'a space before the colon': field('X-A : b'),
  'a tab before the colon': field('X-A\t: b'),
  'a space before the colon of Content-Length': post('Content-Length : 5\r\n'),
  'an empty field name': field(': b'),
  'a field without a colon': field('X-A'),
  'a space in a field name': field('X A: b'),
  'a character beyond ASCII in a field name': field('X-\xe9: b'),
  'a control character in a value': field('X-A: b\x01c'),
  'an escape character in a value': field('X-A: b\x1bc'),
  'DEL in a value': field('X-A: b\x7fc'),
  'NUL in a value': field('X-A: b\0c'),
  'NUL in a name': field('X-\0A: b'),
  // Host
  'no Host in HTTP/1.1': 'GET / HTTP/1.1\r\nX-A: b\r\n\r\n',
  'Host twice, the same': field('Host: weir.test'),
  'Host twice, different': field('Host: other.test'),
  'Host twice, in another case': field('hOST: weir.test'),
  'Host twice in HTTP/1.0': `GET / HTTP/1.0\r\n${HOST}${HOST}\r\n`,
  'a list in Host': 'GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n',
  'a path in Host': 'GET / HTTP/1.1\r\nHost: a.test/b\r\n\r\n',
  'user information in Host': 'GET / HTTP/1.1\r\nHost: a@b.test\r\n\r\n',
  'a port that is no number in Host': 'GET / HTTP/1.1\r\nHost: a.test:8x\r\n\r\n',
  // the request line
  'HTTP/0.9': line('GET / HTTP/0.9'),
  'a request line without a version': 'GET /\r\n\r\n',
  'HTTP/2.0': line('GET / HTTP/2.0'),
  'HTTP/1.2': line('GET / HTTP/1.2'),
  'HTTP/1.10': line('GET / HTTP/1.10'),
  'HTTP/1': line('GET / HTTP/1'),
  'http in lower case': line('GET / http/1.1'),
  'another protocol': line('GET / RTSP/1.0'),
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a TLS handshake on a plain port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  garbage: '\x00\x01\x02\x03garbage\r\n\r\n',
  'a space before the method': line(' GET / HTTP/1.1'),
  'a tab behind the method': line('GET\t/ HTTP/1.1'),
  'a tab behind the target': line('GET /\tHTTP/1.1'),
  'two spaces behind the method': line('GET  / HTTP/1.1'),
  'two spaces behind the target': line('GET /  HTTP/1.1'),
  'a space behind the version': line('GET / HTTP/1.1 '),
  'a space in the target': target('/a b'),
  'no target': line('GET HTTP/1.1'),
  'a fragment in the target': target('/a#b'),
  'a fragment behind a query': target('/a?b#c'),
  'a character beyond ASCII in the target': target('/\xe9'),
  'a character beyond ASCII in the query': target('/?\xe9'),
  'a control character in the target': target('/a\x01b'),
  'DEL in the target': target('/a\x7fb'),
  'NUL in the target': target('/a\0b'),
  'a target without a slash': target('a'),
  'the asterisk with GET': target('*'),
  'the authority form with GET': target('weir.test:80'),
  'an absolute form of another scheme': target('ftp://weir.test/'),
  'an absolute form without an authority': target('http:///a'),
  'a method in lower case that is none': target('/', 'get'),
};

const chunked = (body: string) => `POST / HTTP/1.1\r\n${HOST}${TE}\r\n${body}`;

/** Bodies that break after a good head: title → bytes behind the head. */
const BROKEN: Readonly<Record<string, string>> = {
  'a chunk size that is no number': 'x\r\nhello\r\n0\r\n\r\n',
  'an empty chunk size': '\r\nhello\r\n0\r\n\r\n',
  'a chunk size with a sign': '+5\r\nhello\r\n0\r\n\r\n',
  'a negative chunk size': '-5\r\nhello\r\n0\r\n\r\n',
  'a chunk size with 0x': '0x5\r\nhello\r\n0\r\n\r\n',
  'a space before a chunk size': ' 5\r\nhello\r\n0\r\n\r\n',
  'a space behind a chunk size': '5 \r\nhello\r\n0\r\n\r\n',
  'a chunk size beyond 2^53': '20000000000001\r\nhello\r\n0\r\n\r\n',
  'a chunk size beyond 2^64': '10000000000000005\r\nhello\r\n0\r\n\r\n',
  'a chunk longer than its size': '5\r\nhello!\r\n0\r\n\r\n',
  'a chunk without its line end': '5\r\nhello0\r\n\r\n',
  'a bare LF behind a chunk size': '5\nhello\r\n0\r\n\r\n',
  'a bare LF behind a chunk': '5\r\nhello\n0\r\n\r\n',
  'a bare CR behind a chunk size': '5\rhello\r\n0\r\n\r\n',
  'a bare LF in a chunk extension': '5;a\nb\r\nhello\r\n0\r\n\r\n',
  'a bare LF at the end': '5\r\nhello\r\n0\r\n\n',
  'a trailer that is no field': '5\r\nhello\r\n0\r\nno field\r\n\r\n',
  'a space before the colon of a trailer': '5\r\nhello\r\n0\r\nX-A : b\r\n\r\n',
  'NUL in a trailer': '5\r\nhello\r\n0\r\nX-A: \0\r\n\r\n',
};

/** Whole requests without a mistake in them, next to those above: a parser that refuses everything passes no test. */
const TAKEN: Readonly<Record<string, string>> = {
  'a field without a value': field('X-A:'),
  'a tab in a value': field('X-A: b\tc'),
  'bytes beyond ASCII in a value': field('X-A: \xe9'),
  'every character a name can have': field("!#$%&'*+-.^_`|~0aZ: b"),
  'an empty Host': 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
  'Host with an IPv6 address and a port': 'GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n',
  'no Host in HTTP/1.0': 'GET / HTTP/1.0\r\n\r\n',
  'a target with every delimiter': target("/a;b=c:@!$&'()*+,~%20?d=/?[]"),
  'an upgrade to h2c that is ignored': field(
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk',
  ),
};

export function refusalTests(declare: Declare): void {
  for (const [title, bytes] of Object.entries(REFUSED)) {
    declare(`refused: ${title}`, async (bench) => {
      bench.onCall = (call) => call.ok('it was taken');
      const client = await bench.client();
      client.patience = 3000;
      client.send(bytes);
      const reply = await client.reply();
      assert.deepEqual([reply.status, reply.get('connection')], [400, 'close']);
      await client.over(1000);
      assert.equal(bench.calls.length, 0);
      assert.equal(client.text, '');
    });
  }

  for (const [title, bytes] of Object.entries(BROKEN)) {
    declare(`broken body: ${title}`, async (bench) => {
      bench.onCall = (call) => {
        call.onBodyFailed = () => call.inbound.reply(400, Fields.empty(), 'malformed', true);
        call.onBodyEnd = () => call.ok('it was taken');
        call.read();
      };
      const client = await bench.client();
      client.patience = 3000;
      client.send(chunked(bytes));
      const reply = await client.reply();
      assert.deepEqual([reply.status, reply.get('connection')], [400, 'close']);
      await client.over(1500);
      const [call] = bench.calls;
      assert.deepEqual([bench.calls.length, call!.failed, await call!.finished()], [1, 'malformed', 'done']);
    });
  }

  for (const [title, bytes] of Object.entries(TAKEN)) {
    declare(`taken: ${title}`, async (bench) => {
      bench.onCall = (call) => call.ok();
      const client = await bench.client();
      client.send(bytes);
      assert.equal((await client.reply()).status, 200);
    });
  }

  otherTests(declare);
}

function otherTests(declare: Declare): void {
  declare('CONNECT is answered with 405 and the end', async (bench) => {
    const client = await bench.client();
    client.send('CONNECT weir.test:443 HTTP/1.1\r\nHost: weir.test:443\r\n\r\n');
    assert.equal((await client.reply()).status, 405);
    await client.over(1000);
    assert.equal(bench.calls.length, 0);
  });

  declare('what cannot be read behind a good request is refused after its answer', async (bench) => {
    const client = await bench.client();
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\nGARBAGE\r\n\r\n`);
    const call = await bench.call();
    await new Promise((resolve) => setTimeout(resolve, 20));
    call.ok('good');
    assert.equal((await client.reply()).body, 'good');
    assert.equal((await client.reply()).status, 400);
    await client.over(1000);
    assert.equal(await call.finished(), 'done');
  });

  declare('a bad head behind a good request is refused after its answer', async (bench) => {
    const client = await bench.client();
    client.send(`GET / HTTP/1.1\r\n${HOST}\r\n${REFUSED['Transfer-Encoding identity']}`);
    (await bench.call()).ok('good');
    assert.equal((await client.reply()).body, 'good');
    assert.equal((await client.reply()).status, 400);
    await client.over(1000);
  });

  declare(
    'a body that breaks while the reply streams: bodyFailed, and the reply can still be broken off',
    async (bench) => {
      bench.onCall = (call) => {
        call.onBodyFailed = () => call.inbound.destroy();
        call.read();
        call.inbound.head(200, Fields.empty(), -1, false);
        call.inbound.write(Buffer.from('hello'));
      };
      const client = await bench.client();
      client.send(chunked('5\r\nhello\r\n'));
      await client.head();
      client.send('oops\r\n');
      await client.over();
      assert.equal(client.text, '5\r\nhello\r\n');
      assert.deepEqual([bench.calls[0]!.failed, await bench.calls[0]!.finished()], ['malformed', 'gone']);
    },
  );

  declare('a body that broke before it was asked for says so when it is', async (bench) => {
    const { client, call } = await bench.exchange(chunked('oops\r\n'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(call.failed, '');
    call.onBodyFailed = () => call.inbound.reply(400, Fields.empty(), 'malformed', true);
    call.read();
    assert.equal((await client.reply()).status, 400);
    assert.equal(call.failed, 'malformed');
  });
}
