/**
 * IP addresses as text and as numbers, and sets of networks. Nothing here uses a regular expression or allocates for
 * IPv4: it runs for every request that comes through a trusted proxy.
 */

/** IPv4 as an unsigned 32-bit number; IPv6 as four of them, most significant first. */
export type Address = number | readonly [number, number, number, number];

const DOT = 46;
const COLON = 58;
const MAPPED = 0xffff;

/** Dotted decimal in `text[start, end)` → unsigned 32-bit number, or -1. Leading zeros are refused: some read octal. */
function parseV4(text: string, start: number, end: number): number {
  if (end - start < 7 || end - start > 15) return -1;
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return -1;
      value = value * 256 + octet;
      octet = -1;
      continue;
    }
    const digit = code - 48;
    if (digit < 0 || digit > 9 || octet === 0) return -1;
    octet = octet < 0 ? digit : octet * 10 + digit;
    if (octet > 255) return -1;
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The eight groups of an IPv6 address in `text[0, end)` (RFC 4291 §2.2), or null. */
function parseGroups(text: string, end: number): number[] | null {
  const groups: number[] = [];
  let gap = -1;
  let i = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return null;
    gap = 0;
    i = 2;
  }
  while (i < end) {
    const start = i;
    let group = 0;
    for (let digit = 0; i < end; i++) {
      digit = hexDigit(text.charCodeAt(i));
      if (digit < 0) break;
      group = group * 16 + digit;
    }
    if (i < end && text.charCodeAt(i) === DOT) {
      const v4 = parseV4(text, start, end);
      if (v4 < 0) return null;
      groups.push(v4 >>> 16, v4 & MAPPED);
      i = end;
      break;
    }
    if (i === start || i - start > 4 || groups.length === 8) return null;
    groups.push(group);
    if (i === end) break;
    if (text.charCodeAt(i++) !== COLON) return null;
    if (i === end) return null;
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return null;
      gap = groups.length;
      i++;
    }
  }
  return expand(groups, gap);
}

/** Puts the zeros of `::` in; it stands for at least one group. */
function expand(groups: number[], gap: number): number[] | null {
  if (gap < 0) return groups.length === 8 ? groups : null;
  if (groups.length > 7) return null;
  while (groups.length < 8) groups.splice(gap, 0, 0);
  return groups;
}

/** End of the address without its zone id (RFC 4007 §11), or -1 where the zone is empty. */
function zoneStart(text: string): number {
  const percent = text.indexOf('%');
  if (percent < 0) return text.length;
  return percent + 1 < text.length ? percent : -1;
}

function v6Groups(text: string): number[] | null {
  const end = zoneStart(text);
  return end < 2 || end > 45 ? null : parseGroups(text, end);
}

function isMapped(g: readonly number[]): boolean {
  return g[5] === MAPPED && g[0] === 0 && g[1] === 0 && g[2] === 0 && g[3] === 0 && g[4] === 0;
}

const join16 = (high: number, low: number): number => high * 65536 + low;

/** `text` as numbers, v4-mapped addresses as v4, or null. Takes what {@link canonicalAddress} takes. */
export function parseAddress(text: string): Address | null {
  const v4 = parseV4(text, 0, text.length);
  if (v4 >= 0) return v4;
  const g = text.indexOf(':') < 0 ? null : v6Groups(text);
  if (!g) return null;
  if (isMapped(g)) return join16(g[6]!, g[7]!);
  return [join16(g[0]!, g[1]!), join16(g[2]!, g[3]!), join16(g[4]!, g[5]!), join16(g[6]!, g[7]!)];
}

function v4Text(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
function v6Text(g: readonly number[]): string {
  let best = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && g[i + run] === 0) run++;
    if (run > length) {
      best = i;
      length = run;
    }
    i += run;
  }
  let out = '';
  for (let i = 0; i < 8; i++) {
    if (i === best) {
      out += '::';
      i += length - 1;
      continue;
    }
    if (out !== '' && !out.endsWith(':')) out += ':';
    out += g[i]!.toString(16);
  }
  return out;
}

/**
 * The one spelling of an address: dotted decimal for IPv4 and v4-mapped IPv6, RFC 5952 for other IPv6, zone ids
 * stripped. Null for anything else: octets with leading zeros, brackets, ports, spaces, short forms such as `127.1`.
 */
export function canonicalAddress(text: string): string | null {
  if (parseV4(text, 0, text.length) >= 0) return text;
  const g = text.indexOf(':') < 0 ? null : v6Groups(text);
  if (!g) return null;
  return isMapped(g) ? v4Text(join16(g[6]!, g[7]!)) : v6Text(g);
}

/** One network. Host bits are cleared; v4-mapped networks of /96 and longer are IPv4 networks. */
export interface Cidr {
  readonly version: 4 | 6;
  /** First address of the network. */
  readonly address: Address;
  readonly prefix: number;
}

/** Decimal without leading zeros in `text[start…]`, at most `max`, or -1. */
function parsePrefix(text: string, start: number, max: number): number {
  const length = text.length - start;
  if (length < 1 || length > 3 || (length > 1 && text.charCodeAt(start) === 48)) return -1;
  let value = 0;
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= max ? value : -1;
}

