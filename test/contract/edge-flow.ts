/** Contract: back-pressure both ways, and replies that are broken off. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Fields } from '../../src/fields/fields.ts';
import { until } from '../tools/until.ts';
import type { Declare } from './edge.ts';
import type { Call } from './edge-inbound.ts';
import type { WireClient } from './edge-wire.ts';

const HOST = 'Host: weir.test\r\n';
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;
const MB = 1 << 20;
const PIECE = Buffer.alloc(65_536, 'x');

export function flowTests(declare: Declare): void {
  replyFlowTests(declare);
  bodyFlowTests(declare);
  brokenTests(declare);
}

/** Waits until `value` has not changed for a while. */
async function settled(value: () => number, what: string): Promise<number> {
  let last = Number.NaN;
  let same = 0;
  await until(() => {
    same = value() === last ? same + 1 : 0;
    last = value();
    return same >= 8;
  }, what);
  return last;
}

/** Writes `total` bytes through `call`, as `write` and `drained` allow. */
function pour(call: Call, total: number): { written: number } {
  const count = { written: 0 };
  const go = () => {
    while (count.written < total && call.over === '') {
      const flowing = call.inbound.write(PIECE);
      count.written += PIECE.length;
      if (!flowing) return;
    }
    if (count.written >= total) call.inbound.end(null, null);
  };
  call.onDrained = go;
  go();
  return count;
}

/** Sends `total` bytes from the client as fast as they are taken. */
function upload(client: WireClient, total: number): { sent: number } {
  const count = { sent: 0 };
  void (async () => {
    while (count.sent < total && !client.closed) {
      if (!client.socket.write(PIECE)) await Promise.race([once(client.socket, 'drain'), once(client.socket, 'close')]);
      count.sent += PIECE.length;
    }
  })().catch(() => {});
  return count;
}

function replyFlowTests(declare: Declare): void {
  for (const length of [64 * MB, -1]) {
    declare(
      `a client that does not read stalls the writer; when it reads, all comes (${length < 0 ? 'chunked' : 'known length'})`,
      async (bench) => {
        const { client, call } = await bench.exchange(GET);
        client.socket.pause();
        call.inbound.head(200, Fields.empty(), length, false);
        const poured = pour(call, 64 * MB);
        const stalled = await settled(() => poured.written, 'the writer to stall');
        assert.ok(stalled < 32 * MB, `${stalled} bytes were written`);
        assert.equal(call.over, '');
        let bytes = 0;
        client.socket.removeAllListeners('data');
        client.socket.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        client.socket.resume();
        assert.equal(await call.finished(), 'done');
        assert.equal(call.bytes, 64 * MB);
        assert.ok(call.drains > 0);
        await until(() => bytes >= 64 * MB, 'the last bytes');
      },
    );
  }

  declare('a client that does not read and goes away frees the writer', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    client.socket.pause();
    call.inbound.head(200, Fields.empty(), -1, false);
    const poured = pour(call, 64 * MB);
    await settled(() => poured.written, 'the writer to stall');
    await client.reset();
    assert.equal(await call.finished(), 'gone');
  });
}

function bodyFlowTests(declare: Declare): void {
  for (const [kind, when] of [
    ['not read', (_call: Call) => {}],
    ['paused', (call: Call) => call.read().inbound.pauseBody()],
  ] as const) {
    declare(`a body that is ${kind} stalls the sender; then it comes whole`, async (bench) => {
      bench.onCall = when;
      const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Content-Length: ${32 * MB}\r\n\r\n`);
      const sent = upload(client, 32 * MB);
      const stalled = await settled(() => sent.sent, 'the sender to stall');
      assert.ok(stalled < 24 * MB, `${stalled} bytes were sent`);
      assert.equal(call.received, 0);
      if (kind === 'paused') call.inbound.resumeBody();
      else call.read();
      await call.ended();
      assert.equal(call.received, 32 * MB);
      call.ok();
      assert.equal((await client.reply()).status, 200);
    });
  }

  declare('pause and resume at every piece', async (bench) => {
    bench.onCall = (call) => {
      call.onData = () => {
        call.inbound.pauseBody();
        const at = call.received;
        setImmediate(() => {
          if (call.received !== at) call.faults.push('bodyData while paused');
          call.inbound.resumeBody();
        });
      };
      call.read();
    };
    const { client, call } = await bench.exchange(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 64; i++) {
      client.send('8000\r\n');
      client.send(PIECE.subarray(0, 32_768));
      client.send('\r\n');
    }
    client.send('0\r\n\r\n');
    await call.ended();
    assert.equal(call.received, 2 * MB);
    call.ok();
  });

  declare('a body that ends while it is paused ends after it is resumed', async (bench) => {
    bench.onCall = (call) => {
      call.onData = () => call.inbound.pauseBody();
      call.read();
    };
    const { client, call } = await bench.exchange(
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n`,
    );
    await until(() => call.received === 1, 'the first chunk');
    client.send(GET);
    await settled(() => bench.calls.length, 'nothing more to come');
    assert.deepEqual([call.received, call.bodyEnded, bench.calls.length], [1, false, 1]);
    call.onData = () => {};
    call.inbound.resumeBody();
    assert.equal(await call.ended(), 'ab');
    bench.onCall = (next) => next.ok('next');
    call.ok();
    assert.deepEqual([(await client.reply()).body, (await client.reply()).body], ['ok', 'next']);
  });
}

