import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import fc from '../../testing/property.ts';
import type { Env, Exchange, Reply } from '../../types/policy.ts';
import { type RawVersions, type VersionsConfig, versions } from './index.ts';

const validate = new Ajv({ allErrors: true }).addVocabulary(['public']).compile(versions.schema);

function resolve(raw: RawVersions): { config: VersionsConfig; problems: string[] } {
  assert.ok(validate(raw), JSON.stringify(validate.errors));
  const problems: string[] = [];
  const config = versions.resolve(raw, {
    problem: (at, code, message) => problems.push(`${at.join('.')} ${code}: ${message}`),
    resolvePath: (path) => path,
  });
  return { config, problems };
}

const env = { name: 'vers' } as Env;

/** Asks for `path` at upstream `claude`: where it leads, or the answer's code. */
function mapper(raw: RawVersions, method = 'GET'): (path: string) => string {
  const { config, problems } = resolve(raw);
  assert.deepEqual(problems, []);
  const hooks = versions.compile(structuredClone(config), env);
  return (path) => {
    const error = (code: string) => ({ code }) as Reply;
    const x = { method, host: 'h', path, headers: [], upstream: 'claude', upstreamPath: path, error };
    const answer = hooks.admit?.(x as unknown as Exchange) as Reply | undefined;
    return answer === undefined ? `${x.upstream} ${x.upstreamPath}` : answer.code;
  };
}

test('the reference map', () => {
  const at = mapper({
    map: {
      'v1/user': '/v3/user',
      'v1/messages': '/2024-03/messages',
      'v2/chat': { upstream: 'archive', path: '/2024-03/chat' },
    },
  });
  assert.equal(at('/v1/user'), 'claude /v3/user');
  assert.equal(at('/v1/messages'), 'claude /2024-03/messages');
  assert.equal(at('/v2/chat'), 'archive /2024-03/chat');
  assert.equal(at('/v2/chats'), 'claude /v2/chats');
  assert.equal(at('/v1/user/'), 'claude /v1/user/');
  assert.equal(at('*'), 'claude *');
});

test('every method is mapped, TRACE too', () => {
  for (const method of ['POST', 'OPTIONS', 'TRACE'])
    assert.equal(mapper({ map: { 'v1/user': '/x' }, unknown: 'reject' }, method)('/v1/user'), 'claude /x', method);
});

test('a leading slash in the key makes no difference', () => {
  assert.equal(mapper({ map: { '/v1/user': '/x' } })('/v1/user'), 'claude /x');
  assert.match(
    resolve({ map: { '/v1/user': '/x', 'v1/user': '/y' } }).problems[0]!,
    /^map\.v1\/user version-duplicate/,
  );
});

test('/** keeps what follows, written at the target or not', () => {
  for (const target of ['/2024/files', '/2024/files/', '/2024/files/**']) {
    const at = mapper({ map: { 'v1/files/**': target } });
    assert.equal(at('/v1/files/a/b%20c'), 'claude /2024/files/a/b%20c');
    assert.equal(at('/v1/files/'), 'claude /2024/files/');
    assert.equal(at('/v1/files'), 'claude /2024/files');
    assert.equal(at('/v1/filesystem'), 'claude /v1/filesystem');
  }
  const root = mapper({ map: { 'old/**': '/', 'new/**': '/**' } });
  assert.equal(root('/old/a'), 'claude /a');
  assert.equal(root('/old'), 'claude /');
  assert.equal(root('/new/a/'), 'claude /a/');
  assert.equal(mapper({ map: { '**': '/v2' } })('/'), 'claude /v2/');
});

test('named segments go where the target names them', () => {
  const at = mapper({ map: { 'v1/:t/models/:id': '/:id/of/:t', 'v2/:t/**': '/t/:t/x' } });
  assert.equal(at('/v1/acme/models/m-1'), 'claude /m-1/of/acme');
  assert.equal(at('/v2/acme/a/b'), 'claude /t/acme/x/a/b');
  assert.equal(at('/v2/acme'), 'claude /t/acme/x');
});

test('the most specific entry wins, whatever the order', () => {
  const at = mapper({
    map: { '/**': '/all', 'v1/**': '/one', 'v1/*/x': '/star', 'v1/:a/x': '/named', 'v1/b/x': '/exact' },
  });
  assert.equal(at('/v1/b/x'), 'claude /exact');
  assert.equal(at('/v1/c/x'), 'claude /named');
  assert.equal(at('/v1/c/y'), 'claude /one/c/y');
  assert.equal(at('/w'), 'claude /all/w');
});

