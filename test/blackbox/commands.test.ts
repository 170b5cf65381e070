import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkFiles } from '../../src/cli/check.ts';
import { GOLDEN } from '../golden/golden.ts';

const MAIN = join(import.meta.dirname, '../../src/main.cjs');

const CERTS = join(import.meta.dirname, '../../src/testing/certs');
const SECRET = { WEIR_PARTNER_A: 'a-secret-of-thirty-two-bytes-or-more' };

let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-cli-'));
  for (const name of ['config', 'rules'])
    await cp(join(GOLDEN, 'reference', name), join(folder, name), { recursive: true });
  // How many fit is the machine's affair.
  const config = join(folder, 'config/weir.yaml');
  await writeFile(config, (await readFile(config, 'utf8')).replace('connections: 20000', 'connections: auto'));
  await mkdir(join(folder, 'geoip'));
  await writeFile(join(folder, 'geoip/overrides.csv'), 'cidr,country\n');
  await cp(join(CERTS, 'a.pem'), join(folder, 'config/certs/relay.pem'));
  await cp(join(CERTS, 'a.key'), join(folder, 'config/certs/relay.key'));
});

after(() => rm(folder, { recursive: true, force: true }));

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function weir(...args: string[]): Promise<Ran> {
  return weirWith(SECRET, ...args);
}

function weirWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd: folder, env: { ...process.env, ...env } },
      (error, stdout, stderr) => resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

async function withFile<T>(name: string, text: string, run: () => Promise<T>): Promise<T> {
  const path = join(folder, name);
  const before = await readFile(path, 'utf8').catch(() => null);
  await writeFile(path, text);
  try {
    return await run();
  } finally {
    if (before === null) await rm(path);
    else await writeFile(path, before);
  }
}

