import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { writeMmdb } from '../testing/mmdb-writer.ts';
import fc from '../testing/property.ts';
import { BUNDLED_SHA256, bundledDatabase } from './bundled.ts';
import { GeoDatabase } from './database.ts';
import { verifyDatabase } from './verify.ts';

const bundled = readFileSync(bundledDatabase());
const flat = (code: string) => ({ country_code: code });
const nested = (code: string) => ({ country: { iso_code: code, names: { en: 'x' } }, continent: { code: 'EU' } });

describe('GeoDatabase', () => {
  it('reads the bundled database, from shared memory', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(bundled.length));
    shared.set(bundled);
    const database = GeoDatabase.open(shared);
    assert.equal(database.country('8.8.8.8'), 'US');
    assert.equal(database.country('::ffff:8.8.8.8'), 'US');
    assert.equal(database.country('2a00:1450:4001:82a::200e'), 'IE');
    assert.equal(database.country('127.0.0.1'), '');
    assert.ok(database.buildTime.getTime() > Date.UTC(2026, 0));
    assert.match(database.type, /country/i);
  });

  for (const recordSize of [24, 28, 32] as const)
    for (const ipVersion of [4, 6] as const)
      it(`reads ${recordSize}-bit records in an IPv${ipVersion} tree`, () => {
        const networks = { '192.0.2.0/24': flat('US'), '192.0.2.128/25': nested('DE'), '203.0.113.7/32': flat('JP') };
        const database = verifyDatabase(writeMmdb(networks, { recordSize, ipVersion }));
        assert.equal(database.country('192.0.2.1'), 'US');
        assert.equal(database.country('192.0.2.200'), 'DE');
        assert.equal(database.country('203.0.113.7'), 'JP');
        assert.equal(database.country('203.0.113.8'), '');
        assert.equal(database.country('::ffff:192.0.2.1'), 'US');
        assert.equal(database.country('2001:db8::1'), '');
      });

  it('does not read an IPv6 address as IPv4 in an IPv4 tree', () => {
    const database = GeoDatabase.open(writeMmdb({ '32.0.0.0/8': flat('US') }, { ipVersion: 4 }));
    assert.equal(database.country('2001:db8::1'), '');
    assert.equal(database.country('32.1.13.184'), 'US');
  });

  it('reads MaxMind’s nested form, and the registered country where there is no other', () => {
    const networks = {
      '192.0.2.0/24': { country: { iso_code: 'FR' }, registered_country: { iso_code: 'US' } },
      '198.51.100.0/24': { registered_country: { iso_code: 'NL' } },
      '203.0.113.0/24': { continent: { code: 'EU' } },
    };
    const database = verifyDatabase(writeMmdb(networks));
    assert.equal(database.country('192.0.2.1'), 'FR');
    assert.equal(database.country('198.51.100.1'), 'NL');
    assert.equal(database.country('203.0.113.1'), '');
  });

  it('takes only what looks like a code', () => {
    const networks = {
      '10.0.0.0/16': flat('us'),
      '10.1.0.0/16': flat('USA'),
      '10.2.0.0/16': { country_code: 7 },
      '10.3.0.0/16': 'US',
      '10.4.0.0/16': { country: 'US' },
      '10.5.0.0/16': flat('DE'),
    };
    const database = verifyDatabase(writeMmdb(networks));
    for (const address of ['10.0.0.1', '10.1.0.1', '10.2.0.1', '10.3.0.1', '10.4.0.1'])
      assert.equal(database.country(address), '');
    assert.equal(database.country('10.5.0.1'), 'DE');
  });

  it('knows no country of what is no address', () => {
    const database = GeoDatabase.open(writeMmdb({ '0.0.0.0/1': flat('US') }));
    for (const text of ['', 'x', '1.2.3', '1.2.3.4.5', '01.2.3.4', ':', '1.2.3.4:80'])
      assert.equal(database.country(text), '');
  });
});

