import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WeirError } from '../errors.ts';
import { memoryLog, until } from '../testing/control.ts';
import type { AdminConfig } from '../types/config.ts';
import { AdminServer, type AdminSource } from './admin.ts';
import type { ReloadResult } from './reload.ts';

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  readonly body: string;
  json(): Record<string, unknown>;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface FakeSource extends AdminSource {
  why: string;
  reloads: number;
  result: ReloadResult;
  broken: boolean;
}

async function admin(t: TestContext, config: Partial<AdminConfig> = {}, patience?: number) {
  const source: FakeSource = {
    why: '',
    reloads: 0,
    result: { ok: true, revision: 'abc', problems: [] },
    broken: false,
    unready: () => source.why,
    metrics: async () => {
      if (source.broken) throw new Error('a bug');
      return 'weir_up 1\n';
    },
    status: () => ({ revision: 'abc' }),
    config: () => ({ plan: null }),
    reload: async () => {
      source.reloads++;
      return source.result;
    },
  };
  const log = memoryLog();
  const server = new AdminServer({ host: '127.0.0.1', port: 0, token: null, ...config }, source, log, patience);
  const { port } = await server.listen();
  t.after(() => server.close());
  return { source, log, server, port, ask: (path: string, ask: Ask = {}) => send(port, path, ask) };
}

