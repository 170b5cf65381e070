import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWK, type JWTPayload, UnsecuredJWT } from 'jose';
import { ISSUER, type Signer, START, signer, signSecret, world } from '../../testing/jwt.ts';
import type { RawJwt } from './config.ts';
import { jwt } from './index.ts';

const SECRET = 'a secret of thirty-two bytes, or more';
const base = { issuer: ISSUER, audience: 'relay' };
const bearer = (token: string) => `Bearer ${token}`;

let rsa: Signer;
let ec: Signer;
let ed: Signer;
let other: Signer;

before(async () => {
  [rsa, ec, ed, other] = await Promise.all([
    signer('RS256', 'r'),
    signer('ES256', 'e'),
    signer('EdDSA', 'd'),
    signer('ES256', 'o'),
  ]);
});

/** A JWKS file of its own. */
function keyFile(t: TestContext, ...keys: JWK[]) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-jwt-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'jwks.json');
  const write = (...now: JWK[]) => writeFileSync(path, JSON.stringify({ keys: now }));
  if (keys.length > 0) write(...keys);
  return { path, write };
}

function withFile(t: TestContext, more: Partial<RawJwt> = {}) {
  const file = keyFile(t, rsa.jwk, ec.jwk, ed.jwk);
  const w = world();
  const raw: RawJwt = { ...base, keys: { file: file.path }, ...more };
  return { w, file, raw, gate: w.gate(raw) };
}

describe('a good token', () => {
  it('passes with each algorithm, sets facts, and stays at the gateway', async (t) => {
    const { gate } = withFile(t);
    for (const one of [rsa, ec, ed]) {
      const { code, facts, headers } = await gate.send(bearer(await one.sign()));
      assert.equal(code, '');
      assert.deepEqual(facts, { 'jwt.sub': 'user-1', 'jwt.iss': ISSUER, 'jwt.aud': 'relay', 'jwt.jti': 'id-1' });
      assert.deepEqual(headers.toPairs(), ['host', 'x']);
    }
    assert.deepEqual(gate.counts(), { signature: 3 });
  });

  it('goes on upstream where that is wanted', async (t) => {
    const { gate } = withFile(t, { forward: true });
    const value = bearer(await ec.sign());
    for (let i = 0; i < 2; i++)
      assert.deepEqual((await gate.send(value)).headers.toPairs(), ['host', 'x', 'Authorization', value]);
  });

  it('gives more claims as facts, in texts that cannot be mistaken', async (t) => {
    const { gate } = withFile(t, {
      claims: ['email', 'level', 'admin', 'groups', 'org', 'https://x.example/id', 'toString', 'sub'],
    });
    const claims = {
      email: 'a@b',
      level: 3,
      admin: false,
      groups: ['a,b', 'c'],
      org: null,
      'https://x.example/id': 'u',
      jti: undefined,
    };
    const { facts } = await gate.send(bearer(await ec.sign(claims as unknown as JWTPayload)));
    const wanted = {
      'jwt.email': 'a@b',
      'jwt.level': '3',
      'jwt.admin': 'false',
      'jwt.groups': '["a,b","c"]',
      'jwt.org': '',
      'jwt.jti': '',
    };
    assert.deepEqual({ ...facts, ...wanted, 'jwt.https://x.example/id': 'u', 'jwt.toString': '' }, facts);
  });

  it('says which of several audiences let it in', async (t) => {
    const { gate } = withFile(t, { audience: ['first', 'relay'] });
    assert.equal((await gate.send(bearer(await ec.sign({ aud: ['x', 'relay'] })))).facts['jwt.aud'], 'relay');
    assert.equal((await gate.send(bearer(await ec.sign({ aud: ['relay', 'first'] })))).facts['jwt.aud'], 'first');
  });

  it('may call the scheme as it likes', async (t) => {
    const { gate } = withFile(t);
    const token = await ec.sign();
    for (const scheme of ['bearer ', 'BEARER ', 'Bearer   ']) assert.equal((await gate.send(scheme + token)).code, '');
  });

  it('may name no key, and is tried with each that could fit', async (t) => {
    const { gate, file } = withFile(t);
    const nameless = await signer('ES256');
    file.write(other.jwk, ec.jwk, nameless.jwk);
    assert.equal((await gate.send(bearer(await nameless.sign()))).code, '');
    const foreign = await signer('ES256');
    assert.equal((await gate.send(bearer(await foreign.sign()))).code, 'TOKEN_INVALID');
    assert.equal(gate.counts().signature, 2, 'one accepted, one refused under the same label');
  });

  it('is valid within the leeway on both sides, and not beyond', async (t) => {
    const { w, gate } = withFile(t, { leeway: '10s' });
    const token = bearer(await ec.sign({ nbf: START + 100, exp: START + 200 }));
    const codes: string[] = [];
    for (const after of [89, 90, 200, 209, 210]) {
      w.time = START + after;
      codes.push((await gate.send(token)).code);
    }
    assert.deepEqual(codes, ['TOKEN_INVALID', '', '', '', 'TOKEN_INVALID']);
    assert.deepEqual([gate.counts().early, gate.counts().expired, gate.counts().cache], [1, 1, 2]);
  });

  it('may be signed with any of the secrets', async () => {
    const gate = world().gate({ ...base, keys: { secrets: [`old ${SECRET}`, SECRET] } });
    assert.equal((await gate.send(bearer(await signSecret(SECRET)))).facts['jwt.sub'], 'user-1');
    assert.equal((await gate.send(bearer(await signSecret(`old ${SECRET}`)))).code, '');
    assert.equal((await gate.send(bearer(await signSecret(`x${SECRET}`)))).code, 'TOKEN_INVALID');
  });
});

