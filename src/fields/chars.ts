/** Classes of octets, as tables: one look-up per octet is what keeps the scan of a head in one pass. */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const PERCENT = 0x25;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const BACKSLASH = 0x5c;

function octets(has: (code: number) => boolean): Readonly<Uint8Array> {
  const table = new Uint8Array(256);
  for (let code = 0; code < 256; code++) if (has(code)) table[code] = 1;
  return table;
}

const isAlnum = (code: number): boolean => /[0-9A-Za-z]/.test(String.fromCharCode(code));

/** RFC 9110 §5.6.2: tchar. */
export const TOKEN = octets((code) => isAlnum(code) || "!#$%&'*+-.^_`|~".includes(String.fromCharCode(code)));

/** RFC 9110 §5.5: what stands within a field value; obs-text (0x80 up) is passed on as latin1. Also a reason phrase. */
export const VALUE = octets((code) => code === HTAB || (code >= SP && code !== 0x7f));

/** What a request target is made of: visible ASCII but `#`, which would begin a fragment (RFC 9112 §3.2). */
export const TARGET = octets((code) => code > SP && code < 0x7f && code !== HASH);

/** RFC 3986 §3.2.2: reg-name, `%` aside. */
export const REG_NAME = octets((code) => isAlnum(code) || "-._~!$&'()*+,;=".includes(String.fromCharCode(code)));

/** RFC 9110 §5.6.4: what stands bare within a quoted string; not `"` and not `\`. */
export const QUOTED = octets((code) => VALUE[code] === 1 && code !== QUOTE && code !== BACKSLASH);

/** Value of a hexadecimal digit, or 16. */
export const HEX: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, code) => {
  const at = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase());
  return at < 0 ? 16 : at;
});

/** True where `text` is a token; the empty string is none. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (TOKEN[text.charCodeAt(i)] !== 1) return false;
  return text.length > 0;
}

/** Node's own slice to a latin1 string, half the price of `toString('latin1', from, to)`; its types leave it out. */
interface Latin1Slice {
  latin1Slice(from: number, to: number): string;
}

/** The octets from `from` to `to` as a string of as many characters. */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return (bytes as unknown as Latin1Slice).latin1Slice(from, to);
}

/** Node's own, without the checks of `write`; its types leave it out. */
interface Latin1Write {
  latin1Write(text: string, at: number, length: number): number;
}

/** Writes `text` into `bytes` from `at` on, a character to an octet; there must be room. */
export function writeLatin1(bytes: Buffer, text: string, at: number): void {
  (bytes as unknown as Latin1Write).latin1Write(text, at, text.length);
}
