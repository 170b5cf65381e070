/** `weir check` says what `weir serve` says of the files that config and rules name, at the same places. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { entryFile, startChild } from '../../src/demo/child.ts';
import { bundledDatabase } from '../../src/geo/bundled.ts';
import { tempFolder } from '../../src/testing/control.ts';
import { startWeir } from '../tools/weir.ts';

const CERTS = join(import.meta.dirname, '../../src/testing/certs');
const JWKS = JSON.stringify({ keys: [] });
const CONFIG = `listeners:
  - address: 127.0.0.1:0
    tls:
      certificates:
        - { cert: certs/relay.pem, key: certs/relay.key }
        - cert: certs/second.pem
          key: certs/second.key
admin: { address: 127.0.0.1:0, token: "\${env:WEIR_TOKEN}" }
threads: 1
geoip:
  database: countries.mmdb
  overrides: overrides.csv
`;
const RULES = `policies:
  login:
    jwt:
      issuer: i
      audience: a
      keys:
        file: ../config/jwks.json
  unused: { jwt: { issuer: i, audience: a, keys: { file: nowhere.json } } }
routes:
  r: { use: [login], reply: { status: 204 } }
`;
const ENV = { WEIR_TOKEN: 'a-token-of-22-letters-or-more' };

/** A folder with which Weir starts, but for its port, which is any. */
function project(t: TestContext) {
  const folder = tempFolder(t);
  for (const name of ['config/certs', 'rules', 'run']) mkdirSync(join(folder, name), { recursive: true });
  const path = (name: string) => join(folder, name);
  for (const [from, to] of [
    ['a', 'relay'],
    ['b', 'second'],
  ])
    for (const kind of ['pem', 'key']) cpSync(join(CERTS, `${from}.${kind}`), path(`config/certs/${to}.${kind}`));
  cpSync(bundledDatabase(), path('config/countries.mmdb'));
  writeFileSync(path('config/overrides.csv'), '192.0.2.0/24,DE\n');
  writeFileSync(path('config/jwks.json'), JWKS);
  writeFileSync(path('config/weir.yaml'), `${CONFIG}runtime: ../run\n`);
  writeFileSync(path('rules/rules.yaml'), RULES);
  return { folder, path };
}

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function weir(folder: string, args: string[], env: Readonly<Record<string, string>> = ENV): Promise<Ran> {
  const options = { cwd: folder, env: { ...process.env, ...env }, timeout: 60_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [entryFile(), ...args], options, (error, out, err) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    );
  });
}

/** `file:line:column severity code` of each problem. */
const places = (text: string) => [...text.matchAll(/^\S+:\d+:\d+ (?:error|warning) \S+$/gm)].map(([place]) => place);
const errors = (text: string) => places(text).filter((place) => place.includes(' error '));

type Spoil = (path: (name: string) => string) => void;

const FAULTS: readonly (readonly [string, Spoil, string[], RegExp])[] = [
  [
    'a certificate that is missing',
    (path) => rmSync(path('config/certs/relay.pem')),
    ['config/weir.yaml:5:19 error bad-certificate'],
    /relay\.pem cannot be read: ENOENT/,
  ],
  [
    'both halves of the second pair missing',
    (path) => {
      rmSync(path('config/certs/second.pem'));
      rmSync(path('config/certs/second.key'));
    },
    ['config/weir.yaml:6:17 error bad-certificate', 'config/weir.yaml:7:16 error bad-certificate'],
    /second\.key cannot be read: ENOENT/,
  ],
  [
    'a key that cannot be read',
    (path) => {
      rmSync(path('config/certs/relay.key'));
      mkdirSync(path('config/certs/relay.key'));
    },
    ['config/weir.yaml:5:41 error bad-certificate'],
    /relay\.key cannot be read: is not a regular file/,
  ],
  [
    'a pair that does not fit',
    (path) => cpSync(join(CERTS, 'b.key'), path('config/certs/relay.key')),
    ['config/weir.yaml:5:41 error bad-certificate'],
    /relay\.key is not the key of \S+relay\.pem/,
  ],
  [
    'a certificate that is no PEM',
    (path) => writeFileSync(path('config/certs/second.pem'), 'nonsense'),
    ['config/weir.yaml:6:17 error bad-certificate'],
    /second\.pem holds no PEM certificate/,
  ],
  [
    'no country database',
    (path) => rmSync(path('config/countries.mmdb')),
    ['config/weir.yaml:11:13 error bad-geoip'],
    /countries\.mmdb is missing/,
  ],
  [
    'a country database that is cut short',
    (path) => {
      const bytes = readFileSync(bundledDatabase());
      writeFileSync(path('config/countries.mmdb'), bytes.subarray(0, bytes.length / 2));
    },
    ['config/weir.yaml:11:13 error bad-geoip'],
    /countries\.mmdb /,
  ],
  [
    'overrides with a line that cannot be used',
    (path) => writeFileSync(path('config/overrides.csv'), '192.0.2.0/24,DE\n300.1.1.1/8,FR\n'),
    ['config/weir.yaml:12:14 error bad-geoip'],
    /overrides\.csv line 2: "300\.1\.1\.1\/8" is no network/,
  ],
  [
    'a key file that is missing',
    (path) => rmSync(path('config/jwks.json')),
    ['rules/rules.yaml:7:15 error bad-policy-file'],
    /jwks\.json is missing[\s\S]*`login` refuses every request without it/,
  ],
  [
    'a key file that is half-written',
    (path) => writeFileSync(path('config/jwks.json'), '{"keys": ['),
    ['rules/rules.yaml:7:15 error bad-policy-file'],
    /jwks\.json is not JSON/,
  ],
  [
    'a key file with a private key, whose text is not told',
    (path) => writeFileSync(path('config/jwks.json'), JSON.stringify({ keys: [{ kty: 'OKP', d: 'hidden' }] })),
    ['rules/rules.yaml:7:15 error bad-policy-file'],
    /^(?![\s\S]*hidden)[\s\S]*holds a private key/,
  ],
  [
    'a key file that is a FIFO',
    (path) => {
      rmSync(path('config/jwks.json'));
      assert.equal(spawnSync('mkfifo', [path('config/jwks.json')]).status, 0);
    },
    ['rules/rules.yaml:7:15 error bad-policy-file'],
    /jwks\.json is not a regular file/,
  ],
];

