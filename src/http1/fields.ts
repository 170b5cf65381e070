/**
 * A section of field lines (RFC 9112 §5): the fields of a head, or trailers. It is scanned once, octet by octet, and
 * goes on where it stopped when more octets come, so a slow drip costs what one big read costs.
 */
import type { HeaderList } from '../headers.ts';
import { COLON, CR, HTAB, LF, latin1, SP, TOKEN, VALUE } from './chars.ts';
import type { RuleCode } from './rules.ts';

const LINE = 0;
const NAME = 1;
const SPACE = 2;
const IN_VALUE = 3;
const LINE_FEED = 4;
const LAST_LINE_FEED = 5;

/** The fields that say something about the message: how many there are, and where in the list the first one stands. */
export class FieldSection {
  list: HeaderList = [];
  /** The empty line was read. */
  done = false;
  /** Why the section is refused, or ''. */
  code: RuleCode | '' = '';

  hosts = 0;
  host = 0;
  lengths = 0;
  length = 0;
  encodings = 0;
  encoding = 0;
  /** A tab stands behind a Transfer-Encoding. */
  tabbed = false;
  connections = 0;
  connection = 0;
  expects = 0;
  expect = 0;
  upgrades = 0;
  upgrade = 0;

  #phase = LINE;
  #nameAt = 0;
  #nameEnd = 0;
  #valueAt = 0;

  /** Makes the section ready for the next message; the old list now belongs to whoever was given it. */
  reset(): void {
    this.list = [];
    this.done = false;
    this.code = '';
    this.tabbed = false;
    this.hosts = this.lengths = this.encodings = this.connections = this.expects = this.upgrades = 0;
    this.#phase = LINE;
  }

  /** Where the line begins that is not whole yet, after a scan that ended at `end`: octets from here are needed again. */
  unread(end: number): number {
    return this.#phase === LINE || this.#phase === LAST_LINE_FEED ? end : this.#nameAt;
  }

  /** The octets that `unread` named have moved `by` places towards the front. */
  moved(by: number): void {
    this.#nameAt -= by;
    this.#nameEnd -= by;
    this.#valueAt -= by;
  }

  /**
   * Scans `bytes` from `at` to `end`. `text` holds the octets from `base` on, or is '' where the caller has none.
   * Returns where it stopped: behind the empty line, at the offending octet, or at `end`.
   */
  scan(bytes: Buffer, text: string, base: number, at: number, end: number, max: number): number {
    let i = at;
    if (this.#phase === LINE && text !== '') {
      i = this.#wholeLines(bytes, text, base, at, end, max);
      if (i + 1 < end && bytes[i] === CR && bytes[i + 1] === LF) {
        this.done = true;
        return i + 2;
      }
    }
    while (i < end && this.code === '' && !this.done) i = this.#step(bytes, i, end, max);
    return i;
  }

