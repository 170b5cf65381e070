/** What a start costs: what is loaded for rules that do not need it, and what stays behind. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '../tools/until.ts';
import { startWeir, type Weir } from '../tools/weir.ts';

const PROBE = join(import.meta.dirname, '..', 'tools', 'start-probe.cjs');

const PLAIN = { upstreams: { a: { endpoints: { e: { url: 'http://127.0.0.1:9' } } } }, routes: { all: { to: 'a' } } };

const TOKENS = {
  policies: {
    login: { jwt: { issuer: 'i', audience: 'a', keys: { secrets: ['0123456789012345678901234567890123456789'] } } },
  },
  routes: { all: { use: ['login'], reply: { status: 204 } } },
};

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-start-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Weir with the probe, and what the probe has said so far. */
async function startProbed(t: TestContext, rules: object): Promise<{ weir: Weir; said: () => readonly string[] }> {
  const file = join(temporary(t), 'probe');
  const env = { NODE_OPTIONS: `--require ${PROBE}`, START_PROBE: file };
  const weir = await startWeir(t, { rules: { ...rules }, config: { threads: 1 }, env });
  return { weir, said: () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) };
}

/** Packages and modules of Node, of which `names` are, that a thread has loaded. */
function loaded(said: readonly string[], thread: number, names: readonly string[]): string[] {
  return names.filter((name) => said.includes(`load ${thread} ${name}`));
}

const NOT_NEEDED = ['ajv', 'jose', 'http-proxy', 'node:http2', 'node:zlib'];

test('what plain rules do not need is not loaded, neither by the main thread nor by a traffic thread', async (t) => {
  const { said } = await startProbed(t, PLAIN);
  assert.deepEqual(loaded(said(), 0, ['yaml', ...NOT_NEEDED]), ['yaml']);
  assert.deepEqual(loaded(said(), 1, ['maxmind', 'yaml', ...NOT_NEEDED]), ['maxmind']);
});

test('of ajv only what code made ahead needs is loaded, and that by the main thread', async (t) => {
  const { said } = await startProbed(t, PLAIN);
  const parts = said().filter((line) => / ajv(\/|$)/.test(line));
  assert.deepEqual([...new Set(parts)].toSorted(), [
    'load 0 ajv/dist/runtime/equal',
    'load 0 ajv/dist/runtime/ucs2length',
  ]);
});

test('what rules need is loaded before the first request', async (t) => {
  const { said } = await startProbed(t, TOKENS);
  assert.deepEqual(loaded(said(), 1, NOT_NEEDED), ['jose']);
});

const UNTOLD = Number.parseInt(process.versions.node, 10) < 26 && 'Node 24 does not tell what a collection was for';

test('what the start left behind in the main thread is collected before it is ready', { skip: UNTOLD }, async (t) => {
  const { weir, said } = await startProbed(t, PLAIN);
  const collected = (thread: number): string[] => said().filter((line) => line.startsWith(`collect ${thread} `));
  await until(() => collected(0).length > 0, 'the main thread to collect');
  const { time } = await weir.record(({ message }) => message === 'weir is ready');
  // V8 goes over it more than once at a time.
  for (const line of collected(0))
    assert.ok(Number(line.split(' ')[2]) <= Number(time) + 1, `${line}, ready at ${time}`);
  assert.deepEqual(collected(1), []);
});

test('the main thread keeps what it has compiled while it still runs', async (t) => {
  const cache = temporary(t);
  await startWeir(t, { rules: PLAIN, env: { NODE_COMPILE_CACHE: cache } });
  await until(() => readdirSync(cache, { recursive: true }).length > 100, 'compiled code on disk');
});
