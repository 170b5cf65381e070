/** Whose request this is, seen through the proxies in front of Weir. */
import { type CidrSet, canonicalAddress } from './address.ts';

const COMMA = ',';

/**
 * The addresses that a trusted peer vouches for, the client's first and the peer's last, as `X-Forwarded-For` has them:
 * `203.0.113.9, 10.0.0.1`. Where the peer is trusted, the field is read right to left for as long as each hop is trusted
 * itself; the first one that is not is the client. What cannot be read ends the walk there, and the last hop that could
 * be read counts, because everything further left was written by a peer that is not trusted. Entries may carry a port
 * and brackets, as load balancers write them; empty ones are skipped (RFC 9110 §5.6.1).
 *
 * @param remote address of the peer; returned as it is where it is no IP address (a Unix socket)
 * @param forwardedFor the field's value; of several, joined in the order received
 */
export function vouchedHops(remote: string, forwardedFor: string, trusted: CidrSet): string {
  let hops = canonicalAddress(remote) ?? remote;
  if (!trusted.has(hops)) return hops;
  let end = forwardedFor.length;
  while (end >= 0) {
    const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(COMMA, end - 1);
    const entry = forwardedFor.slice(comma + 1, end).trim();
    end = comma;
    if (entry === '') continue;
    const hop = hopAddress(entry);
    if (hop === null) return hops;
    hops = `${hop}, ${hops}`;
    if (!trusted.has(hop)) return hops;
  }
  return hops;
}

/** The client's address in canonical form: the first of {@link vouchedHops}. */
export function clientAddress(remote: string, forwardedFor: string, trusted: CidrSet): string {
  return firstHop(vouchedHops(remote, forwardedFor, trusted));
}

/** The client among `hops`. */
export function firstHop(hops: string): string {
  const comma = hops.indexOf(COMMA);
  return comma < 0 ? hops : hops.slice(0, comma);
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711` → canonical address, or null. */
function hopAddress(entry: string): string | null {
  if (entry.startsWith('[')) {
    const close = entry.indexOf(']');
    if (close < 0 || entry.indexOf(':') > close || entry.indexOf(':') < 0) return null;
    if (close + 1 < entry.length && !isPort(entry, close + 1)) return null;
    return canonicalAddress(entry.slice(1, close));
  }
  const plain = canonicalAddress(entry);
  if (plain !== null) return plain;
  const colon = entry.indexOf(':');
  if (colon < 0 || !isPort(entry, colon)) return null;
  return canonicalAddress(entry.slice(0, colon));
}

/** Is `text` from `colon` on a colon and a port number? */
function isPort(text: string, colon: number): boolean {
  const digits = text.length - colon - 1;
  if (text[colon] !== ':' || digits < 1 || digits > 5) return false;
  let value = 0;
  for (let i = colon + 1; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return false;
    value = value * 10 + digit;
  }
  return value <= 65535;
}
