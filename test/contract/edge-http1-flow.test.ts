/** Our own edge beyond the contract: bounds on what is read ahead, taken, kept and waited for. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';
import { Http1Edge } from '../../src/edges/http1/index.ts';
import { Fields } from '../../src/fields/fields.ts';
import { until } from '../tools/until.ts';
import { Bench } from './edge.ts';
import { WireClient } from './edge-wire.ts';

const HOST = 'Host: weir.test\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;
const MB = 1 << 20;
const PIECE = Buffer.alloc(65_536);

interface Tested {
  readonly bench: Bench;
  edge(): Http1Edge;
}

/** Declares a test that closes what it opened, however it ends. */
function scenario(title: string, run: (tested: Tested) => Promise<void>, writeTimeout?: number): void {
  it(title, { timeout: 20_000 }, async () => {
    let edge: Http1Edge | null = null;
    const bench = new Bench((settings, accept) => {
      edge = new Http1Edge({ ...settings, writeTimeout }, accept);
      return edge;
    });
    try {
      await run({ bench, edge: () => edge! });
    } finally {
      await bench.end();
    }
  });
}

const read = (name: string) => readFileSync(new URL(`../tools/tls/${name}`, import.meta.url), 'utf8');
const TLS = { minVersion: 'TLSv1.2', certificates: [{ cert: read('first.pem'), key: read('first.key') }] } as const;

describe('http1: bounds', { concurrency: 8 }, () => {
  scenario('pipelined requests are not read without end while the first waits', async ({ bench }) => {
    const { client, call } = await bench.exchange(GET);
    const pile = Buffer.from(GET.repeat(20_000));
    let sent = 0;
    const pour = (): void => {
      while (sent < 64 * MB && client.socket.write(pile)) sent += pile.length;
    };
    client.socket.on('drain', pour);
    pour();
    let last = -1;
    let same = 0;
    await until(() => {
      same = client.socket.bytesWritten - client.socket.writableLength === last ? same + 1 : 0;
      last = client.socket.bytesWritten - client.socket.writableLength;
      return same > 8;
    }, 'the sender to stall');
    assert.ok(sent < 32 * MB, `${sent} bytes were taken`);
    assert.equal(bench.calls.length, 1);
    client.socket.off('drain', pour);
    client.socket.resetAndDestroy();
    await until(() => client.closed, 'the reset');
    call.ok(); // nobody reads this socket now, so only a write finds out
    assert.equal(await call.finished(), 'gone');
  });

  for (const whole of [true, false])
    scenario(
      `a client that takes nothing of its reply is cut off in time, ${whole ? 'whole' : 'streamed'}`,
      async ({ bench }) => {
        const { client, call } = await bench.exchange(GET);
        client.socket.pause();
        if (whole) call.ok(Buffer.alloc(64 * MB));
        else {
          call.inbound.head(200, Fields.empty(), -1, false);
          call.onDrained = () => {
            while (call.inbound.write(PIECE));
          };
          call.onDrained();
        }
        assert.equal(await call.finished(), 'gone');
      },
      300,
    );

  scenario(
    'a slow client that takes a little now and then is served to the end',
    async ({ bench }) => {
      const { client, call } = await bench.exchange(GET);
      client.socket.removeAllListeners('data');
      let bytes = 0;
      client.socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        client.socket.pause();
        setTimeout(() => client.socket.resume(), 4);
      });
      const body = Buffer.alloc(24 * MB);
      const started = performance.now();
      call.ok(body);
      assert.equal(await call.finished(), 'done');
      assert.ok(performance.now() - started > 600, 'it took longer than the time to take something');
      assert.ok(bytes > 0);
    },
    300,
  );

  scenario(
    'after a reply that closes, a client that neither reads nor ends is waited for a moment only',
    async ({ bench, edge }) => {
      const client = await bench.client(true);
      bench.onCall = (call) => call.inbound.reply(413, Fields.empty(), 'no', true);
      client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 100000\r\n\r\n`);
      assert.equal((await client.reply()).status, 413);
      const drip = setInterval(() => client.send('x'), 20);
      const started = performance.now();
      await until(() => edge().connections === 0, 'the connection to be cut');
      clearInterval(drip);
      assert.ok(performance.now() - started < 3000);
    },
  );

  scenario('after a reply that closes, no more than a bound is discarded', async ({ bench, edge }) => {
    const client = await bench.client(true);
    bench.onCall = (call) => call.inbound.reply(413, Fields.empty(), 'no', true);
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: ${1000 * MB}\r\n\r\n`);
    assert.equal((await client.reply()).status, 413);
    const started = performance.now();
    await until(() => {
      for (let i = 0; i < 64 && !client.closed; i++) client.send(PIECE);
      return client.closed;
    }, 'the connection to be cut');
    assert.ok(performance.now() - started < 900, 'before the time is over');
    await until(() => edge().connections === 0, 'nothing to be left');
  });

  scenario('an empty line now and then does not keep an idle connection', async ({ bench }) => {
    await bench.listen({ idleTimeout: 300 });
    bench.onCall = (call) => call.ok();
    const client = await bench.client(true);
    client.send(GET);
    await client.reply();
    const drip = setInterval(() => client.send('\r\n'), 40);
    await client.over(3000);
    clearInterval(drip);
  });

  scenario('a body that stalls while it is discarded has the time of a request', async ({ bench, edge }) => {
    await bench.listen({ requestTimeout: 300 });
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\nab`);
    call.ok('early');
    assert.equal((await client.reply()).body, 'early');
    await client.over(3000);
    await until(() => edge().connections === 0, 'the connection to end');
  });
});

describe('http1: one request never touches another', { concurrency: 8 }, () => {
  scenario('late calls of a request that is over do nothing to the reply under way', async ({ bench }) => {
    const { client, call: first } = await bench.exchange(GET + GET);
    first.ok('first');
    const second = await bench.call();
    assert.equal(await first.finished(), 'done');
    second.inbound.head(200, Fields.empty(), -1, false);
    second.inbound.write(Buffer.from('a'));
    first.inbound.write(Buffer.from('x'));
    first.inbound.end(Fields.from(['x-late', '1']), Buffer.from('y'));
    first.inbound.reply(500, Fields.empty(), 'late', true);
    first.inbound.head(500, Fields.empty(), 3, true);
    first.inbound.inform(103, Fields.empty());
    first.inbound.pauseBody();
    first.inbound.destroy();
    second.inbound.end(null, Buffer.from('b'));
    assert.deepEqual([(await client.reply()).body, (await client.reply()).body], ['first', 'ab']);
    bench.onCall = (third) => third.ok('third');
    client.send(GET);
    assert.equal((await client.reply()).body, 'third');
  });

  scenario('a late pauseBody does not stop the body of the next request', async ({ bench }) => {
    const { client, call: first } = await bench.exchange(GET);
    first.ok();
    await client.reply();
    await first.finished();
    bench.onCall = (call) => {
      call.onBodyEnd = () => call.ok(call.body);
      call.read();
    };
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nab`);
    await bench.call();
    first.inbound.pauseBody();
    client.send('cd');
    assert.equal((await client.reply()).body, 'abcd');
  });

  scenario('done is never told from within a call of the exchange', async ({ bench }) => {
    const seen: string[] = [];
    bench.onCall = (call) => {
      call.ok();
      seen.push(call.over);
    };
    const client = await bench.client();
    client.send(GET + GET + GET);
    for (let i = 0; i < 3; i++) await client.reply();
    assert.deepEqual(seen, ['', '', '']);
  });
});

