/** HTTP/2 edge: what a client must not do too often, and how many things it may have open. */
import assert from 'node:assert/strict';
import { until } from '../tools/until.ts';
import { ask, type Declare } from './edge-http2-bench.ts';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  headers,
  PING,
  rst,
  SETTINGS,
  settings,
  WINDOW_UPDATE,
} from './http2-frames.ts';

const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'weir.test', ':path', '/'];
const REFUSED_STREAM = 7;
const CANCEL = 8;
const ENHANCE_YOUR_CALM = 11;
const MAX_CONCURRENT_STREAMS = 3;

export function abuseTests(declare: Declare): void {
  declare('rapid reset (CVE-2023-44487): the client is told to calm down and cut off', async (bench) => {
    const peer = await bench.frames();
    for (let id = 1; id < 2000 && !peer.closed; id += 2) {
      peer.send(headers(id, GET), rst(id, CANCEL));
      if (id % 50 === 1) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await peer.goaway()).code, ENHANCE_YOUR_CALM);
    await peer.gone();
    await until(() => bench.sessions.size === 0, 'the connection to be gone');
    assert.ok(bench.calls.length <= 260, `${bench.calls.length} requests were started`);
    for (const call of bench.calls) assert.equal(await call.finished(), 'gone');
  });

  declare('rapid reset in one piece, before the first answer', async (bench) => {
    const peer = await bench.frames();
    const frames: Buffer[] = [];
    for (let id = 1; id < 2000; id += 2) frames.push(headers(id, GET), rst(id, CANCEL));
    peer.send(...frames);
    assert.equal((await peer.goaway()).code, ENHANCE_YOUR_CALM);
    await peer.gone();
    assert.ok(bench.calls.length <= 260, `${bench.calls.length} requests were started`);
  });

  declare('resets that the client makes us send count as its own (CVE-2025-8671)', async (bench) => {
    const peer = await bench.frames();
    const overflow = frame(WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]));
    for (let id = 1; id < 2000 && !peer.closed; id += 2) {
      overflow.writeUInt32BE(id, 5);
      peer.send(headers(id, GET, END_HEADERS), Buffer.from(overflow));
      if (id % 50 === 1) await new Promise((resolve) => setImmediate(resolve));
    }
    await peer.gone();
    assert.ok(bench.calls.length <= 260, `${bench.calls.length} requests were started`);
  });

  declare('some resets are nothing unusual', async (bench) => {
    const client = await bench.client();
    for (let i = 0; i < 100; i++) {
      const asked = ask(client);
      await until(() => bench.calls.length === i + 1, 'a request');
      asked.stream.close(CANCEL);
    }
    bench.onCall = (call) => call.ok();
    assert.equal((await ask(client).reply()).status, 200);
  });

  declare('streams beyond the limit that was announced are refused', async (bench) => {
    const peer = await bench.frames();
    const { payload } = await peer.frame(SETTINGS);
    const announced = new Map<number, number>();
    for (let at = 0; at < payload.length; at += 6)
      announced.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    assert.equal(announced.get(MAX_CONCURRENT_STREAMS), 100);
    for (let i = 0; i < 101; i++) peer.send(headers(1 + 2 * i, GET));
    assert.equal(await peer.reset(201), REFUSED_STREAM);
    assert.equal(bench.calls.length, 100);
    bench.calls[0]!.ok();
    await peer.frame(DATA, 1);
    peer.send(headers(203, GET));
    await until(() => bench.calls.length === 101, 'the place that was free');
  });

  declare('a client that opens streams beyond the limit again and again is cut off', async (bench) => {
    const peer = await bench.frames();
    for (let i = 0; i < 400 && !peer.closed; i++) peer.send(headers(1 + 2 * i, GET));
    await peer.gone();
    assert.equal(bench.calls.length, 100);
    for (const call of bench.calls) assert.equal(await call.finished(), 'gone');
  });

  const FLOODS: Readonly<Record<string, Buffer>> = {
    PING: frame(PING, 0, 0, Buffer.alloc(8)),
    SETTINGS: settings([MAX_CONCURRENT_STREAMS, 100]),
  };
  for (const [what, one] of Object.entries(FLOODS))
    declare(`a flood of ${what}`, async (bench) => {
      const peer = await bench.frames();
      for (let i = 0; i < 200 && !peer.closed; i++) {
        peer.send(one);
        if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal((await peer.goaway()).code, ENHANCE_YOUR_CALM);
      await peer.gone();
    });

  declare('a flood of empty DATA', async (bench) => {
    bench.onCall = (call) => call.read();
    const peer = await bench.frames();
    peer.send(headers(1, GET, END_HEADERS));
    const call = await bench.call();
    const flood = Buffer.concat(Array.from({ length: 500 }, () => frame(DATA, 0, 1)));
    peer.send(flood);
    await peer.gone();
    assert.equal(await call.finished(), 'gone');
  });

  declare('a flood of malformed requests', async (bench) => {
    const peer = await bench.frames();
    for (let id = 1; id < 2000 && !peer.closed; id += 2) {
      peer.send(headers(id, [...GET, 'connection', 'close'], END_STREAM | END_HEADERS));
      if (id % 50 === 1) await new Promise((resolve) => setImmediate(resolve));
    }
    await peer.gone();
    assert.equal(bench.calls.length, 0);
  });

  declare('a head without an end', async (bench) => {
    const peer = await bench.frames();
    peer.send(headers(1, GET, END_STREAM));
    const more = frame(
      9,
      0,
      1,
      Buffer.concat(Array.from({ length: 40 }, () => Buffer.from('\0\x01a\x0bbbbbbbbbbbb', 'latin1'))),
    );
    for (let i = 0; i < 200 && !peer.closed; i++) {
      peer.send(more);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(
      () => peer.closed || peer.find(3, 1) !== undefined || peer.find(7) !== undefined,
      'the end of patience',
    );
    assert.equal(bench.calls.length, 0);
    assert.equal(peer.find(HEADERS), undefined);
  });

  declare('a hundred stalled replies are one client’s right', async (bench) => {
    bench.onCall = (call) => call.ok(Buffer.alloc(1 << 20));
    const client = await bench.client();
    const all = Array.from({ length: 100 }, () => ask(client));
    for (const asked of all) {
      asked.countOnly = true;
      asked.stream.pause();
    }
    for (const asked of all) await asked.headed();
    for (const asked of all) asked.stream.resume();
    for (const asked of all) assert.equal((await asked.reply()).bytes, 1 << 20);
  });
}
