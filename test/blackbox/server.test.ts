import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { entryFile } from '../../src/demo/child.ts';
import { tempFolder } from '../../src/testing/control.ts';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const FAULTS = { NODE_OPTIONS: `--import ${new URL('../tools/faults.ts', import.meta.url).href}` };
const pem = (name: string): string => readFileSync(new URL(`../../src/testing/certs/${name}`, import.meta.url), 'utf8');

/** An upstream that answers at once, but `/slow` when `release` is called. */
async function upstream(t: TestContext) {
  const slow: ServerResponse[] = [];
  const state = { healthy: true };
  const server = createServer((request, response) => {
    if (request.url === '/slow') slow.push(response);
    else if (request.url === '/healthz') response.writeHead(state.healthy ? 200 : 500).end();
    else response.end('fast');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, slow, state };
}

const reply = (body: string, path = '/') => ({
  routes: { [`r-${body}`]: { match: { path }, reply: { status: 200, body } } },
});
const proxy = (url: string, more: object = {}) => ({
  upstreams: { u: { endpoints: { e: { url } }, ...more } },
  routes: { all: { match: { path: '/**' }, to: 'u' } },
});

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** Runs Weir to its end. */
function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [entryFile(), ...args], { env: { ...process.env, ...env } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

function writeConfig(t: TestContext, config: object, rules: object | string = reply('x')): string {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'rules'));
  writeFileSync(join(folder, 'rules', 'rules.yaml'), typeof rules === 'string' ? rules : JSON.stringify(rules));
  const file = join(folder, 'weir.yaml');
  const defaults = {
    listeners: [{ address: '127.0.0.1:0' }],
    admin: { address: '127.0.0.1:0' },
    threads: 1,
    rules: 'rules',
    state: 'state',
  };
  writeFileSync(file, JSON.stringify({ ...defaults, ...config }));
  return file;
}

test('what the admin listener shows of a running Weir', async (t) => {
  const signature = { keys: { partner: 'very-secret-and-long-enough-for-sha256' }, sign: '{timestamp}{nonce}{body}' };
  const routes = {
    ...reply('b', '/b').routes,
    a: { match: { path: '/a' }, use: ['s'], reply: { status: 200, body: 'a' } },
  };
  const rules = { policies: { s: { signature } }, routes };
  const weir = await startWeir(t, { rules });
  assert.equal(await textOf(`${weir.admin}/livez`), 'alive\n');
  assert.equal(await textOf(`${weir.admin}/readyz`), 'ready\n');
  const status = (await weir.status()) as unknown as Record<string, unknown>;
  assert.match(String(status.revision), /^[0-9a-f]{12}$/);
  assert.deepEqual(status.rules, { ok: true, problems: [] });
  assert.deepEqual(status.threads, { wanted: 2, listening: 2, unresponsive: 0, deaths: 0 });
  assert.ok((status.uptime as number) > 0);
  assert.deepEqual([status.listeners, status.admin, status.phase], [weir.urls, weir.admin, 'serving']);
  const config = await textOf(`${weir.admin}/api/v1/config`);
  assert.ok(!config.includes('very-secret-and-long-enough-for-sha256'));
  assert.deepEqual(JSON.parse(config).plan.revision, status.revision);
  assert.equal(await textOf(`${weir.url}/b`), 'b');
  assert.equal((await fetch(`${weir.url}/a`)).status, 401);
  assert.equal(await weir.metric('weir_requests_total', { route: 'r-b', status_class: '2xx' }), 1);
  assert.equal(await weir.metric('weir_signature_refused_total', { policy: 's', reason: 'missing' }), 1);
  assert.equal(await weir.metric('weir_config_revision_info', { revision: String(status.revision) }), 1);
  for (const family of ['process_cpu_seconds_total', 'weir_geoip_loaded', 'weir_threads', 'weir_store_capacity'])
    assert.ok((await weir.metric(family)) > 0, family);
});

