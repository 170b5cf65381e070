/** The sending side by itself: what becomes one write, what is not copied, and who is cut off. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Clock } from '../state/clock.ts';
import { Loop } from './loop.ts';
import { Output } from './output.ts';

/** A socket that takes what it is told to take. */
class FakeSocket {
  readonly writes: (string | Buffer)[] = [];
  corked = 0;
  /** Writes that reached the system: those between cork and uncork are one. */
  calls = 0;
  destroyed = false;
  errored: Error | null = null;
  writableLength = 0;
  bytesWritten = 0;
  writableNeedDrain = false;
  callbacks: (() => void)[] = [];
  _handle = { writeQueueSize: 0 };

  write(data: string | Buffer, encoding?: unknown, callback?: () => void): boolean {
    this.writes.push(data);
    if (this.corked === 0) this.calls++;
    const done = typeof encoding === 'function' ? (encoding as () => void) : callback;
    if (done) this.callbacks.push(done);
    return !this.writableNeedDrain;
  }
  cork(): void {
    this.corked++;
  }
  uncork(): void {
    if (--this.corked === 0) this.calls++;
  }
  destroy(): void {
    this.destroyed = true;
  }
  get text(): string {
    return this.writes.map((data) => (typeof data === 'string' ? data : data.toString('latin1'))).join('');
  }
}

class Sending extends Output {
  told = 0;
  override flushed(): void {
    this.told++;
  }
  override roomAgain(): void {}
  override stalled(): void {
    this.socket.destroy();
  }
  override broke(): void {
    this.socket.destroy();
  }
  drained(): void {
    this.streamDrained();
  }
}

function bench({ secure = false, patience = 1000 } = {}) {
  const clock = { now: 0 };
  const now = () => clock.now;
  const loop = new Loop(new Clock(now, now), null);
  const { wheel } = loop;
  const socket = new FakeSocket();
  const output = new Sending(loop, socket as unknown as Socket, secure, patience);
  const seen = {
    get flushed() {
      return output.told;
    },
  };
  const pass = (ms: number) => {
    clock.now += ms;
    wheel.advance(clock.now);
  };
  return { wheel, socket, output, seen, pass };
}

test('a head and a small body are one write', () => {
  const { socket, output } = bench();
  output.text('HEAD\r\n\r\n');
  output.piece('', Buffer.from('b\u00f6dy', 'latin1'), '');
  assert.equal(socket.calls, 0, 'nothing before the end of the turn');
  output.finish();
  assert.deepEqual([socket.calls, socket.text], [1, 'HEAD\r\n\r\nb\u00f6dy']);
});

test('a chunk with its framing, and several pieces of one turn, are one write', () => {
  const { socket, output } = bench();
  output.text('HEAD ');
  output.piece('1\r\n', Buffer.from('a'), '\r\n');
  output.piece('2\r\n', Buffer.from('\xff\xfe', 'latin1'), '\r\n');
  output.text('0\r\n\r\n');
  output.flush();
  assert.deepEqual([socket.calls, socket.text], [1, 'HEAD 1\r\na\r\n2\r\n\xff\xfe\r\n0\r\n\r\n']);
});

test('a large piece goes out uncopied, in one call with what stands around it', () => {
  const { socket, output } = bench();
  const large = Buffer.alloc(100_000, 'x');
  output.text('HEAD ');
  output.piece('186a0\r\n', large, '\r\n');
  assert.equal(socket.calls, 1);
  assert.deepEqual([socket.writes.length, socket.writes[1] === large], [3, true]);
  assert.equal(socket.text, `HEAD 186a0\r\n${large}\r\n`);
  assert.equal(output.empty, true);
});

test('what is gathered has a bound', () => {
  const { socket, output } = bench();
  for (let i = 0; i < 100; i++) output.piece('', Buffer.alloc(8000, 'x'), '');
  output.flush();
  assert.ok(socket.calls >= 50);
  assert.ok(socket.writes.every((data) => data.length <= 16_384));
  assert.equal(socket.text.length, 800_000);
});

