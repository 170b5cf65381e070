/** What a request is addressed to: the four forms of a target (RFC 9112 §3.2), and the grammar of `Host`. */
import { COLON, HEX, NINE, PERCENT, REG_NAME, ZERO } from '../fields/chars.ts';
import type { RuleCode } from './rules.ts';

const SLASH = 0x2f;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const PORT_MAX = 65_535;

/** Which rule a target breaks, or ''. It is known to be visible ASCII without `#`, and not empty. */
export function targetFault(method: string, target: string): RuleCode | '' {
  if (method === 'CONNECT') {
    const port = endOfHost(target, 0, target.length);
    if (port < 0 || port + 1 >= target.length || !isPort(target, port, target.length)) return 'bad-authority';
    return '';
  }
  if (target.charCodeAt(0) === SLASH) return '';
  if (target === '*') return method === 'OPTIONS' ? '' : 'target-form';
  const from = endOfScheme(target);
  if (from === 0) return 'target-form';
  let to = from;
  while (to < target.length && target.charCodeAt(to) !== SLASH && target.charCodeAt(to) !== QUESTION) to++;
  return isAuthority(target, from, to) ? '' : 'bad-authority';
}

/** True where `value` is `host` or `host:port`: a name, an IPv4 address, or an IPv6 address in brackets. */
export function isHost(value: string): boolean {
  return isAuthority(value, 0, value.length);
}

function isAuthority(text: string, from: number, to: number): boolean {
  const port = endOfHost(text, from, to);
  return port === to || (port > 0 && isPort(text, port, to));
}

/** Where the authority begins, or 0. Schemes are compared without case (RFC 3986 §3.1). */
function endOfScheme(target: string): number {
  const mark = target.charCodeAt(4) === COLON ? 4 : 5;
  const scheme = target.slice(0, mark).toLowerCase();
  if ((scheme !== 'http' && scheme !== 'https') || !target.startsWith('://', mark)) return 0;
  return mark + 3;
}

/** Where the host that begins at `from` ends, or -1. It must not be empty (RFC 9110 §4.2.1). */
function endOfHost(text: string, from: number, to: number): number {
  if (text.charCodeAt(from) === OPEN) return endOfAddress(text, from + 1, to);
  let i = from;
  for (; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) break;
    if (code === PERCENT) {
      if (i + 2 >= to || HEX[text.charCodeAt(i + 1)] === 16 || HEX[text.charCodeAt(i + 2)] === 16) return -1;
      i += 2;
    } else if (REG_NAME[code] !== 1) return -1;
  }
  return i > from ? i : -1;
}

/** A colon and one to five digits (RFC 3986 would take none; nobody sends that, and it has two normal forms). */
function isPort(text: string, at: number, to: number): boolean {
  const digits = to - at - 1;
  if (text.charCodeAt(at) !== COLON || digits < 1 || digits > 5) return false;
  let port = 0;
  for (let i = at + 1; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code < ZERO || code > NINE) return false;
    port = port * 10 + code - ZERO;
  }
  return port <= PORT_MAX;
}

/** Where an IPv6 address in brackets ends, behind the bracket, or -1. Zones and IPvFuture are not taken. */
function endOfAddress(text: string, from: number, to: number): number {
  const close = text.indexOf(']', from);
  if (close < 0 || close >= to || !isIPv6(text.slice(from, close))) return -1;
  return text.charCodeAt(close) === CLOSE ? close + 1 : -1;
}

/** RFC 3986 §3.2.2: eight groups of one to four digits; `::` once for one or more of zeros; IPv4 may stand last. */
function isIPv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const tail = halves.length === 2 ? halves[1]! : halves[0]!;
  const before = halves.length === 2 ? groups(halves[0]!, false) : 0;
  const behind = groups(tail, true);
  if (before < 0 || behind < 0) return false;
  return halves.length === 2 ? before + behind <= 7 : behind === 8;
}

/** How many 16-bit groups `text` writes, or -1. */
function groups(text: string, mayEndInIPv4: boolean): number {
  if (text === '') return 0;
  const parts = text.split(':');
  let count = 0;
  for (let i = 0; i < parts.length; i++) {
    if (mayEndInIPv4 && i === parts.length - 1 && parts[i]!.includes('.')) {
      if (!isIPv4(parts[i]!)) return -1;
      count += 2;
    } else if (isGroup(parts[i]!)) count++;
    else return -1;
  }
  return count;
}

function isGroup(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (HEX[text.charCodeAt(i)] === 16) return false;
  return text.length >= 1 && text.length <= 4;
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => String(Number(part)) === part && Number(part) <= 255);
}
