/** What stands in the rules folder and is no regular file, or does not answer: nothing waits for it for ever. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { entryFile } from '../../src/demo/child.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const rules = (text: string) => ({ routes: { all: { reply: { status: 200, text } } } });

const HOOK = join(import.meta.dirname, '../tools/hung-mount.cjs');

function fifo(path: string): void {
  execFileSync('mkfifo', [path]);
}

interface Checked {
  readonly status: number;
  readonly problems: readonly { code: string; severity: string; file: string; message: string }[];
}

/** `weir check`; rejects where it has not ended by itself after 20 seconds. */
function check(configFile: string, env: Readonly<Record<string, string>> = {}): Promise<Checked> {
  return new Promise((resolve, reject) => {
    const args = [entryFile(), 'check', '--config', configFile, '--format', 'json'];
    const options = { env: { ...process.env, ...env }, timeout: 20_000, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (error?.killed) return reject(new Error(`weir check hangs:\n${stdout}${stderr}`));
      resolve({ status: Number(error ? error.code : 0), problems: JSON.parse(stdout) });
    });
  });
}

/** What `weir check` and a running Weir say of something in the rules folder, in this order. */
async function refused(weir: Weir, name: string): Promise<string[]> {
  const { status, problems } = await check(weir.configFile);
  assert.equal(status, 3);
  const reply = await weir.reload();
  assert.equal(reply.status, 422);
  const told = ((await reply.json()) as { problems: Checked['problems'] }).problems;
  const messages = [problems, told].map((list) => list.find(({ file }) => file.endsWith(name))?.message ?? '');
  return messages;
}

test('a FIFO, a device, a socket and a folder are refused by name, and reloads go on', async (t) => {
  const weir = await startWeir(t, { rules: rules('one') });
  const at = (name: string) => join(weir.folder, 'rules', name);
  const server = createServer();
  const makers: readonly [string, string, () => unknown][] = [
    ['fifo.yaml', 'a FIFO', () => fifo(at('fifo.yaml'))],
    ['device.yaml', 'a device', () => symlinkSync('/dev/zero', at('device.yaml'))],
    ['folder.yaml', 'a folder', () => mkdirSync(at('folder.yaml'))],
    ['socket.yaml', 'a socket', () => new Promise<void>((done) => server.listen(at('socket.yaml'), done))],
  ];
  t.after(() => server.close());
  for (const [name, what, make] of makers) {
    await make();
    for (const message of await refused(weir, name))
      assert.equal(message, `the file cannot be read: it is ${what}, not a regular file`);
    if (name === 'socket.yaml') server.close();
    rmSync(at(name), { recursive: true, force: true });
    await weir.apply('rules.yaml', rules(`after ${name}`));
  }
  assert.equal(await weir.stop(), 0);
});

test('a process with a FIFO in its rules ends on SIGTERM', async (t) => {
  const weir = await startWeir(t, { rules: rules('one') });
  fifo(join(weir.folder, 'rules', 'fifo.yaml'));
  await weir.statusWhere(({ rules }) => !rules.ok, 'the FIFO to be refused');
  assert.equal(await weir.stop(), 0);
});

test('*.yml, folders with rules and links that lead nowhere are warned of, and nothing else is', async (t) => {
  const weir = await startWeir(t, { rules: rules('one') });
  const at = (name: string) => join(weir.folder, 'rules', name);
  writeFileSync(at('more.yml'), '');
  for (const folder of ['team', 'empty', '.git']) mkdirSync(at(folder));
  writeFileSync(at('team/routes.yaml'), '');
  writeFileSync(at('.git/x.yaml'), '');
  writeFileSync(at('README.md'), '');
  symlinkSync('nowhere', at('lost.yaml'));
  symlinkSync('self.yaml', at('self.yaml'));
  symlinkSync('team', at('linked'));
  const { status, problems } = await check(weir.configFile);
  assert.equal(status, 0);
  assert.deepEqual(
    problems.map(({ severity, code, message }) => [severity, code, message]),
    [
      ['warning', 'left-out', '`linked` is a folder, so routes.yaml in it is not read'],
      ['warning', 'left-out', '`lost.yaml` is a link that leads nowhere, to nowhere'],
      ['warning', 'left-out', '`more.yml` does not end in .yaml'],
      ['warning', 'left-out', '`self.yaml` is a link that leads nowhere, to self.yaml'],
      ['warning', 'left-out', '`team` is a folder, so routes.yaml in it is not read'],
    ],
  );
  const found = await weir.statusWhere(({ rules }) => rules.problems.length === 5, 'the warnings of the running one');
  assert.equal(found.rules.ok, true);
  // A link to itself hides nothing from the watcher.
  await weir.apply('rules.yaml', rules('two'));
});

