/** Clients that go on asking on kept connections while their edge drains, again and again: no request is lost. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { describe, it } from 'node:test';
import { Http1Edge } from '../../src/edges/http1/index.ts';
import type { EdgeSettings } from '../../src/edges/settings.ts';
import type { Edge, Inbound } from '../../src/types/transport.ts';
import { NodeEdge } from '../oracle/node-edge/index.ts';
import { until } from '../tools/until.ts';
import { Call } from './edge-inbound.ts';

const read = (end: string) => readFileSync(new URL(`../tools/tls/first.${end}`, import.meta.url), 'utf8');
const TLS: EdgeSettings['tls'] = { minVersion: 'TLSv1.2', certificates: [{ cert: read('pem'), key: read('key') }] };
const SETTINGS: EdgeSettings = {
  host: '127.0.0.1',
  port: 0,
  reusePort: false,
  tls: null,
  headerSize: 16_384,
  headerTimeout: 20_000,
  requestTimeout: 20_000,
  idleTimeout: 20_000,
  connections: 1000,
};
const CLIENTS = 8;
const ROUNDS = 12;
const GRACE = 10_000;

type Make = (settings: EdgeSettings, accept: (inbound: Inbound) => void) => Edge;
const own: Make = (settings, accept) => new Http1Edge(settings, accept);
const nodes: Make = (settings, accept) => new NodeEdge(settings, accept);

/** Asks on one connection until it is told that this was the last time. Resolves with the replies it got. */
type Client = (port: number, asked: () => void) => Promise<number>;

const overHttp1 =
  (lib: typeof http | typeof https): Client =>
  async (port, asked) => {
    const agent: Agent = new lib.Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let replies = 1; ; replies++) {
        const request = lib.request({
          port,
          host: '127.0.0.1',
          agent,
          rejectUnauthorized: false,
        } as https.RequestOptions);
        request.end();
        asked();
        const [reply] = (await once(request, 'response')) as [http.IncomingMessage];
        reply.resume();
        await once(reply, 'end');
        assert.equal(reply.statusCode, 200);
        if (reply.headers.connection === 'close') return replies;
      }
    } finally {
      agent.destroy();
    }
  };

const overHttp2: Client = async (port, asked) => {
  const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  let last = false;
  session.on('goaway', () => {
    last = true;
  });
  try {
    for (let replies = 1; ; replies++) {
      const stream = session.request({ ':path': '/' });
      asked();
      const [head] = await once(stream, 'response');
      stream.resume();
      await once(stream, 'end');
      assert.equal(head[':status'], 200);
      if (last) return replies;
    }
  } finally {
    session.destroy();
  }
};

const WAYS: Readonly<Record<string, readonly [Make, EdgeSettings['tls'], Client]>> = {
  'HTTP/1.1': [own, null, overHttp1(http)],
  'HTTP/1.1 over TLS': [own, TLS, overHttp1(https)],
  "Node's HTTP/1.1": [nodes, null, overHttp1(http)],
  'HTTP/2': [own, TLS, overHttp2],
};

describe('clients on kept connections while the edge drains', () => {
  for (const [way, [make, tls, client]] of Object.entries(WAYS))
    it(`${way}: none is cut off`, { timeout: 60_000 }, async () => {
      const failed: string[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const edge = make({ ...SETTINGS, tls }, (inbound) => new Call(inbound).ok());
        await edge.listen();
        let asked = 0;
        const clients = Array.from({ length: CLIENTS }, () => client(edge.address.port, () => asked++));
        // Each round the drain begins at another moment of the clients' turns.
        await until(() => asked >= CLIENTS * (4 + round), 'some requests');
        edge.drain(GRACE);
        for (const { status, ...end } of await Promise.allSettled(clients))
          if (status === 'rejected') failed.push(String((end as { reason: unknown }).reason));
        await until(() => edge.connections === 0, 'every connection to end');
        await edge.close();
      }
      assert.deepEqual(failed, [], `of ${ROUNDS * CLIENTS} clients`);
    });
});
