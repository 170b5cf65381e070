import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { writeMmdb } from '../testing/mmdb-writer.ts';
import fc from '../testing/property.ts';
import { CONTINENT_OF } from './continents.ts';
import { GeoDatabase } from './database.ts';
import { Geo, geoFrom } from './geo.ts';
import { Overrides, parseOverrides } from './overrides.ts';

const read = (text: string) => parseOverrides(text);

describe('CONTINENT_OF', () => {
  it('has every ISO 3166-1 code and XK, and no other', () => {
    assert.equal(Object.keys(CONTINENT_OF).length, 250);
    // CLDR also names codes that ISO reserves or has withdrawn, so it can only say that none of ours is made up.
    const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
    for (const code of Object.keys(CONTINENT_OF)) assert.ok(/^[A-Z]{2}$/.test(code) && names.of(code), code);
  });
  it('has continents only, and some known ones', () => {
    assert.deepEqual([...new Set(Object.values(CONTINENT_OF))].sort(), ['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA']);
    const known = {
      US: 'NA',
      DE: 'EU',
      JP: 'AS',
      BR: 'SA',
      ZA: 'AF',
      AU: 'OC',
      AQ: 'AN',
      RU: 'EU',
      TR: 'AS',
      XK: 'EU',
      NA: 'AF',
    };
    for (const [country, continent] of Object.entries(known)) assert.equal(CONTINENT_OF[country], continent);
  });
  it('is frozen and knows no inherited name', () => {
    assert.ok(Object.isFrozen(CONTINENT_OF));
    assert.equal(CONTINENT_OF.constructor, undefined);
  });
});

describe('parseOverrides', () => {
  it('reads lines, comments, a heading, any case, any line end', () => {
    const { overrides, problems } = read(
      '\uFEFFcidr,country\r\n# a comment\n\n 192.0.2.0/24 , de # Berlin\r2001:db8::/32,JP\n10.0.0.1,us',
    );
    assert.deepEqual(problems, []);
    assert.equal(overrides.size, 3);
    assert.equal(overrides.country('192.0.2.77'), 'DE');
    assert.equal(overrides.country('2001:db8::1'), 'JP');
    assert.equal(overrides.country('10.0.0.1'), 'US');
    assert.equal(overrides.country('10.0.0.2'), '');
    assert.equal(overrides.country('garbage'), '');
  });

  it('lets the longest prefix win, wherever it stands', () => {
    const lines = ['10.0.0.0/8,US', '10.1.2.3/32,FR', '10.1.0.0/16,DE', '0.0.0.0/0,BR', '::/0,CA', '2001:db8::/32,JP'];
    for (const text of [lines.join('\n'), lines.reverse().join('\n')]) {
      const { overrides } = read(text);
      assert.equal(overrides.country('10.1.2.3'), 'FR');
      assert.equal(overrides.country('::ffff:10.1.2.4'), 'DE');
      assert.equal(overrides.country('10.2.0.0'), 'US');
      assert.equal(overrides.country('255.255.255.255'), 'BR');
      assert.equal(overrides.country('2001:db8::5'), 'JP');
      assert.equal(overrides.country('2002::'), 'CA');
    }
  });

  const bad: [string, string, number, RegExp][] = [
    ['no country', '10.0.0.0/8', 1, /expected "cidr,country", found "10.0.0.0\/8"/],
    ['an empty country', '#\n10.0.0.0/8,', 2, /"" is no ISO/],
    ['an unknown country', '10.0.0.0/8,UK', 1, /"UK" is no ISO 3166-1/],
    ['an inherited name', '10.0.0.0/8,constructor', 1, /"CONSTRUCTOR" is no ISO/],
    ['a column too many', '10.0.0.0/8,US,x', 1, /expected "cidr,country"/],
    ['a bad network', '\n\n10.0.0.0/33,US', 3, /"10.0.0.0\/33" is no network/],
    ['two countries', '10.0.0.0/8,US\n10.9.9.9/8,DE', 2, /already US in line 1/],
    ['a wrong file', 'x'.repeat(9999), 1, /found "x{60}…"/],
  ];
  for (const [name, text, line, message] of bad)
    it(`reports ${name} with its line`, () => {
      const { problems } = read(text);
      assert.equal(problems.length, 1);
      assert.equal(problems[0]!.line, line);
      assert.match(problems[0]!.message, message);
    });

  it('keeps the good lines and takes a repeated one', () => {
    const { overrides, problems } = read('10.0.0.0/8,US\nnonsense\n10.0.0.0/8,US\n192.0.2.0/24,DE');
    assert.deepEqual(
      problems.map((problem) => problem.line),
      [2],
    );
    assert.equal(overrides.size, 2);
    assert.equal(overrides.country('192.0.2.1'), 'DE');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789./,:#\n USDE'), maxLength: 200 }),
        (text) => void read(text),
      ),
    );
  });

  it('reads the file of this repository', () => {
    const { overrides, problems } = read(readFileSync(new URL('../../geoip/overrides.csv', import.meta.url), 'utf8'));
    assert.deepEqual(problems, []);
    assert.deepEqual(
      ['192.0.2.1', '198.51.100.1', '203.0.113.1'].map((a) => overrides.country(a)),
      ['US', 'DE', 'JP'],
    );
  });
});

describe('Geo', () => {
  const bytes = writeMmdb({
    '0.0.0.0/1': { country_code: 'US' },
    '10.0.0.0/8': { country_code: 'FR' },
    '2000::/3': { country_code: 'JP' },
  });
  const database = GeoDatabase.open(bytes);

  it('asks overrides, then the database, then knows nothing', () => {
    const geo = new Geo(database, read('10.1.0.0/16,DE').overrides);
    for (let again = 0; again < 2; again++) {
      assert.equal(geo.lookup('10.1.2.3'), 'DE');
      assert.equal(geo.lookup('10.2.2.3'), 'FR');
      assert.equal(geo.lookup('11.0.0.1'), 'US');
      assert.equal(geo.lookup('2001:db8::1'), 'JP');
      assert.equal(geo.lookup('192.0.2.1'), '');
      assert.equal(geo.lookup(''), '');
      assert.equal(geo.lookup('x'.repeat(100_000)), '');
    }
  });

  it('works without a database and without overrides', () => {
    assert.equal(new Geo(null, new Overrides()).lookup('10.1.2.3'), '');
    assert.equal(new Geo(null, read('10.1.0.0/16,DE').overrides).lookup('10.1.2.3'), 'DE');
  });

  it('answers as without its cache, whatever comes in what order', () => {
    const { overrides } = read('10.0.0.0/8,DE');
    const geo = new Geo(database, overrides);
    // More addresses than the cache has slots, each asked more than once.
    const addresses = Array.from({ length: 12_000 }, (_, i) => `${(i * 7) % 200}.${i % 256}.${(i >> 8) & 255}.1`);
    for (const address of [...addresses, ...addresses.slice(0, 5000)])
      assert.equal(geo.lookup(address), overrides.country(address) || database.country(address));
  });

  it('is made from what the control plane hands out', () => {
    const shared = new SharedArrayBuffer(bytes.length);
    new Uint8Array(shared).set(bytes);
    assert.equal(geoFrom({ database: shared, overrides: '10.0.0.0/8,DE' }).lookup('10.0.0.1'), 'DE');
    assert.equal(geoFrom({ database: shared, overrides: '' }).lookup('10.0.0.1'), 'FR');
    assert.equal(geoFrom({ database: null, overrides: '' }).lookup('10.0.0.1'), '');
  });
});