describe('a request without a good token', () => {
  it('is told that one is missing', async (t) => {
    const { gate } = withFile(t);
    for (const values of [
      [],
      ['Basic dTpw'],
      ['Bearer'],
      ['Bearer '],
      ['Bearer    '],
      [''],
      ['Bearertoken'],
      ['Token x'],
    ]) {
      const { code, challenge } = await gate.send(...values);
      assert.deepEqual([code, challenge], ['TOKEN_MISSING', 'Bearer'], values.join());
    }
    assert.deepEqual(gate.counts(), { missing: 8 });
  });

  const bad: [string, string, (file: Signer) => Promise<string | string[]> | string | string[]][] = [
    ['repeated', 'two fields', async (s) => [bearer(await s.sign()), bearer(await s.sign())]],
    ['repeated', 'two schemes', async (s) => [bearer(await s.sign()), 'Basic dTpw']],
    ['oversized', 'too long', async (s) => bearer(await s.sign({ pad: 'x'.repeat(16_384) }))],
    ['malformed', 'no token', () => 'Bearer x'],
    ['malformed', 'two parts', async (s) => bearer((await s.sign()).split('.').slice(0, 2).join('.'))],
    ['malformed', 'a second token behind it', async (s) => bearer(`${await s.sign()} x`)],
    ['malformed', 'a space in it', async (s) => bearer((await s.sign()).replace(/(.{30})$/, ' $1'))],
    ['malformed', 'padding', async (s) => bearer(`${await s.sign()}==`)],
    ['malformed', 'no JSON', () => 'Bearer e30x.e30.e30'],
    ['algorithm', 'a critical extension', async (s) => bearer(await withHeader(s, { crit: ['x'], x: 1 }))],
    ['signature', 'other claims', async (s) => bearer(await tampered(s, { ...claims, sub: 'root' }))],
    ['signature', 'another signature', async (s) => bearer((await s.sign()).replace(/\.[^.]{4}([^.]*)$/, '.AAAA$1'))],
    ['key', 'an unknown key', async () => bearer(await other.sign())],
    ['key', 'another key’s name', async (s) => bearer(await s.sign({}, { kid: 'r' }))],
    ['issuer', 'another issuer', async (s) => bearer(await s.sign({ iss: `${ISSUER}/` }))],
    ['issuer', 'no issuer', async (s) => bearer(await s.sign({ iss: undefined }))],
    ['audience', 'another audience', async (s) => bearer(await s.sign({ aud: ['relay2', 'Relay'] }))],
    ['audience', 'no audience', async (s) => bearer(await s.sign({ aud: undefined }))],
    ['expired', 'expired', async (s) => bearer(await s.sign({ exp: START - 31 }))],
    ['early', 'not valid yet', async (s) => bearer(await s.sign({ nbf: START + 31 }))],
    ['claims', 'no expiry', async (s) => bearer(await s.sign({ exp: undefined }))],
    ['claims', 'an expiry that is no number', async (s) => bearer(await s.sign({ exp: '1e12' as unknown as number }))],
  ];
  const claims = { iss: ISSUER, aud: 'relay', sub: 'user-1', exp: START + 300 };
  for (const [reason, name, make] of bad)
    it(`is not told why: ${name}`, async (t) => {
      const { gate } = withFile(t);
      const { code, challenge, facts, headers } = await gate.send(...[await make(ec)].flat());
      assert.deepEqual([code, challenge, facts], ['TOKEN_INVALID', 'Bearer error="invalid_token"', {}]);
      assert.ok(headers.toPairs().includes('Authorization'));
      assert.deepEqual(gate.counts(), { [reason]: 1 });
    });

  it('is refused each time, and nothing bad is remembered', async (t) => {
    const { gate } = withFile(t);
    const token = bearer(await ec.sign({ aud: 'x' }));
    for (let i = 0; i < 3; i++) assert.equal((await gate.send(token)).code, 'TOKEN_INVALID');
    assert.deepEqual(gate.counts(), { audience: 3 });
  });
});

