import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../testing/property.ts';
import { splitTarget } from './target.ts';

test('origin form: path and query', () => {
  assert.deepEqual(splitTarget('/v1/user'), { path: '/v1/user', query: '', authority: '' });
  assert.deepEqual(splitTarget('/v1/user?a=1&b=?'), { path: '/v1/user', query: '?a=1&b=?', authority: '' });
  assert.deepEqual(splitTarget('/?'), { path: '/', query: '?', authority: '' });
  assert.deepEqual(splitTarget('//host/x'), { path: '//host/x', query: '', authority: '' });
});

test('absolute form: authority too; an empty path is /', () => {
  assert.deepEqual(splitTarget('http://a.example:80/x?y'), { path: '/x', query: '?y', authority: 'a.example:80' });
  assert.deepEqual(splitTarget('HTTPS://[::1]:8443'), { path: '/', query: '', authority: '[::1]:8443' });
  assert.deepEqual(splitTarget('http://a.example?q=1'), { path: '/', query: '?q=1', authority: 'a.example' });
});

test('an absolute form of OPTIONS without path and query is the asterisk form', () => {
  assert.deepEqual(splitTarget('http://a.example', 'OPTIONS'), { path: '*', query: '', authority: 'a.example' });
  assert.equal(splitTarget('http://a.example/', 'OPTIONS')?.path, '/');
  assert.equal(splitTarget('http://a.example?q', 'OPTIONS')?.path, '/');
});

test('asterisk form', () => assert.deepEqual(splitTarget('*'), { path: '*', query: '', authority: '' }));

test('anything else is none', () => {
  const bad = ['', 'a', 'host:443', 'http://', 'http:///x', 'http://u@h/x', 'http://u:p@h/', 'http://h#f', 'ftp://h/'];
  const queries = ['/a?b#c', '/a?b c', '/a?b\r\nX: y', '/a?\u00e9', '/a?\0', '/a?\x7f', '*x', '?a', 'http://h\\x/'];
  for (const target of [...bad, ...queries]) assert.equal(splitTarget(target), null, JSON.stringify(target));
});

test('the parts of an origin form are the whole of it, and its query could stand in a request line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (tail) => {
      const target = splitTarget(`/${tail}`);
      if (target === null) return;
      assert.equal(target.path + target.query, `/${tail}`);
      assert.match(target.query, /^(\?[!"$-~]*)?$/);
    }),
  );
});