test('order is kept between small and large pieces', () => {
  const { socket, output } = bench();
  output.piece('a', Buffer.from('b'), 'c');
  output.piece('d', Buffer.alloc(20_000, 'e'), 'f');
  output.piece('g', Buffer.from('h'), 'i');
  output.flush();
  assert.equal(socket.text.replace(/e+/, 'e'), 'abcdefghi');
});

test('a client that takes nothing is cut off; one that takes a little is not', () => {
  const { socket, output, pass, wheel } = bench();
  socket.writableNeedDrain = true;
  socket.writableLength = 100_000;
  socket._handle.writeQueueSize = 100_000;
  output.text('x');
  output.flush();
  for (let i = 0; i < 5; i++) {
    socket._handle.writeQueueSize -= 1;
    pass(1100);
    assert.equal(socket.destroyed, false, 'it takes something');
  }
  pass(1100);
  pass(1100);
  assert.equal(socket.destroyed, true);
  assert.equal(wheel.size, 0);
});

test('one that takes less than what is written meanwhile is not cut off', () => {
  const { socket, output, pass } = bench();
  socket.writableNeedDrain = true;
  const write = (octets: number) => {
    socket.bytesWritten += octets;
    socket.writableLength += octets;
    output.text('x');
    output.flush();
  };
  write(100_000);
  for (let i = 0; i < 3; i++) {
    write(50_000);
    socket.writableLength -= 1000;
    pass(1100);
    assert.equal(socket.destroyed, false);
  }
  write(50_000);
  pass(1100);
  assert.equal(socket.destroyed, true, 'that more waits is no excuse');
});

test('a drained client has no deadline', () => {
  const { socket, output, pass, wheel } = bench();
  socket.writableNeedDrain = true;
  output.text('x');
  output.flush();
  assert.deepEqual([output.full, wheel.size], [false, 0], 'all of it is with the system');
  socket.writableLength = 1;
  output.text('x');
  output.flush();
  assert.deepEqual([output.full, wheel.size], [true, 1]);
  output.drained();
  assert.equal(wheel.size, 0);
  pass(10_000);
  assert.equal(socket.destroyed, false);
});

test('flushed is told once, where it was asked for; TLS asks with the write itself', () => {
  const plain = bench();
  plain.output.text('x');
  plain.output.finish();
  assert.deepEqual([plain.socket.callbacks.length, plain.output.empty], [0, true]);
  plain.socket.writableLength = 1;
  plain.output.awaitFlush();
  plain.output.awaitFlush();
  assert.equal(plain.socket.callbacks.length, 1);
  plain.socket.callbacks[0]!();
  assert.deepEqual([plain.seen.flushed, plain.wheel.size], [1, 0]);

  const tls = bench({ secure: true });
  tls.output.text('x');
  tls.output.finish();
  tls.output.awaitFlush();
  assert.deepEqual([tls.socket.calls, tls.socket.callbacks.length, tls.seen.flushed], [1, 1, 0]);
  tls.socket.callbacks[0]!();
  assert.equal(tls.seen.flushed, 1);
});

test('nothing is written to a socket that is destroyed', () => {
  const { socket, output } = bench();
  socket.destroyed = true;
  output.text('x');
  output.piece('', Buffer.alloc(20_000), '');
  output.piece('', Buffer.from('y'), '');
  output.finish();
  output.awaitFlush();
  assert.equal(socket.calls - socket.corked, socket.writes.length === 0 ? socket.calls : -1);
  assert.equal(socket.writes.length, 0);
});

test('a write that failed at once is not taken for one that is with the system', () => {
  const { socket, output } = bench();
  output.text('x');
  output.finish();
  assert.equal(output.empty, true);
  socket.errored = new Error('EPIPE');
  assert.equal(output.empty, false);
  output.awaitFlush();
  assert.equal(socket.writes.length, 1);
});
