/** Contract: a request with `upgrade` switches protocols, is declined by an ordinary reply, or fails. */

import assert from 'node:assert/strict';
import { Fields } from '../../src/fields/fields.ts';
import type { PoolPlan } from '../../src/types/plan.ts';
import type { Forwarder, UpstreamCall, UpstreamRequest } from '../../src/types/transport.ts';
import { until } from '../tools/until.ts';
import { endpointAt, PATIENT, RawUpstream, type Recorder, requestTo } from './forwarder-upstream.ts';

/** The example of RFC 6455 §1.3. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const switched = (...fields: string[]) => `HTTP/1.1 101 Switching Protocols\r\n${fields.join('\r\n')}\r\n\r\n`;
const CONNECTION = 'Connection: Upgrade';
const UPGRADE = 'Upgrade: websocket';
const PROOF = `Sec-WebSocket-Accept: ${ACCEPT}`;
const SWITCHED = switched(CONNECTION, UPGRADE, PROOF);
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** What these tests need of a bench. */
interface UpgradeBench {
  forwarder(pool?: Partial<PoolPlan>): Forwarder;
  recorder(): Recorder;
  atEnd(ending: () => unknown): void;
}

type Declare = (title: string, run: (bench: UpgradeBench) => Promise<void>) => void;

/** One upgrade, its upstream, and what is told of it. */
interface Asked {
  readonly upstream: RawUpstream;
  readonly forwarder: Forwarder;
  readonly to: Recorder;
  readonly call: UpstreamCall;
}

interface Options extends Partial<UpstreamRequest> {
  readonly pool?: Partial<PoolPlan>;
  readonly secure?: boolean;
}

async function listening(bench: UpgradeBench, secure = false): Promise<RawUpstream> {
  const upstream = await RawUpstream.listen(secure);
  bench.atEnd(() => upstream.close());
  return upstream;
}

/** The connection of an upgraded call is the test's to close. */
function recorder(bench: UpgradeBench): Recorder {
  const to = bench.recorder();
  bench.atEnd(() => to.connection?.socket.destroy());
  return to;
}

async function ask(bench: UpgradeBench, { pool, secure, ...more }: Options = {}): Promise<Asked> {
  const upstream = await listening(bench, secure);
  const forwarder = bench.forwarder(pool);
  const to = recorder(bench);
  const call = forwarder.send(upgradeTo(upstream, more), to);
  return { upstream, forwarder, to, call };
}

function upgradeTo(upstream: RawUpstream, more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  const headers = ['X-Zed', '1', 'Host', 'h.example', 'Sec-WebSocket-Key', KEY, 'x-zed', '2'];
  return requestTo(upstream.endpoint, { method: 'GET', headers, upgrade: 'websocket', ...more });
}

export function upgradeTests(declare: Declare): void {
  switchedTests(declare);
  notAcceptedTests(declare);
  declinedTests(declare);
  failedTests(declare);
  connectionTests(declare);
}