describe('weir check', () => {
  test('good rules: status 0, the warnings, and which keys need a restart', async () => {
    const { status, stdout, stderr } = await weir('check');
    assert.equal(status, 0);
    assert.equal(stderr, '');
    assert.match(stdout, /^rules\/policies\.yaml:13:3 warning unused-policy\n/);
    assert.match(stdout, /\nok: revision [0-9a-f]{12}, 5 routes, 2 upstreams in 4 rule files; 0 errors, 1 warning\n/);
    assert.match(stdout, /a restart is needed to change: listeners, admin, /);
  });

  test('a variable that is not set is a warning, and with --strict an error; an empty one is not set', async () => {
    for (const env of [{ WEIR_PARTNER_A: '' }, { WEIR_PARTNER_B: 'x' }] as Record<string, string>[]) {
      const checked = await weirWith(env, 'check');
      assert.equal(checked.status, 0);
      assert.match(
        checked.stdout,
        /^rules\/policies\.yaml:4:26 warning missing-env\n {2}the environment variable WEIR_P/,
      );
      assert.match(checked.stdout, /\nok: revision [0-9a-f]{12}, .*; 0 errors, 2 warnings\n/);
      const strict = await weirWith(env, 'check', '--strict');
      assert.equal(strict.status, 3);
      assert.match(strict.stdout, /^rules\/policies\.yaml:4:26 error missing-env\n/);
    }
    assert.equal((await weir('check', '--strict')).status, 0);
  });

  test('what depends on a variable is left open without it', async () => {
    const rules = 'upstreams: { x: { endpoints: { e: { url: "${env:WEIR_NOWHERE}" } } } }\nroutes: { x: { to: x } }\n';
    const { status, stdout } = await withFile('rules/more.yaml', rules, () => weir('check'));
    assert.equal(status, 0);
    assert.match(stdout, /\n0 errors, 1 warning; what the variables named above hold decides the rest: set them\n$/);
    const tested = await withFile('rules/more.yaml', rules, () => weir('test'));
    assert.equal(tested.status, 3);
    assert.match(tested.stderr, /WEIR_NOWHERE is unset or empty[\s\S]*\nwhat the variables named above hold decides/);
  });

  test('weir test needs no secrets; weir sign does', async () => {
    const tested = await weirWith({ WEIR_PARTNER_A: '' }, 'test');
    assert.equal(tested.status, 0, tested.stdout + tested.stderr);
    const args = ['sign', '--url', 'http://127.0.0.1/', '--policy', 'signed'];
    const signed = await weirWith({ WEIR_PARTNER_A: '' }, ...args);
    assert.deepEqual([signed.status, signed.stdout], [3, '']);
    assert.match(signed.stderr, /WEIR_PARTNER_A is unset or empty/);
    assert.equal((await weir(...args)).status, 0);
  });

  test('weir sign needs of the environment what its key and policy need, and nothing else', async () => {
    const rules = `policies:
  two:
    signature:
      keys: { first: "\${env:WEIR_FIRST}", second: "\${env:WEIR_SECOND}", mixed: "x-\${env:WEIR_NOWHERE}" }
      headers: { key: "\${env:WEIR_FIELD:-x-key}" }
      sign: "{timestamp}{nonce}{body}"
routes: { two: { match: { path: /two }, use: [two], reply: { status: 204 } } }
`;
    const env = { WEIR_PARTNER_A: '', WEIR_FIRST: '', WEIR_SECOND: SECRET.WEIR_PARTNER_A };
    const sign = (key: string) =>
      withFile('rules/more.yaml', rules, () =>
        weirWith(env, 'sign', '--url', 'http://127.0.0.1/two', '--policy', 'two', '--key', key),
      );
    const signed = await sign('second');
    assert.deepEqual([signed.status, signed.stderr], [0, '']);
    assert.match(signed.stdout, /"x-key: second"/);
    for (const [key, name] of [
      ['first', 'WEIR_FIRST'],
      ['mixed', 'WEIR_NOWHERE'],
    ]) {
      const { status, stdout, stderr } = await sign(key!);
      const said = `weir sign: the environment variable ${name} is unset or empty, and key ${key} needs it\n`;
      assert.deepEqual([status, stdout, stderr], [3, '', said]);
    }
  });

  test('faulty config and faulty rules are told together: status 3', async () => {
    const { status, stdout } = await withFile('rules/bad.yaml', 'routes: { x: { to: claud } }\n', () =>
      withFile('config/bad.yaml', 'listener: []\nrules: ../rules\n', () =>
        weir('check', '--config', 'config/bad.yaml', '--format', 'json'),
      ),
    );
    assert.equal(status, 3);
    const problems = JSON.parse(stdout);
    assert.deepEqual(
      problems
        .filter((p: { severity: string }) => p.severity === 'error')
        .map((p: { file: string; code: string }) => [p.file, p.code]),
      [
        ['config/bad.yaml', 'unknown-key'],
        ['rules/bad.yaml', 'unknown-upstream'],
      ],
    );
    assert.deepEqual(Object.keys(problems[0]), ['file', 'line', 'column', 'severity', 'code', 'message', 'hint']);
  });

  test('an endpoint that is a listener of the same config is a warning', async () => {
    const config = 'listeners: [{ address: "127.0.0.1:8099" }]\nrules: ./looping\n';
    const rules =
      'upstreams: { u: { endpoints: { e: { url: "http://localhost:8099" } } } }\nroutes: { r: { to: u } }\n';
    await mkdir(join(folder, 'config/looping'), { recursive: true });
    const checked = await withFile('config/loop.yaml', config, () =>
      withFile('config/looping/r.yaml', rules, () => checkFiles(join(folder, 'config/loop.yaml'), {})),
    );
    assert.deepEqual(
      checked.problems.map(({ code, severity }) => [code, severity]),
      [['own-listener', 'warning']],
    );
    assert.notEqual(checked.plan, null);
  });

  test('text has frames and counts', async () => {
    const { status, stdout } = await withFile('rules/bad.yaml', 'routes: { x: { to: claud } }\n', () => weir('check'));
    assert.equal(status, 3);
    assert.match(
      stdout,
      /rules\/bad\.yaml:1:20 error unknown-upstream\n {2}there is no upstream `claud`\n {2}> 1 \| routes/,
    );
    assert.match(stdout, /hint: did you mean `claude`\?/);
    assert.match(stdout, /\n1 error, 1 warning\n$/);
  });

  test('a wrong command line: status 64 and one line', async () => {
    for (const args of [['--format', 'xml'], ['--fromat', 'json'], ['--config'], ['extra']]) {
      const { status, stdout, stderr } = await weir('check', ...args);
      assert.equal(status, 64, args.join(' '));
      assert.equal(stdout, '');
      assert.match(stderr, /^weir check: [^\n]+\n$/);
    }
  });

  test('a config or a rules folder that is not there is a problem like others', async () => {
    const missing = await checkFiles(join(folder, 'config/none.yaml'), {});
    assert.deepEqual(
      missing.problems.map(({ file, code }) => [file, code]),
      [[join(folder, 'config/none.yaml'), 'unreadable-file']],
    );
    const config = 'listeners: [{ address: "127.0.0.1:0" }]\nrules: ./none\n';
    const checked = await withFile('config/lost.yaml', config, () => checkFiles(join(folder, 'config/lost.yaml'), {}));
    assert.equal(checked.plan, null);
    assert.deepEqual(
      checked.problems.map(({ code }) => code),
      ['unreadable-file'],
    );
  });
});

describe('weir schema', () => {
  test('--write makes both files, as they are committed', async () => {
    assert.equal((await weir('schema', '--write', 'schemas')).status, 0);
    const written = join(folder, 'schemas');
    assert.deepEqual((await readdir(written)).sort(), ['rules.schema.json', 'weir.schema.json']);
    const committed = join(import.meta.dirname, '../../config/schema');
    for (const name of await readdir(written))
      assert.equal(await readFile(join(written, name), 'utf8'), await readFile(join(committed, name), 'utf8'));
  });

  test('prints both otherwise', async () => {
    const { status, stdout } = await weir('schema');
    assert.equal(status, 0);
    assert.deepEqual(Object.keys(JSON.parse(stdout)), ['weir', 'rules']);
  });

  test('what cannot be written: status 1; a wrong command line: 64', async () => {
    assert.equal((await weir('schema', '--write', 'rules/routes.yaml')).status, 1);
    assert.equal((await weir('schema', '--wirte', 'x')).status, 64);
  });
});
