/** Writes small MaxMind-format databases, so that tests can have every record form, tree width and fault. */
import { type Address, parseCidr } from '../net/address.ts';

export type Value = string | number | readonly Value[] | { readonly [key: string]: Value };

export interface WriteOptions {
  readonly ipVersion?: 4 | 6;
  readonly recordSize?: 24 | 28 | 32;
  readonly metadata?: { readonly [key: string]: Value };
}

/** A database of `networks` (CIDR → record); longer prefixes must come after shorter ones. */
export function writeMmdb(networks: Readonly<Record<string, Value>>, options: WriteOptions = {}): Buffer {
  const { ipVersion = 6, recordSize = 24 } = options;
  const tree: Pointer[][] = [[null, null]];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [cidr, record] of Object.entries(networks)) {
    insert(tree, bitsOf(cidr, ipVersion), { data: offset });
    const bytes = encode(record);
    data.push(bytes);
    offset += bytes.length;
  }
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_750_000_000,
    database_type: 'Test-Country',
    ip_version: ipVersion,
    node_count: tree.length,
    record_size: recordSize,
    ...options.metadata,
  };
  const nodes = tree.map((node) => nodeBytes(node, tree.length, recordSize));
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
  return Buffer.concat([...nodes, Buffer.alloc(16), ...data, marker, encode(metadata)]);
}

type Pointer = number | { readonly data: number } | null;

function bitsOf(cidr: string, ipVersion: 4 | 6): string {
  const { address, prefix, version } = parseCidr(cidr)!;
  const words = (value: Address) => (typeof value === 'number' ? [value] : value);
  const bits = words(address)
    .map((word) => word.toString(2).padStart(32, '0'))
    .join('')
    .slice(0, prefix);
  return version === 4 && ipVersion === 6 ? '0'.repeat(96) + bits : bits;
}

function insert(tree: Pointer[][], bits: string, leaf: Pointer): void {
  let node = 0;
  for (let i = 0; i < bits.length - 1; i++) {
    const side = Number(bits[i]);
    const next = tree[node]![side]!;
    if (typeof next === 'number') node = next;
    else {
      // What a shorter prefix said goes on being true of the rest of its network.
      tree[node]![side] = tree.push([next, next]) - 1;
      node = tree.length - 1;
    }
  }
  tree[node]![Number(bits.at(-1))] = leaf;
}

function nodeBytes(node: Pointer[], nodeCount: number, recordSize: number): Buffer {
  const [left, right] = node.map((pointer) => {
    if (pointer === null) return nodeCount;
    return typeof pointer === 'number' ? pointer : nodeCount + 16 + pointer.data;
  });
  const bytes = Buffer.alloc(recordSize / 4);
  if (recordSize === 28) {
    bytes.writeUIntBE(left! & 0xffffff, 0, 3);
    bytes[3] = ((left! >>> 24) << 4) | (right! >>> 24);
    bytes.writeUIntBE(right! & 0xffffff, 4, 3);
  } else {
    bytes.writeUIntBE(left!, 0, recordSize / 8);
    bytes.writeUIntBE(right!, recordSize / 8, recordSize / 8);
  }
  return bytes;
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([head(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([head(6, 4), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([head(11, value.length), ...value.map(encode)]);
  const members = Object.entries(value as { [key: string]: Value });
  return Buffer.concat([head(7, members.length), ...members.flatMap(([key, item]) => [encode(key), encode(item)])]);
}

function head(type: number, size: number): Buffer {
  if (size >= 29) throw new RangeError('the writer knows short values only');
  return type > 7 ? Buffer.from([size, type - 7]) : Buffer.from([(type << 5) | size]);
}
