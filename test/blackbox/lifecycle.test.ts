/** Starts that cannot be, and ends that are asked for while something is open. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { entryFile } from '../../src/demo/child.ts';
import { WireClient } from '../contract/edge-wire.ts';
import { RawUpstream } from '../contract/forwarder-upstream.ts';
import { until } from '../tools/until.ts';
import { startWeir } from '../tools/weir.ts';

/** Runs a command of Weir that must end by itself. */
function weir(...args: string[]) {
  return spawnSync(process.execPath, [entryFile(), ...args], { encoding: 'utf8', timeout: 20_000 });
}

test('what is not there is said in one line, with a status for programs', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const config = (name: string, value: object) => {
    writeFileSync(
      join(folder, name),
      JSON.stringify({ threads: 1, listeners: [{ address: '127.0.0.1:0' }], state: 'state', ...value }),
    );
    return join(folder, name);
  };
  mkdirSync(join(folder, 'rules'));
  writeFileSync(join(folder, 'rules', 'r.yaml'), 'routes: { all: { reply: { status: 204 } } }\n');

  const missing = weir('serve', '--config', join(folder, 'none.yaml'));
  assert.deepEqual([missing.status, missing.stderr.trim().split('\n').length], [1, 1]);
  assert.match(missing.stderr, /none\.yaml/);
  const noRules = weir('serve', '--config', config('a.yaml', { rules: 'nowhere' }));
  assert.equal(noRules.status, 3);
  assert.match(noRules.stderr, /nowhere/);
  for (const value of [
    { listeners: [{ address: `127.0.0.1:${port}` }] },
    { admin: { address: `127.0.0.1:${port}` } },
  ]) {
    const inUse = weir('serve', '--config', config('b.yaml', { rules: 'rules', ...value }));
    assert.deepEqual([inUse.status, inUse.stderr.trim().split('\n').length], [1, 1], inUse.stderr);
    assert.match(inUse.stderr, new RegExp(`127\\.0\\.0\\.1:${port}.*in use`));
  }
  const checked = weir('check', '--config', config('c.yaml', { rules: 'rules' }), '--format', 'json');
  assert.deepEqual([checked.status, JSON.parse(checked.stdout)], [0, []]);
});

test('SIGTERM: open streams go on to their end, idle connections close, nothing new comes in', async (t) => {
  const upstream = await RawUpstream.listen();
  t.after(() => upstream.close());
  const weir = await startWeir(t, {
    rules: {
      upstreams: { u: { endpoints: { e: { url: `http://127.0.0.1:${upstream.port}` } } } },
      routes: { all: { to: 'u' } },
    },
  });
  const port = Number(new URL(weir.url).port);
  const idle = await WireClient.connect(port);
  const client = await WireClient.connect(port);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const up = await upstream.accept();
  await up.request();
  up.write(
    'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n',
  );
  await until(() => client.text.includes('data: 1'), 'the first event');
  weir.process.signal('SIGTERM');
  await idle.over();
  assert.equal(idle.bytes, 0);
  const ready = await fetch(`${weir.admin}/readyz`);
  assert.deepEqual([ready.status, await ready.text()], [503, 'draining\n']);
  assert.equal((await fetch(`${weir.admin}/livez`)).status, 200);
  await until(async () => {
    const late = await WireClient.connect(port).catch(() => null);
    late?.close();
    return late === null;
  }, 'new connections to be refused');
  up.write('9\r\ndata: 2\n\n\r\n0\r\n\r\n');
  const reply = await client.reply();
  assert.equal(reply.body, 'data: 1\n\ndata: 2\n\n');
  assert.equal(await weir.process.exited, 0);
  assert.ok(
    weir.accessLog().some(({ status, bytesOut }) => status === 200 && bytesOut === 18),
    'its line is written',
  );
});
