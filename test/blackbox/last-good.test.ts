/** A start that finds broken rules, and reloads that fail in ways nobody thought of. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { anotherWeir, type Status, startWeir, type Weir } from '../tools/weir.ts';

const reply = (body: string) => ({ routes: { all: { reply: { status: 200, body } } } });
const BROKEN = 'routes: { all: { reply: { status: 200, bodyy: x } } }\n';
const textOf = async (url: string): Promise<string> => (await fetch(url)).text();
type LastGoodStatus = Status & { readonly lastGood: { readonly revision: string; readonly keptAt: string } | null };
const statusOf = async (weir: Weir): Promise<LastGoodStatus> => (await weir.status()) as LastGoodStatus;

/** Ends a process, not its folder. */
async function end(weir: Weir): Promise<void> {
  weir.process.signal('SIGTERM');
  assert.equal(await weir.process.exited, 0);
}

test('a restart with broken rules serves the last good ones, says so, and takes the mended ones', async (t) => {
  const secret = { headers: { response: { set: { 'x-secret': '${env:PLANTED}' } } } };
  const rules = { policies: { p: secret }, routes: { all: { use: ['p'], reply: { status: 200, body: 'one' } } } };
  const env = { PLANTED: 'pl4nted-s3cret' };
  const weir = await startWeir(t, { rules, env });
  const { revision } = await statusOf(weir);
  await end(weir);
  const [name] = readdirSync(join(weir.folder, 'state'));
  const kept = readFileSync(join(weir.folder, 'state', name!), 'utf8');
  assert.ok(kept.includes('${env:PLANTED}') && !kept.includes(env.PLANTED));

  weir.write('rules.yaml', BROKEN);
  const next = anotherWeir(t, weir, [], env);
  await next.ready();
  const reply1 = await fetch(next.url);
  assert.deepEqual([await reply1.text(), reply1.headers.get('x-secret')], ['one', env.PLANTED]);
  assert.equal((await fetch(`${next.admin}/readyz`)).status, 200);
  const status = await statusOf(next);
  assert.deepEqual([status.revision, status.lastGood?.revision, status.rules.ok], [revision, revision, false]);
  assert.equal(status.rules.problems[0]!.code, 'unknown-key');
  assert.equal(await next.metric('weir_last_good_rules'), 1);
  assert.equal(await next.metric('weir_last_reload_successful'), 0);
  const said = (wanted: RegExp) =>
    next.records().some(({ level, message }) => level === 'error' && wanted.test(String(message)));
  assert.ok(said(/^the rules on disk are refused; the last good ones are in use$/));
  assert.ok(said(/rules\.yaml:1:\d+ .*bodyy/));

  next.write('rules.yaml', reply('mended'));
  await next.statusWhere((now) => now.rules.ok, 'the mended rules to be taken');
  assert.equal(await textOf(next.url), 'mended');
  assert.deepEqual([(await statusOf(next)).lastGood, await next.metric('weir_last_good_rules')], [null, 0]);
  await end(next);

  // Those are the last good ones now.
  weir.write('rules.yaml', BROKEN);
  const third = anotherWeir(t, weir);
  await third.ready();
  assert.equal(await textOf(third.url), 'mended');
});

test('the last good rules serve although a key file that they name is gone', async (t) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwt = { issuer: 'https://i.test', audience: 'a', algorithms: ['ES256'], keys: { file: '../config/jwks.json' } };
  const weir = await startWeir(t, {
    rules: {
      policies: { login: { jwt } },
      routes: {
        guarded: { match: { path: '/guarded' }, use: ['login'], reply: { status: 200, body: 'in' } },
        open: { match: { path: '/open' }, reply: { status: 200, body: 'open' } },
      },
    },
    files: { 'config/jwks.json': JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }) },
  });
  await end(weir);
  rmSync(join(weir.folder, 'config', 'jwks.json'));
  const next = anotherWeir(t, weir);
  await next.ready();
  assert.equal(await textOf(`${next.url}/open`), 'open');
  assert.notEqual((await fetch(`${next.url}/guarded`)).status, 200);
  const status = await statusOf(next);
  assert.deepEqual([status.rules.ok, status.rules.problems[0]?.code], [false, 'bad-policy-file']);
});

test('a start with --strict, with nothing kept or with a damaged file refuses broken rules', async (t) => {
  const weir = await startWeir(t, { rules: reply('one') });
  await end(weir);
  weir.write('rules.yaml', BROKEN);
  const refused = async (args: readonly string[] = []): Promise<string> => {
    const next = anotherWeir(t, weir, args);
    assert.equal(await next.process.exited, 3, next.log());
    assert.match(next.log(), /rules\.yaml:1:\d+ error unknown-key/);
    return next.log();
  };
  await refused(['--strict']);
  const [name] = readdirSync(join(weir.folder, 'state'));
  const file = join(weir.folder, 'state', name!);
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, -20));
  assert.match(await refused(), /is damaged/);
  rmSync(file);
  await refused();
});

test('a takeover with broken rules leaves the process that serves them alone', async (t) => {
  const weir = await startWeir(t, { rules: reply('one') });
  await weir.applyBroken('rules.yaml', BROKEN);
  const next = anotherWeir(t, weir, ['--takeover']);
  assert.equal(await next.process.exited, 3);
  assert.equal(await textOf(weir.url), 'one');
});

test('rules refused while Weir runs are not what is kept', async (t) => {
  const weir = await startWeir(t, { rules: reply('one') });
  await weir.apply('rules.yaml', reply('two'));
  await weir.applyBroken('rules.yaml', BROKEN);
  await end(weir);
  const next = anotherWeir(t, weir);
  await next.ready();
  assert.equal(await textOf(next.url), 'two');
});

test('what was left out of the rules folder is not in the way of those that were in it', async (t) => {
  const files = { 'rules.yaml': reply('one'), 'old.yml': 'routes: {}\n', 'sub/more.yaml': 'routes: {}\n' };
  const weir = await startWeir(t, { rules: { files } });
  await end(weir);
  weir.write('rules.yaml', BROKEN);
  const next = anotherWeir(t, weir);
  await next.ready();
  assert.equal(await textOf(next.url), 'one');
});

test('a disk that became read-only still gives the last good rules', async (t) => {
  const weir = await startWeir(t, { rules: reply('one') });
  await end(weir);
  weir.write('rules.yaml', BROKEN);
  const writable = makeReadOnly(join(weir.folder, 'state'));
  if (writable === null) return t.skip('nothing can be mounted here');
  try {
    const next = anotherWeir(t, weir);
    await next.ready();
    assert.equal(await textOf(next.url), 'one');
  } finally {
    writable();
  }
});

/** Returns what undoes it. Modes do not bind root, whom a mount of its own does; null where there can be none. */
function makeReadOnly(folder: string): (() => void) | null {
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o500);
    return () => chmodSync(folder, 0o700);
  }
  try {
    execFileSync('mount', ['--bind', folder, folder], { stdio: 'ignore' });
  } catch {
    return null;
  }
  execFileSync('mount', ['-o', 'remount,ro,bind', folder]);
  return () => void execFileSync('umount', ['--lazy', folder]);
}
