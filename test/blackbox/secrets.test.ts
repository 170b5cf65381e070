/** Lines of several threads under load are whole and complete, and no secret is in anything that Weir says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireClient } from '../contract/edge-wire.ts';
import { until } from '../tools/until.ts';
import { startWeir } from '../tools/weir.ts';

const SECRETS = {
  rules: 'PLANTED-in-the-rules-and-long-enough',
  env: 'PLANTED-in-the-environment-and-long-enough',
  jwt: 'PLANTED-jwt-secret-that-is-long-enough-for-HS256',
  admin: 'PLANTED-admin-token-of-that-length',
  query: 'PLANTED-in-a-query',
  authorization: 'PLANTED-in-authorization',
  cookie: 'PLANTED-in-a-cookie',
  body: 'PLANTED-in-a-body',
  nonce: 'PLANTED-in-a-nonce',
};
const REQUESTS = 3000;
const LANES = 12;
const FIELDS = ['id', 'route', 'revision', 'country', 'region', 'endpoint', 'attempts', 'status'];

test('thousands of lines from three threads, and not a secret among them', async (t) => {
  const signature = { keys: { a: SECRETS.rules, b: '${env:PLANTED}' }, sign: '{timestamp}{nonce}{body}' };
  const weir = await startWeir(t, {
    rules: {
      regions: { eu: { countries: ['DE'] }, us: { default: true } },
      upstreams: { u: { endpoints: { e: { url: 'http://127.0.0.1:1' } } } },
      policies: {
        signed: { signature },
        tokens: { jwt: { issuer: 'https://i.test', audience: 'a', keys: { secrets: [SECRETS.jwt] } } },
      },
      routes: {
        fixed: { match: { path: '/fixed' }, reply: { status: 200, text: 'ok' } },
        signed: { match: { path: '/signed' }, use: ['signed'], to: 'u' },
        tokens: { match: { path: '/tokens' }, use: ['tokens'], to: 'u' },
        dead: { match: { path: '/dead' }, to: 'u' },
      },
    },
    config: { threads: 3, admin: { address: '127.0.0.1:0', token: SECRETS.admin }, log: { level: 'debug' } },
    env: { PLANTED: SECRETS.env },
  });
  const port = Number(new URL(weir.url).port);
  const fields = [
    'host: a',
    'x-forwarded-for: 85.214.132.117',
    `authorization: Bearer ${SECRETS.authorization}`,
    `cookie: session=${SECRETS.cookie}`,
    `x-key-id: a\r\nx-timestamp: ${Math.floor(Date.now() / 1000)}\r\nx-nonce: ${SECRETS.nonce}\r\nx-signature: ${SECRETS.rules}`,
    `content-length: ${SECRETS.body.length}`,
  ].join('\r\n');
  const paths = ['/fixed', '/signed', '/tokens', '/dead', '/nowhere'];
  let sent = 0;
  const lane = async () => {
    const client = await WireClient.connect(port);
    while (sent < REQUESTS) {
      const path = paths[sent++ % paths.length];
      client.send(`POST ${path}?key=${SECRETS.query} HTTP/1.1\r\n${fields}\r\n\r\n${SECRETS.body}`);
      await client.reply();
    }
    client.close();
  };
  await Promise.all(Array.from({ length: LANES }, lane));

  await until(() => weir.accessLog().length === sent, 'a line for each request', 20_000);
  for (const line of weir.log().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line);
  const lines = weir.accessLog();
  assert.equal(new Set(lines.map(({ id }) => id)).size, sent, 'ids are unique');
  for (const line of lines) for (const field of FIELDS) assert.ok(field in line, `${field} in ${JSON.stringify(line)}`);
  const fixed = lines.find(({ route }) => route === 'fixed')!;
  assert.deepEqual([fixed.country, fixed.region, fixed.status, fixed.attempts], ['DE', 'eu', 200, 0]);
  const dead = lines.find(({ route }) => route === 'dead')!;
  assert.deepEqual([dead.status, dead.code, dead.endpoint, dead.attempts], [502, 'UPSTREAM_CONNECT', 'u/e', 1]);

  const headers = { authorization: `Bearer ${SECRETS.admin}` };
  const said = [weir.log()];
  for (const page of ['/metrics', '/api/v1/status', '/api/v1/config']) {
    assert.equal((await fetch(weir.admin + page)).status, 401, `${page} without a token`);
    const reply = await fetch(weir.admin + page, { headers });
    assert.equal(reply.status, 200, page);
    said.push(await reply.text());
  }
  assert.equal((await fetch(`${weir.admin}/api/v1/reload`, { method: 'POST' })).status, 401);
  // What rules cannot be read is shown too, and a code frame must not show what stands beside the mistake.
  weir.write('rules.yaml', `policies:\n  s: { signature: { keys: { a: ${SECRETS.rules} }, sgin: x } }\n`);
  await weir.record(({ level }) => level === 'error', 'the refusal');
  const refused = await fetch(`${weir.admin}/api/v1/reload`, { method: 'POST', headers });
  assert.equal(refused.status, 422);
  said.push(await refused.text(), await (await fetch(`${weir.admin}/api/v1/status`, { headers })).text(), weir.log());
  for (const [where, secret] of Object.entries(SECRETS))
    for (const text of said) assert.ok(!text.includes(secret), `${where}: ${lineWith(text, secret)}`);
});

function lineWith(text: string, secret: string): string {
  return text.split('\n').find((line) => line.includes(secret)) ?? '';
}
