/** What passes between the two connections of a tunnel, and how each end learns of the other's. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { until } from '../../testing/until.ts';
import { Tunnel } from './tunnel.ts';

/** Two ends of a connection on loopback. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const [near] = (await once(server, 'connection')) as [Socket];
  server.close();
  for (const socket of [near, far]) socket.on('error', () => {});
  return [near, far];
}

const CLOSE_1001 = Buffer.from([0x88, 2, 0x03, 0xe9]);
const CLOSE_1011 = Buffer.from([0x88, 2, 0x03, 0xf3]);

/** A masked frame of less than 126 octets as it would be without its mask. */
function unmasked(frame: Buffer): Buffer {
  assert.equal(frame[1]! & 0x80, 0x80);
  const key = frame.subarray(2, 6);
  return Buffer.from([frame[0]!, frame[1]! & 0x7f, ...frame.subarray(6).map((octet, i) => octet ^ key[i % 4]!)]);
}

/** What a socket gets. */
class Read {
  bytes: Buffer = Buffer.alloc(0);
  ended = false;
  error = '';

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? '';
    });
  }
}

/** Client and upstream with a tunnel between them. */
class Ends {
  readonly sockets: Socket[] = [];
  client!: Socket;
  upstream!: Socket;
  a!: Socket;
  b!: Socket;
  tunnel!: Tunnel;
  ends = 0;
  up = 0;
  down = 0;

  async start(idle = 20_000, aEarly = '', bEarly = ''): Promise<this> {
    [this.a, this.client] = await pair();
    [this.b, this.upstream] = await pair();
    this.sockets.push(this.a, this.client, this.b, this.upstream);
    const client = { socket: this.a, early: Buffer.from(aEarly) };
    const upstream = { socket: this.b, early: Buffer.from(bEarly) };
    this.tunnel = new Tunnel(client, upstream, {
      idle,
      onEnd: (up, down) => {
        this.ends++;
        this.up = up;
        this.down = down;
      },
    });
    this.tunnel.start();
    return this;
  }

  async over(): Promise<void> {
    await until(() => this.ends > 0, 'the tunnel to end');
    assert.equal(this.ends, 1);
    assert.ok(this.a.destroyed && this.b.destroyed, 'both sockets are closed');
    const left = ['data', 'drain'].map((event) => this.a.listenerCount(event) + this.b.listenerCount(event));
    assert.deepEqual(left, [0, 0], 'no listener is left');
  }
}

