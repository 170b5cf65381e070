/**
 * Plain scalars that do not mean what they seem to: YAML 1.2 (§10.3.2, the core schema) reads them in one way, YAML 1.1
 * or people in another, or JSON (RFC 8259 §6) cannot carry what they say.
 */

/** What is wrong with a number, and what to write instead. Neither shows it: it may be a secret without its quotes. */
export interface OddNumber {
  readonly why: string;
  readonly hint: string;
}

const QUOTE = 'quote it if a string is meant';

/** Judges a scalar that YAML 1.2 reads as the number `value`; null where it cannot be misread. */
export function oddNumber(text: string, value: number): OddNumber | null {
  if (!/\d/.test(text)) return { why: 'JSON has no .inf and no .nan', hint: `write a finite number, or ${QUOTE}` };
  if (text.startsWith('0x'))
    return { why: 'this is read as a hexadecimal number', hint: `write it in decimal, or ${QUOTE}` };
  if (text.startsWith('0o'))
    return { why: 'this is read as an octal number', hint: `write it in decimal, or ${QUOTE}` };
  if (/^[-+]?0\d/.test(text)) return LEADING_ZERO;
  if (!Number.isFinite(value))
    return { why: 'this number is larger than numbers can be', hint: `write less, or ${QUOTE}` };
  if (Object.is(value, -0)) return { why: 'JSON readers take -0 for 0', hint: `write 0, or ${QUOTE}` };
  if (/^[-+]?\d+$/.test(text) && !Number.isSafeInteger(value)) return PAST_PRECISION;
  return digitsOf(text) === digitsOf(String(value)) ? null : TOO_MANY_DIGITS;
}

const LEADING_ZERO: OddNumber = {
  why: 'a number that begins with 0 is read as decimal here, and as octal by YAML 1.1',
  hint: `leave out the leading zero, or ${QUOTE}`,
};

const PAST_PRECISION: OddNumber = {
  why: 'this number is past 2^53, where numbers lose their last digits',
  hint: 'quote it: a string keeps all of them',
};

const TOO_MANY_DIGITS: OddNumber = {
  why: 'this number has more digits than numbers keep',
  hint: 'round it, or quote it: a string keeps all of them',
};

/** The significant digits, wherever the point stands. */
function digitsOf(number: string): string {
  const [mantissa] = number.toLowerCase().split('e');
  return mantissa!.replace(/[-+.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
}

/** What a plain text is to readers of YAML 1.1, or to people: `true`, `a number`; '' where it is a text to all. */
export function alsoReadAs(text: string): string {
  if (/^(y|yes|on)$/i.test(text)) return 'true';
  if (/^(n|no|off)$/i.test(text)) return 'false';
  return /^[-+]?(0b[01_]+|\d[\d_]*_[\d_]*(\.\d+)?|0x[\da-f_]+)$/i.test(text) ? 'a number' : '';
}
