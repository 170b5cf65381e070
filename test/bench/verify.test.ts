import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { after, test } from 'node:test';
import { makeClients } from './clients.ts';
import { BODY } from './requests.ts';
import { nginxLua } from './subjects/nginx.ts';
import { verifyRound } from './verify.ts';

const clients = makeClients(64);

/** Port of a server that ends with this file. */
async function serving(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  after(() => server.close());
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

/** Says yes to everything and shows the request it got, unchanged. */
const credulous: RequestListener = (req, res) => void echo(req, res);

async function echo(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = (await req.setEncoding('latin1').toArray()).join('');
  const seen = JSON.stringify({ method: req.method, target: req.url, headers: req.headers, body });
  res
    .setHeader('server', 'x')
    .setHeader('x-region', 'eu')
    .end(req.method === 'GET' ? BODY : seen);
}

test('a proxy that applies no rule passes the plain check and fails the one of rules, point by point', async () => {
  const port = await serving(credulous);
  assert.deepEqual(await verifyRound(port, { rules: false }, clients), []);
  const found = await verifyRound(port, { rules: true }, clients);
  for (const problem of [
    'replay: 200 instead of 401',
    'wrong signature: 200 instead of 401',
    'changed body: 200 instead of 401',
    'old timestamp: 200 instead of 401',
    'unsigned: 200 instead of 401',
    'path upstream: /v1/messages instead of /2024-03/messages',
    'anthropic-version: undefined instead of 2023-06-01',
    'x-signature: ',
    'server: x instead of undefined',
    'x-client-region: undefined instead of asia',
  ]) {
    assert.ok(
      found.some((line) => line.startsWith(problem)),
      `${problem} is missing from ${found.join('; ')}`,
    );
  }
});

test('a subject that cannot run says which package to install', () => {
  assert.match(nginxLua.missing(), /^$|apt-get install nginx-extras/);
});