test('rules are reloaded by an edit, a signal and a call; a bad edit changes nothing', async (t) => {
  const weir = await startWeir(t, { rules: { files: { 'a.yaml': reply('one') } } });
  assert.equal(await textOf(weir.url), 'one');
  await weir.apply('a.yaml', reply('two'));
  assert.equal(await textOf(weir.url), 'two');
  const broken = await weir.applyBroken('a.yaml', 'routes:\n  r: { match: { path: / }, nonsense: 1 }\n');
  assert.equal(broken.rules.problems.length > 0, true);
  assert.equal(await textOf(weir.url), 'two');
  const line = await weir.record((record) => record.level === 'error' && /a\.yaml:2:\d+ /.test(String(record.message)));
  assert.match(String(line.at), /rules\/a\.yaml:2:\d+$/);
  const refused = await weir.reload();
  assert.equal(refused.status, 422);
  assert.equal(await weir.metric('weir_last_reload_successful'), 0);
  // Another name for good rules: one file goes, one comes.
  weir.remove('a.yaml');
  await weir.apply('b.yaml', reply('three'));
  assert.equal(await textOf(weir.url), 'three');
  const good = await weir.reload();
  assert.deepEqual(
    [good.status, ((await good.json()) as { revision: string }).revision],
    [200, (await weir.status()).revision],
  );
  const before = await weir.metric('weir_reloads_total', { result: 'ok' });
  weir.process.signal('SIGHUP');
  await until(async () => (await weir.metric('weir_reloads_total', { result: 'ok' })) > before, 'the signal to reload');
});

test('a traffic thread that dies takes nothing along', async (t) => {
  const weir = await startWeir(t, { rules: reply('here'), env: FAULTS });
  weir.process.signal('SIGWINCH');
  const died = await weir.record((record) => record.message === 'a traffic thread died');
  assert.match(String(died.why), /a bug in a traffic thread/);
  await weir.statusWhere(({ threads }) => (threads as { listening: number }).listening === 2, 'the replacement');
  assert.equal(await weir.metric('weir_worker_deaths_total'), 1);
  for (let i = 0; i < 20; i++) assert.equal(await textOf(weir.url), 'here');
});

test('SIGTERM lets an open request finish, tells probes, and ends with 0', async (t) => {
  const { url, slow } = await upstream(t);
  const weir = await startWeir(t, { rules: proxy(url) });
  const open = textOf(`${weir.url}/slow`);
  await until(() => slow.length === 1, 'the request to arrive');
  weir.process.signal('SIGTERM');
  await until(async () => (await textOf(`${weir.admin}/readyz`)) === 'draining\n', 'the draining to be told');
  await until(() => refuses(weir.url), 'new connections to be refused');
  assert.ok(weir.process.running);
  slow[0]!.end('slowly');
  assert.equal(await open, 'slowly');
  assert.equal(await weir.process.exited, 0);
  assert.equal(weir.records().at(-1)?.message, 'weir has ended');
});

for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)
  test(`a second signal ends it at once: ${signal} with ${status}`, async (t) => {
    const { url, slow } = await upstream(t);
    const weir = await startWeir(t, { rules: proxy(url), config: { limits: { drainTimeout: '10m' } } });
    const open = assert.rejects(textOf(`${weir.url}/slow`));
    await until(() => slow.length === 1, 'the request to arrive');
    const first = signal === 'SIGTERM' ? 'SIGINT' : 'SIGTERM';
    weir.process.signal(first);
    await until(async () => (await textOf(`${weir.admin}/readyz`)) === 'draining\n', 'the draining to be told');
    weir.process.signal(signal);
    assert.equal(await weir.process.exited, status);
    await open;
  });

function refuses(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { agent: new Agent() }, (response) => {
      response.resume();
      resolve(false);
    }).on('error', () => resolve(true));
  });
}

test('a request that does not finish is ended after drainTimeout, with an answer', async (t) => {
  const { url, slow } = await upstream(t);
  const weir = await startWeir(t, { rules: proxy(url), config: { limits: { drainTimeout: '200ms' } } });
  const open = fetch(`${weir.url}/slow`);
  await until(() => slow.length === 1, 'the request to arrive');
  weir.process.signal('SIGINT');
  assert.equal(await weir.process.exited, 0);
  const reply = await open;
  const { code } = (await reply.json()) as { code: string };
  assert.deepEqual([reply.status, code, reply.headers.get('retry-after')], [503, 'SHUTTING_DOWN', '1']);
});

test('a second signal ends at once', async (t) => {
  const { url, slow } = await upstream(t);
  const weir = await startWeir(t, { rules: proxy(url) });
  const broken = assert.rejects(textOf(`${weir.url}/slow`));
  await until(() => slow.length === 1, 'the request to arrive');
  weir.process.signal('SIGTERM');
  await weir.record((record) => record.message === 'weir is draining');
  weir.process.signal('SIGINT');
  assert.equal(await weir.process.exited, 130);
  await broken;
});

test('a bug in the main thread is logged and ends with 70', async (t) => {
  const weir = await startWeir(t, { rules: reply('x'), env: FAULTS });
  weir.process.signal('SIGUSR2');
  assert.equal(await weir.process.exited, 70);
  const last = weir.records().at(-1)!;
  assert.deepEqual([last.level, (last.err as { message: string }).message], ['fatal', 'a bug in the main thread']);
});