  /**
   * The plain path: lines that are here from end to end and break no rule. Returns where the first other one begins,
   * which `#step` then takes part by part.
   */
  #wholeLines(bytes: Buffer, text: string, base: number, at: number, end: number, max: number): number {
    const { list } = this;
    let line = at;
    let i = at;
    for (let left = max - list.length / 2; left > 0; left--) {
      while (i < end && TOKEN[bytes[i]!] === 1) i++;
      const nameEnd = i;
      if (nameEnd === line || i === end || bytes[i] !== COLON) break;
      do i++;
      while (i < end && (bytes[i] === SP || bytes[i] === HTAB));
      const valueAt = i;
      while (i < end && VALUE[bytes[i]!] === 1) i++;
      if (i + 1 >= end || bytes[i] !== CR || bytes[i + 1] !== LF) break;
      const valueEnd = trimmed(bytes, valueAt, i);
      if (mayBeNoted(bytes[line]!, nameEnd - line)) this.#note(bytes, line, nameEnd - line, valueEnd);
      list.push(text.substring(line - base, nameEnd - base), text.substring(valueAt - base, valueEnd - base));
      line = i += 2;
    }
    return line;
  }

  /** Goes on with a line, as far as its next part; where the octets end within, it can go on from there. */
  #step(bytes: Buffer, at: number, end: number, max: number): number {
    let i = at;
    switch (this.#phase) {
      case LINE:
        return this.#begin(bytes[i]!, i, max);
      case NAME:
        while (i < end && TOKEN[bytes[i]!] === 1) i++;
        if (i === end) return i;
        if (bytes[i] !== COLON) return this.#refuse(nameFault(bytes[i]!, false), i);
        this.#nameEnd = i;
        this.#phase = SPACE;
        return i + 1;
      case SPACE:
        while (i < end && (bytes[i] === SP || bytes[i] === HTAB)) i++;
        this.#valueAt = i;
        if (i < end) this.#phase = IN_VALUE;
        return i;
      case IN_VALUE:
        while (i < end && VALUE[bytes[i]!] === 1) i++;
        if (i === end) return i;
        if (bytes[i] !== CR) return this.#refuse(bytes[i] === LF ? 'bare-lf' : 'bad-field-value', i);
        this.#phase = LINE_FEED;
        return i + 1;
      default:
        if (bytes[i] !== LF) return this.#refuse('bare-cr', i);
        if (this.#phase === LAST_LINE_FEED) this.done = true;
        else this.#add(bytes, i - 1);
        return i + 1;
    }
  }

  #begin(octet: number, at: number, max: number): number {
    if (octet === CR) {
      this.#phase = LAST_LINE_FEED;
      return at + 1;
    }
    if (TOKEN[octet] === 0) return this.#refuse(nameFault(octet, true), at);
    if (this.list.length >= max * 2) return this.#refuse('too-many-fields', at);
    this.#nameAt = at;
    this.#phase = NAME;
    return at;
  }

  /** The line is whole; its CR stands at `end`. */
  #add(bytes: Buffer, end: number): void {
    const valueEnd = trimmed(bytes, this.#valueAt, end);
    this.#note(bytes, this.#nameAt, this.#nameEnd - this.#nameAt, valueEnd);
    this.list.push(latin1(bytes, this.#nameAt, this.#nameEnd), latin1(bytes, this.#valueAt, valueEnd));
    this.#phase = LINE;
  }

  #refuse(code: RuleCode, at: number): number {
    this.code = code;
    return at;
  }

  /** Remembers the fields that framing and addressing need; its place in the list is the list's end. */
  #note(bytes: Buffer, at: number, length: number, valueEnd: number): void {
    const index = this.list.length;
    switch (length) {
      case 4:
        if (is(bytes, at, 'host') && this.hosts++ === 0) this.host = index;
        return;
      case 6:
        if (is(bytes, at, 'expect') && this.expects++ === 0) this.expect = index;
        return;
      case 7:
        if (is(bytes, at, 'upgrade') && this.upgrades++ === 0) this.upgrade = index;
        return;
      case 10:
        if (is(bytes, at, 'connection') && this.connections++ === 0) this.connection = index;
        return;
      case 14:
        if (is(bytes, at, 'content-length') && this.lengths++ === 0) this.length = index;
        return;
      case 17:
        if (!is(bytes, at, 'transfer-encoding')) return;
        if (this.encodings++ === 0) this.encoding = index;
        if (tabFollows(bytes, valueEnd)) this.tabbed = true;
        return;
    }
  }
}

/** First letters of the names that `#note` knows, by the name's length: one look tells nearly all others apart. */
const NOTED: Readonly<Uint8Array> = Uint8Array.from({ length: 18 }, (_, length) => {
  const name = ['host', 'expect', 'upgrade', 'connection', 'content-length', 'transfer-encoding'].find(
    (noted) => noted.length === length,
  );
  return name === undefined ? 0 : name.charCodeAt(0);
});

function mayBeNoted(first: number, length: number): boolean {
  return length < NOTED.length && (first | 0x20) === NOTED[length];
}

/** Is the name at `at` this one, in any case? `name` is lower case and the octets are known to be token characters. */
function is(bytes: Buffer, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const wanted = name.charCodeAt(i);
    const octet = bytes[at + i];
    if (octet !== wanted && (wanted < 0x61 || octet !== wanted - 0x20)) return false;
  }
  return true;
}

/** Where a value ends without the space behind it. */
function trimmed(bytes: Buffer, from: number, to: number): number {
  let end = to;
  while (end > from && (bytes[end - 1] === SP || bytes[end - 1] === HTAB)) end--;
  return end;
}

/** Is there a tab between the end of a value and its CR? */
function tabFollows(bytes: Buffer, valueEnd: number): boolean {
  let i = valueEnd;
  while (bytes[i] === SP) i++;
  return bytes[i] === HTAB;
}

function nameFault(octet: number, first: boolean): RuleCode {
  if (octet === LF) return 'bare-lf';
  if (octet === SP || octet === HTAB) return first ? 'obs-fold' : 'space-before-colon';
  return 'bad-field-name';
}