describe('http1: ends', { concurrency: 8 }, () => {
  scenario(
    'no deadline is left when the last connection has gone, whatever they were doing',
    async ({ bench, edge }) => {
      bench.onCall = (call) => call.inbound.headers.size > 2 && call.ok();
      const starts = [
        '',
        'GET / HT',
        GET,
        `GET / HTTP/1.1\r\n${HOST}a: b\r\nc: d\r\n\r\n`,
        `POST / HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nab`,
        'nonsense\r\n\r\n',
      ];
      const clients: WireClient[] = [];
      for (const start of starts) {
        const client = await bench.client(true);
        client.send(start);
        clients.push(client);
      }
      await until(() => bench.calls.length === 3 && clients[5]!.ended, 'all to be where they should be');
      assert.ok(edge().deadlines > 0);
      for (const client of clients) client.close();
      await until(() => edge().connections === 0 && edge().deadlines === 0, 'nothing to be left');
    },
  );

  scenario('much that comes before an upgrade is answered is neither lost nor read without end', async ({ bench }) => {
    const { client, call } = await bench.exchange(
      `GET / HTTP/1.1\r\n${HOST}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    const early = Buffer.alloc(24 * MB, Buffer.from('0123456789abcdef!'));
    client.send(early);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const taken = call.inbound.takeOver(Fields.from(['upgrade', 'websocket', 'connection', 'upgrade']));
    call.over = 'taken';
    assert.ok(taken.early.length < MB, `${taken.early.length} bytes were kept`);
    const pieces = [taken.early];
    let size = taken.early.length;
    taken.socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      size += piece.length;
      taken.socket.pause();
      setImmediate(() => taken.socket.resume());
    });
    taken.socket.resume();
    await until(() => size >= early.length, 'all of it');
    assert.ok(Buffer.concat(pieces).equals(early));
    client.finish();
    await once(taken.socket, 'end');
  });

  scenario('over TLS a reply of an old client that breaks is no orderly end', async ({ bench }) => {
    await bench.listen({ tls: TLS });
    const client = await bench.tlsClient();
    client.send('GET / HTTP/1.0\r\n\r\n');
    const call = await bench.call();
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('hello'));
    await until(() => client.text.endsWith('hello'), 'what was written');
    call.inbound.destroy();
    assert.equal(await call.finished(), 'gone');
    await client.over();
  });

  scenario('over TLS a handshake that ends while the edge drains gets one answer', async ({ bench, edge }) => {
    await bench.listen({ tls: TLS });
    bench.onCall = (call) => call.ok();
    const plain = await bench.client();
    await until(() => edge().connections === 1, 'the connection');
    edge().drain(5000);
    plain.socket.removeAllListeners('data');
    const socket = connect({ socket: plain.socket, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
    const client = new WireClient(socket);
    client.send(GET + GET);
    assert.equal((await client.reply()).get('connection'), 'close');
    assert.equal(await client.rest(), '');
  });

  scenario('over TLS a client that ends its side after a request is gone', async ({ bench }) => {
    await bench.listen({ tls: TLS });
    const client = await bench.tlsClient();
    client.finish(GET);
    assert.equal(await (await bench.call()).finished(), 'gone');
  });

  scenario('halfClose: a held chunked body whose client half-closed is still whole', async ({ bench }) => {
    await bench.listen({ halfClose: true });
    const client = await bench.client(true);
    client.finish(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`);
    const call = await bench.call();
    await until(() => client.socket.writableFinished, 'the end to be sent');
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await call.read().ended(), 'ab');
    call.ok('kept');
    assert.equal((await client.reply()).body, 'kept');
  });
});
