/** What a request may say of itself, tried over raw sockets: hosts, forwarding, loops, methods about the server itself. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { WireClient, type WireReply } from '../contract/edge-wire.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

/** Heads that upstreams received, in order. */
const received: string[] = [];
let upstream: Server;
let url = '';
/** Trusts nobody; the second one trusts loopback. */
let weir: Weir;
let behind: Weir;

/** Answers every request with the head it got, as an upstream that takes TRACE would. */
function echo(): Server {
  return createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end + 4);
        text = text.slice(end + 4);
        received.push(head);
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${head.length}\r\n\r\n${head}`);
      }
    });
  });
}

const pem = (name: string) => readFileSync(new URL(`../tools/tls/${name}`, import.meta.url), 'utf8');

before(async () => {
  upstream = echo();
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const rules = {
    upstreams: { u: { endpoints: { e: { url } } } },
    policies: {
      secret: {
        headers: { request: { set: { 'x-api-key': 'injected', 'x-region': 'eu' }, remove: ['x-internal-*'] } },
      },
      hosted: { headers: { request: { set: { host: '${header.x-backend}' } } } },
      signed: {
        signature: { keys: { k: 'secret-of-many-letters-and-more-of-them' }, sign: '{timestamp}\n{header.x-tenant}' },
      },
    },
    routes: {
      a: { match: { host: ['a.test', '[2001:DB8::1]'] }, use: ['secret'], to: 'u' },
      b: { match: { host: 'B.test.' }, to: 'u' },
      closed: { match: { host: 'closed.test' }, reply: { status: 403, text: 'closed' } },
      admin: { match: { path: '/admin/**' }, reply: { status: 403, text: 'admin' } },
      role: { match: { path: '/role', headers: { 'x-role': 'admin' } }, reply: { status: 403, text: 'role' } },
      traced: { match: { path: '/traced', methods: ['GET', 'TRACE'] }, use: ['secret'], to: 'u' },
      signed: { match: { path: '/signed' }, use: ['signed'], to: 'u' },
      hosted: { match: { path: '/hosted' }, use: ['hosted'], to: 'u' },
      plain: { match: { host: 'plain.test' }, to: 'u' },
      all: { match: { path: '/**', methods: ['GET', 'POST', 'OPTIONS'] }, to: 'u' },
    },
  };
  const tls = { certificates: [{ cert: 'first.pem', key: 'first.key' }] };
  const files = { 'config/first.pem': pem('first.pem'), 'config/first.key': pem('first.key') };
  const listeners = [{ address: '127.0.0.1:0' }, { address: '127.0.0.1:0', tls }];
  const passHeaders = { fromTrusted: ['CF-Connecting-IP'], fromAnyone: ['x_request_id'] };
  const log = { level: 'info', format: 'json', access: true };
  weir = await startWeir(null, { rules, files, config: { listeners, log, trustedProxies: [] } });
  behind = await startWeir(null, { rules, config: { passHeaders } });
});

after(async () => {
  await weir?.stop();
  await behind?.stop();
  upstream?.close();
});

/** What came back, and what the upstream got, if anything: its first line and its fields by lower-case name. */
interface Seen {
  readonly reply: WireReply;
  readonly line: string;
  readonly sent: Readonly<Record<string, string>> | null;
}

async function ask(to: Weir | string, line: string, ...fields: string[]): Promise<Seen> {
  const client = await WireClient.connect(Number(new URL(typeof to === 'string' ? to : to.url).port));
  const before = received.length;
  client.send([`${line} HTTP/1.1`, ...fields, '', ''].join('\r\n'));
  const reply = await client.reply(line.startsWith('HEAD'));
  client.close();
  const head = received.length > before ? received[received.length - 1]! : '';
  const [first, ...rest] = head.trimEnd().split('\r\n');
  if (head === '') return { reply, line: '', sent: null };
  return { reply, line: first!, sent: Object.fromEntries(rest.map(split)) };
}

function split(field: string): [string, string] {
  const colon = field.indexOf(':');
  return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
}

const code = (seen: Seen) => (JSON.parse(seen.reply.body) as { code: string }).code;

test('the host of an absolute target counts, and upstreams are told no other (RFC 9112 §3.2.2)', async () => {
  const seen = await ask(weir, 'GET http://B.test:8080/x', 'Host: closed.test');
  assert.equal(seen.reply.status, 200);
  assert.equal(seen.sent?.['x-forwarded-host'], 'b.test:8080');
  assert.ok(!JSON.stringify(seen.sent).includes('closed.test'));
  assert.equal((await ask(weir, 'GET http://closed.test/x', 'Host: b.test')).reply.status, 403);
});

test('a host has one normal form, or the request is refused', async () => {
  for (const host of ['closed.test', 'CLOSED.test', 'closed.test.', 'Closed.Test.:80', 'closed.test:8443'])
    assert.equal((await ask(weir, 'GET /', `Host: ${host}`)).reply.status, 403, host);
  for (const host of ['c%6Cosed.test', 'closed.test..', '.closed.test', 'closed.test,a.test', '127.1', '0x7f.1'])
    assert.equal((await ask(weir, 'GET /', `Host: ${host}`)).reply.status, 400, host);
  for (const host of ['u@closed.test', 'closed.test:x', 'closed.test:70000', ''])
    assert.equal((await ask(weir, 'GET /', `Host: ${host}`)).reply.status, 400, host);
  for (const target of ['http://u@closed.test/', 'http:///', 'http://c%6Cosed.test/'])
    assert.equal((await ask(weir, `GET ${target}`, 'Host: a.test')).reply.status, 400, target);
  const six = await ask(weir, 'GET /', 'Host: [2001:db8:0:0::1]:80');
  assert.equal(six.sent?.['x-region'], 'eu');
  assert.equal(six.sent?.['x-forwarded-host'], '[2001:db8::1]');
  assert.equal((await ask(weir, 'GET /x', 'Host: a.test.')).sent?.['x-forwarded-host'], 'a.test');
});

test('HTTP/2: the authority in normal form, and no host that contradicts it (RFC 9113 §8.3.1)', async () => {
  const session = connectHttp2(weir.urls[1]!, { rejectUnauthorized: false });
  const status = (fields: Record<string, string>) =>
    new Promise<string>((resolve) => {
      const stream = session.request({ ':path': '/', ...fields });
      const name = (headers: IncomingHttpHeaders) => resolve(String(headers[':status']));
      stream
        .on('response', name)
        .on('error', (error) => resolve(error.message))
        .resume();
    });
  try {
    assert.equal(await status({ ':authority': 'Closed.Test.:443' }), '403');
    assert.equal(await status({ ':authority': 'c%6cosed.test' }), '400');
    assert.equal(await status({ ':authority': 'a.test', host: 'closed.test' }), '400');
    // nghttp2 resets some of what is malformed (RFC 9113 §8.1.1).
    assert.match(await status({ ':authority': 'u@closed.test' }), /400|PROTOCOL_ERROR/);
    assert.equal(await status({ ':authority': 'a.test' }), '200');
    assert.match(received.at(-1)!, /x-forwarded-host: a\.test\r\n/);
    assert.match(received.at(-1)!, /\r\nvia: 2 weir-[0-9a-f]{12}\r\n/);
  } finally {
    session.close();
  }
});

const CLAIMS = [
  'X-Real-IP: 6.6.6.6',
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-Host: evil.test',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Port: 666',
  'X-Forwarded-Prefix: /evil',
  'X-Forwarded-Client-Cert: By=evil',
  'Forwarded: for=6.6.6.6;host=evil.test',
  'True-Client-IP: 6.6.6.6',
  'X-Client-IP: 6.6.6.6',
  'X-Cluster-Client-IP: 6.6.6.6',
  'CF-Connecting-IP: 6.6.6.6',
  'Fastly-Client-IP: 6.6.6.6',
  'X-Original-URL: /evil',
  'X-Rewrite-URL: /evil',
  'X-Original-Host: evil.test',
  'Proxy: http://evil.test',
  'X_Forwarded_For: 6.6.6.6',
  'x_real_ip: 6.6.6.6',
  'Transfer_Encoding: evil',
  'Content_Length: 666',
  'X_Request_Id: evil',
  'X-Request-Id: evil-id',
  'Client-Cert: :evil:',
  'SSL-Client-Verify: evil',
  'SSL_Client_Subject_DN: CN=evil',
  'X-SSL-Client-S-DN: CN=evil',
  'X-Amzn-Mtls-Clientcert-Subject: CN=evil',
];

test('what upstreams believe of proxies does not pass from strangers', async () => {
  const { reply, sent } = await ask(weir, 'GET /x', 'Host: b.test', ...CLAIMS, 'X_Tenant: kept', 'X-Kept: 1');
  assert.equal(reply.status, 200);
  assert.doesNotMatch(received.at(-1)!, /6\.6\.6\.6|evil|: 666\r/);
  assert.equal(sent?.['x-forwarded-for'], '127.0.0.1');
  assert.equal(sent?.['x-forwarded-proto'], 'http');
  assert.equal(sent?.['x-forwarded-host'], 'b.test');
  assert.equal(sent?.x_tenant, 'kept');
  assert.equal(sent?.['x-kept'], '1');
  const line = await weir.record((record) => record.id === sent?.['x-request-id'], 'the log line with the same id');
  assert.equal(line.route, 'b');
});

test('trusted proxies are believed in what they are asked for, and the settings let more pass', async () => {
  const { sent } = await ask(behind, 'GET /x', 'Host: internal', ...CLAIMS);
  assert.equal(sent?.['x-forwarded-for'], '6.6.6.6, 127.0.0.1');
  assert.equal(sent?.['x-forwarded-host'], 'evil.test');
  assert.equal(sent?.['x-forwarded-proto'], 'https');
  assert.equal(sent?.['x-request-id'], 'evil-id');
  assert.equal(sent?.['cf-connecting-ip'], '6.6.6.6', 'passHeaders.fromTrusted');
  assert.equal(sent?.x_request_id, 'evil', 'passHeaders.fromAnyone');
  for (const name of ['x-real-ip', 'forwarded', 'x-original-url', 'x-forwarded-port', 'proxy', 'transfer_encoding'])
    assert.equal(sent?.[name], undefined, name);
});

test('of what a trusted proxy passes on, only what somebody vouches for goes further', async () => {
  const { sent } = await ask(
    behind,
    'GET /x',
    'Host: internal',
    'X-Forwarded-For: 8.8.8.8, 85.214.132.117:99',
    'X-Forwarded-Host: stranger.test, Proxy.test.:443',
    'X-Forwarded-Proto: gopher, HTTPS',
    'X-Request-Id: one',
    'X-Request-Id: two',
  );
  assert.equal(sent?.['x-forwarded-for'], '85.214.132.117, 127.0.0.1');
  assert.equal(sent?.['x-forwarded-host'], 'proxy.test');
  assert.equal(sent?.['x-forwarded-proto'], 'https');
  assert.match(sent?.['x-request-id'] ?? '', /^req_/);
  const bad = await ask(behind, 'GET /x', 'Host: internal', 'X-Forwarded-Host: a b', 'X-Forwarded-Proto: ftp');
  assert.equal(bad.sent?.['x-forwarded-host'], 'internal');
  assert.equal(bad.sent?.['x-forwarded-proto'], 'http');
});

test('a field that a rule sets or removes has no twin with underscores', async () => {
  const twins = ['X_Api_Key: mine', 'x_region: us', 'X_Internal_User: root', 'X-Internal_User: root'];
  const { sent } = await ask(weir, 'GET /x', 'Host: a.test', ...twins, 'X-Api-Key: mine');
  assert.deepEqual(
    Object.keys(sent!).filter((name) => /api|region|internal/.test(name)),
    ['x-api-key', 'x-region'],
  );
  assert.equal(sent?.['x-api-key'], 'injected');
});

test('a Host that a rule makes of a fact is a host, or the endpoint has its own (RFC 9112 §3.2)', async () => {
  const hosts = async (...fields: string[]) => {
    await ask(weir, 'GET /hosted', 'Host: c', ...fields);
    return received.at(-1)!.match(/^host: .*$/gim);
  };
  assert.deepEqual(await hosts('X-Backend: Tenant.test:8080'), ['host: Tenant.test:8080']);
  const own = [`host: ${new URL(url).host}`];
  assert.deepEqual(await hosts(), own);
  for (const value of ['', 'a b', 'evil.test, c', 'u@evil.test', 'evil.test/x', 'evil.test:x', 'caf\xe9'])
    assert.deepEqual(await hosts(`X-Backend: ${value}`), own, value);
});

test('parameters in a path do not lead round a rule', async () => {
  for (const path of ['/admin;a/x', '/admin;/x', '/admin%3Bx', '/admin/x;y'])
    assert.equal((await ask(weir, `GET ${path}`, 'Host: c')).reply.body, 'admin', path);
  for (const path of ['/;/admin/x', '/%3b/admin', '/;admin'])
    assert.equal(code(await ask(weir, `GET ${path}`, 'Host: c')), 'AMBIGUOUS_PATH', path);
  const refused = await ask(weir, 'GET /%3b/admin?token=t', 'Host: c');
  const { request_id: id } = JSON.parse(refused.reply.body);
  const line = await weir.record((record) => record.id === id, 'its log line');
  assert.equal(line.path, '/%3b/admin', 'the log shows what was refused, without its query');
  const kept = await ask(weir, 'GET /map;v=1.2/x;y=2?a=b;c', 'Host: c');
  assert.equal(kept.line, 'GET /map;v=1.2/x;y=2?a=b;c HTTP/1.1');
});

test('a rule on the value of a header sees every field of the name', async () => {
  const role = async (...values: string[]) => {
    const { reply } = await ask(weir, 'GET /role', 'Host: c', ...values.map((value) => `X-Role: ${value}`));
    return reply.status;
  };
  assert.equal(await role('admin'), 403);
  assert.equal(await role('user', 'admin'), 403);
  assert.equal(await role('admin', 'user'), 403);
  assert.equal(await role('admin', 'admin'), 403);
  assert.equal(await role('user', 'user'), 200);
  for (const fields of [['X_Role: admin'], ['X_ROLE: admin', 'x-role: user']])
    assert.equal((await ask(weir, 'GET /role', 'Host: c', ...fields)).reply.status, 403, fields.join());
});

test('Connection takes off what is of the connection, and not what is meant for the upstream', async () => {
  const fields = ['Authorization: Bearer t', 'Cookie: a=b', 'X-Api-Key: k', 'Content-Type: text/plain', 'X-Hop: 1'];
  const names =
    'authorization, cookie, X-API-KEY, content-type, host, x-forwarded-for, via, x-request-id, x-hop, close';
  const { sent } = await ask(weir, 'GET /x', 'Host: b.test', ...fields, `Connection: ${names}`);
  assert.equal(sent?.authorization, 'Bearer t');
  assert.equal(sent?.cookie, 'a=b');
  assert.equal(sent?.['x-api-key'], 'k');
  assert.equal(sent?.['content-type'], 'text/plain');
  assert.equal(sent?.['x-forwarded-for'], '127.0.0.1');
  assert.ok(sent?.via && sent['x-request-id']);
  assert.equal(sent?.['x-hop'], undefined);
});

test('policies see what is sent: a field that Connection takes off is none for them', async () => {
  const fields = ['X-Key-Id: k', 'X-Timestamp: 1', 'X-Signature: x', 'X-Tenant: t'];
  assert.equal(code(await ask(weir, 'GET /signed', 'Host: c', ...fields)), 'SIGNATURE_EXPIRED');
  const taken = await ask(weir, 'GET /signed', 'Host: c', ...fields, 'Connection: x-tenant');
  assert.equal(code(taken), 'SIGNATURE_MISSING');
});

test('more options in Connection than anyone means are refused', async () => {
  const options = (count: number) => `Connection: ${Array.from({ length: count }, () => 'a').join(',')}`;
  assert.equal((await ask(weir, 'GET /x', 'Host: b.test', options(64))).reply.status, 200);
  assert.equal((await ask(weir, 'GET /x', 'Host: b.test', options(65))).reply.status, 400);
  assert.equal((await ask(weir, 'GET /x', 'Host: b.test', options(40), options(40))).reply.status, 400);
});

test('TRACE is refused where no route names it, and never brings back what a policy put in', async () => {
  const refused = await ask(weir, 'TRACE /x', 'Host: a.test', 'Max-Forwards: 5');
  assert.equal(refused.reply.status, 405);
  assert.doesNotMatch(refused.reply.get('allow') ?? 'TRACE', /TRACE/);
  assert.equal(refused.sent, null);
  const traced = await ask(weir, 'TRACE /traced', 'Host: c', 'Max-Forwards: 5', 'X-Mine: 1', 'X-Region: mars');
  assert.equal(traced.reply.status, 200);
  assert.doesNotMatch(traced.reply.body, /injected|region/i);
  assert.equal(traced.sent?.['max-forwards'], '4');
  assert.equal(traced.sent?.['x-mine'], '1');
  await ask(weir, 'TRACE /traced', 'Host: c', 'X-Mine: 1', 'X-Other: 1', 'x-mine: 2');
  assert.deepEqual(received.at(-1)!.match(/^x-mine: .*$/gim), ['X-Mine: 1', 'x-mine: 2'], 'every field of a name');
  assert.equal((await ask(weir, 'GET /traced', 'Host: c')).sent?.['x-api-key'], 'injected');
  const last = await ask(weir, 'TRACE /traced', 'Host: c', 'Max-Forwards: 0', 'Cookie: secret=1', 'X-Mine: 1');
  assert.equal(last.sent, null);
  assert.equal(last.reply.get('content-type'), 'message/http');
  assert.match(last.reply.body, /^TRACE \/traced HTTP\/1\.1\r\n(?:.*\r\n)*X-Mine: 1\r\n/);
  assert.doesNotMatch(last.reply.body, /secret/);
  assert.equal((await ask(weir, 'TRACE /traced', 'Host: c', 'Content-Length: 1', '', 'x')).reply.status, 400);
});

test('OPTIONS goes as far as Max-Forwards says (RFC 9110 §7.6.2)', async () => {
  const on = await ask(weir, 'OPTIONS /x', 'Host: c', 'Max-Forwards: 10');
  assert.equal(on.sent?.['max-forwards'], '9');
  const unlimited = await ask(weir, 'OPTIONS /x', 'Host: c');
  assert.equal(unlimited.sent?.['max-forwards'], undefined);
  const huge = await ask(weir, 'OPTIONS /x', 'Host: c', `Max-Forwards: ${'9'.repeat(40)}`);
  assert.equal(huge.sent?.['max-forwards'], '999999999');
  const last = await ask(weir, 'OPTIONS /x', 'Host: c', 'Max-Forwards: 0');
  assert.deepEqual([last.reply.status, last.sent], [200, null]);
  assert.equal(last.reply.get('allow'), 'GET, HEAD, OPTIONS, POST');
  assert.equal(last.reply.get('content-length'), '0');
  for (const value of ['-1', 'x', '1, 1', '1.0', ''])
    assert.equal((await ask(weir, 'OPTIONS /x', 'Host: c', `Max-Forwards: ${value}`)).sent, null, value);
  assert.equal((await ask(weir, 'OPTIONS /x', 'Host: c', 'Max-Forwards: 1', 'Max-Forwards: 1')).reply.status, 400);
  assert.equal((await ask(weir, 'GET /x', 'Host: c', 'Max-Forwards: 0')).sent?.['max-forwards'], '0');
});

test('OPTIONS about the server itself is answered here (RFC 9110 §9.3.7, RFC 9112 §3.2.4)', async () => {
  for (const target of ['*', 'http://plain.test', 'http://PLAIN.test.:80']) {
    const { reply, sent } = await ask(weir, `OPTIONS ${target}`, 'Host: plain.test');
    assert.deepEqual([reply.status, sent], [200, null], target);
    assert.equal(reply.get('allow'), 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE', target);
    assert.equal(reply.get('content-length'), '0');
  }
  assert.equal((await ask(weir, 'OPTIONS http://plain.test/', 'Host: x')).line, 'OPTIONS / HTTP/1.1');
});

test('CONNECT is refused with what is allowed (RFC 9110 §15.5.6)', async () => {
  const { reply } = await ask(weir, 'CONNECT a.test:80', 'Host: a.test:80');
  assert.equal(reply.status, 405);
  assert.match(reply.get('allow') ?? '', /GET, HEAD/);
  const session = connectHttp2(weir.urls[1]!, { rejectUnauthorized: false });
  const head = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'a.test:80' });
    stream.on('response', resolve).on('error', reject);
    stream.resume();
  });
  session.close();
  assert.equal(head[':status'], 405);
  assert.match(String(head.allow), /GET, HEAD/);
});

test('what comes through here a second time is refused; what comes through another Weir is not', async (t) => {
  const one = await startWeir(t, { rules: { routes: { none: { reply: { status: 200 } } } } });
  const two = await startWeir(t, {
    rules: { upstreams: { u: { endpoints: { e: { url } } } }, routes: { r: { to: 'u' } } },
  });
  const to = (origin: string) => ({
    upstreams: { u: { endpoints: { e: { url: origin } } } },
    routes: { r: { to: 'u' } },
  });
  await one.apply('rules.yaml', to(two.url));
  const chained = await ask(one, 'GET /x', 'Host: a', 'Via: 1.0 fred, 1.1 weir');
  assert.equal(chained.reply.status, 200);
  assert.match(
    chained.sent?.via ?? '',
    /^1\.0 fred, 1\.1 weir, 1\.1 (weir-[0-9a-f]{12}), 1\.1 (?!\1)weir-[0-9a-f]{12}$/,
  );
  await two.apply('rules.yaml', to(one.url));
  const looped = await ask(one, 'GET /x', 'Host: a');
  assert.deepEqual([looped.reply.status, code(looped)], [508, 'LOOP_DETECTED']);
  await one.record((record) => record.code === 'LOOP_DETECTED', 'the second pass');
  // One line for each pass: through the first, through the second, and the refusal.
  const passes = () => [...one.accessLog(), ...two.accessLog()].filter((record) => record.status === 508).length;
  await one.record(() => passes() >= 3, 'the passes');
  assert.equal(passes(), 3);
  await one.apply('rules.yaml', to(`${one.url}/base`));
  assert.equal((await ask(one, 'GET /x', 'Host: a')).reply.status, 508);
});
