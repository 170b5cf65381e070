/** A TLS listener from outside: certificates by name, replaced while serving, and open connections that go on. */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { WireClient } from '../contract/edge-wire.ts';
import { until } from '../tools/until.ts';
import { startWeir } from '../tools/weir.ts';

const pem = (name: string) => readFileSync(new URL(`../tools/tls/${name}`, import.meta.url), 'utf8');

test('certificates by name, and a renewed one for new connections only', async (t) => {
  const names = ['first', 'exact', 'wildcard'];
  const files = names.flatMap((name) => [`${name}.pem`, `${name}.key`]);
  const certificates = names.map((name) => ({ cert: `${name}.pem`, key: `${name}.key` }));
  const weir = await startWeir(t, {
    rules: {
      policies: { told: { headers: { response: { set: { 'x-host': '${request.host}' } } } } },
      routes: { all: { use: ['told'], reply: { status: 200, text: 'ok' } } },
    },
    config: {
      listeners: [{ address: '127.0.0.1:0', tls: { minVersion: 'TLSv1.3', certificates } }, { address: '127.0.0.1:0' }],
    },
    files: Object.fromEntries(files.map((name) => [`config/${name}`, pem(name)])),
  });
  assert.match(weir.urls[0]!, /^https:/);
  assert.match(weir.urls[1]!, /^http:/);
  const port = Number(new URL(weir.urls[0]!).port);
  const open = (servername: string) => WireClient.connectTls(port, servername === '' ? {} : { servername });
  const subject = ({ socket }: WireClient) => String((socket as TLSSocket).getPeerCertificate().subject.CN);
  const subjectFor = async (name: string) => {
    const client = await open(name);
    const found = subject(client);
    client.close();
    return found;
  };
  assert.equal(await subjectFor('first.example'), 'weir test first');
  assert.equal(await subjectFor('exact.wild.example'), 'weir test exact');
  assert.equal(await subjectFor('other.example'), 'weir test exact');
  assert.equal(await subjectFor('any.wild.example'), 'weir test wildcard');
  assert.equal(await subjectFor('unknown.example'), 'weir test first');
  assert.equal(await subjectFor(''), 'weir test first');

  const old = await WireClient.connectTls(port, { maxVersion: 'TLSv1.2' });
  assert.notEqual(old.error, '', 'TLS 1.2 is too old here');

  const open1 = await open('first.example');
  const ask = async (client: WireClient) => {
    client.send('GET / HTTP/1.1\r\nhost: first.example\r\n\r\n');
    const reply = await client.reply();
    return [reply.status, reply.body, reply.get('x-host')];
  };
  assert.deepEqual(await ask(open1), [200, 'ok', 'first.example']);
  const put = (name: string, text: string) => {
    const file = join(weir.folder, 'config', name);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  put('first.pem', pem('next.pem'));
  await weir.record(({ level }) => level === 'warn' || level === 'error', 'the pair that does not fit to be told');
  assert.equal(await subjectFor('first.example'), 'weir test first', 'half a pair changes nothing');
  put('first.key', pem('next.key'));
  await until(async () => (await subjectFor('first.example')) === 'weir test next', 'the new certificate');
  assert.equal(await subjectFor('any.wild.example'), 'weir test wildcard');
  assert.deepEqual(await ask(open1), [200, 'ok', 'first.example'], 'an open connection goes on');
  assert.equal(subject(open1), 'weir test first');
  open1.close();
});
