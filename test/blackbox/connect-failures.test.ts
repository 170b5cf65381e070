/** What keeps connections to endpoints from being made is said where an operator looks: in the access log. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { CERTIFICATE, KEY } from '../contract/forwarder-tls.ts';
import { until } from '../tools/until.ts';
import { startWeir } from '../tools/weir.ts';

async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

test('refused, no such name, no TLS, a certificate of another, silence: by every forwarder', async (t) => {
  const closed = createServer();
  const nobody = await listening(t, closed);
  await new Promise((resolve) => closed.close(resolve));
  const silent = await listening(t, createServer());
  const hangsUp = await listening(
    t,
    createServer((socket) => void socket.destroy()),
  );
  const stranger = await listening(t, createTlsServer({ cert: CERTIFICATE, key: KEY }));
  const urls: Readonly<Record<string, string>> = {
    'connect: refused': `http://127.0.0.1:${nobody}`,
    // A label of more than 63 octets: no name server is asked (RFC 1035 §2.3.4).
    'connect: dns': `http://${'x'.repeat(64)}.invalid`,
    // Of an endpoint with TLS as well: nothing of TLS has been tried yet.
    'connect: refused ': `https://127.0.0.1:${nobody}`,
    'connect: dns ': `https://${'x'.repeat(64)}.invalid`,
    'connect: tls': `https://127.0.0.1:${stranger}`,
    'connect: tls ': `https://127.0.0.1:${hangsUp}`,
    'connect: tls  ': `https://127.0.0.1:${silent}`,
  };
  const ways = { h1: {}, h2: { pool: { http2: true } }, proxy: { forwarder: 'http-proxy' } };
  const upstreams: Record<string, unknown> = {};
  const routes: Record<string, unknown> = {};
  const expected: Record<string, string> = {};
  for (const [way, settings] of Object.entries(ways))
    for (const [n, [failure, url]] of Object.entries(urls).entries()) {
      const name = `${way}-${n}`;
      const pool = { connect: '2s', tlsHandshake: '200ms', ...('pool' in settings ? settings.pool : {}) };
      upstreams[name] = { ...settings, endpoints: { e: { url } }, pool };
      routes[name] = { match: { path: `/${name}` }, to: name };
      expected[name] = failure.trim();
    }
  // By HTTP/2 without TLS a connection is made when the other end has spoken; until then nothing says that it can.
  const prior = { http2: true, connect: '200ms' };
  upstreams.prior = { endpoints: { e: { url: `http://127.0.0.1:${silent}` } }, pool: prior };
  routes.prior = { match: { path: '/prior' }, to: 'prior' };
  expected.prior = 'connect: timeout';
  const weir = await startWeir(t, { rules: { upstreams, routes } });
  for (const name of Object.keys(expected)) assert.equal((await fetch(`${weir.url}/${name}`)).status, 502, name);
  const lines = await until(
    () => weir.accessLog().length === Object.keys(expected).length && weir.accessLog(),
    'lines',
  );
  const seen = Object.fromEntries(lines.map(({ route, failure }) => [route as string, failure as string]));
  assert.deepEqual(seen, expected);
});