describe('a tunnel', () => {
  const joints: Ends[] = [];
  const joined = (...args: Parameters<Ends['start']>): Promise<Ends> => {
    const joint = new Ends();
    joints.push(joint);
    return joint.start(...args);
  };
  after(() => {
    for (const { sockets } of joints) for (const socket of sockets) socket.destroy();
  });

  it('pass what was read before and what comes, both ways, and count it', async () => {
    const joint = await joined(20_000, 'early up', 'early down');
    let up = '';
    let down = '';
    joint.upstream.on('data', (chunk) => {
      up += chunk;
    });
    joint.client.on('data', (chunk) => {
      down += chunk;
    });
    joint.client.write(' more');
    joint.upstream.write(' and more');
    await until(() => up === 'early up more' && down === 'early down and more', 'all bytes');
    joint.client.end();
    joint.upstream.end();
    await joint.over();
    assert.deepEqual([joint.up, joint.down], [13, 19]);
  });

  for (const first of ['client', 'upstream'] as const)
    it(`pass a half-close of the ${first} on, and bytes the other way after it`, async () => {
      const joint = await joined();
      const ending = joint[first];
      const other = first === 'client' ? joint.upstream : joint.client;
      let ended = false;
      let got = '';
      other.on('end', () => {
        ended = true;
      });
      other.resume();
      ending.on('data', (chunk) => {
        got += chunk;
      });
      ending.end('last words');
      await until(() => ended, 'the half-close');
      other.write('still here');
      await until(() => got === 'still here', 'bytes after the half-close');
      assert.equal(joint.ends, 0);
      other.end();
      await joint.over();
    });

  for (const broken of ['client', 'upstream'] as const)
    it(`break both when the ${broken} breaks`, async () => {
      const joint = await joined();
      joint.client.resume();
      joint.upstream.resume();
      joint[broken].resetAndDestroy();
      await joint.over();
      const other = broken === 'client' ? joint.upstream : joint.client;
      await until(() => other.closed || other.readableEnded, 'the other side to see it');
    });

  const DATA = Buffer.from([0x82, 3, 1, 2, 3]);
  const HALF = Buffer.from([0x82, 126, 1, 0, 1, 2, 3]);
  const read = (socket: Socket): Read => new Read(socket);

  it('an upstream that breaks between two frames is 1011 to the client, and the end', async () => {
    const joint = await joined();
    const client = read(joint.client);
    joint.upstream.write(DATA);
    await until(() => client.bytes.length > 0, 'the frame');
    joint.upstream.resetAndDestroy();
    await until(() => client.ended, 'the end');
    assert.deepEqual(client.bytes, Buffer.concat([DATA, CLOSE_1011]));
    joint.client.end();
    await joint.over();
    assert.equal(joint.down, DATA.length);
  });

  it('an upstream that breaks within a frame breaks the client', async () => {
    const joint = await joined();
    const client = read(joint.client);
    joint.upstream.write(HALF);
    await until(() => client.bytes.length > 0, 'half a frame');
    joint.upstream.resetAndDestroy();
    await joint.over();
    assert.deepEqual(client.bytes, HALF);
  });

  it('an upstream that says close and then breaks is seen to close, no more', async () => {
    const joint = await joined();
    const client = read(joint.client);
    const bye = Buffer.from([0x88, 2, 0x03, 0xe8]);
    joint.upstream.write(bye);
    await until(() => client.bytes.length > 0, 'its close frame');
    joint.upstream.resetAndDestroy();
    await until(() => client.ended, 'the end');
    assert.deepEqual(client.bytes, bye);
    joint.client.end();
    await joint.over();
  });

  it('an upstream that ends without a close frame is passed on like that', async () => {
    const joint = await joined();
    const client = read(joint.client);
    joint.upstream.end(DATA);
    await until(() => client.ended, 'the end');
    assert.deepEqual(client.bytes, DATA);
    joint.client.end();
    joint.upstream.resume();
    await joint.over();
  });

  it('a client that takes nothing does not keep a joint whose upstream broke', async () => {
    const joint = await joined();
    joint.upstream.resetAndDestroy();
    await joint.over();
  });

  it('go away: 1001 to both ends, masked where the RFC asks for it', async () => {
    const joint = await joined();
    const client = read(joint.client);
    const upstream = read(joint.upstream);
    joint.tunnel.goAway();
    joint.tunnel.goAway();
    await until(() => client.ended && upstream.ended, 'both ends');
    assert.deepEqual(client.bytes, CLOSE_1001);
    assert.deepEqual(unmasked(upstream.bytes), CLOSE_1001);
    // What an end still answers is dropped, and nothing breaks by it.
    joint.client.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]));
    joint.upstream.end(CLOSE_1001);
    await joint.over();
    assert.deepEqual([client.error, upstream.error], ['', '']);
    assert.deepEqual([joint.up, joint.down], [0, 0]);
  });

  it('go away within a frame: it is passed on to its end first', async () => {
    const joint = await joined();
    const client = read(joint.client);
    joint.upstream.write(HALF);
    await until(() => client.bytes.length > 0, 'half a frame');
    joint.tunnel.goAway();
    const rest = Buffer.alloc(256 - 3, 7);
    joint.upstream.write(Buffer.concat([rest, DATA]));
    await until(() => client.ended, 'the end');
    assert.deepEqual(client.bytes, Buffer.concat([HALF, rest, CLOSE_1001]));
    joint.client.end();
    joint.upstream.end();
    await joint.over();
  });

  it('go away: ends that do nothing about it are cut in a moment', async () => {
    const joint = await joined();
    joint.tunnel.goAway();
    await joint.over();
  });

  it('end when one of them was closed before', async () => {
    const joint = new Ends();
    joints.push(joint);
    const [near, far] = await pair();
    near.destroy();
    await once(near, 'close');
    const [b, upstream] = await pair();
    let ends = 0;
    const early = Buffer.alloc(0);
    new Tunnel({ socket: near, early }, { socket: b, early }, { idle: 0, onEnd: () => ends++ }).start();
    await until(() => ends === 1 && b.destroyed, 'the tunnel to end');
    for (const socket of [far, upstream]) socket.destroy();
  });

  it('close after their idle time, counted from the last byte either way', async () => {
    const joint = await joined(300);
    joint.upstream.resume();
    joint.client.resume();
    for (let i = 0; i < 5; i++) {
      (i % 2 ? joint.client : joint.upstream).write('x');
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    assert.equal(joint.ends, 0);
    await joint.over();
  });

  it('stall the sender while the receiver does not read, then pass everything', async () => {
    const joint = await joined();
    const total = 32 << 20;
    const chunk = Buffer.alloc(65_536);
    let taken = 0;
    void (async () => {
      while (taken < total) {
        if (!joint.client.write(chunk)) await once(joint.client, 'drain');
        taken += chunk.length;
      }
      joint.client.end();
    })();
    let last = -1;
    let same = 0;
    await until(() => {
      same = taken === last ? same + 1 : 0;
      last = taken;
      return same >= 8;
    }, 'the sender to stall');
    assert.ok(taken < 25 << 20, `${taken} bytes were taken`);
    assert.ok(joint.b.writableLength <= 1 << 20, `${joint.b.writableLength} bytes are held`);
    joint.upstream.resume();
    joint.upstream.end();
    await joint.over();
    assert.equal(joint.up, total);
  });
});
