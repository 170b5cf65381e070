/** The country database while Weir serves: replaced, gone, cut off, corrupt. The old one keeps serving through all of it. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundledDatabase } from '../../src/geo/bundled.ts';
import { writeMmdb } from '../../src/testing/mmdb-writer.ts';
import { until } from '../tools/until.ts';
import { startWeir } from '../tools/weir.ts';

const CLIENT = '198.51.100.7';
const flat = (code: string) =>
  writeMmdb({ '198.51.100.0/24': { country_code: code }, '2001:db8::/32': { country_code: 'JP' } });
const nested = (code: string) => writeMmdb({ '198.51.100.0/24': { country: { iso_code: code } } }, { ipVersion: 4 });
const RULES = {
  policies: { told: { headers: { response: { set: { 'x-country': '${client.country}' } } } } },
  routes: { all: { use: ['told'], reply: { status: 204 } } },
};

test('a database that changes while Weir serves', async (t) => {
  const weir = await startWeir(t, {
    rules: RULES,
    config: { geoip: { database: '../geoip/countries.mmdb', required: false }, threads: 2 },
    files: { 'geoip/note.txt': 'the folder is there, the database not yet' },
  });
  const file = join(weir.folder, 'geoip', 'countries.mmdb');
  const country = async (address = CLIENT) => {
    const reply = await fetch(weir.url, { headers: { 'x-forwarded-for': address, connection: 'close' } });
    return reply.headers.get('x-country') ?? '';
  };
  const put = (bytes: Uint8Array) => {
    writeFileSync(`${file}.new`, bytes);
    renameSync(`${file}.new`, file);
  };
  /** On every thread: connections are spread over them. */
  const everywhere = (wanted: string) =>
    until(async () => {
      for (let i = 0; i < 8; i++) if ((await country()) !== wanted) return false;
      return true;
    }, `${wanted} on all threads`);
  const failures = () => weir.metric('weir_geoip_failures_total');
  const warnings = () => weir.records().filter(({ level, file: of }) => level === 'warn' && of === file);
  /** What happens to the file is refused: counted, said once, and nothing changes. */
  const refused = async (happens: () => void, what: string) => {
    const counted = await failures();
    const said = warnings().length;
    happens();
    await until(async () => (await failures()) > counted, `${what} to be refused`);
    await until(() => warnings().length > said, `${what} to be said`);
    for (let i = 0; i < 6; i++) assert.equal(await country(), 'FR', what);
    assert.equal(warnings().length, said + 1, `${what} is said once`);
    assert.equal(await weir.metric('weir_geoip_loaded'), 1);
  };

  assert.equal(await country(), '', 'without a database nothing is known');
  assert.equal(await weir.metric('weir_geoip_loaded'), 0);
  put(flat('DE'));
  await everywhere('DE');
  assert.equal(await country('2001:db8::1'), 'JP');
  assert.equal(await country('::ffff:198.51.100.9'), 'DE');
  put(nested('FR'));
  await everywhere('FR');
  assert.equal(await country('2001:db8::1'), '', 'the new one knows IPv4 only');

  const good = nested('US');
  await refused(() => put(good.subarray(0, good.length - 40)), 'one that is cut off');
  await refused(() => put(Buffer.from('not a database at all')), 'one that is something else');
  await refused(() => put(Buffer.alloc(0)), 'an empty one');
  const bundled = readFileSync(bundledDatabase());
  await refused(() => put(bundled.subarray(0, bundled.length >> 1)), 'half of the bundled one');
  const corrupt = Buffer.from(bundled);
  corrupt.fill(0xff, 1_000_000, 1_200_000);
  await refused(() => put(corrupt), 'the bundled one with a hole');
  await refused(() => rmSync(file), 'one that is gone');

  put(good);
  await everywhere('US');
  assert.equal(await weir.metric('weir_worker_deaths_total'), 0);
  const { geoip } = (await weir.status()) as unknown as { geoip: { ok: boolean; problem: string | null } };
  assert.deepEqual([geoip.ok, geoip.problem], [true, null]);
});

test('overrides that are written in place are not taken until they stand still, though half of them is good', async (t) => {
  const weir = await startWeir(t, {
    rules: RULES,
    config: { geoip: { database: 'bundled', overrides: '../geoip/own.csv' }, threads: 1, reload: { settle: '3s' } },
    files: { 'geoip/own.csv': `${CLIENT}/32,FR\n` },
  });
  const file = join(weir.folder, 'geoip', 'own.csv');
  const country = async () => {
    const reply = await fetch(weir.url, { headers: { 'x-forwarded-for': CLIENT } });
    return reply.headers.get('x-country') ?? '';
  };
  assert.equal(await country(), 'FR');
  writeFileSync(file, '198.51.100.0/24,DE\n');
  const since = performance.now();
  while (performance.now() - since < 700) assert.equal(await country(), 'FR', 'half of the file was taken');
  appendFileSync(file, `${CLIENT}/32,NL\n`);
  const seen = new Set<string>();
  await until(async () => seen.add(await country()).has('NL'), 'the whole file to be taken');
  assert.deepEqual([...seen], ['FR', 'NL']);
});
