import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { writeMmdb } from '../testing/mmdb-writer.ts';
import fc from '../testing/property.ts';
import type { Log } from '../types/policy.ts';
import type { GeoData } from '../types/threads.ts';
import { bundledDatabase } from './bundled.ts';
import { geoFrom } from './geo.ts';
import { readShared } from './read.ts';
import { GeoSource } from './source.ts';
import { verifyDatabase } from './verify.ts';
import { WatchedFile } from './watched.ts';

const ADDRESS = '192.0.2.1';
const database = (country: string) =>
  writeMmdb({ '192.0.2.0/24': { country_code: country }, '2001:db8::/32': { country_code: country } });
const HOUR = 3_600_000;

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await pause(5);
  }
}

interface Fixture {
  readonly folder: string;
  readonly database: string;
  readonly overrides: string;
  readonly lines: string[];
  readonly changes: GeoData[];
  readonly source: GeoSource;
  /** The country by the newest data handed out. */
  country(): string;
  start(): Promise<void>;
}

interface Setup {
  readonly poll?: number;
  readonly settle?: number;
  readonly withOverrides?: boolean;
  readonly path?: string;
  readonly throwing?: boolean;
}

/** A source on files of its own; by default polling is as good as off, so what is seen was seen by the watcher. */
function fixture(t: TestContext, setup: Setup = {}): Fixture {
  const folder = mkdtempSync(join(tmpdir(), 'weir-geo-'));
  const files = { database: join(folder, setup.path ?? 'country.mmdb'), overrides: join(folder, 'overrides.csv') };
  const lines: string[] = [];
  const changes: GeoData[] = [];
  const line = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`);
  const log: Log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  const source = new GeoSource({
    database: files.database,
    overrides: setup.withOverrides ? files.overrides : null,
    log,
    onChange: (data) => {
      if (setup.throwing) throw new Error('no');
      changes.push(data);
    },
    now: () => 1000 + changes.length,
    settle: setup.settle ?? 20,
    poll: setup.poll ?? HOUR,
  });
  t.after(async () => {
    await source.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const start = async () => void changes.push(await source.start());
  return { folder, ...files, lines, changes, source, start, country: () => geoFrom(changes.at(-1)!).lookup(ADDRESS) };
}

/** Replaces a file at once, as one should. */
function replace(path: string, content: string | Buffer): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

describe('GeoSource', () => {
  it('starts with both files, in shared memory', async (t) => {
    const f = fixture(t, { withOverrides: true });
    writeFileSync(f.database, database('DE'));
    writeFileSync(f.overrides, '10.0.0.0/8,FR\n');
    await f.start();
    assert.ok(f.changes[0]!.database instanceof SharedArrayBuffer);
    assert.equal(f.country(), 'DE');
    assert.equal(geoFrom(f.changes[0]!).lookup('10.1.1.1'), 'FR');
    const build = new Date(1_750_000_000_000).toISOString();
    const wanted = {
      ok: true,
      loadedAt: 1000,
      build,
      type: 'Test-Country',
      overrides: 1,
      reloads: 0,
      failures: 0,
      problem: null,
    };
    assert.deepEqual(f.source.status(), wanted);
  });

  it('starts with the bundled database', async (t) => {
    const f = fixture(t);
    const source = new GeoSource({
      database: bundledDatabase(),
      overrides: null,
      log: console,
      settle: 20,
      onChange: () => {},
    });
    t.after(() => source.close());
    t.mock.method(console, 'info', () => {});
    assert.equal(geoFrom(await source.start()).lookup('8.8.8.8'), 'US');
    assert.equal(f.changes.length, 0);
  });

  it('starts without a database, and takes the one that appears', async (t) => {
    const f = fixture(t);
    await f.start();
    assert.deepEqual(f.changes, [{ database: null, overrides: '' }]);
    assert.equal(f.country(), '');
    assert.equal(f.source.status().ok, false);
    assert.equal(f.source.status().problem, `${f.database} is missing`);
    const consequence = 'no country database, so every country is unknown';
    assert.deepEqual(f.source.faults(), [{ of: 'database', problem: `${f.database} is missing`, consequence }]);
    assert.deepEqual(f.lines, [], 'who started it says so');
    replace(f.database, database('DE'));
    await until('the database is taken', () => f.changes.length === 2);
    assert.equal(f.country(), 'DE');
    assert.equal(f.source.status().ok, true);
  });

  it('takes a database replaced by rename, or overwritten in place', async (t) => {
    const f = fixture(t);
    writeFileSync(f.database, database('DE'));
    await f.start();
    replace(f.database, database('FR'));
    await until('the renamed one is taken', () => f.changes.length === 2);
    assert.equal(f.country(), 'FR');
    writeFileSync(f.database, database('NL'));
    await until('the overwritten one is taken', () => f.country() === 'NL');
    assert.ok(f.source.status().reloads >= 2);
    assert.equal(f.source.status().ok, true);
  });

  it('follows a ConfigMap swap', async (t) => {
    const f = fixture(t, { path: 'geo.mmdb' });
    const version = (name: string, country: string) => {
      mkdirSync(join(f.folder, name));
      writeFileSync(join(f.folder, name, 'geo.mmdb'), database(country));
    };
    version('..v1', 'DE');
    symlinkSync('..v1', join(f.folder, '..data'));
    symlinkSync('..data/geo.mmdb', f.database);
    await f.start();
    for (const [before, name, country] of [
      ['..v1', '..v2', 'FR'],
      ['..v2', '..v3', 'NL'],
      ['..v3', '..v4', 'BE'],
    ]) {
      version(name!, country!);
      symlinkSync(name!, join(f.folder, '..data_tmp'));
      renameSync(join(f.folder, '..data_tmp'), join(f.folder, '..data'));
      rmSync(join(f.folder, before!), { recursive: true });
      await until(`${name} is taken`, () => f.country() === country);
    }
    assert.equal(f.source.status().ok, true);
  });

  it('sees by polling what no watcher reports', async (t) => {
    const f = fixture(t, { poll: 15, path: 'link/current/geo.mmdb' });
    for (const [name, country] of [
      ['one', 'DE'],
      ['two', 'FR'],
    ]) {
      mkdirSync(join(f.folder, name!));
      writeFileSync(join(f.folder, name!, 'geo.mmdb'), database(country!));
    }
    mkdirSync(join(f.folder, 'link'));
    symlinkSync('../one', join(f.folder, 'link/current'));
    await f.start();
    assert.equal(f.country(), 'DE');
    symlinkSync('../two', join(f.folder, 'link/next'));
    renameSync(join(f.folder, 'link/next'), join(f.folder, 'link/current'));
    await until('the swap is seen', () => f.country() === 'FR');
  });

  it('keeps the old one while the file is removed, cut off, or garbage, and says so once for each', async (t) => {
    const f = fixture(t);
    writeFileSync(f.database, database('DE'));
    await f.start();
    const bad: [string, () => void][] = [
      ['removed', () => rmSync(f.database)],
      ['cut off', () => replace(f.database, database('FR').subarray(0, 200))],
      ['no database', () => replace(f.database, 'cidr,country\n')],
      ['empty', () => replace(f.database, '')],
    ];
    for (const [name, damage] of bad) {
      const { failures } = f.source.status();
      damage();
      await until(`${name} is noticed`, () => f.source.status().failures > failures);
      assert.equal(f.source.status().ok, false, name);
      assert.equal(f.changes.length, 1, name);
      assert.equal(f.country(), 'DE', name);
    }
    const warnings = () => f.lines.filter((text) => text.startsWith('warn')).length;
    assert.ok(warnings() <= f.source.status().failures && warnings() >= 3, `${warnings()} lines`);
    replace(f.database, database('FR'));
    await until('the good one is taken', () => f.country() === 'FR');
    assert.equal(f.source.status().problem, null);
    assert.equal(f.source.status().reloads, 1);
  });

  it('says that a file is as before when it comes back unchanged, and hands nothing out', async (t) => {
    const f = fixture(t);
    writeFileSync(f.database, database('DE'));
    await f.start();
    rmSync(f.database);
    await until('it is missed', () => f.source.status().problem !== null);
    replace(f.database, database('DE'));
    await until('it is back', () => f.source.status().ok);
    assert.equal(f.changes.length, 1);
    assert.equal(f.source.status().reloads, 0);
    assert.deepEqual(f.lines.slice(-1), ['info geoip: the file is back to what is in use']);
  });

  it('does not read a file that is being written in place, until it is whole', async (t) => {
    const f = fixture(t);
    writeFileSync(f.database, database('DE'));
    await f.start();
    const bytes = database('FR');
    const handle = await open(f.database, 'w');
    try {
      for (let at = 0; at < bytes.length; at += 50) {
        await handle.write(bytes.subarray(at, at + 50));
        await pause(2);
        assert.match(f.country(), /^(DE|FR)$/);
      }
    } finally {
      await handle.close();
    }
    await until('it is taken', () => f.country() === 'FR');
  });

  it('takes changed overrides, and refuses a file with a mistake as a whole', async (t) => {
    const f = fixture(t, { withOverrides: true });
    writeFileSync(f.database, database('DE'));
    await f.start();
    assert.match(f.source.status().problem!, /overrides\.csv is missing$/);
    replace(f.overrides, '192.0.2.0/24,FR\n');
    await until('overrides are taken', () => f.country() === 'FR');
    replace(f.overrides, '192.0.2.0/24,NL\n198.51.100.0/24,X');
    await until('the mistake is noticed', () => !f.source.status().ok);
    assert.match(f.source.status().problem!, /overrides\.csv line 2: "X" is no ISO/);
    assert.equal(f.country(), 'FR');
    rmSync(f.overrides);
    await until('the removal is noticed', () => /is missing/.test(f.source.status().problem ?? ''));
    assert.equal(f.country(), 'FR');
    replace(f.overrides, '192.0.2.0/24,NL\n');
    await until('the corrected file is taken', () => f.country() === 'NL');
    assert.equal(f.source.status().ok, true);
  });

  it('takes no overrides that are still being written, though what is there is good, whoever looks', async (t) => {
    const f = fixture(t, { withOverrides: true, settle: 1500, poll: 10 });
    writeFileSync(f.database, database('DE'));
    writeFileSync(f.overrides, '10.0.0.0/8,FR\n11.0.0.0/8,FR\n');
    await f.start();
    writeFileSync(f.overrides, '10.0.0.0/8,FR\n');
    for (let i = 0; i < 15; i++) {
      await pause(20);
      appendFileSync(f.overrides, `12.${i}.0.0/16,NL\n`);
    }
    await until('the whole file is taken', () => f.changes.length > 1);
    assert.deepEqual([f.changes.length, f.source.status().overrides], [2, 16]);
  });

  it('outlives a listener that throws, and is silent after close', async (t) => {
    const f = fixture(t, { throwing: true });
    writeFileSync(f.database, database('DE'));
    await f.start();
    replace(f.database, database('FR'));
    await until('the failure is logged', () => f.lines.some((text) => text.startsWith('error')));
    await f.source.close();
    const logged = f.lines.length;
    replace(f.database, database('NL'));
    await pause(60);
    assert.equal(f.lines.length, logged);
    assert.equal(f.changes.length, 1);
  });
});

describe('WatchedFile', () => {
  const good = database('DE');
  const accept = (bytes: Uint8Array) => verifyDatabase(bytes);

  it('keeps serving at whatever length and with whatever bytes the file is left', async (t) => {
    const path = fixture(t).database;
    writeFileSync(path, good);
    const file = new WatchedFile(path, 1 << 20, accept);
    assert.equal(await file.look(true), 'loaded');
    const damage = fc.record({
      length: fc.nat(good.length - 1),
      at: fc.nat(good.length - 1),
      value: fc.nat(255),
      cut: fc.boolean(),
    });
    const runs = { numRuns: 150 };
    await fc.assert(
      fc.asyncProperty(damage, async ({ length, at, value, cut }) => {
        const bytes = cut ? Buffer.from(good.subarray(0, length)) : Buffer.from(good);
        if (!cut) bytes[at] = value;
        writeFileSync(path, bytes);
        const outcome = await file.look(true);
        if (cut) assert.equal(outcome, 'failed');
        assert.match(file.value!.country(ADDRESS), cut ? /^DE$/ : /^([A-Z]{2})?$/);
        writeFileSync(path, good);
        await file.look(true);
        assert.equal(file.problem, null);
        assert.equal(file.value!.country(ADDRESS), 'DE');
      }),
      runs,
    );
  });

  it('looks again only where the file looks different, unless told to', async (t) => {
    const path = fixture(t).database;
    writeFileSync(path, good);
    let accepted = 0;
    const file = new WatchedFile(path, 1 << 20, () => ++accepted);
    assert.equal(await file.look(false), 'loaded');
    assert.equal(await file.look(false), 'unchanged');
    assert.equal(await file.look(true), 'unchanged');
    replace(path, database('FR'));
    assert.equal(await file.look(false), 'loaded');
    assert.equal(accepted, 2);
    assert.equal(file.reloads, 1);
  });
});

describe('readShared', () => {
  it('reads bytes as they are', async () => {
    const bytes = await readShared(bundledDatabase(), 1 << 30);
    assert.ok(bytes.buffer instanceof SharedArrayBuffer);
    assert.ok(readFileSync(bundledDatabase()).equals(Buffer.from(bytes.buffer)));
  });

  it('refuses what is no file of a fitting size', async (t) => {
    const f = fixture(t);
    await assert.rejects(readShared(f.database, 10), { message: 'is missing' });
    await assert.rejects(readShared(join(f.database, 'x'), 10), { message: 'is missing' });
    await assert.rejects(readShared(f.folder, 10), { message: 'is not a regular file' });
    writeFileSync(f.database, '');
    await assert.rejects(readShared(f.database, 10), { message: 'is empty' });
    writeFileSync(f.database, 'x'.repeat(11));
    await assert.rejects(readShared(f.database, 10), { message: 'is larger than 10 bytes' });
    await assert.rejects(readShared('/dev/zero', 10), { message: 'is not a regular file' });
  });
});