/** An environment in which files below `hung` of a temporary folder hang while there is `hung/.hung`. */
function hungMount(t: TestContext, first: object = rules('one')) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-hung-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const hung = join(folder, 'hung');
  mkdirSync(hung);
  writeFileSync(join(hung, 'rules.yaml'), JSON.stringify(first));
  fifo(join(folder, 'fifo'));
  const env = { NODE_OPTIONS: `--require ${HOOK}`, HUNG_BELOW: hung, HUNG_FIFO: join(folder, 'fifo') };
  return { folder, hung, env, hang: () => writeFileSync(join(hung, '.hung'), '') };
}

test('a mount that hangs: reloads say so and go on, nothing starves, SIGTERM ends the process', async (t) => {
  const upstream = createHttpServer((_request, reply) => reply.end('found'));
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.after(() => upstream.close());
  const { hung, env, hang } = hungMount(t, {
    // By name, which a thread of the same pool looks up for each new connection.
    upstreams: { u: { endpoints: { e: { url: `http://localhost:${(upstream.address() as AddressInfo).port}` } } } },
    routes: { all: { to: 'u' } },
  });
  const weir = await startWeir(t, { rules: rules('unused'), config: { rules: hung }, env });
  hang();
  const [one, two] = await Promise.all([weir.reload(), weir.reload()]);
  for (const reply of [one, two]) {
    assert.equal(reply.status, 422);
    assert.match(await reply.text(), /hung does not answer: its disk or mount may hang/);
  }
  // Each of these would take another thread of the pool, were it waited for.
  for (let i = 0; i < 10; i++) assert.equal((await weir.reload()).status, 422);
  assert.equal(await (await fetch(weir.url)).text(), 'found');
  assert.equal(await weir.stop(), 0);
});

test('a mount that hangs and comes back is read again', async (t) => {
  const { folder, hung, env, hang } = hungMount(t);
  const weir = await startWeir(t, { rules: rules('unused'), config: { rules: hung }, env });
  hang();
  assert.equal((await weir.reload()).status, 422);
  rmSync(join(hung, '.hung'));
  writeFileSync(join(hung, 'rules.yaml'), JSON.stringify(rules('two')));
  // The call under way returns.
  writeFileSync(join(folder, 'fifo'), '');
  await weir.statusWhere(({ rules }) => rules.ok, 'the rules to be taken again');
  assert.equal(await (await fetch(weir.url)).text(), 'two');
});

test('weir check and a start end where the rules, or the config, do not answer', async (t) => {
  const { folder, hung, env, hang } = hungMount(t);
  const configFile = join(folder, 'weir.yaml');
  const config = JSON.stringify({ listeners: [{ address: '127.0.0.1:0' }], rules: './hung' });
  for (const file of [configFile, join(hung, 'weir.yaml')]) writeFileSync(file, config);
  hang();
  const tryBoth = async (file: string): Promise<void> => {
    const start = assert.rejects(startAlone(file, env), { message: /does not answer: its disk or mount may hang/ });
    const { status, problems } = await check(file, env);
    assert.equal(status, 3);
    assert.match(problems[0]!.message, /does not answer: its disk or mount may hang/);
    await start;
  };
  await Promise.all([configFile, join(hung, 'weir.yaml')].map(tryBoth));
});

/** `weir serve`; rejects with what it wrote when it has ended by itself, and resolves where it has not. */
function startAlone(configFile: string, env: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, timeout: 20_000, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, [entryFile(), 'serve', '--config', configFile], options, (error, stdout, stderr) => {
      if (error?.killed) resolve();
      else reject(new Error(stdout + stderr));
    });
  });
}
