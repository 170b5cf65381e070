/**
 * A section of field lines (RFC 9112 §5): the fields of a head, or trailers. It is scanned once, octet by octet, and
 * goes on where it stopped when more octets come, so a slow drip costs what one big read costs.
 */
import { COLON, CR, HTAB, LF, latin1, SP, TOKEN, VALUE } from './chars.ts';
import { Line } from './line.ts';
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  HOST,
  ID_MASK,
  KIND_BITS,
  kindAt,
  TRANSFER_ENCODING,
  UPGRADE,
} from './names.ts';

/** Why a section is refused; the rows of `http1/rules.ts`. */
export type SectionFault =
  | 'bare-lf'
  | 'bare-cr'
  | 'bad-field-name'
  | 'bad-field-value'
  | 'obs-fold'
  | 'space-before-colon'
  | 'too-many-fields';

/**
 * What is known of a line: where it begins in the text, or the line itself where it is no part of it; and, as bits, its
 * octets with its CRLF, the length of its name and its kind.
 */
export const MARKS = 2;
export type Mark = number | Line;

/** A line with more octets, or with a longer name, stands apart: a mark has 31 bits. */
const OCTETS_MAX = 1023;
const NAME_MAX = 255;
const NAME_BITS = 8;

/** The second mark of a line. */
export function packed(octets: number, name: number, kind: number): number {
  return (((octets << NAME_BITS) | name) << KIND_BITS) | kind;
}
export function octetsIn(mark: number): number {
  return mark >> (NAME_BITS + KIND_BITS);
}
export function nameIn(mark: number): number {
  return (mark >> KIND_BITS) & NAME_MAX;
}

const LINE = 0;
const NAME = 1;
const SPACE = 2;
const IN_VALUE = 3;
const LINE_FEED = 4;
const LAST_LINE_FEED = 5;

/** Lines of a first message. */
const USUAL_LINES = 8;
/** More lines than this are not expected of the next message, whatever the last one had. */
const MOST_EXPECTED = 64;
/** Of a section without lines, never anybody's to write to. Idle connections hold it. */
const NONE: Mark[] = Object.freeze([]) as unknown as Mark[];

/** The lines that were read, and which of them say something about the message. */
export class FieldSection {
  /** Whole lines as they came, but for those that stand apart. */
  text = '';
  /** {@link MARKS} for each line. */
  marks: Mark[] = NONE;
  /** Lines. */
  count = 0;
  /** What the kinds of all lines have between them. */
  kinds = 0;
  /** The empty line was read. */
  done = false;
  /** Why the section is refused, or ''. */
  code: SectionFault | '' = '';

  // How many there are of those that framing and addressing need, and which line the first one is.
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
  /** What is added to a place in the octets to have it in the text. */
  #shift = 0;
  /** Lines that the marks are made for. */
  #expected: number;
  readonly #spare: number;

  /** `spare`: lines that a message may get on its way, so that its marks need not be copied to make room for them. */
  constructor(spare = 0) {
    this.#spare = spare;
    this.#expected = spare + USUAL_LINES;
  }

  /** Makes the section ready for the next message; what was read now belongs to whoever was given it. */
  reset(): void {
    this.text = '';
    this.#expected = Math.min(this.count, MOST_EXPECTED) + this.#spare;
    this.marks = NONE;
    this.count = 0;
    this.kinds = 0;
    this.done = false;
    this.code = '';
    this.tabbed = false;
    this.hosts = this.lengths = this.encodings = this.connections = this.expects = this.upgrades = 0;
    this.#phase = LINE;
  }

  /** Value of the line `i`, once it is read. */
  value(i: number): string {
    const start = this.marks[i * MARKS]!;
    if (typeof start !== 'number') return start.value;
    const mark = this.marks[i * MARKS + 1] as number;
    return this.text.slice(start + nameIn(mark) + 2, start + octetsIn(mark) - 2);
  }

