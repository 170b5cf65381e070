/** Tunnels: opened, refused or failed, and what passes once two sockets are joined. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { Fields } from '../../src/fields/fields.ts';
import { type Joined, joinSockets, openTunnel, type Tunnel, type TunnelEvents } from '../../src/forwarders/index.ts';
import type { EndpointPlan } from '../../src/types/plan.ts';
import type { Failure, UpstreamRequest } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import { CERTIFICATE } from './forwarder-tls.ts';
import { endpointAt, PATIENT, RawUpstream, requestTo } from './forwarder-upstream.ts';

const POOL = { connect: 10_000, tlsHandshake: 10_000 };
/** The example of RFC 6455 §1.3. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const switched = (...fields: string[]) => `HTTP/1.1 101 Switching Protocols\r\n${fields.join('\r\n')}\r\n\r\n`;
const SWITCHED = switched('Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Accept: ${ACCEPT}`);

/** What a tunnel told, and how often. */
class Told implements TunnelEvents {
  calls = 0;
  socket: Socket | null = null;
  early = '';
  status = 0;
  headers: string[] = [];
  body = '';
  failure: Failure | null = null;

  opened(status: 101, fields: Fields, socket: Socket, early: Buffer): void {
    this.calls++;
    Object.assign(this, { status, headers: fields.toPairs(), socket, early: early.toString() });
  }
  refused(status: number, fields: Fields, body: Buffer): void {
    this.calls++;
    Object.assign(this, { status, headers: fields.toPairs(), body: body.toString() });
  }
  failed(failure: Failure): void {
    this.calls++;
    this.failure = failure;
  }
  async once(): Promise<this> {
    await until(() => this.calls > 0, 'the tunnel to open or not');
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    assert.equal(this.calls, 1);
    return this;
  }
}

function open(
  endpoint: EndpointPlan,
  to: Told,
  more: Partial<UpstreamRequest> & { connect?: number; tlsHandshake?: number } = {},
): Tunnel {
  const { connect = POOL.connect, tlsHandshake = POOL.tlsHandshake, ...request } = more;
  const headers = ['X-Zed', '1', 'Host', 'h.example', 'Sec-WebSocket-Key', KEY, 'x-zed', '2'];
  return openTunnel(
    { ...requestTo(endpoint, { headers: Fields.from(headers), ...request }), protocol: 'websocket' },
    to,
    {
      connect,
      tlsHandshake,
    },
  );
}

function tunnelTest(title: string, run: (upstream: RawUpstream, to: Told) => Promise<void>, secure = false): void {
  it(title, { timeout: 20_000 }, async () => {
    const upstream = await RawUpstream.listen(secure);
    const to = new Told();
    try {
      await run(upstream, to);
    } finally {
      to.socket?.destroy();
      upstream.close();
    }
  });
}

