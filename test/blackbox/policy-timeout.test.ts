/** A policy that waits for what never comes holds its own requests up, for as long as the settings say, and no others. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startWeir } from '../tools/weir.ts';

test('a key server that never answers: 503 at the deadline, and other routes do not wait', async (t) => {
  const frozen = createServer(() => {});
  const echo = createServer((_request, response) => response.end('ok'));
  for (const server of [frozen, echo]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
  }
  const url = (server: typeof frozen): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const weir = await startWeir(t, {
    rules: {
      upstreams: { u: { endpoints: { e: { url: url(echo) } } } },
      policies: {
        login: {
          jwt: { issuer: 'https://issuer.test', audience: 'a', algorithms: ['RS256'], keys: { url: url(frozen) } },
        },
      },
      routes: {
        guarded: { match: { path: '/guarded' }, use: ['login'], to: 'u' },
        open: { match: { path: '/open' }, to: 'u' },
      },
    },
    config: { threads: 1, limits: { policyTimeout: '300ms' } },
  });
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'RS256', kid: 'k' })}.${part({ iss: 'https://issuer.test', aud: 'a' })}.c2ln`;
  const guarded = fetch(`${weir.url}/guarded`, { headers: { authorization: `Bearer ${token}` } });
  const open = await fetch(`${weir.url}/open`);
  assert.equal(open.status, 200);
  const reply = await guarded;
  assert.equal(reply.status, 503);
  assert.equal(reply.headers.get('retry-after'), '1');
  assert.equal(((await reply.json()) as { code: string }).code, 'POLICY_TIMEOUT');
  assert.equal(await weir.metric('weir_policy_failures_total'), 1);
  assert.equal(await weir.metric('weir_requests_in_flight'), 0);
});
