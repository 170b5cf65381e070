/** Out of file descriptors: said once, counted, no fault of any endpoint's, and over as soon as there are some again. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { platform } from 'node:os';
import { type TestContext, test } from 'node:test';
import { until } from '../tools/until.ts';
import { startWeir } from '../tools/weir.ts';

const skip = platform() !== 'linux' && 'limits of a running process are changed with prlimit(1)';

test('a limit that cannot fit is told at start', { skip }, async (t) => {
  const weir = await startWeir(t, {
    rules: { routes: { r: { match: { path: '/' }, reply: { status: 200 } } } },
    config: { limits: { connections: 10_000_000 } },
  });
  const line = weir.records().find(({ message }) => message?.startsWith('limits.connections may need'));
  assert.ok(line, weir.log());
  assert.equal(line.wanted, 10_000_000 * 2 * 2 + 100);
  assert.equal(line.limit, await weir.metric('process_max_fds'));
});

test('everything that can run out is counted from 0 on', async (t) => {
  const weir = await startWeir(t, { rules: { routes: { r: { match: { path: '/' }, reply: { status: 200 } } } } });
  const series = (await weir.metrics()).split('\n').filter((line) => line.startsWith('weir_exhausted_total{'));
  const zero = (resource: string) => `weir_exhausted_total{resource="${resource}"} 0`;
  assert.deepEqual(series.sort(), [zero('descriptors'), zero('ports')]);
});

/** Where an endpoint may be: a connection there takes a descriptor, and so does asking for its address. */
const PLACES = { 'by address': 'http://127.0.0.1', 'by name': 'http://localhost', 'with TLS': 'https://127.0.0.1' };

for (const [name, place] of Object.entries(PLACES))
  test(`when it happens, with an endpoint ${name}: one line, a counter, and no endpoint is blamed`, { skip }, (t) =>
    runsOut(t, place),
  );

async function runsOut(t: TestContext, place: string): Promise<void> {
  const server = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const breaker = { window: '60s', minRequests: 1, failureRate: '1%', openFor: '60s' };
  const health = { path: '/', every: '100ms', timeout: '10s', unhealthy: 1 };
  const weir = await startWeir(t, {
    rules: {
      upstreams: {
        u: { endpoints: { e: { url: `${place}:${port}` } }, breaker },
        probed: { endpoints: { e: { url: `http://127.0.0.1:${port}` } }, health },
      },
      routes: { r: { match: { path: '/' }, to: 'u' }, probed: { match: { path: '/probed' }, to: 'probed' } },
    },
    config: { threads: 1 },
  });
  const { pid } = weir.process;
  const limit = (n: number): void => void execFileSync('prlimit', ['--pid', String(pid), `--nofile=${n}:`]);
  const hard = await weir.metric('process_max_fds');
  // A request that is here already, whose connection to the endpoint is still to be made.
  const early = connect(Number(new URL(weir.url).port), '127.0.0.1');
  await new Promise<void>((resolve) => early.once('connect', () => resolve()));
  await until(async () => (await weir.metric('weir_connections')) > 0, 'the connection');
  t.after(() => early.destroy());
  // What is open stays open. That something of it closes meanwhile makes no place: its number is above the limit.
  limit(3);
  const out = () => weir.records().filter(({ message }) => message?.startsWith('out of file descriptors'));
  await until(() => out().length > 0, 'the line about descriptors');
  let answer = '';
  early.setEncoding('latin1').on('data', (text) => {
    answer += text;
  });
  early.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => answer.includes('\r\n\r\n'), 'an answer');
  limit(hard);
  assert.match(answer, /^HTTP\/1.1 503 /);
  assert.match(answer, /\r\nretry-after: 1\r\n/i);
  await weir.record(({ message }) => message === 'file descriptors are available again');
  const { endpoints } = await weir.status();
  assert.equal(endpoints['u/e']!.breaker, 'closed');
  assert.equal((await fetch(`${weir.url}/probed`)).status, 200);
  assert.ok(!weir.log().includes('endpoint is unhealthy'), weir.log());
  assert.equal(out().length, 1);
  assert.equal(typeof out()[0]!.limit, 'number');
  assert.ok((await weir.metric('weir_exhausted_total', { resource: 'descriptors' })) >= 2);
  const lines = (await weir.metrics())
    .split('\n')
    .filter((text) => text.startsWith('weir_exhausted_total{resource="desc'));
  assert.equal(lines.length, 1, `one series, not ${lines.join(' and ')}`);
  const line = await until(() => weir.accessLog().find(({ status }) => status === 503), 'the access log');
  assert.equal(line.failure, 'busy: descriptors');
}
