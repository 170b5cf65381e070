/** 200 reloads in a row, valid and broken in turn, under load: no failed request, and memory stays flat. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startLoad } from '../tools/load.ts';
import { startWeir } from '../tools/weir.ts';

const RELOADS = 200;
/** By then every cache, pool and compiled function is as warm as it gets. */
const WARM_AFTER = 100;
/** What garbage that is not collected yet may come to; 100 rule sets kept alive come to far more on any leak. */
const NOISE_BYTES = 32 * 1024 * 1024;

function rules(port: number, version: number) {
  return {
    upstreams: {
      up: {
        endpoints: { only: { url: `http://127.0.0.1:${port}` } },
        breaker: { window: '10s', minRequests: 5, failureRate: '50%', openFor: '1s' },
      },
    },
    policies: { stamped: { headers: { response: { set: { 'x-version': String(version) } } } } },
    routes: { all: { match: { path: '/**' }, use: ['stamped'], to: 'up' } },
  };
}

test('200 reloads under load lose no request and leak no memory', async (t) => {
  const upstream = createServer((_req, res) => res.end('ok'));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  t.after(() => upstream.close());
  const { port } = upstream.address() as AddressInfo;
  const weir = await startWeir(t, { rules: rules(port, 0), config: { log: { level: 'info', access: false } } });
  const load = startLoad(weir.url, 8);

  let warm = 0;
  for (let i = 1; i <= RELOADS; i++) {
    const broken = i % 2 === 0;
    weir.write('rules.yaml', broken ? `routes:\n  all: { match: { path: /x }, to: nowhere-${i} }\n` : rules(port, i));
    const reply = await weir.reload();
    assert.equal(reply.status, broken ? 422 : 200, `reload ${i}`);
    await reply.body?.cancel();
    const served = await fetch(weir.url);
    assert.equal(served.headers.get('x-version'), String(broken ? i - 1 : i), `reload ${i}`);
    assert.equal(await served.text(), 'ok');
    if (i === WARM_AFTER) warm = await weir.metric('process_resident_memory_bytes');
  }

  const { statuses, errors } = await load.stop();
  assert.deepEqual(errors, []);
  assert.deepEqual(Object.keys(statuses), ['200']);
  assert.ok(load.sent > RELOADS, `${load.sent} requests`);
  const grown = (await weir.metric('process_resident_memory_bytes')) - warm;
  assert.ok(warm > 0 && grown < NOISE_BYTES, `memory grew by ${grown} bytes over ${RELOADS - WARM_AFTER} reloads`);
  // The watcher may have read a broken file too, before the call that asked for it.
  assert.ok((await weir.metric('weir_reloads_total', { result: 'failed' })) >= RELOADS / 2);
  t.diagnostic(`${load.sent} requests, ${(grown / 1048576).toFixed(1)} MiB more after ${RELOADS - WARM_AFTER} reloads`);
});
