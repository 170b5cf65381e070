/** Ten thousand routes: what a reload and the metrics cost the requests that come meanwhile. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startWeir, type Weir } from '../tools/weir.ts';

const ROUTES = 10_000;
/** Milliseconds that a request may wait because of a reload. */
const LONGEST_WAIT = 20;
/** Milliseconds: ten thousand routes take seconds to read, and many times that where the machine is busy. */
const PATIENCE = 120_000;
/** A reload in one go is too slow every time; a busy machine is not. */
const TRIES = 4;

const folder = mkdtempSync(join(tmpdir(), 'weir-probe-'));
const probed = join(folder, 'turns');
let weir: Weir;
let edition = 0;

/** Each edition differs from the last in a reply and in what every route does. */
function rules(): string {
  const n = ++edition;
  const route = (i: number): string =>
    `  r${i}: { match: { path: /svc${i % 100}/v${i}/items/:id }, use: [mark], reply: { status: 200, text: e${n} } }`;
  const routes = Array.from({ length: ROUTES }, (_, i) => route(i)).join('\n');
  return `policies:\n  mark: { headers: { response: { set: { x-edition: "${n}" } } } }\nroutes:\n${routes}\n`;
}

before(async () => {
  writeFileSync(probed, '');
  const probe = join(import.meta.dirname, '..', 'tools', 'loop-probe.cjs');
  const env = { NODE_OPTIONS: `--require=${probe}`, LOOP_PROBE: probed };
  const config = { threads: 2, log: { level: 'info', format: 'json', access: false } };
  weir = await startWeir(null, { rules: rules(), config, env, patience: PATIENCE });
});

after(async () => {
  await weir?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Turns of the loop since `since` that took long, in milliseconds. */
function turns(since: number): number[] {
  const lines = readFileSync(probed, 'utf8').split('\n');
  const said = lines.filter(Boolean).map((line) => JSON.parse(line) as { readonly at: number; readonly ms: number });
  return said.filter(({ at }) => at >= since).map(({ ms }) => ms);
}

/** Steady requests to many routes on kept connections, until stopped; gives how many there were. */
function steadyRequests(): { stop(): Promise<number> } {
  let going = true;
  let count = 0;
  const client = async (offset: number): Promise<void> => {
    for (let i = offset; going; i = (i + 1) % 50) {
      const reply = await fetch(`${weir.url}/svc${i}/v${i}/items/1`);
      assert.equal(reply.status, 200);
      assert.match(await reply.text(), /^e\d+$/);
      count++;
      await pause(5);
    }
  };
  const clients = Promise.all([0, 1, 2, 3].map(client));
  return {
    stop: async () => {
      going = false;
      await clients;
      return count;
    },
  };
}

test('no request waits for a reload longer than for other requests', async (t) => {
  const longest: number[] = [];
  while (longest.length < TRIES && !longest.some((ms) => ms < LONGEST_WAIT)) {
    const requests = steadyRequests();
    const since = Date.now();
    await weir.apply('rules.yaml', rules());
    assert.ok((await requests.stop()) > 0);
    longest.push(Math.max(0, ...turns(since)));
    t.diagnostic(`the longest turn of a thread's loop: ${longest.at(-1)} ms`);
  }
  assert.ok(Math.min(...longest) < LONGEST_WAIT, `a thread was busy for ${longest.join(', ')} ms at a time`);
});

test('metrics show routes that have had a request, and no others', async () => {
  await fetch(`${weir.url}/svc99/v9999/items/1`);
  const text = await weir.metrics();
  assert.match(text, /^weir_requests_total\{route="r9999",status_class="2xx"\} 1$/m);
  assert.match(text, /^weir_requests_total\{route="r9999",status_class="5xx"\} 0$/m);
  assert.match(text, /^weir_request_duration_seconds_count\{route="r9999"\} 1$/m);
  assert.doesNotMatch(text, /route="r9998"/);
  assert.ok(text.length < 200_000, `${text.length} bytes`);
});

test('what routes counted is not lost or begun anew by reloads', async () => {
  const count = () => weir.metric('weir_requests_total', { route: 'r9999', status_class: '2xx' });
  const before = await count();
  await weir.apply('rules.yaml', rules());
  await fetch(`${weir.url}/svc99/v9999/items/1`);
  assert.equal(await count(), before + 1);
});
