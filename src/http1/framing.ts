/** What the fields of a head say about the message and its connection (RFC 9112 §6 and §9.3). */
import { HTAB, NINE, SP, TOKEN, ZERO } from '../fields/chars.ts';
import { CONNECTION } from '../fields/names.ts';
import type { FieldSection } from '../fields/section.ts';
import type { RuleCode } from './rules.ts';

/** No field says how long the body is. */
export const UNSAID = -2;
/** The body is chunked. */
export const CHUNKED = -1;

/** 999,999,999,999,999 octets: the largest run of nines that a double still counts one by one. */
const LENGTH_DIGITS = 15;

/** Which rule the framing fields break, or ''. Where it is '', {@link saidLength} may be asked. */
export function framingFault(fields: FieldSection, old: boolean): RuleCode | '' {
  if (fields.lengths === 0 && fields.encodings === 0) return '';
  if (fields.encodings > 0) {
    if (old) return 'encoding-in-old-version';
    if (fields.encodings > 1) return 'two-encodings';
    // The tab is legal but nobody's; it is how smugglers hide a coding from one of two readers, and llhttp refuses it.
    if (fields.tabbed || fields.value(fields.encoding).toLowerCase() !== 'chunked') return 'unknown-encoding';
    return fields.lengths > 0 ? 'length-with-encoding' : '';
  }
  return fields.lengths > 1 ? 'two-lengths' : lengthFault(fields.value(fields.length));
}

function lengthFault(value: string): RuleCode | '' {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < ZERO || code > NINE) return 'bad-length';
  }
  if (value.length === 0) return 'bad-length';
  return value.length > LENGTH_DIGITS ? 'length-too-large' : '';
}

/** Octets of the body, {@link CHUNKED} or {@link UNSAID}. */
export function saidLength(fields: FieldSection): number {
  if (fields.encodings > 0) return CHUNKED;
  return fields.lengths > 0 ? Number(fields.value(fields.length)) : UNSAID;
}

export const OPTION_CLOSE = 1;
export const OPTION_KEEP_ALIVE = 2;
export const OPTION_UPGRADE = 4;

/** Bits of the options that `Connection` names, or -1 where it is not a list of tokens (RFC 9110 §7.6.1). */
export function connectionOptions(fields: FieldSection): number {
  if (fields.connections === 0) return 0;
  let options = optionsOf(fields.value(fields.connection));
  if (fields.connections === 1) return options;
  for (let i = fields.connection + 1; i < fields.count; i++)
    if (fields.is(i, CONNECTION)) options |= optionsOf(fields.value(i));
  return options;
}

function optionsOf(value: string): number {
  switch (value) {
    case 'keep-alive':
    case 'Keep-Alive':
      return OPTION_KEEP_ALIVE;
    case 'close':
      return OPTION_CLOSE;
    case 'Upgrade':
      return OPTION_UPGRADE;
  }
  return listedOptions(value.toLowerCase());
}

/** Empty members are skipped (RFC 9110 §5.6.1.2). */
function listedOptions(value: string): number {
  let options = 0;
  let i = 0;
  while (i < value.length) {
    while (i < value.length && isListSpace(value.charCodeAt(i))) i++;
    const from = i;
    while (i < value.length && TOKEN[value.charCodeAt(i)] === 1) i++;
    options |= optionOf(value.slice(from, i));
    while (i < value.length && isSpace(value.charCodeAt(i))) i++;
    if (i < value.length && value.charCodeAt(i) !== COMMA) return -1;
  }
  return options;
}

const COMMA = 0x2c;

function isSpace(code: number): boolean {
  return code === SP || code === HTAB;
}

function isListSpace(code: number): boolean {
  return isSpace(code) || code === COMMA;
}

function optionOf(token: string): number {
  switch (token) {
    case 'close':
      return OPTION_CLOSE;
    case 'keep-alive':
      return OPTION_KEEP_ALIVE;
    case 'upgrade':
      return OPTION_UPGRADE;
  }
  return 0;
}

/** May the connection carry another message (RFC 9112 §9.3)? */
export function persists(options: number, old: boolean): boolean {
  if ((options & OPTION_CLOSE) !== 0) return false;
  return !old || (options & OPTION_KEEP_ALIVE) !== 0;
}