test('another upstream without a path keeps the path', () => {
  const raw: RawVersions = { map: { 'v2/**': { upstream: 'archive' } } };
  assert.equal(mapper(raw)('/v2/chat'), 'archive /v2/chat');
  assert.deepEqual(versions.upstreams?.(resolve(raw).config), [{ name: 'archive', at: ['map', 'v2/**', 'upstream'] }]);
});

test('a full URL is an upstream of its own', () => {
  const raw: RawVersions = {
    map: {
      'v3/chat': 'https://api.example.com:8443/2025/chat',
      'v4/**': 'HTTP://[::1]/base',
      'v5/x': 'https://e.example',
    },
  };
  assert.deepEqual(versions.urls?.(resolve(raw).config, 'vers'), [
    { name: 'vers:v3/chat', url: 'https://api.example.com:8443', at: ['map', 'v3/chat'] },
    { name: 'vers:v4/**', url: 'HTTP://[::1]', at: ['map', 'v4/**'] },
    { name: 'vers:v5/x', url: 'https://e.example', at: ['map', 'v5/x'] },
  ]);
  const at = mapper(raw);
  assert.equal(at('/v3/chat'), 'vers:v3/chat /2025/chat');
  assert.equal(at('/v4/a/b'), 'vers:v4/** /base/a/b');
  assert.equal(at('/v5/x'), 'vers:v5/x /');
});

test('unknown paths pass or are refused', () => {
  assert.equal(mapper({ map: { a: '/b' } })('/c'), 'claude /c');
  assert.equal(mapper({ map: { a: '/b' }, unknown: 'reject' })('/c'), 'NOT_FOUND');
  assert.equal(mapper({ map: { a: '/b' }, unknown: 'reject' })('/a'), 'claude /b');
});

test('bad keys and targets are reported where they stand', () => {
  const cases: [string, RawVersions['map'][string], RegExp][] = [
    ['v1/**/x', '/a', /^map\.v1\/\*\*\/x version-path: .*last segment/],
    ['v1/../x', '/a', /version-path: .*refused/],
    ['a', 'v3/user', /^map\.a version-target: a path begins/],
    ['a', 'ftp://h/x', /version-target/],
    ['a', '/x?y=1', /query is kept/],
    ['a', 'https://h?y=1', /query is kept/],
    ['a', '/x#y', /version-target/],
    ['a', 'https://u:p@h/x', /not a host/],
    ['a', 'http://h:99999/x', /not a host/],
    ['a', '/x/**', /does not end in it/],
    ['a/:b', '/x/:c', /no such parameter/],
    ['a/*', '/x/*', /has no value/],
    ['a', { upstream: 'u', path: 'x' }, /^map\.a\.path version-target/],
  ];
  for (const [key, target, expected] of cases) {
    const { problems } = resolve({ map: { [key]: target } });
    assert.equal(problems.length, 1, JSON.stringify([key, target, problems]));
    assert.match(problems[0]!, expected);
  }
  assert.match(resolve({ map: { 'a/:x': '/b', 'a/:y': '/c' } }).problems[0]!, /version-duplicate/);
  assert.deepEqual(resolve({ map: { 'a/:x': '/b', 'a/param': '/c', 'a/*': '/d' } }).problems, []);
});

test('the schema refuses numbers, empty maps and unknown keys, with one error each', () => {
  const bad = [
    {},
    { map: {} },
    { map: { a: 1.1 } },
    { map: { a: { path: '/x' } } },
    { map: { a: '/b' }, unknown: 'drop' },
  ];
  for (const raw of bad) assert.equal(validate(raw), false, JSON.stringify(raw));
  validate({ map: { a: 1.1 } });
  assert.deepEqual(
    validate.errors?.map(({ message }) => message),
    ['must be string', 'must match "else" schema'],
  );
});

test('the example is valid and without problems', () => {
  const example = parse(readFileSync(new URL('./example.yaml', import.meta.url), 'utf8'));
  const at = mapper(example.policies.versions.versions);
  assert.equal(at('/v1/models/m'), 'claude /catalog/m/card');
});

test('a prefix is swapped and nothing else changes', () => {
  const segment = fc.stringMatching(/^[a-z0-9%]{1,4}$/).map((text) => text.replaceAll('%', '%20'));
  const rest = fc.array(segment, { maxLength: 4 }).map((parts) => parts.map((part) => `/${part}`).join(''));
  fc.assert(
    fc.property(segment, segment, rest, fc.boolean(), (from, to, tail, slash) => {
      const at = mapper({ map: { [`${from}/**`]: `/${to}` } });
      const end = slash ? `${tail}/` : tail;
      assert.equal(at(`/${from}${end}`), `claude /${to}${end}`);
    }),
  );
});