describe('a tunnel', () => {
  before(() => tls.setDefaultCACertificates([...tls.getCACertificates('default'), CERTIFICATE]));

  tunnelTest('opens: fields as given, both ways, and what came behind the head', async (upstream, to) => {
    open(upstream.endpoint, to, { target: '/a//b?c' });
    const connection = await upstream.accept();
    const { line, fields } = await connection.answer(`${SWITCHED}early`);
    assert.equal(line, 'GET /a//b?c HTTP/1.1');
    assert.deepEqual(fields, [
      'Host: h.example',
      'X-Zed: 1',
      `Sec-WebSocket-Key: ${KEY}`,
      'x-zed: 2',
      'Connection: Upgrade',
      'Upgrade: websocket',
    ]);
    await to.once();
    assert.equal(to.status, 101);
    const accepted = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Accept', ACCEPT];
    assert.deepEqual(to.headers, accepted);
    let got = to.early;
    to.socket!.on('data', (chunk) => {
      got += chunk;
    });
    connection.write(' bird');
    await until(() => got === 'early bird', 'all bytes');
    to.socket!.write('up');
    await until(() => connection.received.toString() === 'up', 'the bytes upstream');
  });

  tunnelTest(
    'opens over TLS',
    async (upstream, to) => {
      open(upstream.endpoint, to);
      await (await upstream.accept()).answer(SWITCHED);
      assert.equal((await to.once()).status, 101);
    },
    true,
  );

  tunnelTest('that is refused gives the whole reply', async (upstream, to) => {
    open(upstream.endpoint, to);
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 403 Forbidden\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nsorry');
    await to.once();
    assert.deepEqual([to.status, to.body], [403, 'sorry']);
    assert.deepEqual(to.headers, ['X-A', '1', 'Content-Length', '5']);
    await connection.gone();
  });

  tunnelTest('opens whatever the case, and among other options', async (upstream, to) => {
    open(upstream.endpoint, to);
    const accept = `sec-websocket-accept: ${ACCEPT}`;
    await (await upstream.accept()).answer(switched('connection: keep-alive, UPGRADE', 'UPGRADE: WebSocket', accept));
    assert.equal((await to.once()).status, 101);
  });

  const CONNECTION = 'Connection: Upgrade';
  const UPGRADE = 'Upgrade: websocket';
  const PROOF = `Sec-WebSocket-Accept: ${ACCEPT}`;
  const NOT_ACCEPTED: Readonly<Record<string, readonly string[]>> = {
    'neither Connection nor Upgrade': [PROOF],
    'no Upgrade': [CONNECTION, PROOF],
    'no Connection': [UPGRADE, PROOF],
    'a Connection that does not name the upgrade': ['Connection: keep-alive', UPGRADE, PROOF],
    'another protocol': [CONNECTION, 'Upgrade: h2c', PROOF],
    'two protocols': [CONNECTION, 'Upgrade: websocket, h2c', PROOF],
    'two Upgrades': [CONNECTION, UPGRADE, UPGRADE, PROOF],
    'no accept': [CONNECTION, UPGRADE],
    'the accept of another key': [CONNECTION, UPGRADE, 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA='],
    'the accept in another case': [CONNECTION, UPGRADE, PROOF.toLowerCase()],
    'two accepts': [CONNECTION, UPGRADE, PROOF, PROOF],
    'a length and no protocol': ['Content-Length: 2'],
  };
  for (const [what, fields] of Object.entries(NOT_ACCEPTED))
    tunnelTest(`is not opened by a 101 with ${what}`, async (upstream, to) => {
      open(upstream.endpoint, to);
      const connection = await upstream.accept();
      await connection.answer(`${switched(...fields)}hi`);
      const { failure, calls } = await to.once();
      assert.deepEqual([failure?.reason, failure?.sent, calls], ['protocol', true, 1]);
      await connection.gone();
    });

  for (const [what, keys] of [
    ['no key', []],
    ['two keys', ['Sec-WebSocket-Key', KEY, 'Sec-WebSocket-Key', KEY]],
  ] as const)
    tunnelTest(`is not opened where ${what} went out: nothing could accept it`, async (upstream, to) => {
      open(upstream.endpoint, to, { headers: Fields.from(['Host', 'h.example', ...keys]) });
      await (await upstream.accept()).answer(SWITCHED);
      assert.equal((await to.once()).failure?.reason, 'protocol');
    });

  const FAILURES: Readonly<Record<string, { reply: string; ends?: boolean; reason: string }>> = {
    'closed before a byte': { reply: '', ends: true, reason: 'reset' },
    'answered with something else': { reply: 'SSH-2.0-x\r\n', reason: 'protocol' },
    'answered with a status of 600': { reply: 'HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nok', reason: 'protocol' },
    'answered with a status of 999': { reply: 'HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok', reason: 'protocol' },
    'refused with half a body': {
      reply: 'HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nsor',
      ends: true,
      reason: 'truncated',
    },
    'refused at length': {
      reply: `HTTP/1.1 403 No\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`,
      reason: 'protocol',
    },
  };
  for (const [what, { reply, ends, reason }] of Object.entries(FAILURES))
    tunnelTest(`${what} is a ${reason} failure`, async (upstream, to) => {
      open(upstream.endpoint, to);
      const connection = await upstream.accept();
      await connection.answer(reply);
      if (ends) connection.end();
      const { failure } = await to.once();
      assert.deepEqual([failure?.reason, failure?.sent], [reason, true]);
      await connection.gone();
    });

  tunnelTest('that nobody answers fails in time', async (upstream, to) => {
    open(upstream.endpoint, to, { timeouts: { ...PATIENT, firstByte: 50 } });
    const connection = await upstream.accept();
    const { failure } = await to.once();
    assert.deepEqual([failure?.reason, failure?.sent], ['timeout', true]);
    await connection.gone();
  });

  tunnelTest('whose TLS handshake hangs fails in time', async (upstream, to) => {
    open(endpointAt(upstream.port, { secure: true, hostname: 'localhost' }), to, { tlsHandshake: 50 });
    const { failure } = await to.once();
    assert.deepEqual([failure?.reason, failure?.sent], ['connect', false]);
  });

  tunnelTest('to a closed port fails unsent', async (upstream, to) => {
    const { endpoint } = upstream;
    upstream.close();
    open(endpoint, to);
    const { failure } = await to.once();
    assert.deepEqual([failure?.reason, failure?.sent], ['connect', false]);
  });

  tunnelTest('that cannot be asked for fails in a later turn', async (upstream, to) => {
    open(upstream.endpoint, to, { target: '/a b' });
    assert.equal(to.calls, 0);
    assert.equal((await to.once()).failure?.reason, 'protocol');
  });

  tunnelTest('that breaks before anybody listens is closed, no more', async (upstream, to) => {
    open(upstream.endpoint, to);
    const connection = await upstream.accept();
    await connection.answer(SWITCHED);
    await to.once();
    await connection.reset();
    await until(() => to.socket!.destroyed, 'the socket to close');
  });

  tunnelTest('that is cancelled tells nothing and leaves nothing', async (upstream, to) => {
    const tunnel = open(upstream.endpoint, to);
    const connection = await upstream.accept();
    await connection.head();
    tunnel.cancel();
    tunnel.cancel();
    await connection.gone();
    assert.equal(to.calls, 0);
  });
});

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

/** Client and upstream with a joint between them. */
class Joint {
  readonly sockets: Socket[] = [];
  client!: Socket;
  upstream!: Socket;
  a!: Socket;
  b!: Socket;
  joined!: Joined;
  ends = 0;
  up = 0;
  down = 0;

  async start(idle = 20_000, aEarly = '', bEarly = ''): Promise<this> {
    [this.a, this.client] = await pair();
    [this.b, this.upstream] = await pair();
    this.sockets.push(this.a, this.client, this.b, this.upstream);
    this.joined = joinSockets(this.a, Buffer.from(aEarly), this.b, Buffer.from(bEarly), {
      idle,
      onEnd: (up, down) => {
        this.ends++;
        this.up = up;
        this.down = down;
      },
    });
    return this;
  }

  async over(): Promise<void> {
    await until(() => this.ends > 0, 'the joint to end');
    assert.equal(this.ends, 1);
    assert.ok(this.a.destroyed && this.b.destroyed, 'both sockets are closed');
    const left = ['data', 'drain'].map((event) => this.a.listenerCount(event) + this.b.listenerCount(event));
    assert.deepEqual(left, [0, 0], 'no listener is left');
  }
}

describe('joined sockets', () => {
  const joints: Joint[] = [];
  const joined = (...args: Parameters<Joint['start']>): Promise<Joint> => {
    const joint = new Joint();
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
    joint.joined.goAway();
    joint.joined.goAway();
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
    joint.joined.goAway();
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
    joint.joined.goAway();
    await joint.over();
  });

  it('end when one of them was closed before', async () => {
    const joint = new Joint();
    joints.push(joint);
    const [near, far] = await pair();
    near.destroy();
    await once(near, 'close');
    const [b, upstream] = await pair();
    let ends = 0;
    joinSockets(near, Buffer.alloc(0), b, Buffer.alloc(0), { idle: 0, onEnd: () => ends++ });
    await until(() => ends === 1 && b.destroyed, 'the joint to end');
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
