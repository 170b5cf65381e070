/** A nonce passes once, over all threads, however many send it at the same moment. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import { startWeir } from '../tools/weir.ts';

const NONCES = 100;
const COPIES = 100;
const CONNECTIONS = 100;
const SECRET = 'a secret of the partner, thirty-two bytes or more';

const RULES = {
  policies: {
    signed: {
      signature: {
        keys: { partner: SECRET },
        headers: { key: 'x-key-id', timestamp: 'x-timestamp', nonce: 'x-nonce', signature: 'x-signature' },
        sign: '{timestamp}{nonce}{body}',
        algorithm: 'hmac-sha256',
        encoding: 'base64',
        timestamp: 'unix',
        window: '5m',
        replay: 'nonce',
        onStoreError: 'deny',
      },
    },
  },
  routes: { all: { match: { path: '/**' }, use: ['signed'], reply: { status: 204 } } },
};

test('10,000 concurrent duplicates of 100 nonces over 3 threads: exactly 100 pass', async (t) => {
  const weir = await startWeir(t, { rules: RULES, config: { threads: 3, log: { level: 'info', access: false } } });
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const sends: (() => Promise<string>)[] = [];
  for (let copy = 0; copy < COPIES; copy++)
    for (let n = 0; n < NONCES; n++) sends.push(() => post(weir.url, agent, `nonce-${n}`));
  const answers = await Promise.all(sends.map((send) => send()));
  agent.destroy();

  const passed = answers.filter((answer) => answer.startsWith('204'));
  const refused = answers.filter((answer) => answer === '401 SIGNATURE_REPLAYED');
  assert.equal(passed.length, NONCES);
  assert.equal(refused.length, NONCES * (COPIES - 1));
  assert.equal(new Set(passed).size, NONCES, 'each nonce passed once');
  assert.equal(await weir.metric('weir_replay_refused_total', { policy: 'signed' }), NONCES * (COPIES - 1));
});

/** `204 <nonce>` where it passed, else status and code. */
function post(url: string, agent: Agent, nonce: string): Promise<string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = '{"model":"m"}';
  const signature = createHmac('sha256', SECRET)
    .update(timestamp + nonce + body)
    .digest('base64');
  const headers = { 'x-key-id': 'partner', 'x-timestamp': timestamp, 'x-nonce': nonce, 'x-signature': signature };
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } }, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk) => {
        text += chunk;
      });
      reply.on('end', () =>
        resolve(reply.statusCode === 204 ? `204 ${nonce}` : `${reply.statusCode} ${JSON.parse(text).code}`),
      );
    })
      .on('error', reject)
      .end(body);
  });
}
