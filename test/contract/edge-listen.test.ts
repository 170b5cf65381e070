/** Sockets that others have bound, more of them than one: an edge takes them for one listener. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Http1Edge } from '../../src/edges/http1/index.ts';
import { BoundSocket } from '../../src/net/sockets.ts';
import type { Accept, Edge } from '../../src/types/transport.ts';
import { NodeEdge } from '../oracle/node-edge/index.ts';
import { until } from '../tools/until.ts';
import { Call } from './edge-inbound.ts';
import { WireClient } from './edge-wire.ts';

const SETTINGS = {
  host: '127.0.0.1',
  port: 0,
  reusePort: false,
  tls: null,
  headerSize: 16_384,
  headerTimeout: 20_000,
  requestTimeout: 20_000,
  idleTimeout: 20_000,
  connections: 6,
};

const accept: Accept = (inbound) => new Call(inbound).ok();
const EDGES: Readonly<Record<string, () => Edge>> = {
  'our own HTTP/1.1': () => new Http1Edge(SETTINGS, accept),
  "Node's HTTP/1.1": () => new NodeEdge(SETTINGS, accept),
};

for (const [name, create] of Object.entries(EDGES))
  describe(`${name} on three sockets`, () => {
    it('keeps to one limit of connections', async (t) => {
      const edge = create();
      t.after(() => edge.close());
      // Of different ports, so that a client knows which one it gets.
      const sockets = Array.from({ length: 3 }, () => BoundSocket.bind('127.0.0.1', 0, false));
      await edge.listen(sockets);
      const asked = async (at: number): Promise<WireClient> => {
        const client = await WireClient.connect(sockets[at]!.port);
        t.after(() => client.close());
        client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
        await until(() => client.text.includes('200 OK') || client.closed, 'a reply or an end');
        return client;
      };
      const open: WireClient[] = [];
      for (const at of [0, 1, 1, 2, 1, 1]) open.push(await asked(at));
      assert.ok(open.every(({ closed }) => !closed));
      for (const at of [0, 1, 2]) assert.ok((await asked(at)).closed, `one too many on socket ${at}`);
      open[1]!.close();
      await until(() => edge.connections === 5, 'one to end');
      assert.ok(!(await asked(0)).closed);
      assert.ok((await asked(2)).closed);
      open[0]!.close();
      await until(() => edge.connections === 5, 'another to end');
      assert.ok(!(await asked(2)).closed);
    });
  });
