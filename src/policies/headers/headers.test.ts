import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { Fields } from '../../fields/fields.ts';
import fc from '../../testing/property.ts';
import type { Attempt, Env, Exchange, Hooks, Reply } from '../../types/policy.ts';
import { type HeadersConfig, headers, type RawHeaders } from './index.ts';

const validate = new Ajv({ allErrors: true }).addVocabulary(['public']).compile(headers.schema);

function resolve(raw: RawHeaders): { config: HeadersConfig; problems: string[] } {
  assert.ok(validate(raw), JSON.stringify(validate.errors));
  const problems: string[] = [];
  const config = headers.resolve(raw, {
    problem: (at, code) => problems.push(`${at.join('.')} ${code}`),
    resolvePath: (path) => path,
  });
  return { config, problems };
}

interface Fake {
  facts: Record<string, string>;
  headers: Fields;
}

const env = {
  name: 'stamped',
  fact: (name: string) => (x: Exchange) => (x as unknown as Fake).facts[name] ?? '',
} as Env;

function hooksOf(raw: RawHeaders): Hooks {
  const { config, problems } = resolve(raw);
  assert.deepEqual(problems, []);
  return headers.compile(structuredClone(config), env);
}

const exchange = (list: Fields, facts: Record<string, string> = {}) =>
  ({ facts, headers: list }) satisfies Fake as unknown as Exchange;
const attempt = (list: Fields) => ({ headers: list }) as unknown as Attempt;
const reply = (list: Fields): Reply => ({ status: 200, headers: list, body: '', code: '' });

const reference = parse(`
request:
  set: { anthropic-version: "2023-06-01", x-client-region: "\${client.region}", x-request-id: "\${request.id}" }
  remove: [cookie, x-internal-*, x-signature]
response:
  set: { x-served-by: "\${upstream.endpoint}" }
  remove: [server, x-powered-by]
`);

test('the reference policy, both ways', () => {
  const hooks = hooksOf(reference);
  const x = exchange(
    Fields.from([
      'Host',
      'h',
      'Cookie',
      'c',
      'X-Internal-Role',
      'root',
      'x-client-region',
      'forged',
      'x-signature',
      's',
    ]),
    {
      'client.region': 'eu',
      'request.id': 'r1',
      'upstream.endpoint': 'claude/eu-1',
    },
  );
  assert.equal(hooks.admit?.(x), undefined);
  const stamped = ['anthropic-version', '2023-06-01', 'x-client-region', 'eu', 'x-request-id', 'r1'];
  assert.deepEqual(x.headers.toPairs(), ['Host', 'h', ...stamped]);
  assert.equal(hooks.attempt, undefined);
  const answer = reply(Fields.from(['Server', 'nginx', 'content-type', 'a/b', 'X-Powered-By', 'php']));
  assert.equal(hooks.reply?.(x, answer), undefined);
  assert.deepEqual(answer.headers.toPairs(), ['content-type', 'a/b', 'x-served-by', 'claude/eu-1']);
});

test('an error reply without an endpoint carries no empty field, and no forged one', () => {
  const answer = reply(Fields.from(['x-served-by', 'someone', 'server', 'x']));
  void hooksOf(reference).reply?.(exchange(Fields.empty()), answer);
  assert.deepEqual(answer.headers.toPairs(), []);
});

test('fields that read the endpoint, and host, are made at each attempt; the others once', () => {
  const hooks = hooksOf({
    request: {
      set: { 'x-up': '${upstream.endpoint}', Host: 'fixed.example', 'x-a': '1' },
      add: { 'X-Up': 'more', 'x-b': '2' },
      default: { 'x-c': '${upstream.region}' },
      remove: ['cookie'],
    },
  });
  const x = exchange(Fields.from(['Host', 'h', 'cookie', 'c', 'x-up', 'forged']), { 'upstream.endpoint': 'e/1' });
  void hooks.admit?.(x);
  assert.deepEqual(x.headers.toPairs(), ['Host', 'h', 'x-up', 'forged', 'x-a', '1', 'x-b', '2']);
  for (const _try of [1, 2]) {
    const own = attempt(x.headers.copy());
    assert.equal(hooks.attempt?.(x, own), undefined);
    assert.deepEqual(own.headers.toPairs(), [
      'x-a',
      '1',
      'x-b',
      '2',
      'x-up',
      'e/1',
      'Host',
      'fixed.example',
      'X-Up',
      'more',
    ]);
  }
  assert.equal(hooks.reply, undefined);
});

test('templates and their phases are told to the checks', () => {
  const { config } = resolve({
    request: { set: { a: '${client.region}', b: '${upstream.endpoint}' }, default: { c: 'x' } },
    response: { add: { d: '${upstream.endpoint}' } },
  });
  assert.deepEqual(headers.templates?.(config), [
    { at: ['request', 'default', 'c'], text: 'x', phase: 'admit' },
    { at: ['request', 'set', 'a'], text: '${client.region}', phase: 'admit' },
    { at: ['request', 'set', 'b'], text: '${upstream.endpoint}', phase: 'attempt' },
    { at: ['response', 'add', 'd'], text: '${upstream.endpoint}', phase: 'reply' },
  ]);
});

test('problems carry their place in the config', () => {
  const { problems } = resolve({
    request: { set: { connection: 'x', a: '${' }, remove: ['content-length'] },
    response: { add: { te: '1' }, default: { 'x y': '1' } },
  });
  assert.deepEqual(problems.sort(), [
    'request.remove.0 header-reserved',
    'request.set.a template-syntax',
    'request.set.connection header-reserved',
    'response.add.te header-reserved',
    'response.default.x y header-name',
  ]);
});

test('the schema refuses what is no set of edits', () => {
  for (const bad of [
    {},
    { request: { set: { a: 1.1 } } },
    { reqest: {} },
    { request: { sets: {} } },
    { response: { remove: 'a' } },
  ])
    assert.equal(validate(bad), false, JSON.stringify(bad));
});

test('the example is valid and without problems', () => {
  const example = parse(readFileSync(new URL('./example.yaml', import.meta.url), 'utf8'));
  hooksOf(example.policies.stamped.headers);
});

test('no fact can end a field or add one', () => {
  const hooks = hooksOf({
    request: { set: { a: '${p}' }, add: { b: 'x${p}y' } },
    response: { default: { c: '${p}' } },
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string().map((s) => `${s}\r\nevil: 1`),
      ),
      (p) => {
        const x = exchange(Fields.empty(), { p });
        const answer = reply(Fields.empty());
        void hooks.admit?.(x);
        void hooks.reply?.(x, answer);
        for (const text of [...x.headers.toPairs(), ...answer.headers.toPairs()])
          assert.doesNotMatch(text, /[\r\n\0\u0100-\uffff]/);
        assert.ok(x.headers.size <= 2 && answer.headers.size <= 1);
      },
    ),
  );
});