/** Mask of the first `bits` (0…32, beyond is clamped) of a 32-bit word. */
function mask32(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

/** `address` with everything behind its first `prefix` bits cleared. */
export function networkOf(address: Address, prefix: number): Address {
  if (typeof address === 'number') return (address & mask32(prefix)) >>> 0;
  const [a, b, c, d] = address;
  const word = (value: number, bits: number): number => (value & mask32(bits)) >>> 0;
  return [word(a, prefix), word(b, prefix - 32), word(c, prefix - 64), word(d, prefix - 96)];
}

/** Bits of an IPv6 address that name its network; the others are the client's to choose (RFC 4291 §2.5.4). */
const V6_NETWORK = 64;

/**
 * The network a client stands in: its /64 for IPv6, the address itself (/32) for IPv4 and v4-mapped IPv6. '' for what is
 * no address.
 */
export function clientNetwork(address: string): string {
  if (parseV4(address, 0, address.length) >= 0) return `${address}/32`;
  const g = address.indexOf(':') < 0 ? null : v6Groups(address);
  if (!g) return '';
  return isMapped(g) ? `${v4Text(join16(g[6]!, g[7]!))}/32` : `${v6Text(g.fill(0, V6_NETWORK / 16))}/${V6_NETWORK}`;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or a single address. Host bits may be set and are ignored; zone ids may not. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  if (host.indexOf('%') >= 0) return null;
  const address = parseAddress(host);
  if (address === null) return null;
  const written = host.indexOf(':') < 0 ? 4 : 6;
  const max = written === 4 ? 32 : 128;
  const prefix = slash < 0 ? max : parsePrefix(text, slash + 1, max);
  if (prefix < 0) return null;
  if (typeof address !== 'number') return { version: 6, address: networkOf(address, prefix), prefix };
  if (written === 4) return { version: 4, address: networkOf(address, prefix), prefix };
  if (prefix >= 96) return { version: 4, address: networkOf(address, prefix - 96), prefix: prefix - 96 };
  return { version: 6, address: networkOf([0, 0, MAPPED, address], prefix), prefix };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Sorted, disjoint ranges of the IPv4 networks, so that thousands of them cost a dozen comparisons. */
function v4Ranges(cidrs: readonly Cidr[]): Range[] {
  const ranges: { start: number; end: number }[] = [];
  for (const { address, prefix } of cidrs)
    if (typeof address === 'number') ranges.push({ start: address, end: address + 2 ** (32 - prefix) - 1 });
  ranges.sort((a, b) => a.start - b.start);
  const merged: { start: number; end: number }[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last && range.start <= last.end + 1) last.end = Math.max(last.end, range.end);
    else merged.push({ ...range });
  }
  return merged;
}

/**
 * A set of networks. IPv4 networks hold IPv4 and v4-mapped addresses, IPv6 networks only IPv6 ones (`::/0` holds no
 * IPv4 address), so that trusting a v6 range never trusts v4 by surprise.
 */
export class CidrSet {
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #v6: readonly Cidr[];
  // The peer of one connection asks again and again.
  #last = '';
  #lastResult = false;

  /** @throws {TypeError} where an entry is no network: callers check them with {@link parseCidr} first. */
  constructor(cidrs: readonly string[]) {
    const parsed = cidrs.map((text) => {
      const cidr = parseCidr(text);
      if (!cidr) throw new TypeError(`not a network: ${text}`);
      return cidr;
    });
    const ranges = v4Ranges(parsed);
    this.#starts = Float64Array.from(ranges, (range) => range.start);
    this.#ends = Float64Array.from(ranges, (range) => range.end);
    this.#v6 = parsed.filter((cidr) => cidr.version === 6);
  }

  /** Is `address` in one of the networks? False for what is no address. */
  has(address: string): boolean {
    if (address === this.#last) return this.#lastResult;
    const result = this.#find(address);
    this.#last = address;
    this.#lastResult = result;
    return result;
  }

  #find(text: string): boolean {
    if (this.#starts.length === 0 && this.#v6.length === 0) return false;
    const address = parseAddress(text);
    if (address === null) return false;
    return typeof address === 'number' ? this.#hasV4(address) : this.#v6.some((cidr) => within(address, cidr));
  }

  #hasV4(value: number): boolean {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return low > 0 && value <= this.#ends[low - 1]!;
  }
}

function within(address: readonly number[], cidr: Cidr): boolean {
  const network = cidr.address as readonly number[];
  for (let word = 0, bits = cidr.prefix; bits > 0; word++, bits -= 32)
    if ((address[word]! & mask32(bits)) >>> 0 !== network[word]) return false;
  return true;
}

/**
 * Does `host` name this machine only: `localhost`, 127.0.0.0/8, `::1`, either in brackets, or v4-mapped? Names below
 * `.localhost` do not count: whether they resolve to loopback depends on the resolver (RFC 6761 §6.3).
 */
export function loopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const address = parseAddress(bare);
  if (typeof address === 'number') return address >>> 24 === 127;
  return address !== null && address[0] === 0 && address[1] === 0 && address[2] === 0 && address[3] === 1;
}

/** `host:port`, IPv6 in brackets: how config, logs and metrics write the address of a listener. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