function send(port: number, path: string, { method = 'GET', headers = {}, body = '' }: Ask): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        const { statusCode = 0 } = response;
        resolve({
          status: statusCode,
          headers: response.headers as Reply['headers'],
          body: text,
          json: () => JSON.parse(text),
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const TOKEN = { secret: 'a-long-secret' };

test('probes', async (t) => {
  const { ask, source } = await admin(t);
  assert.equal((await ask('/livez')).status, 200);
  assert.equal((await ask('/readyz')).status, 200);
  source.why = 'draining';
  const unready = await ask('/readyz?verbose');
  assert.deepEqual([unready.status, unready.body], [503, 'draining\n']);
  assert.equal((await ask('/livez')).status, 200, 'alive while it drains');
  assert.equal(unready.headers['cache-control'], 'no-store');
});

test('pages', async (t) => {
  const { ask } = await admin(t);
  const metrics = await ask('/metrics');
  assert.deepEqual(
    [metrics.body, metrics.headers['content-type']],
    ['weir_up 1\n', 'text/plain; version=0.0.4; charset=utf-8'],
  );
  assert.deepEqual((await ask('/api/v1/status')).json(), { revision: 'abc' });
  assert.deepEqual((await ask('/api/v1/config')).json(), { plan: null });
  const head = await ask('/api/v1/status', { method: 'HEAD' });
  assert.deepEqual([head.status, head.body], [200, '']);
});

test('what is not there, or not that way, is problem+json', async (t) => {
  const { ask } = await admin(t);
  const missing = await ask('/nothing');
  assert.deepEqual([missing.status, missing.json().code], [404, 'NOT_FOUND']);
  assert.equal(missing.headers['content-type'], 'application/problem+json');
  const wrong = await ask('/api/v1/reload');
  assert.deepEqual([wrong.status, wrong.headers.allow, wrong.json().code], [405, 'POST', 'METHOD_NOT_ALLOWED']);
  assert.equal((await ask('/metrics', { method: 'DELETE' })).headers.allow, 'GET, HEAD');
});

test('a reload answers with the revision, or 422 with every problem', async (t) => {
  const { ask, source } = await admin(t);
  const good = await ask('/api/v1/reload', {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  assert.deepEqual([good.status, good.json()], [200, { revision: 'abc', problems: [] }]);
  const place = {
    file: 'a.yaml',
    line: 1,
    column: 2,
    severity: 'error',
    code: 'syntax',
    message: 'm',
    hint: '',
  } as const;
  source.result = { ok: false, revision: 'abc', problems: [place] };
  const bad = await ask('/api/v1/reload', { method: 'POST' });
  assert.equal(bad.status, 422);
  assert.deepEqual([bad.json().code, bad.json().revision, bad.json().problems], ['RULES_REFUSED', 'abc', [place]]);
});

test('with a token, all but the probes need it', async (t) => {
  const { ask, source } = await admin(t, { token: TOKEN });
  const bearer = (token: string): Ask => ({ headers: { authorization: `Bearer ${token}` } });
  for (const path of ['/metrics', '/api/v1/status', '/api/v1/config', '/nothing']) {
    const refused = await ask(path);
    assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, 'Bearer'], path);
    assert.equal((await ask(path, bearer('a-long-secreT'))).status, 401);
    assert.equal((await ask(path, { headers: { authorization: `Basic ${TOKEN.secret}` } })).status, 401);
    assert.notEqual((await ask(path, bearer(TOKEN.secret))).status, 401);
  }
  assert.equal((await ask('/api/v1/reload', { method: 'POST' })).status, 401);
  assert.equal(source.reloads, 0);
  assert.equal((await ask('/livez')).status, 200);
  assert.equal((await ask('/readyz')).status, 200);
});

test('a web page cannot reload, by cross-site request or by DNS rebinding', async (t) => {
  const { ask, source, port } = await admin(t);
  const post = (headers: Record<string, string>) => ask('/api/v1/reload', { method: 'POST', headers });
  assert.equal((await post({ origin: 'https://evil.example' })).status, 403);
  assert.equal((await post({ origin: 'null' })).status, 403);
  assert.equal((await post({ 'sec-fetch-site': 'same-origin' })).status, 403);
  assert.equal((await post({ host: 'evil.example' })).status, 403);
  assert.equal(source.reloads, 0);
  assert.equal((await ask('/api/v1/config', { headers: { host: `evil.example:${port}` } })).status, 403);
  for (const host of ['localhost', `127.0.0.1:${port}`, `[::1]:${port}`, 'weir.localhost'])
    assert.equal((await ask('/api/v1/config', { headers: { host } })).status, 200, host);
  assert.equal((await ask('/livez', { headers: { host: 'weir.internal' } })).status, 200);
  // What tools send: curl, Node's fetch.
  assert.equal((await fetch(`http://127.0.0.1:${port}/api/v1/reload`, { method: 'POST' })).status, 200);
  assert.equal(source.reloads, 1);
});

test('with a token any host name is good: a page cannot know the token', async (t) => {
  const { ask } = await admin(t, { token: TOKEN });
  const headers = { host: 'weir.internal', authorization: `Bearer ${TOKEN.secret}` };
  assert.equal((await ask('/api/v1/status', { headers })).status, 200);
  const origin = { ...headers, origin: 'https://evil.example' };
  assert.equal((await ask('/api/v1/reload', { method: 'POST', headers: origin })).status, 403);
});

test('a body that is too large is refused, and a broken one reloads nothing', async (t) => {
  const { ask, source, port } = await admin(t);
  const large = await ask('/api/v1/reload', { method: 'POST', body: 'x'.repeat(100_000) });
  assert.equal(large.status, 413);
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.resume().once('close', resolve));
  socket.write('POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345');
  socket.end();
  await closed;
  assert.equal((await ask('/livez')).status, 200);
  assert.equal(source.reloads, 0);
});

test('a bug behind a page is a 500 and a log line', async (t) => {
  const { ask, source, log } = await admin(t);
  source.broken = true;
  const broken = await ask('/metrics');
  assert.deepEqual([broken.status, broken.json().code], [500, 'INTERNAL']);
  assert.equal((log.lines[0]!.fields.err as Error).message, 'a bug');
  assert.equal((await ask('/livez')).status, 200);
});

test('garbage and clients that break off do no harm', async (t) => {
  const { ask, port } = await admin(t);
  for (const text of [
    '\x00\x01\x02\r\n\r\n',
    'GET / HTTP/1.1\r\n',
    'GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
  ]) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    socket.end(text);
    await closed;
  }
  const gone = connect(port, '127.0.0.1', () => {
    gone.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    gone.resetAndDestroy();
  });
  gone.on('error', () => {});
  await until(() => gone.destroyed, 'the reset');
  assert.equal((await ask('/livez')).status, 200);
});

