/** The rules of this repository, before upstreams that say who they are: the canary takes its share, the old version none. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { type Checked, checkFiles } from '../../src/cli/check.ts';
import { compare } from '../../src/cli/test.ts';
import { KINDS } from '../../src/policies/index.ts';
import { rehearse } from '../../src/rehearsal/rehearsal.ts';
import { startWeir } from '../tools/weir.ts';

const RULES = join(import.meta.dirname, '../../rules');
const CLIENTS = 600;

test('/v2/chat is split between claude and archive, one side for each client; /v0/chat is the archive’s', async (t) => {
  const [claude, archive] = await Promise.all([upstream(t, 'claude'), upstream(t, 'archive')]);
  const weir = await startWeir(t, {
    rules: { files: sampleRules({ claude, archive }) },
    env: { WEIR_PARTNER_A: 'a-secret-of-thirty-two-bytes-or-more' },
    config: { log: { level: 'info', access: false } },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  t.after(() => agent.destroy());
  const ask = (path: string, i: number) => answer(agent, `${weir.url}${path}`, `203.0.${113 + (i >> 8)}.${i & 255}`);
  const all = (path: string) => Promise.all(Array.from({ length: CLIENTS }, (_, i) => ask(path, i)));

  const first = await all('/v2/chat');
  const canary = first.filter((said) => said === 'archive /2024-03/chat').length;
  assert.equal(first.filter((said) => said === 'claude /2024-03/chat').length, CLIENTS - canary);
  // Five standard deviations around a tenth: √(0.1 · 0.9 / 600) = 0.0122.
  assert.ok(canary > 0.039 * CLIENTS && canary < 0.161 * CLIENTS, `${canary} of ${CLIENTS} went to the archive`);
  assert.deepEqual(await all('/v2/chat'), first, 'the second time');
  assert.deepEqual(new Set(await all('/v0/chat')), new Set(['archive /2023-06/chat']));
});

test('they are checked and tested without secrets, and do not start without', async () => {
  const file = join(RULES, '../config/weir.yaml');
  const told = ({ problems }: Checked) =>
    problems.map(({ code, severity, file: of }) => [severity, code, basename(of)]);
  const checked = await checkFiles(file, {});
  assert.deepEqual(told(checked), [['warning', 'missing-env', 'policies.yaml']]);
  for (const entry of checked.plan!.tests)
    assert.deepEqual(compare(entry, await rehearse(checked.plan!, entry, KINDS)), []);
  assert.deepEqual(told(await checkFiles(file, {}, true)), [['error', 'missing-env', 'policies.yaml']]);
  assert.deepEqual(told(await checkFiles(file, { WEIR_PARTNER_A: 'x' })), [
    ['error', 'signature-secret', 'policies.yaml'],
  ]);
});

/** The files as they are, but for the addresses of the endpoints. */
function sampleRules(urls: Readonly<Record<string, string>>): Record<string, Record<string, unknown>> {
  const files = readdirSync(RULES).map((name) => [name, parse(readFileSync(join(RULES, name), 'utf8'))]);
  const rules = Object.fromEntries(files);
  for (const [name, { endpoints }] of Object.entries<{ endpoints: Record<string, { url: string }> }>(
    rules['upstreams.yaml'].upstreams,
  ))
    for (const endpoint of Object.values(endpoints)) endpoint.url = urls[name]!;
  return rules;
}

/** Answers with its name and the path it was asked for. */
async function upstream(t: TestContext, name: string): Promise<string> {
  const server = createServer((request, response) => response.end(`${name} ${request.url}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function answer(agent: Agent, url: string, client: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { 'x-forwarded-for': client } }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      reply.on('end', () => resolve(text));
    }).on('error', reject);
  });
}
