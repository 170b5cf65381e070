/** The slow, thorough check of a new country database, made once on the control plane before any thread sees it. */
import { createHash } from 'node:crypto';
import { BUNDLED_SHA256 } from './bundled.ts';
import { GeoDatabase, type Layout } from './database.ts';

/** Distinct records decoded at most: all of a country database, some of a city one. */
const RECORDS_CHECKED = 4096;

/**
 * Opens `bytes`, then walks the whole search tree: every pointer must lead to a node, to nothing, or into the data
 * section, every record (up to 4096) must decode, and one at least must name a country. A file overwritten half-way
 * often opens and answers quietly; this finds what of it can be found without a checksum.
 * That takes about 50 ms of a start for the bundled database's 2.6 million pointers, so a file that is known to be good
 * (SHA-256 `good`, in hex) is only opened.
 * @throws {Error} that says what is wrong
 */
export function verifyDatabase(bytes: Uint8Array, good: string = BUNDLED_SHA256): GeoDatabase {
  const database = GeoDatabase.open(bytes);
  if (createHash('sha256').update(bytes).digest('hex') === good) return database;
  let known = 0;
  for (const address of walk(bytes, database.layout)) if (database.countryOrThrow(address) !== '') known++;
  if (known === 0) throw new Error('no country in it: is it a database of something else?');
  return database;
}

/** Reads the child pointer of `node` on `side`. Record sizes: MaxMind DB format 2.0, "Node Layout". */
function pointerReader(bytes: Uint8Array, recordSize: number): (node: number, side: 0 | 1) => number {
  const word = (at: number): number => bytes[at]! * 0x10000 + (bytes[at + 1]! << 8) + bytes[at + 2]!;
  if (recordSize === 24) return (node, side) => word(node * 6 + side * 3);
  if (recordSize === 32) return (node, side) => word(node * 8 + side * 4) * 256 + bytes[node * 8 + side * 4 + 3]!;
  return (node, side) => {
    const at = node * 7;
    const high = side === 0 ? bytes[at + 3]! >> 4 : bytes[at + 3]! & 15;
    return high * 0x1000000 + word(at + side * 4);
  };
}

/**
 * An address for each distinct record, up to the limit. Depth first; nodes that several paths share (the aliases of the
 * IPv4 space) are entered once, which also ends cycles.
 * @throws {Error} where a pointer leads nowhere
 */
function walk(bytes: Uint8Array, layout: Layout): string[] {
  const { nodeCount, dataStart, dataEnd } = layout;
  const read = pointerReader(bytes, layout.recordSize);
  const first = nodeCount + 16;
  const limit = nodeCount + 16 + (dataEnd - dataStart);
  const depthMax = layout.ipVersion === 4 ? 32 : 128;
  const entered = new Uint8Array(nodeCount);
  const records = new Set<number>();
  const addresses: string[] = [];
  const path = new Uint8Array(16);
  /** By depth: the node there, and how many of its sides are done. */
  const nodes = new Float64Array(depthMax + 1);
  const sides = new Uint8Array(depthMax + 1);
  entered[0] = 1;
  for (let depth = 0; depth >= 0; ) {
    if (sides[depth] === 2) {
      sides[depth--] = 0;
      continue;
    }
    const side = sides[depth]!++ as 0 | 1;
    const pointer = read(nodes[depth]!, side);
    if (pointer === nodeCount) continue;
    setBit(path, depth, side);
    if (pointer < nodeCount) {
      if (entered[pointer] === 1 || depth + 1 === depthMax) continue;
      entered[pointer] = 1;
      nodes[++depth] = pointer;
      continue;
    }
    if (pointer < first || pointer >= limit) throw new Error('corrupt: the search tree points outside the data');
    if (records.size === RECORDS_CHECKED || records.has(pointer)) continue;
    records.add(pointer);
    addresses.push(addressText(path, depth + 1, layout.ipVersion));
  }
  return addresses;
}

function setBit(path: Uint8Array, bit: number, value: 0 | 1): void {
  const mask = 0x80 >> (bit & 7);
  if (value === 1) path[bit >> 3]! |= mask;
  else path[bit >> 3]! &= ~mask;
}

/** First address of the network of `bits` bits; what older paths left behind them in `path` counts as zeros. */
function addressText(path: Uint8Array, bits: number, version: 4 | 6): string {
  const clean = path.map((byte, i) =>
    i * 8 >= bits ? 0 : byte & (bits - i * 8 >= 8 ? 255 : 0xff00 >> (bits - i * 8)),
  );
  if (version === 4) return clean.subarray(0, 4).join('.');
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((clean[i]! * 256 + clean[i + 1]!).toString(16));
  return groups.join(':');
}