describe('algorithms', () => {
  it('none is none', async (t) => {
    const { gate } = withFile(t);
    const unsecured = new UnsecuredJWT({ iss: ISSUER, aud: 'relay', exp: START + 300 }).encode();
    for (const token of [
      unsecured,
      `${unsecured}AAAA`,
      ...['None', 'NONE', 'nOnE'].map((alg) => withAlg(unsecured, alg)),
    ])
      assert.equal((await gate.send(bearer(token))).code, 'TOKEN_INVALID');
  });

  it('a public key is no secret', async (t) => {
    const { gate } = withFile(t);
    const pem = await exportSPKI((await importJWK(rsa.jwk, 'RS256')) as CryptoKey);
    for (const secret of [pem, pem.trim(), JSON.stringify(rsa.jwk), rsa.jwk.n!])
      assert.equal((await gate.send(bearer(await signSecret(secret)))).code, 'TOKEN_INVALID');
    assert.deepEqual(gate.counts(), { algorithm: 4 });
  });

  it('only those listed pass', async (t) => {
    const { gate } = withFile(t, { algorithms: ['RS256'] });
    assert.equal((await gate.send(bearer(await rsa.sign()))).code, '');
    assert.equal((await gate.send(bearer(await ec.sign()))).code, 'TOKEN_INVALID');
    const secrets = world().gate({ ...base, keys: { secrets: [SECRET.repeat(2)] }, algorithms: ['HS512'] });
    assert.equal((await secrets.send(bearer(await signSecret(SECRET.repeat(2), {}, 'HS512')))).code, '');
    assert.equal((await secrets.send(bearer(await signSecret(SECRET.repeat(2))))).code, 'TOKEN_INVALID');
    assert.equal((await secrets.send(bearer(await ec.sign()))).code, 'TOKEN_INVALID');
  });
});

describe('the cache', () => {
  it('answers at once the second time, with the same facts', async (t) => {
    const { gate } = withFile(t);
    const token = bearer(await ec.sign());
    const [first, second] = [await gate.send(token), await gate.send(token)];
    assert.deepEqual([first.sync, second.sync], [false, true]);
    assert.deepEqual(second.facts, first.facts);
    assert.deepEqual(second.headers.toPairs(), ['host', 'x']);
    assert.deepEqual(gate.counts(), { signature: 1, cache: 1 });
  });

  it('survives a reload, but not one that changes what a token must be', async (t) => {
    const { gate, raw } = withFile(t);
    const token = bearer(await ec.sign());
    await gate.send(token);
    gate.reload(raw);
    assert.equal((await gate.send(token)).sync, true);
    gate.reload({ ...raw, audience: 'another' });
    assert.equal((await gate.send(token)).code, 'TOKEN_INVALID');
    gate.reload({ ...raw, claims: ['sub', 'email'] });
    assert.deepEqual([(await gate.send(token)).facts['jwt.email'], (await gate.send(token)).sync], ['', true]);
  });

  it('forgets what other keys verified', async (t) => {
    const { w, gate, file } = withFile(t);
    const token = bearer(await ec.sign());
    await gate.send(token);
    file.write(rsa.jwk);
    w.time += 2;
    assert.equal((await gate.send(token)).code, 'TOKEN_INVALID');
    assert.deepEqual(gate.counts(), { signature: 1, key: 1 });
  });
});

