/** A country database in MaxMind's format, read from memory that all threads share. */
import { Reader } from 'maxmind';
import { canonicalAddress } from '../net/address.ts';

/**
 * What a record can look like: `{country_code}` (ip-location-db), or MaxMind's nested form. `registered_country`, the
 * country of the network's owner, is asked only where `country` is missing, as for some anycast and satellite networks.
 */
interface CountryRecord {
  readonly country_code?: unknown;
  readonly country?: { readonly iso_code?: unknown };
  readonly registered_country?: { readonly iso_code?: unknown };
}

// biome-ignore lint/suspicious/noExplicitAny: the reader's own type wants one of MaxMind's record types
type AnyReader = Reader<any>;

/** Starts the metadata section (MaxMind DB format 2.0, "Database Metadata"), which ends the file. */
const METADATA_MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const METADATA_MAX = 128 * 1024;
/** Zero bytes between the search tree and the data section. */
const SEPARATOR = 16;
/** Decoded records kept by the reader; a country database has a few hundred. */
const RECORDS_KEPT = 2048;

/** Where the parts of the file are, for those who walk it. */
export interface Layout {
  readonly ipVersion: 4 | 6;
  readonly nodeCount: number;
  readonly recordSize: number;
  /** First byte of the data section. */
  readonly dataStart: number;
  /** First byte behind the data section. */
  readonly dataEnd: number;
}

export class GeoDatabase {
  readonly #reader: AnyReader;
  readonly layout: Layout;
  /** When the database was made. */
  readonly buildTime: Date;
  /** What the maker calls it, such as `GeoLite2-Country`. */
  readonly type: string;

  private constructor(reader: AnyReader, layout: Layout) {
    this.#reader = reader;
    this.layout = layout;
    this.buildTime = reader.metadata.buildEpoch;
    this.type = String(reader.metadata.databaseType);
  }

  /**
   * Opens a database and asks it about a spread of addresses, because some corrupt files open well and throw at lookup.
   * `bytes` are used in place, not copied; they may be shared memory.
   * @throws {Error} that says what is wrong with it
   */
  static open(bytes: Uint8Array): GeoDatabase {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const marker = buffer.lastIndexOf(METADATA_MARKER);
    if (marker < 0 || buffer.length - marker > METADATA_MAX)
      throw new Error('not a MaxMind-format database, or cut off: it has no metadata at its end');
    const reader = openReader(buffer);
    const database = new GeoDatabase(reader, checkedLayout(reader, buffer, marker));
    probe(reader);
    return database;
  }

  /**
   * Like {@link country}, for checking a new database.
   * @throws {Error} where the lookup does
   */
  countryOrThrow(address: string): string {
    return countryOf(recordAt(this.#reader, address));
  }

  /** ISO 3166-1 alpha-2 code, or '' where the address is none, unknown, or its record unreadable. Never throws. */
  country(address: string): string {
    const canonical = canonicalAddress(address);
    if (canonical === null) return '';
    try {
      return countryOf(find(this.#reader, canonical));
    } catch {
      return '';
    }
  }
}

/** A bounded cache for the reader: it forgets everything when full, so a hostile mix of clients cannot grow it. */
function recordCache(): { get(key: string | number): unknown; set(key: string | number, value: unknown): void } {
  const kept = new Map<string | number, unknown>();
  return {
    get: (key) => kept.get(key),
    set: (key, value) => {
      if (kept.size >= RECORDS_KEPT) kept.clear();
      kept.set(key, value);
    },
  };
}

function openReader(buffer: Buffer): AnyReader {
  try {
    return new Reader(buffer, { cache: recordCache() });
  } catch (error) {
    throw new Error(`not a readable MaxMind-format database: ${(error as Error).message}`, { cause: error });
  }
}

/** The reader trusts its metadata; a tree that reaches past the data would make it read anything. */
function checkedLayout(reader: AnyReader, buffer: Buffer, marker: number): Layout {
  const { binaryFormatMajorVersion: version, nodeCount, recordSize, buildEpoch } = reader.metadata;
  const ipVersion: number = reader.metadata.ipVersion;
  if (version !== 2) throw new Error(`unknown database format version ${version}`);
  if (ipVersion !== 4 && ipVersion !== 6) throw new Error(`unknown IP version ${ipVersion}`);
  if (!Number.isSafeInteger(nodeCount) || nodeCount < 1) throw new Error('the search tree is empty');
  if (Number.isNaN(buildEpoch.getTime())) throw new Error('the build time is unreadable');
  const dataStart = (nodeCount * recordSize) / 4 + SEPARATOR;
  if (dataStart > marker) throw new Error('cut off: the search tree does not fit into the file');
  for (let i = dataStart - SEPARATOR; i < dataStart; i++)
    if (buffer[i] !== 0) throw new Error('corrupt: no separator behind the search tree');
  return { ipVersion, nodeCount, recordSize, dataStart, dataEnd: marker };
}

/** In a v4 tree the reader would walk a v6 address's first bits as if they were v4. */
function find(reader: AnyReader, canonical: string): unknown {
  if (reader.metadata.ipVersion === 4 && canonical.indexOf(':') >= 0) return null;
  return reader.get(canonical);
}

/** The code in a record of either form, or ''. */
function countryOf(record: unknown): string {
  if (record === null || typeof record !== 'object') return '';
  const { country_code, country, registered_country } = record as CountryRecord;
  return code(country_code) || code(country?.iso_code) || code(registered_country?.iso_code);
}

/** Two capital letters pass; anything else a corrupt file might hold is unknown. */
function code(value: unknown): string {
  if (typeof value !== 'string' || value.length !== 2) return '';
  const a = value.charCodeAt(0);
  const b = value.charCodeAt(1);
  return a >= 65 && a <= 90 && b >= 65 && b <= 90 ? value : '';
}

/** Addresses over the whole of both spaces: the middle of every v4 /8, and of v6 blocks that registries hand out. */
function* spread(): Generator<string> {
  for (let octet = 0; octet < 256; octet++) yield `${octet}.128.8.8`;
  for (let block = 0x2000; block < 0x4000; block += 0x40) yield `${block.toString(16)}:4860:4860::8888`;
}

/** @throws {Error} where a lookup throws */
function probe(reader: AnyReader): void {
  for (const address of spread()) recordAt(reader, address);
}

function recordAt(reader: AnyReader, canonical: string): unknown {
  try {
    return find(reader, canonical);
  } catch (error) {
    throw new Error(`corrupt: looking up ${canonical} fails: ${(error as Error).message}`, { cause: error });
  }
}
