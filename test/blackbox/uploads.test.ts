/** An upload has one owner: whatever becomes of its attempts, an upstream gets all of it, in order, or an error. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const FORWARDERS = ['http', 'http-proxy'] as const;
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** An upstream that hands every connection to `serve`, with all that it received. */
class Upstream {
  readonly received: string[] = [];
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  constructor(t: TestContext, react: (upstream: Upstream, socket: Socket, text: string) => void) {
    this.#server = createServer((socket) => {
      const at = this.received.push('') - 1;
      this.sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        this.received[at] += chunk.toString('latin1');
        react(this, socket, this.received[at]!);
      });
    });
    t.after(() => {
      this.#server.close();
      for (const socket of this.sockets) socket.destroy();
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
}

/** Answers as soon as there is a head, and takes no more requests. */
const refusing = (status: string) => (_: Upstream, socket: Socket, text: string) => {
  if (text.includes('\r\n\r\n') && !socket.writableEnded) socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`);
};

/** Answers when the request is whole. */
function taking(_: Upstream, socket: Socket, text: string): void {
  const length = /content-length: (\d+)/i.exec(text);
  const end = text.indexOf('\r\n\r\n', text.indexOf('POST ')) + 4;
  if (!text.includes('POST ') && /^GET /.test(text)) {
    if (text.endsWith('\r\n\r\n')) socket.write(OK);
  } else if (length ? text.length >= end + Number(length[1]) : text.endsWith('\r\n0\r\n\r\n')) socket.write(OK);
}

/** The body of a chunked request. */
function unchunked(text: string): string {
  let at = text.indexOf('\r\n\r\n') + 4;
  let body = '';
  for (;;) {
    const end = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, end), 16);
    if (size === 0) return body;
    body += text.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}

/** Bodies are long: a difference is told by where it begins. */
function isSame(body: string, expected: string): void {
  let at = 0;
  while (at < body.length && body[at] === expected[at]) at++;
  assert.deepEqual({ length: body.length, sameUpTo: at }, { length: expected.length, sameUpTo: expected.length });
}

interface Client {
  readonly socket: Socket;
  readonly text: () => string;
}

async function open(t: TestContext, weir: Weir): Promise<Client> {
  const socket = connect(Number(new URL(weir.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return { socket, text: () => text };
}

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const letters = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => String.fromCharCode(65 + from + i).repeat(20_000));

function weirWith(t: TestContext, endpoints: Record<string, string>, upstream: object): Promise<Weir> {
  return startWeir(t, {
    rules: {
      upstreams: {
        up: {
          endpoints: Object.fromEntries(
            Object.entries(endpoints).map(([name, url], i) => [name, { url, weight: 1 - i }]),
          ),
          choose: ['leastBusy'],
          ...upstream,
        },
      },
      routes: { all: { match: { path: '/**' }, to: 'up' } },
    },
    config: { threads: 1 },
  });
}

for (const forwarder of FORWARDERS)
  describe(`uploads through ${forwarder}`, () => {
    test('a chunked upload that the first endpoint answers with 502 at once is whole at the second', async (t) => {
      const bad = new Upstream(t, refusing('502 Bad Gateway'));
      const good = new Upstream(t, taking);
      const retry = { on: [502], backoff: '300ms..400ms', budget: '100%' };
      const weir = await weirWith(t, { bad: await bad.listen(), good: await good.listen() }, { forwarder, retry });
      const client = await open(t, weir);
      client.socket.write('PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      const sent = letters(0, 20);
      for (const piece of sent.slice(0, 5)) client.socket.write(chunk(piece));
      await until(() => good.received.length > 0, 'the second attempt');
      assert.equal(bad.received.length, 1);
      for (const piece of sent.slice(5)) client.socket.write(chunk(piece));
      client.socket.write('0\r\n\r\n');
      await until(() => client.text() !== '', 'an answer');
      assert.match(client.text(), /^HTTP\/1\.1 200 /);
      isSame(unchunked(good.received[0]!), sent.join(''));
    });

    test('what comes during the wait for the next attempt is not lost', async (t) => {
      let asked = 0;
      const upstream = new Upstream(t, (self, socket, text) => {
        if (text.endsWith('\r\n\r\n') && asked++ === 0)
          socket.write('HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n');
        else if (asked > 1) taking(self, socket, text.slice(text.lastIndexOf('POST ')));
      });
      const retry = { on: [503], backoff: '300ms..400ms', budget: '100%' };
      const weir = await weirWith(t, { e: await upstream.listen() }, { forwarder, retry });
      const client = await open(t, weir);
      client.socket.write('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      const sent = letters(0, 20);
      await until(() => asked === 1, 'the first attempt');
      for (const piece of sent) client.socket.write(chunk(piece));
      client.socket.write('0\r\n\r\n');
      await until(() => client.text() !== '', 'an answer');
      assert.match(client.text(), /^HTTP\/1\.1 200 /);
      const all = upstream.received.join('');
      isSame(unchunked(all.slice(all.lastIndexOf('POST '))), sent.join(''));
    });

    test('a long upload whose first endpoint cannot be reached arrives whole at the next', async (t) => {
      const dead = createServer().listen(0, '127.0.0.1');
      await once(dead, 'listening');
      const deadUrl = `http://127.0.0.1:${(dead.address() as AddressInfo).port}`;
      dead.close();
      const good = new Upstream(t, taking);
      const retry = { on: ['connect'], backoff: '10ms..50ms', budget: '100%' };
      const weir = await weirWith(t, { dead: deadUrl, good: await good.listen() }, { forwarder, retry });
      const client = await open(t, weir);
      // On a kept connection there is room from the start, so no drain makes up for a client that was not read on.
      assert.equal((await fetch(`${weir.url}/x`)).status, 200);
      const body = letters(0, 50).join('');
      client.socket.write(`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
      client.socket.write(body);
      await until(() => client.text() !== '', 'an answer');
      assert.match(client.text(), /^HTTP\/1\.1 200 /);
      const text = good.received[0]!.slice(good.received[0]!.indexOf('POST '));
      isSame(text.slice(text.indexOf('\r\n\r\n') + 4), body);
    });

    test('an upload of which an endpoint had more than is kept is answered with its failure', async (t) => {
      const bad = new Upstream(t, (_, socket, text) => {
        if (text.length > 400_000) socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
      });
      const good = new Upstream(t, taking);
      const retry = { on: [502], backoff: '10ms..50ms', budget: '100%' };
      const weir = await weirWith(t, { bad: await bad.listen(), good: await good.listen() }, { forwarder, retry });
      const client = await open(t, weir);
      client.socket.write(`PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(500_000)}`);
      await until(() => client.text() !== '', 'an answer');
      assert.match(client.text(), /^HTTP\/1\.1 502 /);
      assert.equal(good.received.length, 0);
    });

    test('chunks of one octet are gathered', async (t) => {
      const upstream = new Upstream(t, taking);
      const weir = await weirWith(t, { e: await upstream.listen() }, { forwarder });
      const client = await open(t, weir);
      client.socket.write('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      client.socket.write('1\r\nx\r\n'.repeat(100_000));
      client.socket.write('0\r\n\r\n');
      await until(() => client.text() !== '', 'an answer');
      const [text] = upstream.received;
      isSame(unchunked(text!), 'x'.repeat(100_000));
      // 600,000 octets come in about ten reads of 64 KiB.
      assert.ok(text!.length < 101_000, `${text!.length} octets for a body of 100,000`);
    });
  });

test('an error page over 64 KiB that `errors: map` replaces is the endpoint’s failure all the same', async (t) => {
  const page = 'x'.repeat(100_000);
  const upstream = new Upstream(t, (_, socket, text) => {
    if (text.endsWith('\r\n\r\n'))
      socket.write(`HTTP/1.1 500 Oh\r\ncontent-type: text/html\r\ncontent-length: ${page.length}\r\n\r\n${page}`);
  });
  const weir = await startWeir(t, {
    rules: {
      upstreams: { up: { endpoints: { e: { url: await upstream.listen() } }, breaker: { minRequests: 3 } } },
      routes: { all: { match: { path: '/**' }, to: 'up', errors: 'map' } },
    },
    config: { threads: 1 },
  });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await fetch(`${weir.url}/x`)).status);
  assert.deepEqual(statuses, [500, 500, 500, 503]);
  assert.match(await weir.metrics(), /weir_upstream_attempts_total\{[^}]*outcome="error"[^}]*\} 3\n/);
});