for (const [title, spoil, expected, says] of FAULTS)
  test(`${title}: check and serve refuse alike`, async (t) => {
    const { folder, path } = project(t);
    spoil(path);
    const [checked, served] = await Promise.all([weir(folder, ['check']), weir(folder, ['serve'])]);
    assert.deepEqual([checked.status, errors(checked.out)], [3, expected], checked.out);
    assert.match(checked.out, says);
    assert.deepEqual([served.status, errors(served.err)], [3, expected], served.err);
    assert.match(served.err, says);
  });

test('with everything there check is content, makes no runtime folder, and Weir starts', async (t) => {
  const { folder, path } = project(t);
  rmSync(path('run'), { recursive: true });
  const checked = await weir(folder, ['check', '--strict']);
  assert.deepEqual([checked.status, places(checked.out)], [0, ['rules/rules.yaml:8:3 warning unused-policy']]);
  assert.equal(existsSync(path('run')), false);
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const lines: string[] = [];
  const child = startChild({
    args: ['serve', '--config', path('config/weir.yaml')],
    env: ENV,
    line: (text) => {
      lines.push(text);
      if (text.includes('weir is ready')) resolve();
    },
  });
  t.after(() => child.stop(5000));
  await Promise.race([ready, child.exited]);
  assert.equal(await child.stop(20_000), 0, lines.join('\n'));
});

test('a variable that is not set: serve refuses, check warns, check --strict refuses', async (t) => {
  const { folder } = project(t);
  const place = 'config/weir.yaml:8:39';
  const without = { WEIR_TOKEN: '' };
  const runs = [['check'], ['check', '--strict'], ['serve']].map((args) => weir(folder, args, without));
  const [checked, strict, served] = await Promise.all(runs);
  assert.deepEqual([checked!.status, places(checked!.out)[0]], [0, `${place} warning missing-env`]);
  assert.deepEqual([strict!.status, places(strict!.out)[0]], [3, `${place} error missing-env`]);
  assert.deepEqual([served!.status, places(served!.err)], [3, [`${place} error missing-env`]]);
});

test('faults of the settings keep no file from being checked', async (t) => {
  const { folder, path } = project(t);
  rmSync(path('config/certs/relay.key'));
  rmSync(path('config/jwks.json'));
  const checked = await weir(folder, ['check'], { WEIR_TOKEN: 'short' });
  const expected = ['config/weir.yaml:5:41 error bad-certificate', 'config/weir.yaml:8:39 error short-admin-token'];
  assert.deepEqual(
    [checked.status, errors(checked.out)],
    [3, [...expected, 'rules/rules.yaml:7:15 error bad-policy-file']],
  );
});

test('of a file whose name comes from a variable that is not set nothing is said', async (t) => {
  const { folder, path } = project(t);
  const named = CONFIG.replace('certs/relay.pem', '"${env:WEIR_NOWHERE}/relay.pem"');
  writeFileSync(path('config/weir.yaml'), named.replace('countries.mmdb', '"${env:WEIR_NOWHERE}"'));
  writeFileSync(path('rules/rules.yaml'), RULES.replace('../config/jwks.json', '${env:WEIR_NOWHERE}'));
  const checked = await weir(folder, ['check']);
  assert.deepEqual([checked.status, errors(checked.out)], [0, []], checked.out);
  assert.equal(places(checked.out).filter((place) => place.endsWith('missing-env')).length, 3);
});