test('a bug in the main thread loses no line of the access log that threads have gathered', async (t) => {
  const weir = await startWeir(t, { rules: reply('x'), env: FAULTS });
  for (let i = 0; i < 20; i++) await (await fetch(weir.url)).text();
  weir.process.signal('SIGUSR2');
  assert.equal(await weir.process.exited, 70);
  assert.equal(weir.accessLog().length, 20);
});

test('config or rules with problems: all of them as check prints them, and 3', async (t) => {
  const bad = await run([
    'serve',
    '--config',
    writeConfig(t, {}, 'routes:\n  r: { match: { path: / }, too: nowhere }\n'),
  ]);
  assert.equal(bad.code, 3);
  assert.match(bad.err, /rules\.yaml:2:\d+ error unknown-key/);
  assert.match(bad.err, /> 2 \| {3}r: \{ match/);
  const config = await run(['serve', '--config', writeConfig(t, { threads: 'many' })]);
  assert.equal(config.code, 3);
  assert.match(config.err, /weir\.yaml:1:\d+ error/);
});

test('what is not available is one clear line, and 1', async (t) => {
  const taken = createNetServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const fails = async (config: object, line: RegExp): Promise<void> => {
    const { code, err } = await run(['serve', '--config', writeConfig(t, { ...config, log: { level: 'error' } })]);
    assert.deepEqual([code, err.trimEnd().split('\n').length], [1, 1], err);
    assert.match(err, line);
  };
  await Promise.all([
    fails({ listeners: [{ address }] }, new RegExp(`^weir: ${address} is in use by another process\n$`)),
    fails({ admin: { address } }, new RegExp(`^weir: admin: ${address} is in use by another process\n$`)),
  ]);
  const missing = await run(['serve', '--config', '/nowhere/weir.yaml']);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /^weir: \/nowhere\/weir\.yaml cannot be read: ENOENT/);
});

test('a second Weir on the same address is refused, though both could share it', async (t) => {
  const weir = await startWeir(t, { rules: reply('first') });
  const second = await run([
    'serve',
    '--config',
    writeConfig(t, { listeners: [{ address: weir.url.slice('http://'.length) }] }),
  ]);
  assert.equal(second.code, 1);
  assert.match(second.err, /is in use by another process/);
  assert.equal(await textOf(weir.url), 'first');
});

test('a wrong command line is 64 with one line that leads on, --help is 0', async () => {
  const wrong = await run(['serve', '--confg', 'x']);
  assert.equal(wrong.code, 64);
  assert.match(wrong.err, /^weir serve: [^\n]*--confg[^\n]*weir serve --help[^\n]*\n$/);
  const help = await run(['serve', '--help']);
  assert.deepEqual([help.code, help.err], [0, '']);
  assert.match(help.out, /SIGHUP/);
});

/** Starts Weir with its standard output in the test's hand. */
async function withOutput(t: TestContext) {
  const weir = spawn(process.execPath, [entryFile(), 'serve', '--config', writeConfig(t, {})], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => weir.kill('SIGKILL'));
  const exited = new Promise((resolve) => weir.once('exit', resolve));
  let text = '';
  const ready = new Promise<{ listeners: string[]; admin: string }>((resolve, reject) => {
    weir.once('exit', (code) => reject(new Error(`Weir ended with ${code}`)));
    weir.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const line = text.split('\n').find((line) => line.includes('weir is ready') && line.endsWith('}'));
      if (line) resolve(JSON.parse(line));
    });
  });
  const { listeners, admin } = await ready;
  return { weir, exited, url: listeners[0], admin };
}

test('a reader of the log that goes away does not end Weir', async (t) => {
  const { weir, exited, url, admin } = await withOutput(t);
  weir.stdout.destroy();
  await until(async () => {
    assert.equal(await textOf(url!), 'x');
    return /weir_access_log_dropped_total [1-9]/.test(await textOf(`${admin}/metrics`));
  }, 'lines to be dropped');
  weir.kill('SIGTERM');
  assert.equal(await exited, 0);
});

test('a reader of the log that stops reading does not stop Weir', async (t) => {
  const { weir, exited, url } = await withOutput(t);
  weir.stdout.pause();
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  t.after(() => agent.destroy());
  // Long paths fill the pipe soon: 64 KiB and what the other end buffers.
  const path = `/${'x'.repeat(4000)}`;
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      get(url + path, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
    });
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 8 }, ask));
  assert.equal(await textOf(url!), 'x');
  weir.kill('SIGTERM');
  assert.equal(await exited, 0);
});