describe('a key file', () => {
  it('is read again when it changes, and at once for a key that is not there', async (t) => {
    const { w, gate, file } = withFile(t);
    assert.equal((await gate.send(bearer(await ec.sign()))).code, '');
    file.write(other.jwk, ec.jwk, rsa.jwk);
    w.time += 0.5;
    assert.equal((await gate.send(bearer(await other.sign()))).code, '');
  });

  it('that turns bad or vanishes leaves the old keys in use, and one line in the log', async (t) => {
    const { w, gate, file } = withFile(t);
    const token = async (jti: string) => bearer(await ec.sign({ jti }));
    await gate.send(await token('0'));
    const priv = { ...ec.jwk, d: 'AAAA' };
    const oct = { kty: 'oct', k: 'AAAA' };
    const bad = [
      '',
      '{"keys":[',
      '[]',
      'null',
      '{"keys":1}',
      '{"keys":[1]}',
      JSON.stringify({ keys: [priv] }),
      JSON.stringify({ keys: [oct] }),
      ' '.repeat(1_100_000),
    ];
    for (const content of bad) {
      writeFileSync(file.path, content);
      const logged = w.lines.length;
      for (let again = 0; again < 3; again++) {
        w.time += 2;
        assert.equal((await gate.send(await token(`${content.length} ${again}`))).code, '', content.slice(0, 40));
      }
      assert.ok(w.lines.length <= logged + 1);
    }
    rmSync(file.path);
    w.time += 2;
    assert.equal((await gate.send(await token('gone'))).code, '');
    assert.match(w.lines.at(-1)!, /last good keys stay in use.*is missing/);
    file.write(ec.jwk);
    w.time += 2;
    assert.equal((await gate.send(await token('back'))).code, '');
    assert.match(w.lines.at(-1)!, /good again/);
    assert.ok(!w.lines.join().includes('AAAA'), 'nothing of the content is logged');
  });

  it('that is not there refuses everything with 503 and one line, until it is', async (t) => {
    const file = keyFile(t);
    const w = world();
    const gate = w.gate({ ...base, keys: { file: file.path } });
    const token = bearer(await ec.sign());
    for (let i = 0; i < 5; i++) {
      assert.equal((await gate.send(token)).code, 'STORE_UNAVAILABLE');
      w.time += 2;
    }
    assert.equal((await gate.send()).code, 'TOKEN_MISSING');
    assert.equal(w.lines.length, 1);
    assert.match(w.lines[0]!, /^error .*every request is refused/);
    file.write(ec.jwk);
    w.time += 2;
    assert.equal((await gate.send(token)).code, '');
  });

  it('is not looked at for every request', async (t) => {
    const { w, gate, file } = withFile(t);
    await gate.send(bearer(await ec.sign()));
    rmSync(file.path);
    w.time += 1.9;
    await gate.send(bearer(await ec.sign()));
    assert.equal(w.lines.length, 1);
  });
});

