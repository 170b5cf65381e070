import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, it } from 'node:test';
import fc from '../testing/property.ts';
import { CidrSet, canonicalAddress, clientNetwork, loopback, parseAddress, parseCidr } from './address.ts';

/** WHATWG URL's serialiser follows RFC 5952 for everything but v4-mapped addresses. */
const urlForm = (v6: string) => new URL(`http://[${v6}]/`).hostname.slice(1, -1);

/** Text made of what addresses are made of, so that many are nearly right. */
const nearly = fc.string({ unit: fc.constantFrom(...'0123456789abcdefAF.::::%'), maxLength: 45 });

describe('canonicalAddress', () => {
  const same = [
    '0.0.0.0',
    '255.255.255.255',
    '192.0.2.1',
    '::',
    '::1',
    '1::',
    '2001:db8::1',
    'fe80::1',
    '1:2:3:4:5:6:7:8',
  ];
  for (const text of same) it(`keeps ${text}`, () => assert.equal(canonicalAddress(text), text));

  const changed: [string, string][] = [
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['::192.0.2.1', '::c000:201'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:10.0.0.1%1', '10.0.0.1'],
  ];
  for (const [text, wanted] of changed) it(`${text} → ${wanted}`, () => assert.equal(canonicalAddress(text), wanted));

  const refused = [
    '',
    ' ',
    '1',
    '127.1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '01.2.3.4',
    '1.2.3.00',
    '256.1.1.1',
  ];
  refused.push(
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4:80',
    '1.2.3.4/32',
    '0x1.2.3.4',
    '1.2.3.-4',
    '１.2.3.4',
    'localhost',
    '1.2.3.4%eth0',
  );
  refused.push(
    ':',
    ':::',
    '1:2:3',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    ':1',
    '1:',
    '12345::',
    'g::',
    '[::1]',
  );
  refused.push(
    '::1%',
    '%eth0',
    '::1.2.3',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::256.1.1.1',
    '::01.2.3.4',
    '1.2.3.4::',
    '::1 ',
  );
  for (const text of refused) it(`refuses ${JSON.stringify(text)}`, () => assert.equal(canonicalAddress(text), null));

  it('takes exactly what Node takes as an address', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.ipV4(), fc.ipV6(), fc.ipV4Extended()), (text) => {
        const zone = text.indexOf('%');
        const bare = zone < 0 ? text : text.slice(0, zone);
        // Node takes any zone, also after "::1%25%"; only an empty one is none of ours.
        const known = isIPv4(text) || (isIPv6(bare) && zone !== text.length - 1);
        assert.equal(canonicalAddress(text) !== null, known);
      }),
      { numRuns: 5000 },
    );
  });

  it('writes IPv6 as the URL standard does', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const wanted = urlForm(text);
        if (wanted.startsWith('::ffff:')) return;
        assert.equal(canonicalAddress(text), wanted);
        assert.equal(canonicalAddress(text.toUpperCase()), wanted);
      }),
      { numRuns: 2000 },
    );
  });

  it('is its own canonical form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const once = canonicalAddress(text)!;
        assert.equal(canonicalAddress(once), once);
        assert.deepEqual(parseAddress(once), parseAddress(text));
      }),
    );
  });
});

describe('clientNetwork', () => {
  it('is the /64 of IPv6 and the address of IPv4', () => {
    for (const [address, network] of [
      ['192.0.2.7', '192.0.2.7/32'],
      ['::ffff:192.0.2.7', '192.0.2.7/32'],
      ['::ffff:c000:207', '192.0.2.7/32'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:db8::1', '2001:db8::/64'],
      ['2001:DB8:0:0:8::1', '2001:db8::/64'],
      ['::1', '::/64'],
      ['1:0:0:2:ffff::', '1:0:0:2::/64'],
      ['fe80::1%eth0', 'fe80::/64'],
      ['', ''],
      ['unix:', ''],
      ['192.0.2.07', ''],
    ])
      assert.equal(clientNetwork(address!), network, address!);
  });

  it('is a network that holds the address, and the same for all that differ in the last 64 bits', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 4, maxLength: 4 }),
        fc.array(group, { minLength: 4, maxLength: 4 }),
        (network, host) => {
          const text = [...network, ...host].map((g) => g.toString(16)).join(':');
          const found = clientNetwork(text);
          if (found.endsWith('/32')) return;
          assert.ok(new CidrSet([found]).has(canonicalAddress(text)!), `${found} holds ${text}`);
          assert.equal(clientNetwork([...network, 1, 2, 3, 4].map((g) => g.toString(16)).join(':')), found);
        },
      ),
    );
  });
});

