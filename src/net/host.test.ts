import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../testing/property.ts';
import { endOfHost, normalAuthority, normalHost, portFrom } from './host.ts';

test('hosts have one spelling', () => {
  const cases: [string, string][] = [
    ['a.test', 'a.test'],
    ['A.Test', 'a.test'],
    ['a.test.', 'a.test'],
    ['A.TEST.', 'a.test'],
    ['localhost', 'localhost'],
    ['my_service-1', 'my_service-1'],
    ['xn--mnchen-3ya.de', 'xn--mnchen-3ya.de'],
    ['3scale.net', '3scale.net'],
    ['a.3com', 'a.3com'],
    ['a.0xyz', 'a.0xyz'],
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1.', '192.0.2.1'],
    ['[2001:DB8:0:0::1]', '[2001:db8::1]'],
    ['[::1]', '[::1]'],
    ['[::ffff:192.0.2.1]', '192.0.2.1'],
  ];
  for (const [host, normal] of cases) assert.equal(normalHost(host), normal, host);
});

test('what has none is refused', () => {
  const hosts = [
    '',
    '.',
    '..',
    'a..test',
    '.a.test',
    'a.test..',
    'a%2etest',
    '%61.test',
    'a,b',
    'a;b',
    'a b',
    'a/b',
    'a@b',
  ];
  hosts.push('a:80', 'ä.test', 'a\0', "a'b", 'a*', '~a', 'a!', '(a)', 'a=b', 'a+b', 'a&b', 'a$');
  hosts.push(
    '127.1',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '0X7F.0.0.1',
    '01.2.3.4',
    '1.2.3.256',
    'a.1',
    '127.1.',
    'a.0x',
  );
  hosts.push('[::1', '::1', '[::1]x', '[]', '[::1%25eth0]', '[fe80::1%1]', '[192.0.2.1]', '[v1.a]', '[:::]');
  for (const host of hosts) assert.equal(normalHost(host), null, host);
});

test('a normal form is its own, and the one that URLs have', () => {
  const text = fc.string({ unit: fc.constantFrom(...'aB1.-_x0:[]%'), maxLength: 12 });
  fc.assert(
    fc.property(
      fc.oneof(
        text,
        fc.domain(),
        fc.ipV4(),
        fc.ipV6().map((address) => `[${address}]`),
      ),
      (host) => {
        const normal = normalHost(host);
        if (normal === null) return;
        assert.equal(normalHost(normal), normal);
        const url = URL.parse(`http://${host}/`);
        if (url === null || url.hostname.startsWith('[::ffff:')) return;
        assert.equal(normal, url.hostname.replace(/\.$/, ''));
      },
    ),
    { numRuns: 3000 },
  );
});

test('authorities keep a port that says something', () => {
  assert.equal(normalAuthority('A.test:80', false), 'a.test');
  assert.equal(normalAuthority('a.test:443', false), 'a.test:443');
  assert.equal(normalAuthority('a.test:443', true), 'a.test');
  assert.equal(normalAuthority('a.test:', true), 'a.test');
  assert.equal(normalAuthority('a.test:0080', true), 'a.test:80');
  assert.equal(normalAuthority('[::1]:8080', true), '[::1]:8080');
  assert.equal(normalAuthority('[::1]', true), '[::1]');
  for (const bad of ['a:b', 'a:65536', 'a:-1', 'a:8 0', ':80', 'a:80:80', '[::1]80', '::1:80'])
    assert.equal(normalAuthority(bad, false), null, bad);
  assert.equal(portFrom('a.test:8080', endOfHost('a.test:8080')), 8080);
});