  /** Is the line `i` a field with this id? */
  is(i: number, id: number): boolean {
    return ((this.marks[i * MARKS + 1] as number) & ID_MASK) === id;
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
   * Scans `bytes` from `at` to `end`. Returns where it stopped: behind the empty line, at the offending octet, or at `end`.
   */
  scan(bytes: Buffer, at: number, end: number, max: number): number {
    const from = this.#phase === LINE ? at : this.#nameAt;
    const before = this.count;
    this.#shift = this.text.length - from;
    let i = at;
    if (this.#phase === LINE) {
      i = this.#wholeLines(bytes, at, end, max);
      if (i + 1 < end && bytes[i] === CR && bytes[i + 1] === LF) {
        if (i > from) this.text += latin1(bytes, from, i);
        this.done = true;
        return i + 2;
      }
    }
    let whole = i;
    while (i < end && this.code === '' && !this.done) {
      i = this.#step(bytes, i, end, max);
      if (this.#phase === LINE) whole = i;
    }
    if (this.count > before) this.text += latin1(bytes, from, whole);
    return i;
  }

  /**
   * The plain path: lines that are here from end to end and break no rule. Returns where the first other one begins,
   * which `#step` then takes part by part.
   */
  #wholeLines(bytes: Buffer, at: number, end: number, max: number): number {
    let line = at;
    let i = at;
    for (let left = max - this.count; left > 0; left--) {
      while (i < end && TOKEN[bytes[i]!] === 1) i++;
      const nameEnd = i;
      if (nameEnd === line || i === end || bytes[i] !== COLON) break;
      do i++;
      while (i < end && (bytes[i] === SP || bytes[i] === HTAB));
      const valueAt = i;
      while (i < end && VALUE[bytes[i]!] === 1) i++;
      if (i + 1 >= end || bytes[i] !== CR || bytes[i + 1] !== LF) break;
      this.#line(bytes, line, nameEnd, valueAt, i);
      line = i += 2;
    }
    return line;
  }

  /** A line is whole; its CR stands at `end`. */
  #line(bytes: Buffer, at: number, nameEnd: number, valueAt: number, end: number): void {
    const length = nameEnd - at;
    const kind = kindAt(bytes, at, length);
    const valueEnd = trimmed(bytes, valueAt, end);
    const id = kind & ID_MASK;
    if (id !== 0) this.#note(bytes, id, valueEnd);
    this.kinds |= kind;
    if (this.count === 0) this.marks = new Array(this.#expected * MARKS);
    const mark = this.count++ * MARKS;
    const { marks } = this;
    const octets = end + 2 - at;
    // Written as we write it, it can go on as a part of the text.
    if (
      valueAt === nameEnd + 2 &&
      bytes[nameEnd + 1] === SP &&
      valueEnd === end &&
      octets <= OCTETS_MAX &&
      length <= NAME_MAX
    ) {
      marks[mark] = at + this.#shift;
      marks[mark + 1] = packed(octets, length, kind);
      return;
    }
    marks[mark] = Line.of(latin1(bytes, at, nameEnd), latin1(bytes, valueAt, valueEnd));
    marks[mark + 1] = packed(0, 0, kind);
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
        else {
          this.#line(bytes, this.#nameAt, this.#nameEnd, this.#valueAt, i - 1);
          this.#phase = LINE;
        }
        return i + 1;
    }
  }

  #begin(octet: number, at: number, max: number): number {
    if (octet === CR) {
      this.#phase = LAST_LINE_FEED;
      return at + 1;
    }
    if (TOKEN[octet] === 0) return this.#refuse(nameFault(octet, true), at);
    if (this.count >= max) return this.#refuse('too-many-fields', at);
    this.#nameAt = at;
    this.#phase = NAME;
    return at;
  }

  #refuse(code: SectionFault, at: number): number {
    this.code = code;
    return at;
  }

  /** Remembers the fields that framing and addressing need. */
  #note(bytes: Buffer, id: number, valueEnd: number): void {
    const line = this.count;
    switch (id) {
      case HOST:
        if (this.hosts++ === 0) this.host = line;
        return;
      case EXPECT:
        if (this.expects++ === 0) this.expect = line;
        return;
      case UPGRADE:
        if (this.upgrades++ === 0) this.upgrade = line;
        return;
      case CONNECTION:
        if (this.connections++ === 0) this.connection = line;
        return;
      case CONTENT_LENGTH:
        if (this.lengths++ === 0) this.length = line;
        return;
      case TRANSFER_ENCODING:
        if (this.encodings++ === 0) this.encoding = line;
        if (tabFollows(bytes, valueEnd)) this.tabbed = true;
        return;
    }
  }
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

function nameFault(octet: number, first: boolean): SectionFault {
  if (octet === LF) return 'bare-lf';
  if (octet === SP || octet === HTAB) return first ? 'obs-fold' : 'space-before-colon';
  return 'bad-field-name';
}
