/** A weighted split keeps each client on its side, over threads and reloads, and the sides have their shares. */
import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { test } from 'node:test';
import { startWeir, type Weir } from '../tools/weir.ts';

const CLIENTS = 1200;
const addresses = Array.from({ length: CLIENTS }, (_, i) => `203.0.${113 + (i >> 8)}.${i & 255}`);

const rules = (canary: number, port: (name: string) => string) => ({
  upstreams: {
    main: { endpoints: { e: { url: port('main') } } },
    canary: { endpoints: { e: { url: port('canary') } } },
  },
  policies: {
    told: { headers: { response: { set: { 'x-side': '${upstream.name}' } } } },
  },
  routes: { all: { use: ['told'], to: { main: 100 - canary, canary } } },
});

/** Nobody listens there: which side was chosen is told by the refusal all the same. */
const nowhere = (name: string) => `http://127.0.0.1:${name === 'main' ? 1 : 2}`;

test('each client has one side; sides have their shares; a moved weight moves only the clients between', async (t) => {
  const weir = await startWeir(t, {
    rules: rules(20, nowhere),
    config: { threads: 2, log: { level: 'info', access: false } },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  t.after(() => agent.destroy());
  const first = await sides(weir, agent);
  const share = count(first) / CLIENTS;
  // Five standard deviations around a fifth: √(0.2 · 0.8 / 1200) = 0.0115.
  assert.ok(share > 0.14 && share < 0.26, `the canary has ${share}`);
  assert.deepEqual(await sides(weir, agent), first, 'the second time');
  await weir.apply('rules.yaml', rules(30, nowhere));
  const more = await sides(weir, agent);
  assert.ok(count(more) > count(first));
  const left = first.filter((side, i) => side === 'canary' && more[i] !== 'canary');
  assert.deepEqual(left, [], 'clients that left the canary although it grew');
});

const count = (sides: readonly string[]) => sides.filter((side) => side === 'canary').length;

function sides(weir: Weir, agent: Agent): Promise<string[]> {
  return Promise.all(
    addresses.map(
      (address) =>
        new Promise<string>((resolve, reject) => {
          get(weir.url, { agent, headers: { 'x-forwarded-for': address } }, (reply) => {
            reply.resume().on('end', () => resolve(String(reply.headers['x-side'])));
          }).on('error', reject);
        }),
    ),
  );
}