function switchedTests(declare: Declare): void {
  declare('an upgrade: fields as given, both ways, and what came behind the head', async (bench) => {
    const { upstream, to } = await ask(bench, { target: '/a//b?c' });
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
    const { socket, early } = await to.switched();
    assert.equal(to.status, 101);
    const accepted = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Accept', ACCEPT];
    assert.deepEqual(to.headers, accepted);
    let got = early.toString();
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.resume();
    connection.write(' bird');
    await until(() => got === 'early bird', 'all bytes');
    socket.write('up');
    await until(() => connection.received.toString() === 'up', 'the bytes upstream');
    connection.end();
    await until(() => socket.readableEnded, 'the end');
    socket.write(' and on');
    await until(() => connection.received.toString() === 'up and on', 'bytes behind the half-close');
  });

  declare('an upgrade over TLS', async (bench) => {
    const { upstream, to } = await ask(bench, { secure: true });
    await (await upstream.accept()).answer(SWITCHED);
    await to.switched();
  });

  declare('an upgrade accepted whatever the case, and among other options', async (bench) => {
    const { upstream, to } = await ask(bench);
    const accept = `sec-websocket-accept: ${ACCEPT}`;
    await (await upstream.accept()).answer(switched('connection: keep-alive, UPGRADE', 'UPGRADE: WebSocket', accept));
    await to.switched();
  });

  declare('an upgrade whose answer comes octet by octet', async (bench) => {
    const { upstream, to } = await ask(bench);
    const connection = await upstream.accept();
    await connection.head();
    for (const octet of `${SWITCHED}early`) {
      connection.write(octet);
      await new Promise(setImmediate);
    }
    const { socket, early } = await to.switched();
    let got = early.toString();
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.resume();
    await until(() => got === 'early', 'what came behind the head');
  });

  declare('a 1xx before the 101 is told', async (bench) => {
    const { upstream, to } = await ask(bench);
    await (await upstream.accept()).answer(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${SWITCHED}`);
    await to.switched();
    assert.deepEqual(to.informs, [{ status: 103, headers: ['Link', '</a>'] }]);
  });

  declare('an upgrade never has a body, whatever was made one', async (bench) => {
    const { upstream, to } = await ask(bench, { body: Buffer.from('body'), bodyLength: 4 });
    const connection = await upstream.accept();
    const { fields } = await connection.head();
    connection.write(SWITCHED);
    const { socket } = await to.switched();
    assert.deepEqual(
      fields.filter((field) => /^(content-length|transfer-encoding)/i.test(field)),
      [],
    );
    socket.write('frame');
    await until(() => connection.received.toString() === 'frame', 'the first bytes behind the head');
  });

  declare('an upgraded connection that breaks before anybody listens is closed, no more', async (bench) => {
    const { upstream, to } = await ask(bench);
    const connection = await upstream.accept();
    await connection.answer(SWITCHED);
    const { socket } = await to.switched();
    await connection.reset();
    await until(() => socket.destroyed, 'the socket to close');
  });
}

function notAcceptedTests(declare: Declare): void {
  const cases: Readonly<Record<string, readonly string[]>> = {
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
  for (const [what, fields] of Object.entries(cases))
    declare(`an upgrade is not accepted by a 101 with ${what}`, async (bench) => {
      const { upstream, to } = await ask(bench);
      const connection = await upstream.accept();
      await connection.answer(`${switched(...fields)}hi`);
      const { reason, sent } = await to.fails();
      assert.deepEqual([reason, sent], ['protocol', true]);
      await connection.gone();
    });

  for (const [what, keys] of [
    ['no key', []],
    ['two keys', ['Sec-WebSocket-Key', KEY, 'Sec-WebSocket-Key', KEY]],
  ] as const)
    declare(`an upgrade is not accepted where ${what} went out: nothing could accept it`, async (bench) => {
      const { upstream, to } = await ask(bench, { headers: Fields.of('Host', 'h.example', ...keys) });
      await (await upstream.accept()).answer(SWITCHED);
      assert.equal((await to.fails()).reason, 'protocol');
    });
}

function declinedTests(declare: Declare): void {
  declare('an upgrade that is declined gives the reply, and its connection ends', async (bench) => {
    const { upstream, to, call, forwarder } = await ask(bench);
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 403 Forbidden\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nsorry');
    await to.done();
    assert.deepEqual([to.status, to.body, to.length, call.waited], [403, 'sorry', 5, true]);
    assert.deepEqual(to.headers, ['X-A', '1', 'Content-Length', '5']);
    await connection.gone();
    assert.partialDeepStrictEqual(forwarder.stats(), { open: 0, upgraded: 0 });
  });

  declare('an upgrade that is declined in chunks, with trailers', async (bench) => {
    const { upstream, to } = await ask(bench);
    const reply = 'HTTP/1.1 426 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsorry\r\n0\r\nX-T: 1\r\n\r\n';
    await (await upstream.accept()).answer(reply);
    await to.done();
    assert.deepEqual([to.status, to.body, to.length, to.trailers], [426, 'sorry', -1, ['X-T', '1']]);
  });

  declare('an upgrade that is declined until the connection ends', async (bench) => {
    const { upstream, to } = await ask(bench);
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 403 No\r\n\r\nso');
    connection.end('rry');
    assert.equal((await to.done()).body, 'sorry');
  });

  for (const when of ['before its head', 'at its head'])
    declare(`an upgrade that is declined at length, paused ${when}`, async (bench) => {
      const size = 16 << 20;
      const { upstream, to, call } = await ask(bench);
      if (when === 'at its head') to.onHead = () => call.pause();
      else call.pause();
      const connection = await upstream.accept();
      await connection.answer(`HTTP/1.1 403 No\r\nContent-Length: ${size}\r\n\r\n`);
      connection.write(Buffer.alloc(size));
      await to.headed();
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      assert.equal(to.bytes, 0);
      assert.ok(connection.socket.writableLength > 0, 'the upstream is held back');
      call.resume();
      assert.equal((await to.done()).bytes, size);
    });

  declare('an upgrade whose declining reply stops is a timeout', async (bench) => {
    const { upstream, to } = await ask(bench, { timeouts: { ...PATIENT, idle: 50 } });
    const connection = await upstream.accept();
    await connection.answer('HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nso');
    assert.equal((await to.fails()).reason, 'timeout');
    await connection.gone();
  });
}

function failedTests(declare: Declare): void {
  const cases: Readonly<Record<string, { reply: string; ends?: boolean; reason: string }>> = {
    'closed before a byte': { reply: '', ends: true, reason: 'reset' },
    'answered with something else': { reply: 'SSH-2.0-x\r\n', reason: 'protocol' },
    'answered with a status of 600': { reply: 'HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nok', reason: 'protocol' },
    'answered with a status of 999': { reply: 'HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok', reason: 'protocol' },
    'declined with half a body': {
      reply: 'HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nsor',
      ends: true,
      reason: 'truncated',
    },
  };
  for (const [what, { reply, ends, reason }] of Object.entries(cases))
    declare(`an upgrade ${what} is a ${reason} failure`, async (bench) => {
      const { upstream, to } = await ask(bench);
      const connection = await upstream.accept();
      await connection.answer(reply);
      if (ends) connection.end();
      const failure = await to.fails();
      assert.deepEqual([failure.reason, failure.sent], [reason, true]);
      await connection.gone();
    });

  declare('an upgrade that nobody answers fails in time', async (bench) => {
    const { upstream, to } = await ask(bench, { timeouts: { ...PATIENT, firstByte: 50 } });
    const connection = await upstream.accept();
    const failure = await to.fails();
    assert.deepEqual([failure.reason, failure.sent], ['timeout', true]);
    await connection.gone();
  });

  declare('an upgrade whose TLS handshake hangs fails in time', async (bench) => {
    const upstream = await listening(bench);
    const to = recorder(bench);
    const endpoint = endpointAt(upstream.port, { secure: true, hostname: 'localhost' });
    bench.forwarder({ tlsHandshake: 50 }).send(upgradeTo(upstream, { endpoint }), to);
    const failure = await to.fails();
    assert.deepEqual([failure.reason, failure.cause, failure.sent], ['connect', 'tls', false]);
  });

  declare('an upgrade to a closed port fails unsent', async (bench) => {
    const upstream = await listening(bench);
    const request = upgradeTo(upstream);
    upstream.close();
    const to = recorder(bench);
    bench.forwarder().send(request, to);
    const failure = await to.fails();
    assert.deepEqual([failure.reason, failure.cause, failure.sent], ['connect', 'refused', false]);
  });

  declare('an upgrade that cannot be asked for fails in a later turn', async (bench) => {
    const { to } = await ask(bench, { target: '/a b' });
    assert.equal(to.over, false);
    const failure = await to.fails();
    assert.deepEqual([failure.reason, failure.sent], ['protocol', false]);
  });
}

function connectionTests(declare: Declare): void {
  declare('an upgrade that is cancelled tells nothing and leaves nothing', async (bench) => {
    const { upstream, to, call, forwarder } = await ask(bench);
    const connection = await upstream.accept();
    await connection.head();
    to.cancel(call);
    call.cancel();
    await connection.gone();
    assert.equal(forwarder.stats().upgraded, 0);
  });

  declare('an upgraded connection ends when its call is cancelled', async (bench) => {
    const { upstream, to, call } = await ask(bench);
    const connection = await upstream.accept();
    await connection.answer(SWITCHED);
    const { socket } = await to.switched();
    call.cancel();
    assert.ok(socket.destroyed);
    await connection.gone();
  });

  declare('an upgrade waits for no connection of the pool, and takes none', async (bench) => {
    const { upstream, to, forwarder } = await ask(bench, { pool: { connections: 1, queue: { max: 0, wait: 1 } } });
    const connection = await upstream.accept();
    await connection.answer(SWITCHED);
    await to.switched();
    const second = recorder(bench);
    forwarder.send(upgradeTo(upstream), second);
    await (await upstream.accept()).answer(SWITCHED);
    const { socket } = await second.switched();
    assert.partialDeepStrictEqual(forwarder.stats(), { open: 0, idle: 0, waiting: 0, upgraded: 2 });
    socket.destroy();
    await until(() => forwarder.stats().upgraded === 1, 'the closed one to be counted no more');
  });

  declare('close waits for upgraded connections, and takes no upgrades', async (bench) => {
    const { upstream, to, forwarder } = await ask(bench);
    await (await upstream.accept()).answer(SWITCHED);
    const { socket } = await to.switched();
    let closed = false;
    const closing = forwarder.close().then(() => {
      closed = true;
    });
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.equal(closed, false);
    socket.destroy();
    await closing;
    const late = recorder(bench);
    forwarder.send(upgradeTo(upstream), late);
    const failure = await late.fails();
    assert.deepEqual([failure.reason, failure.sent], ['connect', false]);
  });

  declare('a declined upgrade leaves no connection to a later request', async (bench) => {
    const { upstream, to, forwarder } = await ask(bench);
    await (await upstream.accept()).answer(OK);
    await to.done();
    const next = recorder(bench);
    forwarder.send(upgradeTo(upstream), next);
    await (await upstream.accept()).answer(OK);
    await next.done();
    assert.equal(upstream.connections.length, 2);
  });
}