describe('a bad database', () => {
  const good = { '192.0.2.0/24': flat('US') };
  /** Bytes of an encoded `flat` record: map, key, value. */
  const flatLength = 1 + 13 + 3;
  const refused: [string, Uint8Array, RegExp][] = [
    ['an empty file', Buffer.alloc(0), /no metadata/],
    ['a text', Buffer.from('cidr,country\n'), /no metadata/],
    ['a gzip file', Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(4000)]), /no metadata/],
    ['metadata that is not at the end', Buffer.concat([writeMmdb(good), Buffer.alloc(200_000)]), /no metadata/],
    ['an unknown format', writeMmdb(good, { metadata: { binary_format_major_version: 3 } }), /format version 3/],
    ['an unknown IP version', writeMmdb(good, { metadata: { ip_version: 5 } }), /IP version 5/],
    ['an odd record size', writeMmdb(good, { metadata: { record_size: 26 } }), /record size/i],
    ['no nodes', writeMmdb(good, { metadata: { node_count: 0 } }), /empty/],
    ['too many nodes', writeMmdb(good, { metadata: { node_count: 4_000_000 } }), /does not fit/],
    ['a node too many', writeMmdb(good, { metadata: { node_count: 119 } }), /separator/],
    ['no build time', writeMmdb(good, { metadata: { build_epoch: 'x' } }), /build time/],
    ['an ASN database', writeMmdb({ '192.0.2.0/24': { autonomous_system_number: 64496 } }), /no country/],
  ];
  for (const [name, bytes, message] of refused)
    it(`is refused: ${name}`, () => assert.throws(() => verifyDatabase(bytes), message));

  it('is refused when a tree pointer leads outside the data, even to something that can be read', () => {
    const bytes = writeMmdb({ '1.1.1.0/24': flat('DE'), '203.0.113.7/32': flat('US') }, { ipVersion: 4 });
    const { nodeCount, dataStart, dataEnd } = GeoDatabase.open(bytes).layout;
    const us = nodeCount + 16 + flatLength;
    const metadata = nodeCount + 16 + (dataEnd - dataStart) + 14;
    const at = bytes.indexOf(Buffer.from([us >> 16, (us >> 8) & 255, us & 255]));
    bytes.writeUIntBE(metadata, at, 3);
    assert.equal(GeoDatabase.open(bytes).country('203.0.113.7'), '');
    assert.throws(() => verifyDatabase(bytes), /points outside the data/);
  });

  it('is not opened when one of many lookups throws', () => {
    const bytes = writeMmdb({ '8.0.0.0/8': flat('US'), '9.0.0.0/8': flat('DE') });
    const at = bytes.lastIndexOf('country_code');
    bytes[at - 2] = 0x00;
    bytes[at - 1] = 0xff;
    assert.throws(() => GeoDatabase.open(bytes), /corrupt: looking up 9\.128\.8\.8 fails/);
  });

  it('is refused when only one record in a corner does not decode', () => {
    const bytes = writeMmdb({ '192.0.2.0/24': flat('US'), '203.0.113.7/32': flat('JP') });
    const jp = bytes.lastIndexOf('country_code');
    bytes[jp - 2] = 0x00;
    bytes[jp - 1] = 0xff;
    assert.equal(GeoDatabase.open(bytes).country('203.0.113.7'), '', 'a lookup that throws means unknown');
    assert.throws(() => verifyDatabase(bytes), /looking up ::cb00:7107 fails|looking up .* fails/);
  });

  it('is refused at every length it can be cut to', () => {
    const bytes = writeMmdb({ '192.0.2.0/24': flat('US'), '2001:db8::/32': nested('DE') });
    for (let length = 0; length < bytes.length; length++)
      assert.throws(() => verifyDatabase(bytes.subarray(0, length)), Error, `${length} of ${bytes.length} bytes`);
    verifyDatabase(bytes);
  });

  it('the bundled one is known to be good, and is', () => {
    assert.equal(createHash('sha256').update(bundled).digest('hex'), BUNDLED_SHA256);
    verifyDatabase(bundled, '');
  });

  it('is refused when the bundled one is cut anywhere', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bundled.length - 1 }), (length) => {
        assert.throws(() => GeoDatabase.open(bundled.subarray(0, length)));
      }),
      { numRuns: 25, endOnFailure: true },
    );
    for (const missing of [1, 2, 10, 100])
      assert.throws(() => GeoDatabase.open(bundled.subarray(0, bundled.length - missing)));
  });

  const small = writeMmdb({
    '0.0.0.0/1': flat('US'),
    '192.0.2.0/24': nested('DE'),
    '2000::/3': flat('JP'),
    '2001:db8::/32': flat('FR'),
  });
  const damage = fc.array(fc.tuple(fc.nat(small.length - 1), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 12,
  });
  it('with any bytes changed is refused with an error, or answers without one', () => {
    fc.assert(
      fc.property(
        damage,
        fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { minLength: 20, maxLength: 20 }),
        (changes, addresses) => {
          const bytes = Buffer.from(small);
          for (const [at, value] of changes) bytes[at] = value;
          let database: GeoDatabase;
          try {
            database = verifyDatabase(bytes);
          } catch (error) {
            assert.ok(error instanceof Error && error.message !== '');
            return;
          }
          for (const address of addresses) assert.match(database.country(address), /^([A-Z]{2})?$/);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('made of the bundled one with blocks overwritten is refused, or answers without an error', () => {
    const block = fc.tuple(fc.nat(bundled.length - 1), fc.integer({ min: 1, max: 100_000 }), fc.nat(255));
    fc.assert(
      fc.property(block, fc.array(fc.ipV4(), { minLength: 50, maxLength: 50 }), ([at, length, value], addresses) => {
        const bytes = Buffer.from(bundled);
        bytes.fill(value, at, Math.min(at + length, bytes.length));
        let database: GeoDatabase;
        try {
          database = GeoDatabase.open(bytes);
        } catch {
          return;
        }
        for (const address of addresses) assert.match(database.country(address), /^([A-Z]{2})?$/);
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
});
