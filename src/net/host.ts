/**
 * The normal form of hosts: one spelling for each, so that a rule on a host cannot be walked round by another spelling
 * of it, and so that upstreams are told the very host that was matched.
 */
import { canonicalAddress } from './address.ts';

const DOT = 0x2e;
const OPEN = 0x5b;

/**
 * The normal form of a host without a port: names in lower case without the dot of the root at their end, addresses as
 * {@link canonicalAddress} writes them, IPv6 in brackets. A host that is in normal form comes back as it is.
 *
 * Null for what has none, or might be read in two ways: anything but letters, digits, `-`, `_` and `.` (so percent-encoding
 * and RFC 3986's sub-delims too, which no name on the Internet has and which would break out of a list of hosts); empty
 * labels; a name that ends in a number and is no address, such as `127.1` or `0x7f.1`, which URL parsers turn into one.
 */
export function normalHost(host: string): string | null {
  if (host.charCodeAt(0) === OPEN) return bracketed(host);
  let capitals = false;
  let label = 0;
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i);
    if (code === DOT) {
      if (i === label) return null;
      label = i + 1;
    } else if (code >= 0x41 && code <= 0x5a) capitals = true;
    else if (!isNameCharacter(code)) return null;
  }
  const rooted = label === host.length;
  const name = rooted ? host.slice(0, -1) : host;
  if (name === '') return null;
  const last = rooted ? name.lastIndexOf('.') + 1 : label;
  if (isDigit(name.charCodeAt(last)) && isNumber(name, last) && canonicalAddress(name) === null) return null;
  return capitals ? name.toLowerCase() : name;
}

function bracketed(host: string): string | null {
  if (!host.endsWith(']') || host.includes('%')) return null;
  const address = canonicalAddress(host.slice(1, -1));
  // A mapped address is the IPv4 one; an IPv4 address itself has no brackets (RFC 3986 §3.2.2).
  if (address === null || !host.includes(':')) return null;
  return address.includes(':') ? `[${address}]` : address;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isNameCharacter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || isDigit(code) || code === 0x2d || code === 0x5f;
}

/** Is the label from `at` on decimal, or hexadecimal behind `0x`? */
function isNumber(name: string, at: number): boolean {
  const second = name.charCodeAt(at + 1) | 0x20;
  const hex = name.charCodeAt(at) === 0x30 && second === 0x78;
  for (let i = hex ? at + 2 : at; i < name.length; i++) {
    const code = name.charCodeAt(i);
    const letter = code | 0x20;
    if (!isDigit(code) && !(hex && letter >= 0x61 && letter <= 0x66)) return false;
  }
  return true;
}

/** Offset of the colon before the port of `host[:port]`, or the length where there is none. */
export function endOfHost(authority: string): number {
  const colon = authority.lastIndexOf(':');
  return colon > authority.lastIndexOf(']') ? colon : authority.length;
}

/** The port behind the colon at `colon`: 0 where there is none or it is empty, -1 where it is no port. */
export function portFrom(authority: string, colon: number): number {
  let port = 0;
  for (let i = colon + 1; i < authority.length; i++) {
    const digit = authority.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    port = port * 10 + digit;
    if (port > 65_535) return -1;
  }
  return port;
}

/** `host[:port]` with the host in normal form, and without a port that `secure` (https, else http) implies; or null. */
export function normalAuthority(authority: string, secure: boolean): string | null {
  const colon = endOfHost(authority);
  const host = normalHost(colon === authority.length ? authority : authority.slice(0, colon));
  const port = portFrom(authority, colon);
  if (host === null || port < 0) return null;
  return withPort(host, port, secure);
}

/** `host`, with the port where it is not 0 and not the one that `secure` implies. */
export function withPort(host: string, port: number, secure: boolean): string {
  return port === 0 || port === (secure ? 443 : 80) ? host : `${host}:${port}`;
}
