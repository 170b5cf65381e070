/** The demo as a newcomer sees it: what it prints can be pasted, and nothing outlives it. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { entryFile } from '../../src/demo/child.ts';
import { pageFile } from '../tools/docs.ts';
import { until } from '../tools/until.ts';

const REPOSITORY = pageFile('.');
/** The ports of the repository's own config and rules. */
const PORTS = [8080, 9900, 9101, 9102, 9103, 9104];

const has = (program: string) => spawnSync(program, ['--version']).status === 0;
const shells = ['bash', 'zsh'].filter(has);
const missing = ['curl', 'npm'].filter((program) => !has(program));
const skip = missing.length > 0 && `needs ${missing.join(' and ')}: apt-get install ${missing.join(' ')}`;

describe('weir demo', { skip }, () => {
  let folder: string;
  let demo: Demo;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'weir-demo-'));
    await copyProject(folder, await freePorts(PORTS.length));
    demo = new Demo(folder);
    await demo.said('Below: Weir’s log');
  });
  after(async () => {
    await demo?.end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  for (const shell of shells) {
    test(`the five commands, pasted into ${shell}`, async () => {
      const [routed, signed, replayed, broken, edited] = demo.commands();
      const paste = (line: string) => demo.paste(shell, line);
      // The second shell finds eu's breaker still open.
      const first = shell === shells[0];
      assert.match(await paste(routed!), first ? /^\{"region":"eu".*"x-client-region":"eu"/ : /^\{"region":"us"/);
      assert.match(await paste(signed!), /Hello from the us region.*\n200\n$/s);
      assert.match(await paste(replayed!), /authentication_error.*\n401\n$/s);
      const regions = (await paste(broken!)).split('\n');
      assert.match(regions[1]!, first ? /api_error/ : /"region":"us"/);
      assert.match(regions.at(-3)!, /^\{"region":"us"/);
      assert.match(await paste(edited!), /^\{"region":"asia"/);
      demo.restore();
      await until(async () => !(await paste(routed!)).startsWith('{"region":"asia"'), 'the rules to be as before');
    });
  }

  const secretsFile = () => join(folder, 'config', 'demo.env');

  test('the secret is made at random, and for this user’s eyes only', async () => {
    assert.match(readFileSync(secretsFile(), 'utf8'), /^WEIR_PARTNER_A=[\w-]{64}\n$/);
    assert.equal(statSync(secretsFile()).mode & 0o777, 0o600);
    assert.ok(!demo.output.includes(readFileSync(secretsFile(), 'utf8').slice('WEIR_PARTNER_A='.length).trim()));
  });

  test('a port in use: one line, exit 1, nothing left behind', async () => {
    const secret = readFileSync(secretsFile(), 'utf8');
    const second = new Demo(folder);
    assert.equal(await second.exited, 1);
    assert.equal(readFileSync(secretsFile(), 'utf8'), secret, 'the first one’s commands still work');
    assert.match(second.output, /^weir demo: 127\.0\.0\.1:\d+ is in use.*\n$/);
  });

  test('Ctrl-C ends everything', async () => {
    const children = childrenOf(demo.process.pid!);
    assert.equal(children.length, 1);
    assert.equal(await demo.end('SIGINT'), 0);
    assert.deepEqual(children.filter(isAlive), []);
    assert.equal(existsSync(secretsFile()), false);
  });

  test('Weir does not outlive a demo that is killed', async () => {
    const third = new Demo(folder);
    await third.said('Below: Weir’s log');
    const [weir] = childrenOf(third.process.pid!);
    await third.end('SIGKILL');
    await until(() => !isAlive(weir!), 'Weir to end');
  });
});

/** One running demo. */
class Demo {
  readonly process: ChildProcess;
  readonly exited: Promise<number | string>;
  output = '';
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.process = spawn(process.execPath, [entryFile(), 'demo', '--config', join(folder, 'config', 'weir.yaml')], {
      cwd: REPOSITORY,
      env: { ...process.env, TMPDIR: folder, XDG_STATE_HOME: folder, WEIR_PARTNER_A: '' },
    });
    for (const stream of [this.process.stdout!, this.process.stderr!])
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
      });
    const { promise, resolve } = Promise.withResolvers<number | string>();
    this.exited = promise;
    this.process.once('close', (code, signal) => resolve(code ?? signal ?? ''));
  }

  async said(text: string): Promise<void> {
    const said = () => this.output.includes(text) || (this.process.exitCode !== null && 'ended');
    const outcome = await until(said, `“${text}”`, 20_000);
    if (outcome === 'ended') assert.fail(`the demo ended with ${await this.exited}:\n${this.output}`);
  }

  /** The lines to paste: each stands by itself between empty ones, after its numbered title. */
  commands(): string[] {
    return [...this.output.matchAll(/^\d\. .*\n\n(.+)\n/gm)].map((match) => match[1]!);
  }

  async paste(shell: string, line: string): Promise<string> {
    // A terminal that knows nothing of the demo's secret.
    const env = { ...process.env, WEIR_PARTNER_A: '' };
    const { stdout } = await promisify(execFile)(shell, ['-c', line], { cwd: REPOSITORY, timeout: 30_000, env });
    return stdout;
  }

  /** `git checkout rules`. */
  restore(): void {
    const saved = join(this.#folder, 'saved');
    cpSync(saved, join(this.#folder, 'rules'), { recursive: true });
  }

  end(signal: NodeJS.Signals): Promise<number | string> {
    this.process.kill(signal);
    return this.exited;
  }
}

/** The repository's config, rules and overrides, on other ports. */
async function copyProject(folder: string, ports: readonly number[]): Promise<void> {
  for (const name of ['config', 'rules', 'geoip'])
    cpSync(join(REPOSITORY, name), join(folder, name), { recursive: true });
  const files = ['config/weir.yaml', ...readdirSync(join(folder, 'rules')).map((name) => `rules/${name}`)];
  for (const file of files) {
    let text = readFileSync(join(folder, file), 'utf8');
    PORTS.forEach((port, i) => {
      text = text.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${ports[i]}`);
    });
    writeFileSync(join(folder, file), text);
  }
  cpSync(join(folder, 'rules'), join(folder, 'saved'), { recursive: true });
}

/** Ports nobody listens on now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening()));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

function listening(): Promise<Server> {
  const { promise, resolve } = Promise.withResolvers<Server>();
  const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
  return promise;
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