test('a client that sends its head, or its body, slowly is cut off', async (t) => {
  const { port } = await admin(t, {}, 100);
  for (const text of [
    'GET /metrics HTTP/1.1\r\nHost: a\r\n',
    'POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345',
  ]) {
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk;
    });
    socket.write(text);
    await new Promise((resolve) => socket.once('close', resolve));
    assert.match(answer, /^HTTP\/1\.1 408 /);
  }
});

/** Connections that send `text` and then nothing; resolves when all are open. */
async function stuck(t: TestContext, port: number, count: number, text: string): Promise<void> {
  const open = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    // Some are displaced.
    socket.on('error', () => {});
    if (text !== '') socket.write(text);
    return once(socket, 'connect');
  });
  await Promise.all(open);
}

test('600 clients that send nothing, or half a request, do not keep a probe out', async (t) => {
  // Longer than the test: no clock ends them, they must be displaced.
  const { ask, port } = await admin(t, {}, 60_000);
  const texts = [
    '',
    'GET /metrics HTTP/1.1\r\nHost: a\r\n',
    'POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345',
  ];
  for (const text of texts) await stuck(t, port, 200, text);
  for (let i = 0; i < 5; i++) assert.equal((await ask('/livez')).status, 200);
  await Promise.all(texts.map((text) => stuck(t, port, 200, text)));
  assert.equal((await ask('/readyz')).status, 200);
});

test('clients that connect again and again do not displace a request that is being answered', async (t) => {
  const { ask, port, source } = await admin(t);
  const { promise, resolve } = Promise.withResolvers<ReloadResult>();
  source.reload = () => {
    source.reloads++;
    return promise;
  };
  const reload = ask('/api/v1/reload', { method: 'POST' });
  await until(() => source.reloads === 1, 'the request to arrive');
  await stuck(t, port, 600, '');
  assert.equal((await ask('/livez')).status, 200);
  resolve({ ok: true, revision: 'late', problems: [] });
  assert.equal((await reload).json().revision, 'late');
});

test('an address in use is one clear line', async (t) => {
  const { port } = await admin(t);
  const second = new AdminServer({ host: '127.0.0.1', port, token: null }, {} as AdminSource, memoryLog());
  await assert.rejects(second.listen(), (error: Error) => {
    assert.ok(error instanceof WeirError);
    assert.equal(error.message, `admin: 127.0.0.1:${port} is in use by another process`);
    return true;
  });
});

test('long metrics are compressed for who takes that, and short ones for nobody', async (t) => {
  const { source, port, ask } = await admin(t);
  const long = 'weir_up 1\n'.repeat(10_000);
  const sizes = async (headers: Record<string, string>): Promise<(string | undefined)[]> => {
    const reply = await ask('/metrics', { headers });
    return [reply.headers['content-encoding'], reply.headers.vary];
  };
  assert.deepEqual(await sizes({ 'accept-encoding': 'gzip' }), [undefined, 'accept-encoding']);
  source.metrics = async () => long;
  assert.deepEqual(await sizes({ 'accept-encoding': 'gzip' }), ['gzip', 'accept-encoding']);
  assert.deepEqual(await sizes({ 'accept-encoding': 'br;q=1, GZIP; q=0.5' }), ['gzip', 'accept-encoding']);
  assert.deepEqual(await sizes({ 'accept-encoding': 'gzip;q=0' }), [undefined, 'accept-encoding']);
  assert.deepEqual(await sizes({}), [undefined, 'accept-encoding']);
  const replies = await Promise.all(Array.from({ length: 8 }, () => fetch(`http://127.0.0.1:${port}/metrics`)));
  for (const reply of replies) {
    assert.ok(Number(reply.headers.get('content-length')) < long.length / 50);
    assert.equal(await reply.text(), long);
  }
});
