/** Sockets as both sides use them, over loopback: past Node's streams, through them, and what must be the same on both ways. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { until } from '../testing/until.ts';
import { Loop } from './loop.ts';
import { handleOf } from './native.ts';
import { readsOf, type SocketOwner, StreamSocket } from './stream-socket.ts';

class Owner implements SocketOwner {
  readonly pieces: Buffer[] = [];
  readonly events: string[] = [];
  error: Error | null = null;
  expectsMore = false;
  midMessage = false;
  onReceived: () => void = () => {};
  received(lentOrOwn: Buffer, lent: boolean): void {
    const bytes = lent ? Buffer.from(lentOrOwn) : lentOrOwn;
    this.pieces.push(bytes);
    this.onReceived();
  }
  ended(): void {
    this.events.push('ended');
  }
  drained(): void {
    this.events.push('drained');
  }
  flushed(): void {
    this.events.push('flushed');
  }
  turnEnded(): void {
    this.events.push('turn');
  }
  stalled(): void {
    this.events.push('stalled');
  }
  closed(error: Error | null): void {
    this.events.push('closed');
    this.error = error;
  }
  get text(): string {
    return Buffer.concat(this.pieces).toString('latin1');
  }
  saw(event: string): Promise<unknown> {
    return until(() => this.events.includes(event), event);
  }
}

interface Pair {
  readonly loop: Loop;
  readonly owner: Owner;
  readonly socket: StreamSocket;
  /** The other end, as Node has it; it does not read until told. */
  readonly peer: Socket;
}

/** A socket of ours that was accepted, or that connected, and its other end. */
async function pair(loop: Loop, accepted: boolean, patience = 0): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: !accepted, noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const owner = new Owner();
  const connection = once(server, 'connection') as Promise<[Socket]>;
  const target = { port, host: '127.0.0.1', noDelay: true };
  const client = accepted ? connect({ ...target, allowHalfOpen: true }) : connect({ ...target, onread: readsOf(loop) });
  if (accepted) client.pause();
  await once(client, 'connect');
  const [server1] = await connection;
  server.close();
  const socket = new StreamSocket(loop, accepted ? server1 : client, owner, false, patience);
  if (accepted) socket.accept();
  else socket.begin();
  const peer = accepted ? client : server1;
  peer.on('error', () => {});
  return { loop, owner, socket, peer };
}

