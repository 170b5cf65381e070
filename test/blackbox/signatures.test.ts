/** Signed requests on the wire: what a signature covers, and what is remembered over renames, reloads and restarts. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { entryFile } from '../../src/demo/child.ts';
import { WireClient } from '../contract/edge-wire.ts';
import { anotherWeir, type Context, startWeir, takeOver, type Weir } from '../tools/weir.ts';

const SECRET = 'a secret that the partner shares with Weir';

const mac = (text: string) => createHmac('sha256', SECRET).update(text).digest('base64');
const seconds = () => String(Math.floor(Date.now() / 1000));

interface Signed {
  readonly timestamp: string;
  readonly nonce: string;
}

const rulesOf = (signature: object, name = 'signed') => ({
  policies: { [name]: { signature: { keys: { k: SECRET }, ...signature } } },
  routes: { all: { use: [name], reply: { status: 204 } } },
});

/** Fields of a request signed with `{timestamp}\n{nonce}`. */
function fieldsOf({ timestamp, nonce }: Signed, signature = mac(`${timestamp}\n${nonce}`)): Record<string, string> {
  return { 'x-key-id': 'k', 'x-timestamp': timestamp, 'x-nonce': nonce, 'x-signature': signature };
}

const LINES = { sign: '{timestamp}\n{nonce}' };

/** Status, with the code of a refusal. */
async function send(weir: Weir, headers: Record<string, string>, init: RequestInit = {}): Promise<string> {
  const reply = await fetch(weir.url, { ...init, headers: { ...headers, connection: 'close' } });
  const text = await reply.text();
  return text === '' ? `${reply.status}` : `${reply.status} ${JSON.parse(text).code}`;
}

test('text cannot be moved between nonce and body of the dialect’s own template', async (t) => {
  const weir = await startWeir(t, { rules: rulesOf({ sign: '{timestamp}{nonce}{body}' }) });
  const timestamp = seconds();
  const body = '{"user":"alice"}';
  const signature = mac(`${timestamp}nonce-1${body}`);
  const as = (nonce: string, body: string) =>
    send(weir, fieldsOf({ timestamp, nonce }, signature), { method: 'POST', body });
  assert.equal(await as('nonce-', `1${body}`), '401 SIGNATURE_AMBIGUOUS');
  assert.equal(await as('nonce-1{', body.slice(1)), '401 SIGNATURE_INVALID');
  assert.equal(await as('nonce-1', body), '204');
  assert.equal(await as('nonce-1', body), '401 SIGNATURE_REPLAYED');
  assert.equal(await weir.metric('weir_store_used', { table: 'nonces' }), 1);
});