/** An issuer on loopback whose answer can be changed. */
async function issuer(t: TestContext) {
  const state = { body: JSON.stringify({ keys: [ec.jwk] }), status: 200, requests: 0 };
  const server = createServer((request, response) => {
    state.requests++;
    if (request.url === '/elsewhere') {
      response.end(JSON.stringify({ keys: [other.jwk] }));
      return;
    }
    response.writeHead(state.status, { location: '/elsewhere' }).end(state.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { state, server, raw: { ...base, keys: { url: `http://127.0.0.1:${port}/jwks` } } };
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await pause(2);
  }
}

describe('an issuer’s URL', () => {
  it('is asked at the first token, once for all who wait, and not again while keys are fresh', async (t) => {
    const { state, raw } = await issuer(t);
    const w = world();
    const gate = w.gate(raw);
    await gate.send();
    assert.equal(state.requests, 0);
    const tokens = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => bearer(await ec.sign({ jti: `${i}` }))),
    );
    for (const { code } of await Promise.all(tokens.map((token) => gate.send(token)))) assert.equal(code, '');
    w.time += 599;
    await gate.send(tokens[0]!);
    assert.equal(state.requests, 1);
  });

  it('is asked again in the background when keys are old, and verified tokens stay so if they are the same', async (t) => {
    const { state, raw } = await issuer(t);
    const w = world();
    const gate = w.gate(raw);
    const token = bearer(await ec.sign({ exp: START + 1e9 }));
    await gate.send(token);
    const logged = w.lines.length;
    /** Time goes on while a fetch is under way, so one look may come too early for the next fetch. */
    const later = () => {
      w.time += 600;
      return gate.send(token);
    };
    await until('the same keys come again', async () => {
      assert.equal((await later()).sync, true);
      return state.requests >= 3;
    });
    assert.equal(w.lines.length, logged);
    state.body = JSON.stringify({ keys: [other.jwk] });
    await until('other keys come', async () => {
      await later();
      return w.lines.length > logged;
    });
    assert.equal((await gate.send(token)).code, 'TOKEN_INVALID');
  });

  it('is asked for a key that is not there, but not more often than every 30 seconds', async (t) => {
    const { state, raw } = await issuer(t);
    const w = world();
    const gate = w.gate(raw);
    await gate.send(bearer(await ec.sign()));
    state.body = JSON.stringify({ keys: [ec.jwk, other.jwk] });
    const rotated = bearer(await other.sign());
    assert.equal((await gate.send(rotated)).code, 'TOKEN_INVALID');
    w.time += 30;
    assert.equal((await gate.send(rotated)).code, '');
    assert.equal(state.requests, 2);
    const made = await Promise.all(Array.from({ length: 10 }, (_, i) => ec.sign({}, { kid: `made up ${i}` })));
    for (const token of made) assert.equal((await gate.send(bearer(token))).code, 'TOKEN_INVALID');
    assert.equal(state.requests, 2);
  });

  it('that is down or answers nonsense leaves the old keys in use', async (t) => {
    const { state, server, raw } = await issuer(t);
    const w = world();
    const gate = w.gate(raw);
    await gate.send(bearer(await ec.sign()));
    const faults = [{ status: 500 }, { status: 302 }, { status: 200, body: '<html>' }, { body: 'x'.repeat(1_100_000) }];
    for (const [i, fault] of faults.entries()) {
      Object.assign(state, fault);
      w.time += 600;
      assert.equal((await gate.send(bearer(await ec.sign({ exp: START + 9000 })))).code, '');
      await until(`fault ${i} is logged`, () => w.lines.length === i + 2);
      assert.match(w.lines.at(-1)!, /last good keys stay in use/);
    }
    server.closeAllConnections();
    server.close();
    w.time += 600;
    assert.equal((await gate.send(bearer(await ec.sign({ exp: START + 9000 })))).code, '');
    await until('the lost issuer is logged', () =>
      /ECONNREFUSED|ECONNRESET|other side closed|UND_ERR/.test(w.lines.at(-1)!),
    );
  });

  it('that was never there refuses with 503, is asked every two seconds, and then found', async (t) => {
    const { state, raw } = await issuer(t);
    state.status = 503;
    const w = world();
    const gate = w.gate(raw);
    const token = bearer(await ec.sign());
    for (let i = 0; i < 4; i++) assert.equal((await gate.send(token)).code, 'STORE_UNAVAILABLE');
    assert.equal(state.requests, 1);
    assert.equal(w.lines.length, 1);
    state.status = 200;
    w.time += 2;
    assert.equal((await gate.send(token)).code, '');
  });
});

