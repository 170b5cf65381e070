import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Registry } from '../metrics/registry.ts';
import { memoryLog, tempFolder, until } from '../testing/control.ts';
import type { CertificateData } from '../types/threads.ts';
import { CertificateStore } from './certificates.ts';

const CERTS = fileURLToPath(new URL('../testing/certs/', import.meta.url));
const pem = (name: string): string => readFileSync(join(CERTS, name), 'utf8');
const A = { cert: pem('a.pem'), key: pem('a.key') };
const B = { cert: pem('b.pem'), key: pem('b.key') };

/** A store for a plain listener and a TLS one whose files start as pair A. */
function store(t: TestContext, settle = 10) {
  const folder = tempFolder(t);
  const cert = join(folder, 'relay.pem');
  const key = join(folder, 'relay.key');
  copyFileSync(join(CERTS, 'a.pem'), cert);
  copyFileSync(join(CERTS, 'a.key'), key);
  const log = memoryLog();
  const registry = new Registry();
  const changes: { listener: number; certificates: CertificateData }[] = [];
  const subject = new CertificateStore({
    listeners: [
      { host: '127.0.0.1', port: 80, tls: null },
      { host: '::', port: 443, tls: { minVersion: 'TLSv1.2', certificates: [{ cert, key }] } },
    ],
    log,
    registry,
    settle,
    onChange: (listener, certificates) => changes.push({ listener, certificates }),
  });
  t.after(() => subject.close());
  return { subject, folder, cert, key, log, registry, changes };
}

test('good pairs are read at start, and their expiry is a metric', async (t) => {
  const { subject, registry, cert, log } = store(t);
  await subject.load();
  assert.deepEqual(subject.current(), [null, [A]]);
  const expiry = registry.snapshot().find((sample) => sample.family === 'weir_certificate_expiry_timestamp_seconds');
  assert.deepEqual(expiry?.labels, { listener: '[::]:443', file: cert });
  assert.ok(expiry!.values[0]! > Date.now() / 1000);
  assert.deepEqual(log.lines, []);
});

test('a bad pair at start is an error that names the file', async (t) => {
  const { subject, cert, key } = store(t);
  const fails = async (...messages: RegExp[]) => {
    const faults = await subject.load();
    assert.equal(faults.length, messages.length);
    for (const [i, message] of messages.entries()) {
      assert.match(faults[i]!.message, message);
      assert.deepEqual([faults[i]!.listener, faults[i]!.pair, faults[i]!.severity], [1, 0, 'error']);
      assert.ok(faults[i]!.message.startsWith(faults[i]!.of === 'cert' ? cert : key));
    }
    assert.deepEqual(subject.current(), [null, null]);
  };
  writeFileSync(key, B.key);
  await fails(/relay\.key is not the key of .*relay\.pem$/);
  writeFileSync(key, 'nonsense');
  await fails(/relay\.key holds no PEM private key/);
  writeFileSync(cert, '');
  await fails(/relay\.pem holds no PEM certificate/, /relay\.key holds no PEM private key/);
  renameSync(key, `${key}.away`);
  await fails(/relay\.pem holds no PEM certificate/, /relay\.key cannot be read: ENOENT/);
});

test('a pair that changes is taken when both halves are there; until then the old one stays', async (t) => {
  const { subject, cert, key, changes, log } = store(t);
  await subject.load();
  await subject.watch();
  writeFileSync(cert, B.cert);
  await until(() => log.lines.length === 1, 'half a change to be refused');
  assert.equal(log.lines[0]!.level, 'error');
  assert.match(String(log.lines[0]!.fields.problem), /is not the key of/);
  assert.deepEqual(changes, []);
  writeFileSync(key, B.key);
  await until(() => changes.length === 1, 'the new pair');
  assert.deepEqual(changes, [{ listener: 1, certificates: [B] }]);
  assert.deepEqual(subject.current(), [null, [B]]);
});

test("files behind a Secret's ..data link are followed", async (t) => {
  const { folder } = store(t);
  const version = (name: 'a' | 'b'): void => {
    mkdirSync(join(folder, `..${name}`));
    copyFileSync(join(CERTS, `${name}.pem`), join(folder, `..${name}`, 'tls.crt'));
    copyFileSync(join(CERTS, `${name}.key`), join(folder, `..${name}`, 'tls.key'));
    symlinkSync(`..${name}`, join(folder, '..tmp'));
    renameSync(join(folder, '..tmp'), join(folder, '..data'));
  };
  version('a');
  const [cert, key] = ['tls.crt', 'tls.key'].map((name) => {
    symlinkSync(join('..data', name), join(folder, name));
    return join(folder, name);
  });
  const changes: CertificateData[] = [];
  const subject = new CertificateStore({
    listeners: [
      { host: '127.0.0.1', port: 443, tls: { minVersion: 'TLSv1.3', certificates: [{ cert: cert!, key: key! }] } },
    ],
    log: memoryLog(),
    registry: new Registry(),
    settle: 10,
    onChange: (_listener, certificates) => changes.push(certificates),
  });
  t.after(() => subject.close());
  await subject.load();
  assert.deepEqual(subject.current(), [[A]]);
  await subject.watch();
  version('b');
  await until(() => changes.length === 1, 'the new pair');
  assert.deepEqual(changes, [[B]]);
});

test('a pair is taken though another file beside it is written all the time', async (t) => {
  const { subject, folder, cert, key, changes } = store(t, 200);
  await subject.load();
  await subject.watch();
  let lines = 0;
  const busy = setInterval(() => writeFileSync(join(folder, 'renew.log'), 'x'.repeat(++lines)), 5);
  try {
    writeFileSync(key, B.key);
    writeFileSync(cert, B.cert);
    await until(() => changes.length === 1, 'the new pair');
  } finally {
    clearInterval(busy);
  }
});

test('a pair that is renewed between the first read and the watching is taken', async (t) => {
  const { subject, cert, key, changes } = store(t, 200);
  await subject.load();
  writeFileSync(key, B.key);
  writeFileSync(cert, B.cert);
  await subject.watch();
  assert.equal(changes.length, 1);
});

test('files that are rewritten as they were change nothing', async (t) => {
  const { subject, cert, changes, log } = store(t);
  await subject.load();
  writeFileSync(cert, A.cert);
  await subject.refresh();
  assert.deepEqual([changes, log.lines], [[], []]);
});

test('a certificate that has expired is used, with a warning', async (t) => {
  const { subject, cert } = store(t);
  copyFileSync(join(CERTS, 'expired.pem'), cert);
  const faults = await subject.load();
  assert.deepEqual(
    faults.map(({ severity, of }) => [severity, of]),
    [['warning', 'cert']],
  );
  assert.match(faults[0]!.message, /relay\.pem has expired \(20/);
  assert.equal(subject.current()[1]?.length, 1);
});

test('so is one that comes while Weir runs', async (t) => {
  const { subject, cert, changes, log } = store(t);
  await subject.load();
  copyFileSync(join(CERTS, 'expired.pem'), cert);
  await subject.refresh();
  assert.equal(changes.length, 1);
  assert.deepEqual(
    log.lines.map(({ level }) => level),
    ['warn', 'info'],
  );
  assert.match(log.lines[0]!.message, /^this certificate has expired/);
});
