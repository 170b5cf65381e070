import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../testing/property.ts';
import { CidrSet } from './address.ts';
import { clientAddress } from './client.ts';

const trusted = new CidrSet(['127.0.0.1/32', '10.0.0.0/8', 'fd00::/8']);
const client = (remote: string, ...forwardedFor: string[]) => clientAddress(remote, forwardedFor.join(', '), trusted);

describe('clientAddress', () => {
  it('believes nobody but trusted peers', () => {
    assert.equal(client('192.0.2.9', '198.51.100.1'), '192.0.2.9');
    assert.equal(client('::ffff:192.0.2.9', '198.51.100.1, 10.0.0.1'), '192.0.2.9');
    assert.equal(client('2001:DB8::9', '198.51.100.1'), '2001:db8::9');
    assert.equal(clientAddress('127.0.0.1', '198.51.100.1', new CidrSet([])), '127.0.0.1');
  });

  const walks: [string, string[], string][] = [
    ['no field', [], '127.0.0.1'],
    ['one entry', ['198.51.100.1'], '198.51.100.1'],
    ['a forged entry in front', ['1.1.1.1, 198.51.100.1'], '198.51.100.1'],
    ['trusted hops between', ['1.1.1.1, 198.51.100.1, 10.0.0.2,10.0.0.1'], '198.51.100.1'],
    ['several fields', ['1.1.1.1', '198.51.100.1, 10.0.0.2', '10.0.0.1'], '198.51.100.1'],
    ['trusted hops only', ['10.0.0.3, 10.0.0.2'], '10.0.0.3'],
    ['garbage at the end', ['198.51.100.1, unknown'], '127.0.0.1'],
    ['garbage behind trusted hops', ['198.51.100.1, _hidden, 10.0.0.2'], '10.0.0.2'],
    ['garbage further left', ['<script>, 198.51.100.1'], '198.51.100.1'],
    ['garbage in an earlier field', ['x', '10.0.0.2'], '10.0.0.2'],
    ['empty entries', [' , 198.51.100.1 ,, ', '', ','], '198.51.100.1'],
    ['a port', ['198.51.100.1:4711'], '198.51.100.1'],
    ['IPv6', ['2001:DB8::7'], '2001:db8::7'],
    ['IPv6 in brackets', ['[2001:db8::7]'], '2001:db8::7'],
    ['IPv6 in brackets with a port', ['[2001:db8::7]:443'], '2001:db8::7'],
    ['v4-mapped', ['::ffff:198.51.100.1'], '198.51.100.1'],
    ['a v4-mapped trusted hop', ['198.51.100.1, ::ffff:10.0.0.1'], '198.51.100.1'],
    ['a trusted IPv6 hop', ['198.51.100.1, [fd00::1]:80'], '198.51.100.1'],
    ['a zone id', ['fe80::1%eth0'], 'fe80::1'],
    ['tabs', ['198.51.100.1\t,\t10.0.0.1\t'], '198.51.100.1'],
  ];
  for (const [name, fields, wanted] of walks)
    it(`reads ${name}`, () => assert.equal(client('127.0.0.1', ...fields), wanted));

  const garbage = [
    '198.51.100.1:',
    '198.51.100.1:99999',
    '198.51.100.1:8x',
    '198.51.100.1:123456',
    '198.51.100.01',
    '[198.51.100.1]',
  ];
  garbage.push(
    '[::1',
    '::1]',
    '[::1]x',
    '[::1]:',
    '[]',
    '[]:80',
    '"198.51.100.1"',
    '198.51.100.1 10.0.0.1',
    'for=198.51.100.1',
    '1',
    '[a:80',
  );
  for (const entry of garbage)
    it(`stops at ${entry}`, () => assert.equal(client('127.0.0.1', `1.1.1.1, ${entry}`), '127.0.0.1'));

  it('keeps what is no address as it is', () => assert.equal(client('', '198.51.100.1'), ''));

  it('agrees with a walk over the split list', () => {
    const hop = fc.oneof(fc.constantFrom('10.0.0.1', '10.9.9.9', 'fd00::1', '', 'unknown', ' '), fc.ipV4());
    fc.assert(
      fc.property(fc.array(fc.array(hop, { maxLength: 5 }), { maxLength: 4 }), (fields) => {
        const values = fields.map((entries) => entries.join(', '));
        let wanted = '127.0.0.1';
        for (const entry of fields.flat().reverse()) {
          if (entry.trim() === '') continue;
          if (entry === 'unknown') break;
          wanted = entry;
          if (!entry.startsWith('10.') && entry !== 'fd00::1') break;
        }
        assert.equal(client('127.0.0.1', ...values), wanted);
      }),
    );
  });
});