describe('resolve', () => {
  const problems = (raw: Partial<RawJwt>) => {
    const found: string[] = [];
    const problem = (at: readonly (string | number)[], code: string) => void found.push(`${at.join('.')} ${code}`);
    const config = jwt.resolve(
      { ...base, keys: { file: 'jwks.json' }, ...raw },
      { problem, resolvePath: (path) => `/rules/${path}` },
    );
    return { config, found };
  };

  it('puts defaults in', () => {
    const { config, found } = problems({});
    assert.deepEqual(found, []);
    assert.deepEqual(config, {
      issuer: ISSUER,
      audiences: ['relay'],
      keys: { from: 'file', path: '/rules/jwks.json' },
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      leeway: 30_000,
      claims: [],
      forward: false,
    });
    assert.deepEqual(jwt.provides!(problems({ claims: ['email', 'sub'] }).config), [
      'jwt.sub',
      'jwt.iss',
      'jwt.aud',
      'jwt.jti',
      'jwt.email',
    ]);
  });

  it('masks secrets', () => {
    assert.deepEqual(problems({ keys: { secrets: [SECRET] } }).config.keys, {
      from: 'secrets',
      secrets: [{ secret: SECRET }],
    });
  });

  const bad: [Partial<RawJwt>, string[]][] = [
    [{ algorithms: ['RS256', 'HS256'] }, ['algorithms.1 jwt-algorithm']],
    [{ keys: { secrets: [SECRET] }, algorithms: ['RS256'] }, ['algorithms.0 jwt-algorithm']],
    [{ keys: { secrets: [SECRET, 'short'] } }, ['keys.secrets.1 jwt-secret']],
    [{ keys: { secrets: [SECRET] }, algorithms: ['HS256', 'HS512'] }, ['keys.secrets.0 jwt-secret']],
    [{ keys: { secrets: ['x'] }, allowShortSecrets: true }, []],
    [{ keys: { url: 'http://issuer.example.com/' } }, ['keys.url jwt-url']],
    [{ keys: { url: 'file:///etc/keys' } }, ['keys.url jwt-url']],
    [{ keys: { url: 'issuer' } }, ['keys.url jwt-url']],
    [{ keys: { url: 'https://user:pass@issuer.example.com/' } }, ['keys.url jwt-url']],
    [{ leeway: '1h' }, ['leeway jwt-leeway']],
    [{ leeway: 'soon' }, ['leeway jwt-leeway']],
  ];
  for (const [raw, wanted] of bad)
    it(`reports ${JSON.stringify(raw)}`, () => assert.deepEqual(problems(raw).found, wanted));
  for (const url of ['https://issuer.example.com/jwks', 'http://localhost:8080/', 'http://[::1]/'])
    it(`takes ${url}`, () => assert.deepEqual(problems({ keys: { url } }).found, []));
});

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function withAlg(token: string, alg: string): string {
  return [encode({ alg }), ...token.split('.').slice(1)].join('.');
}

/** The header changed after signing: fails at the latest at the signature, and is to fail before. */
async function withHeader(one: Signer, more: object): Promise<string> {
  const [, payload, signature] = (await one.sign()).split('.');
  return [encode({ alg: 'ES256', kid: 'e', ...more }), payload, signature].join('.');
}

async function tampered(one: Signer, claims: object): Promise<string> {
  const [header, , signature] = (await one.sign()).split('.');
  return [header, encode(claims), signature].join('.');
}

describe('a weak key', () => {
  it('is refused', async (t) => {
    const pair = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
    const weak = { ...(await exportJWK(pair.publicKey)), kid: 'w' };
    const file = keyFile(t, { ...weak, n: weak.n!.slice(0, 171) });
    const gate = world().gate({ ...base, keys: { file: file.path } });
    const token = [encode({ alg: 'RS256', kid: 'w' }), encode({ iss: ISSUER }), 'AAAA'].join('.');
    assert.equal((await gate.send(bearer(token))).code, 'TOKEN_INVALID');
    assert.deepEqual(gate.counts(), { key: 1 });
  });
});