describe('parseCidr', () => {
  it('reads networks and single addresses, and clears host bits', () => {
    assert.deepEqual(parseCidr('10.1.2.3/8'), { version: 4, address: 0x0a000000, prefix: 8 });
    assert.deepEqual(parseCidr('0.0.0.0/0'), { version: 4, address: 0, prefix: 0 });
    assert.deepEqual(parseCidr('192.0.2.1'), { version: 4, address: 0xc0000201, prefix: 32 });
    assert.deepEqual(parseCidr('2001:db8::1/32'), { version: 6, address: [0x20010db8, 0, 0, 0], prefix: 32 });
    assert.deepEqual(parseCidr('::1'), { version: 6, address: [0, 0, 0, 1], prefix: 128 });
  });
  it('takes v4-mapped networks as IPv4', () => {
    assert.deepEqual(parseCidr('::ffff:10.0.0.0/104'), parseCidr('10.0.0.0/8'));
    assert.deepEqual(parseCidr('::ffff:10.0.0.1'), parseCidr('10.0.0.1/32'));
    assert.equal(parseCidr('::ffff:10.0.0.0/95')?.version, 6);
  });
  const refused = [
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/8 ',
    '::/129',
    '::/1e1',
    'fe80::1%eth0/64',
    '10/8',
  ];
  for (const text of refused) it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseCidr(text), null));
});

describe('CidrSet', () => {
  it('holds what its networks hold, v4-mapped addresses included', () => {
    const set = new CidrSet(['127.0.0.1/32', '10.0.0.0/8', '192.168.0.0/16', 'fd00::/8', '2001:db8::1']);
    for (const inside of ['127.0.0.1', '10.255.255.255', '::ffff:10.1.1.1', '192.168.0.0', 'fd12::1', '2001:db8::1'])
      assert.equal(set.has(inside), true, inside);
    for (const outside of [
      '127.0.0.2',
      '11.0.0.0',
      '9.255.255.255',
      '192.169.0.0',
      'fe00::1',
      '2001:db8::2',
      '',
      'x',
      '10.0.0.01',
    ])
      assert.equal(set.has(outside), false, outside);
  });
  it('keeps the versions apart', () => {
    assert.equal(new CidrSet(['::/0']).has('192.0.2.1'), false);
    assert.equal(new CidrSet(['::/0']).has('::1'), true);
    assert.equal(new CidrSet(['0.0.0.0/0']).has('::1'), false);
    assert.equal(new CidrSet(['0.0.0.0/0']).has('255.255.255.255'), true);
  });
  it('answers the same again', () => {
    const set = new CidrSet(['10.0.0.0/8']);
    for (const address of ['10.0.0.1', '10.0.0.1', '11.0.0.1', '11.0.0.1', '10.0.0.1', '', ''])
      assert.equal(set.has(address), address.startsWith('10.'));
  });
  it('holds nothing when empty, and refuses what is no network', () => {
    assert.equal(new CidrSet([]).has('127.0.0.1'), false);
    assert.throws(() => new CidrSet(['10.0.0.0/40']), /not a network: 10\.0\.0\.0\/40/);
  });

  const bits = (address: string) => {
    const parsed = parseAddress(address)!;
    const words = typeof parsed === 'number' ? [parsed] : parsed;
    return words.map((word) => word.toString(2).padStart(32, '0')).join('');
  };
  const network = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
  );
  it('agrees with comparing bits', () => {
    fc.assert(
      fc.property(
        fc.array(network, { maxLength: 8 }),
        fc.oneof(fc.ipV4(), fc.ipV6()),
        fc.nat(),
        (networks, other, pick) => {
          // Half of the time ask for an address near one of the networks, or a random one would hardly ever be inside.
          const address = pick % 2 && networks.length ? networks[pick % networks.length]![0] : other;
          const asked = bits(address);
          const plain = networks.filter(([text]) => !text.toLowerCase().includes('ffff:'));
          const inside = plain.some(([text, prefix]) => {
            const own = bits(text);
            return own.length === asked.length && own.slice(0, prefix) === asked.slice(0, prefix);
          });
          assert.equal(new CidrSet(plain.map(([text, prefix]) => `${text}/${prefix}`)).has(address), inside);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('loopback', () => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.255.0.3', '::1', '[::1]', '::ffff:127.0.0.1'])
    it(`${host} is`, () => assert.equal(loopback(host), true));
  for (const host of [
    '',
    '0.0.0.0',
    '::',
    '128.0.0.1',
    'example.com',
    'a.localhost',
    '127.0.0.1.example.com',
    '127.1',
    '[127.0.0.1',
  ])
    it(`${JSON.stringify(host)} is not`, () => assert.equal(loopback(host), false));
});