test('{host} is what the client sent as its host, over HTTP/1.1 in both forms and over HTTP/2', async (t) => {
  const tls = new URL('../tools/tls/', import.meta.url).pathname;
  const certificates = [{ cert: join(tls, 'first.pem'), key: join(tls, 'first.key') }];
  const weir = await startWeir(t, {
    rules: rulesOf({ sign: '{timestamp}\n{nonce}\n{host}' }),
    config: { listeners: [{ address: '127.0.0.1:0' }, { address: '127.0.0.1:0', tls: { certificates } }] },
  });
  let nonces = 0;
  const fields = (host: string) => {
    const signed = { timestamp: seconds(), nonce: `n${nonces++}` };
    return fieldsOf(signed, mac(`${signed.timestamp}\n${signed.nonce}\n${host}`));
  };
  assert.equal(await send(weir, fields(new URL(weir.url).host)), '204', 'a client that signs its own Host');
  const raw = async (target: string, host: string, signedHost: string) => {
    const client = await WireClient.connect(Number(new URL(weir.url).port));
    const lines = Object.entries(fields(signedHost)).map(([name, value]) => `${name}: ${value}\r\n`);
    client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}Connection: close\r\n\r\n`);
    const { status } = await client.head();
    client.socket.destroy();
    return `${status}`;
  };
  assert.equal(await raw('/', 'Relay.Test.:80', 'relay.test'), '204', 'normal form, without the scheme’s own port');
  assert.equal(await raw('/', 'relay.test:8443', 'relay.test:8443'), '204');
  assert.equal(await raw('/', 'relay.test:8443', 'relay.test'), '401');
  assert.equal(await raw('http://target.test/', 'other.test', 'target.test'), '204', 'the host that counts');
  assert.equal(await raw('http://target.test/', 'other.test', 'other.test'), '401');

  const session = connectHttp2(weir.urls[1]!, { rejectUnauthorized: false });
  t.after(() => session.close());
  const status = (authority: string, signedHost: string) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':path': '/', ':authority': authority, ...fields(signedHost) });
      stream.on('response', (headers) => resolve(headers[':status'])).on('error', reject);
      stream.resume().end();
    });
  assert.equal(await status('Relay.Test:443', 'relay.test'), 204);
  assert.equal(await status('relay.test:444', 'relay.test:444'), 204);
  assert.equal(await status('relay.test', 'other.test'), 401);
});

test('a replay is refused after the policy, its key or its file was renamed, and no reload counts as a start', async (t) => {
  const weir = await startWeir(t, { rules: rulesOf(LINES) });
  const fields = fieldsOf({ timestamp: seconds(), nonce: 'once' });
  const unused = fieldsOf({ timestamp: seconds(), nonce: 'signed-before-the-reloads' });
  assert.equal(await send(weir, fields), '204');
  await weir.apply('rules.yaml', rulesOf(LINES, 'renamed'));
  assert.equal(await send(weir, fields), '401 SIGNATURE_REPLAYED');
  await weir.apply('rules.yaml', { routes: { all: { reply: { status: 200, json: {} } } } });
  await weir.apply('rules.yaml', rulesOf({ ...LINES, keys: { another: SECRET } }, 'again'));
  assert.equal(await send(weir, { ...fields, 'x-key-id': 'another' }), '401 SIGNATURE_REPLAYED');
  assert.equal(await send(weir, { ...unused, 'x-key-id': 'another' }), '204');
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const)
  test(`after a restart (${signal}) nothing that was let through before passes again`, async (t) => {
    const weir = await startWeir(t, { rules: rulesOf(LINES) });
    const used = fieldsOf({ timestamp: seconds(), nonce: 'used' });
    assert.equal(await send(weir, used), '204', 'a request right after the start');
    const unused = fieldsOf({ timestamp: seconds(), nonce: 'unused' });
    weir.process.signal(signal);
    await weir.process.exited;
    const next = await restart(t, weir);
    assert.equal(await send(next, used), '401 SIGNATURE_BEFORE_START');
    assert.equal(await send(next, unused), '401 SIGNATURE_BEFORE_START', 'nobody can tell it from one that was used');
    assert.equal(await send(next, fieldsOf({ timestamp: seconds(), nonce: 'used' })), '204', 'right after the start');
    assert.equal(await next.metric('weir_signature_refused_total', { policy: 'signed', reason: 'before_start' }), 2);
    const line = await next.record(({ policy }) => policy === 'signed', 'a line that says so');
    assert.match(String(line.message), /before the store began to remember/);
    // A reload is no start, and one that changes its mind about what was before is obeyed.
    await next.apply('rules.yaml', rulesOf({ ...LINES, beforeStart: 'accept' }));
    assert.equal(await send(next, unused), '204');
    assert.equal(await send(next, unused), '401 SIGNATURE_REPLAYED');
  });

test('a process that takes over refuses what the one before may have let through', async (t) => {
  const weir = await startWeir(t, { rules: rulesOf(LINES) });
  const used = fieldsOf({ timestamp: seconds(), nonce: 'used' });
  assert.equal(await send(weir, used), '204');
  const next = await takeOver(t, weir);
  assert.equal(await weir.process.exited, 0);
  assert.equal(await send(next, used), '401 SIGNATURE_BEFORE_START');
  assert.equal(await send(next, fieldsOf({ timestamp: seconds(), nonce: 'used' })), '204');
});

test('a store that holds too few is warned of at the start, and check says what it holds', async (t) => {
  const weir = await startWeir(t, { rules: rulesOf(LINES), config: { store: { memory: { nonces: 65_536 } } } });
  const { code, message } = (await weir.status()).rules.problems[0]!;
  assert.equal(code, 'few-nonces');
  assert.match(message, /^65536 nonces hold 108 signed requests a second for the window 5m of `signed`$/);
  weir.writeConfig({});
  const args = [entryFile(), 'check', '--config', weir.configFile];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  assert.match(stdout, /\n3145728 nonces hold 5199 signed requests a second for the window 5m of `signed`\n/);
  assert.doesNotMatch(stdout, /few-nonces/);
});

async function restart(t: Context, weir: Weir): Promise<Weir> {
  const next = anotherWeir(t, weir);
  await next.ready();
  return next;
}
