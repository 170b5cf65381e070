import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fields, type Pairs } from '../../fields/fields.ts';
import type { Env, Exchange, Reply, ResolveContext } from '../../types/policy.ts';
import { params, type RawParams } from './index.ts';

const JSON_TYPE = ['content-type', 'application/json'];

/** A policy as the core would make it, and what it counted. */
function policy(raw: RawParams) {
  const counters: Record<string, { value: number }> = {};
  const counter = (_family: string, labels: Readonly<Record<string, string>> = {}) =>
    (counters[labels.reason!] ??= { value: 0 });
  const context: ResolveContext = { problem: (_at, code) => assert.fail(code), resolvePath: (path) => path };
  const hooks = params.compile(params.resolve(raw, context), { counter } as unknown as Env);
  return {
    counters,
    /** Code of the answer, or the body that goes on. */
    send(body: string | Buffer | null, headers: Pairs = JSON_TYPE) {
      const error = (code: string) => ({ status: 400, headers: Fields.empty(), body: '', code }) as unknown as Reply;
      const sent = body === null ? null : Buffer.from(body as string);
      const x = { body: sent, headers: Fields.from(headers), error } as unknown as Exchange;
      const reply = hooks.admit!(x) as Reply | undefined;
      return {
        code: reply?.code ?? '',
        body: x.body?.toString() ?? null,
        same: x.body === sent,
        headers: x.headers.toPairs(),
      };
    },
  };
}

const BODY = '{"model":"m","n":1}';

describe('params', () => {
  it('drops unknown members', () => {
    const result = policy({ allow: ['model'] }).send(BODY);
    assert.deepEqual([result.code, result.body], ['', '{"model":"m"}']);
  });

  it('refuses them where told to, and counts why', () => {
    const strict = policy({ allow: ['model'], unknown: 'reject' });
    assert.equal(strict.send(BODY).code, 'PARAMETER_UNKNOWN');
    assert.equal(strict.send('{"model":"m"}').same, true);
    assert.equal(strict.send('{"model":1,"model":2}').code, 'BODY_UNREADABLE');
    assert.equal(strict.send('{').code, 'BODY_UNREADABLE');
    assert.equal(strict.send(BODY, ['content-encoding', 'gzip', ...JSON_TYPE]).code, 'BODY_UNREADABLE');
    const counted = Object.entries(strict.counters).map(([reason, { value }]) => `${reason} ${value}`);
    assert.deepEqual(counted.sort(), ['content 1', 'duplicate 1', 'unknown 1', 'unreadable 1']);
  });

  it('lets requests without a body pass', () => {
    for (const body of [null, '']) {
      const result = policy({ allow: ['model'], unknown: 'reject' }).send(body, ['content-type', 'image/png']);
      assert.deepEqual([result.code, result.same], ['', true]);
    }
  });

  it('drops digests of the body together with a member, and only then', () => {
    const digests = ['Content-Digest', 'x', 'DIGEST', 'x', 'repr-digest', 'x', 'Content-MD5', 'x'];
    assert.deepEqual(policy({ allow: ['model'] }).send(BODY, [...JSON_TYPE, ...digests]).headers, JSON_TYPE);
    assert.deepEqual(policy({ allow: ['model', 'n'] }).send(BODY, [...JSON_TYPE, ...digests]).headers, [
      ...JSON_TYPE,
      ...digests,
    ]);
  });

  const json: Pairs[] = [
    [],
    JSON_TYPE,
    ['Content-Type', 'Application/JSON'],
    ['content-type', 'application/json; charset=utf-8'],
  ];
  json.push(
    ['content-type', 'application/json;charset="UTF-8"'],
    ['content-type', 'application/vnd.api+json; v=1'],
    ['content-type', 'text/json'],
  );
  json.push([...JSON_TYPE, 'content-encoding', 'identity'], [...JSON_TYPE, 'content-encoding', '']);
  for (const headers of json)
    it(`reads ${headers.join(' ') || 'no type'}`, () => {
      assert.equal(policy({ allow: ['model'] }).send(BODY, headers).body, '{"model":"m"}');
    });

  const other: Pairs[] = [
    ['content-type', 'text/plain'],
    ['content-type', 'multipart/form-data; boundary=json'],
    ['content-type', ''],
    ['content-type', 'application/jsonp'],
  ];
  for (const headers of other)
    it(`reads no ${headers.join(' ')}`, () => {
      assert.equal(policy({ allow: ['model'] }).send(BODY, headers).code, 'BODY_UNREADABLE');
      assert.equal(policy({ allow: ['model'], nonJson: 'pass' }).send(BODY, headers).same, true);
    });

  const hidden: Pairs[] = [
    [...JSON_TYPE, 'content-encoding', 'gzip'],
    [...JSON_TYPE, 'Content-Encoding', 'identity, br'],
    [...JSON_TYPE, 'Content-Type', 'text/plain'],
  ];
  hidden.push(
    [...JSON_TYPE, 'content-encoding', 'identity', 'content-encoding', 'gzip'],
    ['content-type', 'application/json; charset=utf-16'],
  );
  hidden.push(
    ['content-type', 'application/json; charset=utf-8; charset=utf-7'],
    ['content-type', 'text/plain', 'content-type', 'application/json'],
  );
  hidden.push(
    ['content-type', 'text/plain', 'content-encoding', 'deflate'],
    ['content-type', 'application/json; charset=utf-8x'],
  );
  for (const headers of hidden)
    it(`refuses ${headers.join(' ')} in any case`, () => {
      assert.equal(policy({ allow: ['model'] }).send(BODY, headers).code, 'BODY_UNREADABLE');
      assert.equal(policy({ allow: ['model'], nonJson: 'pass' }).send(BODY, headers).code, 'BODY_UNREADABLE');
    });

  it('asks for the body', () =>
    assert.equal(params.needsBody!({ allow: [], unknown: 'drop', nonJson: 'reject' }), true));
});