function brokenTests(declare: Declare): void {
  declare('destroy: what was written arrives, then the chunks have no end', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('hello'));
    call.inbound.destroy();
    await client.over();
    assert.equal((await client.head()).status, 200);
    assert.equal(client.text, '5\r\nhello\r\n');
    assert.equal(await call.finished(), 'gone');
  });

  declare('destroy: short of Content-Length', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), 100, false);
    call.inbound.write(PIECE.subarray(0, 50));
    call.inbound.destroy();
    await client.over();
    assert.equal((await client.head()).status, 200);
    assert.equal(client.text.length, 50);
    assert.equal(await call.finished(), 'gone');
  });

  declare('destroy: a body that the end of the connection would end is reset instead', async (bench) => {
    const { client, call } = await bench.exchange('GET / HTTP/1.0\r\n\r\n');
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.write(Buffer.from('hello'));
    await until(() => client.text.endsWith('hello'), 'what was written');
    call.inbound.destroy();
    await client.over();
    assert.deepEqual([client.ended, client.error], [false, 'ECONNRESET']);
    assert.equal(await call.finished(), 'gone');
  });

  declare('destroy: megabytes that were written still arrive', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), 100 * MB, false);
    for (let i = 0; i < 64; i++) call.inbound.write(PIECE);
    call.inbound.destroy();
    await client.over();
    await client.head();
    assert.equal(client.text.length, 4 * MB);
    assert.equal(await call.finished(), 'gone');
  });

  declare('destroy with the head alone, before any, and more than once', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.destroy();
    call.inbound.destroy();
    call.inbound.write(Buffer.from('late'));
    call.inbound.end(null, null);
    await client.over();
    assert.equal((await client.head()).status, 200);
    assert.equal(client.text, '');
    const other = await bench.exchange(GET);
    other.call.inbound.destroy();
    other.call.inbound.reply(200, Fields.empty(), 'late', false);
    await other.client.over();
    assert.equal(other.client.text, '');
    assert.deepEqual([await call.finished(), await other.call.finished()], ['gone', 'gone']);
  });

  declare('destroy ends even where the client does not read', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    client.socket.pause();
    call.inbound.head(200, Fields.empty(), -1, false);
    const poured = pour(call, 64 * MB);
    await settled(() => poured.written, 'the writer to stall');
    call.inbound.destroy();
    assert.equal(await call.finished(), 'gone');
  });

  declare('calls after the end do nothing', async (bench) => {
    const { client, call } = await bench.exchange(GET);
    call.ok('one');
    await call.finished();
    call.inbound.reply(200, Fields.empty(), 'two', false);
    call.inbound.head(200, Fields.empty(), -1, false);
    call.inbound.inform(103, Fields.empty());
    call.inbound.write(Buffer.from('three'));
    call.inbound.end(null, Buffer.from('four'));
    call.inbound.pauseBody();
    call.inbound.resumeBody();
    call.inbound.readBody(false);
    call.inbound.destroy();
    bench.onCall = (next) => next.ok('five');
    client.send(GET);
    assert.deepEqual([(await client.reply()).body, (await client.reply()).body], ['one', 'five']);
  });
}
