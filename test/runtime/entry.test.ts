/** The entry file under Nodes that are good enough, too old, or too old with a good one beside them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const ENTRY = join(ROOT, 'src', 'main.cjs');
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-entry-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A preload that makes any Node say it is another version, until it hands over to a child. */
function pretend(version: string): string[] {
  const file = join(folder, `pretend-${version}.cjs`);
  if (!existsSync(file))
    writeFileSync(
      file,
      `if (!process.env.WEIR_HANDED_OVER) Object.defineProperty(process, 'version', { value: '${version}' });`,
    );
  return ['--require', file];
}

function run(args: string[], env = {}) {
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } });
}

describe('the entry file', () => {
  test('runs on a Node that is good enough', () => {
    for (const version of ['v24.18.1', 'v24.19.0', 'v26.5.1', 'v27.0.0']) {
      const { status, stdout } = run([...pretend(version), ENTRY, '--version']);
      assert.equal(status, 0, version);
      assert.match(stdout, new RegExp(`^weir \\d+\\.\\d+\\.\\d+ \\(node ${version}\\)\n$`));
    }
  });

  test('hands over to the Node beside it where the one that runs it is too old', () => {
    const pinned = spawnSync(join(ROOT, 'node_modules', '.bin', 'node'), ['--version'], {
      encoding: 'utf8',
    }).stdout.trim();
    for (const version of ['v20.20.2', 'v24.18.0', 'v25.9.0', 'v26.5.0']) {
      const { status, stdout } = run([...pretend(version), ENTRY, '--version']);
      assert.equal(status, 0, version);
      assert.match(stdout, new RegExp(`\\(node ${pinned}\\)`), version);
    }
  });

  test('the system’s own Node, whatever it is, ends up on one that is good enough', () => {
    const path = (process.env.PATH ?? '').split(':').filter((entry) => !entry.includes('node_modules'));
    const { status, stdout } = spawnSync('node', [ENTRY, '--version'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: path.join(':') },
    });
    assert.equal(status, 0);
    assert.match(stdout, /\(node v(24|26|27)\./);
  });

  test('keeps compiled code in a folder of its user alone', () => {
    const user = process.getuid!();
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    const env = { TMPDIR: temporary, NODE_COMPILE_CACHE: undefined };
    const cache = join(temporary, `weir-cache-${user}`);
    const start = () => run([ENTRY, '--version'], env).status;
    assert.equal(start(), 0);
    assert.equal(statSync(cache).mode & 0o777, 0o700);
    assert.notEqual(readdirSync(cache).length, 0);
    assert.deepEqual(readdirSync(temporary), [`weir-cache-${user}`]);
    // Made by somebody else, who waits for it to be used.
    for (const prepare of [
      () => mkdirSync(cache),
      () => symlinkSync(mkdtempSync(join(folder, 'other-')), cache),
      () => writeFileSync(cache, ''),
    ]) {
      rmSync(cache, { recursive: true });
      prepare();
      if (statSync(cache).isDirectory()) chmodSync(cache, 0o777);
      assert.equal(start(), 0);
      if (statSync(cache).isDirectory()) assert.deepEqual(readdirSync(cache), []);
    }
  });

  test('passes on what is there, whatever LISTEN_FDS says', () => {
    for (const count of ['99999999', 'Infinity']) {
      const command = [...pretend('v20.20.2'), ENTRY, '--version'];
      const { status } = spawnSync('sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, ...command], {
        env: { ...process.env, LISTEN_FDS: count },
        timeout: 20_000,
      });
      assert.equal(status, 0, count);
    }
  });

  test('refuses in one line with status 78 where there is none', () => {
    const lonely = join(folder, 'main.cjs');
    copyFileSync(ENTRY, lonely);
    const { status, stderr } = run([...pretend('v22.1.0'), lonely, 'serve']);
    assert.equal(status, 78);
    assert.match(stderr, /^weir: Node v22\.1\.0 is too old: [^\n]+\n$/);
  });

  test('passes signals on and ends as its child ends', async () => {
    const child: ChildProcess = spawn(process.execPath, [...pretend('v20.1.0'), ENTRY, 'serve', '--config', config()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout!.setEncoding('utf8');
    for await (const chunk of child.stdout!) {
      out += chunk;
      if (out.includes('weir is ready')) break;
    }
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await exit, [0, null]);
  });

  test('the signals that do nothing to its child do nothing to it', { timeout: 60_000 }, async (t) => {
    const child = spawn(process.execPath, [...pretend('v20.1.0'), ENTRY, 'serve', '--config', config()], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => child.kill());
    let [out, err] = ['', ''];
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      err += chunk;
    });
    const wanted = ['"weir is ready"', '"signal":"SIGUSR1"', '"signal":"SIGUSR2"', '"trigger":"signal"'];
    const signals: NodeJS.Signals[] = ['SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGQUIT'];
    const exit = once(child, 'exit');
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      out += chunk;
      // One after the other, each when what was before it has been said.
      while (wanted.length > 0 && out.includes(wanted[0]!)) {
        wanted.shift();
        child.kill(signals.shift());
      }
    });
    assert.deepEqual(await exit, [0, null]);
    assert.deepEqual([wanted, err], [[], '']);
  });

  test('exit codes of commands come through', () => {
    assert.equal(run([...pretend('v20.1.0'), ENTRY, 'no-such-command']).status, 64);
  });
});

/** The smallest config that serves. */
function config(): string {
  const file = join(folder, 'weir.yaml');
  writeFileSync(
    file,
    'listeners: [{ address: "127.0.0.1:0" }]\nadmin: { address: "127.0.0.1:0" }\nthreads: 1\nrules: rules.d\nstate: state\n',
  );
  spawnSync('mkdir', ['-p', join(folder, 'rules.d')]);
  writeFileSync(
    join(folder, 'rules.d', 'r.yaml'),
    'routes:\n  all: { match: { path: "/**" }, reply: { status: 204 } }\n',
  );
  return file;
}