for (const [way, loopOf] of [
  ['past the stream', () => new Loop()],
  ['through the stream', () => new Loop(undefined, null)],
] as const)
  for (const accepted of [true, false])
    describe(`a socket that ${accepted ? 'was accepted' : 'connected'}, ${way}`, () => {
      test('octets go both ways, in order, whatever their size', async () => {
        const { owner, socket, peer } = await pair(loopOf(), accepted);
        peer.write('hello');
        await until(() => owner.text === 'hello', 'hello');
        const large = Buffer.alloc(300_000, 'x');
        let came = '';
        peer.on('data', (chunk) => (came += chunk.toString('latin1')));
        peer.resume();
        socket.text('head ');
        socket.piece('<', Buffer.from('small'), '>');
        socket.piece('<', large, '>');
        socket.piece('', Buffer.from('b\u00f6dy', 'latin1'), '');
        socket.text(' end');
        socket.flush();
        const all = `head <small><${large.toString('latin1')}>b\u00f6dy end`;
        await until(() => came.length === all.length, 'all of it');
        assert.equal(came, all);
        peer.write(large);
        await until(() => owner.text.length === 300_005, 'the answer');
        socket.destroy();
        peer.destroy();
        await owner.saw('closed');
      });

      test('one that is full says so, and when there is room again; nothing is lost', async () => {
        const { owner, socket, peer } = await pair(loopOf(), accepted);
        let sent = 0;
        while (!socket.full) {
          const piece = Buffer.alloc(50_000, String.fromCharCode(97 + (sent % 26)));
          socket.piece('', piece, '');
          sent++;
          assert.ok(sent < 10_000);
        }
        socket.piece('', Buffer.from('behind'), '');
        socket.flush();
        assert.equal(socket.empty, false);
        assert.ok(socket.unsent > 0);
        assert.ok(!owner.events.includes('drained'));
        let came = 0;
        let last = '';
        peer.on('data', (chunk: Buffer) => {
          came += chunk.length;
          last = chunk.toString('latin1').slice(-6);
        });
        peer.resume();
        await owner.saw('drained');
        await until(() => came === sent * 50_000 + 6, 'all of it');
        assert.equal(last, 'behind');
        assert.deepEqual([socket.full, socket.empty, socket.unsent], [false, true, 0]);
        socket.destroy();
        peer.destroy();
      });

      test('a write whose end is told later is under way until then, although no octet waits', async () => {
        const { owner, socket, peer } = await pair(loopOf(), accepted);
        const handle = handleOf((socket as unknown as { socket: Socket }).socket)!;
        // As where the other end takes the rest between the two tries that libuv makes.
        Object.defineProperty(handle, 'writeQueueSize', { get: () => 0, configurable: true });
        const size = 10_000_000;
        for (const octet of 'ab') socket.piece('', Buffer.alloc(size, octet), '');
        Reflect.deleteProperty(handle, 'writeQueueSize');
        assert.equal(socket.empty, false);
        socket.awaitFlush();
        let came = 0;
        peer.on('data', (chunk: Buffer) => (came += chunk.length));
        peer.resume();
        await owner.saw('flushed');
        await until(() => came === 2 * size, 'all of it');
        assert.equal(socket.empty, true);
        socket.destroy();
        peer.destroy();
      });

      test('flushed is told when the rest is with the system; an end comes behind it', async () => {
        const { owner, socket, peer } = await pair(loopOf(), accepted);
        const size = 20_000_000;
        socket.piece('', Buffer.alloc(size, 'x'), '');
        socket.finish();
        if (!socket.empty) socket.awaitFlush();
        assert.ok(!owner.events.includes('flushed'));
        let came = 0;
        peer.on('data', (chunk: Buffer) => (came += chunk.length));
        peer.resume();
        await owner.saw('flushed');
        socket.end();
        await once(peer, 'end');
        assert.equal(came, size);
        peer.destroy();
        await owner.saw('closed');
      });

      test('who takes nothing for too long is told of; who takes a little is not', async () => {
        const { owner, socket, peer } = await pair(loopOf(), accepted, 60);
        while (!socket.full) socket.piece('', Buffer.alloc(1_000_000), '');
        await owner.saw('stalled');
        assert.equal(socket.usable, true, 'what becomes of it is its owner’s to say');
        socket.destroy();
        peer.destroy();
      });

      test('paused, it reads no more; resumed, it goes on where it was', async () => {
        const { owner, socket, peer } = await pair(loopOf(), accepted);
        owner.onReceived = () => socket.pause();
        peer.write('one');
        await until(() => owner.text !== '', 'the first piece');
        peer.write('two');
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
        assert.equal(owner.text, 'one');
        socket.resume();
        await until(() => owner.text === 'onetwo', 'the second');
        owner.onReceived = () => {};
        socket.resume();
        peer.end('three');
        await owner.saw('ended');
        assert.equal(owner.text, 'onetwothree');
        socket.destroy();
      });

      test('a write to one that was reset ends it, with the error', async () => {
        const { owner, socket, peer } = await pair(loopOf(), accepted);
        socket.pause(); // nothing but a write can find the reset
        peer.resetAndDestroy();
        await new Promise((resolve) => peer.once('close', resolve));
        await until(() => {
          socket.text('x');
          socket.flush();
          return owner.events.includes('closed');
        }, 'the end');
        assert.match((owner.error as NodeJS.ErrnoException).code!, /^(EPIPE|ECONNRESET)$/);
        assert.equal(socket.empty, false, 'what failed is not with the system');
      });

      test('within one callback there is one time, and what is written in it leaves at its end', async () => {
        const { loop, owner, socket, peer } = await pair(loopOf(), accepted);
        const times = new Set<number>();
        owner.onReceived = () => {
          for (let i = 0; i < 10; i++) times.add(loop.clock.monotonic());
          socket.text('answer');
          socket.atTurnEnd();
        };
        peer.write('1');
        const [answer] = (await once(peer.resume(), 'data')) as [Buffer];
        assert.equal(answer.toString(), 'answer');
        peer.write('2');
        await once(peer, 'data');
        assert.equal(times.size, 2);
        assert.deepEqual(owner.events, ['turn', 'turn']);
        socket.destroy();
        peer.destroy();
      });
    });

describe('a socket that is given away', () => {
  for (const [way, loopOf] of [
    ['past the stream', () => new Loop()],
    ['through the stream', () => new Loop(undefined, null)],
  ] as const)
    test(`is an ordinary one: nothing that comes or was written is lost (${way})`, async () => {
      const { owner, socket, peer } = await pair(loopOf(), true);
      peer.write('before');
      await until(() => owner.text === 'before', 'what came before');
      const size = 10_000_000;
      socket.piece('', Buffer.alloc(size, 'x'), '');
      socket.text('last');
      const plain = socket.detach();
      peer.write('early');
      let came = 0;
      peer.on('data', (chunk: Buffer) => (came += chunk.length));
      peer.resume();
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      plain.write('mine');
      let heard = '';
      plain.on('data', (chunk) => (heard += chunk));
      plain.resume();
      await until(() => heard === 'early' && came === size + 8, 'all of it');
      const large = Buffer.alloc(1_000_000, 'y');
      plain.pause();
      peer.end(large);
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      plain.resume();
      await once(plain, 'end');
      assert.equal(heard.length, 5 + large.length);
      assert.ok(!owner.events.includes('closed'));
      plain.destroy();
    });
});

test('this Node has the short ways: a socket is read and written past its stream', async () => {
  const loop = new Loop();
  assert.notEqual(loop.native, null);
  const { owner, socket, peer } = await pair(loop, true);
  const plain = (socket as unknown as { socket: Socket }).socket;
  plain.write = () => assert.fail('written through the stream');
  plain.push = () => assert.fail('read through the stream');
  peer.write('in');
  await until(() => owner.text === 'in', 'what comes');
  socket.text('out');
  socket.flush();
  const [out] = (await once(peer.resume(), 'data')) as [Buffer];
  assert.equal(out.toString(), 'out');
  assert.equal(handleOf(plain)!.writeQueueSize, 0);
  peer.destroy();
  socket.destroy();
});