test('an expired certificate is a warning of both, and is served', async (t) => {
  const { folder, path } = project(t);
  const pem = (name: string) => readFileSync(join(CERTS, name), 'utf8');
  writeFileSync(path('config/certs/relay.pem'), pem('expired.pem'));
  const checked = await weir(folder, ['check']);
  assert.deepEqual(
    [checked.status, places(checked.out)[0]],
    [0, 'config/weir.yaml:5:19 warning certificate-lifetime'],
    checked.out,
  );
  const tls = { certificates: [{ cert: 'a.pem', key: 'a.key' }] };
  const running = await startWeir(t, {
    rules: { routes: { r: { reply: { status: 204 } } } },
    config: { listeners: [{ address: '127.0.0.1:0', tls }] },
    files: { 'config/a.pem': pem('expired.pem'), 'config/a.key': pem('a.key') },
  });
  const line = await running.record((record) => record.code === 'certificate-lifetime');
  assert.equal(line.level, 'warn');
  assert.match(String(line.message), /weir\.yaml:\d+:\d+ \S+a\.pem has expired/);
});

test('`required: false` starts without a country database, with a warning of both', async (t) => {
  const { folder, path } = project(t);
  rmSync(path('config/countries.mmdb'));
  writeFileSync(path('config/weir.yaml'), `${CONFIG}  required: false\nruntime: ../run\n`);
  const checked = await weir(folder, ['check']);
  assert.deepEqual([checked.status, places(checked.out)[0]], [0, 'config/weir.yaml:11:13 warning bad-geoip']);
  assert.match(checked.out, /is missing: no country database, so every country is unknown/);
  const running = await startWeir(t, {
    rules: { routes: { r: { reply: { status: 204 } } } },
    config: { geoip: { database: '../nowhere.mmdb', required: false } },
  });
  const line = await running.record((record) => record.code === 'bad-geoip');
  assert.match(String(line.message), /nowhere\.mmdb is missing: no country database/);
});

test('a runtime folder that cannot be used is a warning of both', async (t) => {
  const { folder, path } = project(t);
  symlinkSync('run', path('link'));
  writeFileSync(path('config/weir.yaml'), `${CONFIG}runtime: ../link\n`);
  const checked = await weir(folder, ['check']);
  assert.deepEqual([checked.status, places(checked.out)[0]], [0, 'config/weir.yaml:13:10 warning runtime-folder']);
  assert.match(checked.out, /link is a symbolic link; set `runtime` to the folder itself/);
});

test('a state folder that cannot be used is a warning of both', async (t) => {
  const { folder, path } = project(t);
  writeFileSync(path('file'), '');
  writeFileSync(path('config/weir.yaml'), `${CONFIG}runtime: ../run\nstate: ../file/state\n`);
  const checked = await weir(folder, ['check']);
  assert.deepEqual([checked.status, places(checked.out)[0]], [0, 'config/weir.yaml:14:8 warning state-folder']);
  const running = await startWeir(t, {
    rules: { routes: { r: { reply: { status: 204 } } } },
    config: { state: '../file/state' },
    files: { file: '' },
  });
  await running.record(({ level, message }) => level === 'warn' && /cannot be saved/.test(`${message}`));
});

test('the folder for state that the environment names is looked at, too', async (t) => {
  const { folder, path } = project(t);
  writeFileSync(path('no-folder'), '');
  const checked = await weir(folder, ['check'], { ...ENV, STATE_DIRECTORY: path('no-folder') });
  assert.deepEqual([checked.status, places(checked.out)[0]], [0, 'config/weir.yaml:1:1 warning state-folder']);
});

test('a rules folder that is missing is told alike by both', async (t) => {
  const { folder, path } = project(t);
  rmSync(path('rules'), { recursive: true });
  const [checked, served] = [await weir(folder, ['check']), await weir(folder, ['serve'])];
  const [said] = checked.out.split('\n\n');
  assert.match(said!, /\n {2}the rules folder cannot be read: ENOENT.*\n {2}hint: see `rules` in the config$/);
  assert.deepEqual([checked.status, served.status], [3, 3]);
  assert.equal(served.err.trim(), said);
});

test('more connections than file descriptors is a warning', async (t) => {
  const { folder, path } = project(t);
  writeFileSync(path('config/weir.yaml'), `${CONFIG}limits: { connections: 9999999 }\nruntime: ../run\n`);
  const command = ['-c', 'ulimit -n 4096 && exec "$@"', 'weir', process.execPath, entryFile(), 'check'];
  const { status, stdout } = spawnSync('bash', command, { cwd: folder, env: { ...process.env, ...ENV } });
  const [first] = places(stdout.toString());
  assert.deepEqual([status, first], [0, 'config/weir.yaml:13:24 warning too-few-descriptors']);
});

test('a reload is not refused for a key file that has gone bad, but warned of', async (t) => {
  const login = { jwt: { issuer: 'i', audience: 'a', keys: { file: '../config/jwks.json' } } };
  const rules = (status: number) => ({ policies: { login }, routes: { r: { use: ['login'], reply: { status } } } });
  const running = await startWeir(t, {
    rules: { files: { 'a.yaml': rules(204) } },
    files: { 'config/jwks.json': JWKS },
  });
  rmSync(join(running.folder, 'config/jwks.json'));
  await running.apply('a.yaml', rules(200));
  const { rules: status } = await running.status();
  assert.deepEqual([status.ok, status.problems.map(({ code }) => code)], [true, ['bad-policy-file']]);
});
