/** The contract, kept by the edge on Node's HTTP server, and what it does where Node's parser falls short of it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { NodeEdge } from '../oracle/node-edge/index.ts';
import { Bench, type CreateEdge, edgeContract } from './edge.ts';

const create: CreateEdge = (settings, accept) => new NodeEdge(settings, accept);

const SPACES = 'llhttp skips spaces between the parts of the request line and does not tell that there were several';
const DROPPED =
  'llhttp stops at a request that asks for an upgrade, and Node drops what the same read brought behind it; so the edge closes';

edgeContract('node', create, {
  'refused: two spaces behind the method': SPACES,
  'refused: two spaces behind the target': SPACES,
  'a target that is too long is answered with 414, and fields behind one that fits with 431':
    'Node tells of one overflow, whatever part of a head is too large, so all of them are 431',
  'refused: another protocol': 'llhttp reads RTSP as well, and does not tell which it was',
  'broken body: a chunk size beyond 2^53': 'llhttp counts to 2^64; such a chunk ends with the time for the request',
  'a body with an upgrade to h2c, of known length, is framed like any other, with a request behind it': DROPPED,
  'a body with an upgrade to h2c, chunked, is framed like any other, with a request behind it': DROPPED,
  'a body with an upgrade to websocket, of known length, is framed like any other, with a request behind it': DROPPED,
  'a body with an upgrade to websocket, chunked, is framed like any other, with a request behind it': DROPPED,
  'a connection goes on after an upgrade that was ignored': DROPPED,
});

it('node: after an upgrade that was ignored the connection ends, for bytes behind it may be lost', async () => {
  const bench = new Bench(create);
  bench.onCall = (call) => call.ok('answered');
  const client = await bench.client();
  const head = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
  client.send(`${head}POST /lost HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n`);
  const reply = await client.reply();
  assert.deepEqual([reply.get('connection'), reply.body], ['close', 'answered']);
  client.send('GET /inner HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal(await client.rest(), '');
  assert.equal(bench.calls.length, 1);
  await bench.end();
});