test('a certificate that is renewed is used without a restart', async (t) => {
  const tls = { certificates: [{ cert: 'relay.pem', key: 'relay.key' }] };
  const files = { 'config/relay.pem': pem('a.pem'), 'config/relay.key': pem('a.key') };
  const weir = await startWeir(t, {
    rules: reply('x'),
    config: { listeners: [{ address: '127.0.0.1:0', tls }] },
    files,
  });
  const subject = () => subjectOf(weir);
  assert.equal(await subject(), 'a.example.test');
  for (const [name, text] of [
    ['relay.key', pem('b.key')],
    ['relay.pem', pem('b.pem')],
  ]) {
    writeFileSync(join(weir.folder, 'config', `.${name}`), text!);
    renameSync(join(weir.folder, 'config', `.${name}`), join(weir.folder, 'config', name!));
  }
  await weir.record((record) => record.message === 'new certificates are in use');
  await until(async () => (await subject()) === 'b.example.test', 'the new certificate');
  assert.ok((await weir.metric('weir_certificate_expiry_timestamp_seconds')) > Date.now() / 1000);
});

function subjectOf(weir: Weir): Promise<string> {
  const { hostname, port } = new URL(weir.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('health probes take an endpoint out and bring it back', async (t) => {
  const { url, state } = await upstream(t);
  const health = { path: '/healthz', every: '20ms', timeout: '5s', healthy: 1, unhealthy: 2, panic: 'off' };
  const weir = await startWeir(t, { rules: proxy(url, { health }) });
  assert.equal(await textOf(`${weir.url}/a`), 'fast');
  state.healthy = false;
  await weir.record((record) => record.message === 'endpoint is unhealthy');
  assert.equal((await fetch(`${weir.url}/a`)).status, 503);
  assert.equal(await weir.metric('weir_endpoint_healthy', { endpoint: 'u/e' }), 0);
  state.healthy = true;
  await weir.record((record) => record.message === 'endpoint is healthy again');
  assert.equal(await textOf(`${weir.url}/a`), 'fast');
});

test('a wrong health path is no outage: below the share all endpoints are used, which log and metric say once', async (t) => {
  const { url, state } = await upstream(t);
  const health = { path: '/healthz', every: '20ms', timeout: '5s', healthy: 1, unhealthy: 1 };
  const endpoints = { a: { url }, b: { url } };
  const rules = (more: object) => ({
    upstreams: { u: { endpoints, health: { ...health, ...more } } },
    routes: { r: { to: 'u' } },
  });
  state.healthy = false;
  const weir = await startWeir(t, { rules: rules({}) });
  const said = (message: string) => weir.records().filter((record) => record.message === message);
  const ENTERS = 'too few endpoints are healthy: all of them are used';
  const LEAVES = 'health counts again: only healthy endpoints are used';
  const panic = () => weir.metric('weir_upstream_panic', { upstream: 'u' });
  await until(() => said('endpoint is unhealthy').length === 2, 'both to be unhealthy');
  for (let i = 0; i < 6; i++) assert.equal(await textOf(`${weir.url}/a`), 'fast');
  assert.equal(await panic(), 1);
  assert.partialDeepStrictEqual(said(ENTERS)[0], { level: 'warn', upstream: 'u', region: '', healthy: 0, total: 2 });
  state.healthy = true;
  await until(() => said(LEAVES).length === 1, 'the end of it');
  assert.equal(await panic(), 0);
  assert.deepEqual([said(ENTERS).length, said(LEAVES).length], [1, 1]);
  state.healthy = false;
  await until(() => said(ENTERS).length === 2, 'the next one');
  await weir.apply('rules.yaml', rules({ panic: '0%' }));
  assert.equal((await fetch(`${weir.url}/a`)).status, 503, 'the rules turn it off');
  assert.equal(await panic(), 0);
});

test('an open breaker shows in the metrics', async (t) => {
  const breaker = {
    window: '10s',
    minRequests: 1,
    failureRate: '50%',
    openFor: '60s',
    probes: 1,
    failures: ['connect'],
  };
  const taken = createNetServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  await new Promise((resolve) => taken.close(resolve));
  const weir = await startWeir(t, { rules: proxy(`http://127.0.0.1:${port}`, { breaker }) });
  assert.equal(await weir.metric('weir_breaker_state', { endpoint: 'u/e' }), 0);
  assert.equal((await fetch(`${weir.url}/a`)).status, 502);
  assert.equal(await weir.metric('weir_breaker_state', { endpoint: 'u/e' }), 2);
});
