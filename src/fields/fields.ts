/**
 * The field lines of a message: order, case and duplicates as they came, because a proxy that normalises them breaks
 * signatures and hides attacks (RFC 9110 §5.3).
 *
 * Lines that nobody touched stay where the reader left them, as parts of one text, and leave as one part for each run of
 * them. A line that is made here is checked when it is made. So nothing has to be looked at again on the way out: there is
 * no other way to a line than a {@link FieldSection}, which has scanned its octets, and {@link checkField}.
 */
import { namedByConnection } from './connection-options.ts';
import { Line, type OctetSink } from './line.ts';
import { CONNECTION, FRAMING, HOP_BY_HOP, ID_MASK, KIND_BITS, NOT_IN_TRAILERS } from './names.ts';
import { type FieldSection, MARKS, type Mark, nameIn, octetsIn, packed } from './section.ts';

/**
 * Fields of a head or of trailers that leave, at most, ours included. Node before 24.18.1 and 26.5.1 drops what comes
 * behind the thousandth, framing too (CVE-2026-58044), and others have such limits of their own.
 */
export const FIELDS_MAX = 1000;

/** How many of them edges and forwarders may add: framing, connection, date, or what is a pseudo field in HTTP/2. */
const FIELDS_ADDED = 4;

/** Names and values in turn. Where Weir says something in fields of its own, before they are {@link Fields}. */
export type Pairs = readonly string[];

const KIND_MASK = (1 << KIND_BITS) - 1;

/** Indices are those of lines, from 0. Names that are looked for are in lower case. */
export class Fields {
  readonly #text: string;
  /** As {@link FieldSection.marks}. */
  readonly #marks: Mark[];
  #count: number;
  /** What kinds may be there: of all lines that ever were. */
  #kinds: number;

  private constructor(text: string, marks: Mark[], count: number, kinds: number) {
    this.#text = text;
    this.#marks = marks;
    this.#count = count;
    this.#kinds = kinds;
  }

  /** No line yet. */
  static empty(): Fields {
    return new Fields('', [], 0, 0);
  }

  /** What was read. The section's marks are the new owner's from now on. */
  static read(section: FieldSection): Fields {
    if (section.count === 0) return Fields.empty();
    return new Fields(section.text, section.marks, section.count, section.kinds);
  }

  /** Of names and values in turn. Throws RangeError, as {@link checkField}. */
  static of(...pairs: string[]): Fields {
    return Fields.from(pairs);
  }

  /** Of names and values in turn. Throws RangeError, as {@link checkField}. */
  static from(pairs: Pairs): Fields {
    const fields = Fields.empty();
    fields.addAll(pairs);
    return fields;
  }

  /** As {@link Fields.from}; null where one of them cannot be written. */
  static tryFrom(pairs: Pairs): Fields | null {
    const fields = Fields.empty();
    for (let i = 0; i < pairs.length; i += 2) if (!fields.tryAdd(pairs[i]!, pairs[i + 1]!)) return null;
    return fields;
  }

  /** As {@link Fields.from}, without those that cannot be written. */
  static sendable(pairs: Pairs): Fields {
    const fields = Fields.empty();
    for (let i = 0; i < pairs.length; i += 2) fields.tryAdd(pairs[i]!, pairs[i + 1]!);
    return fields;
  }

  /** Lines of its own: edits of the one do not show in the other. */
  copy(): Fields {
    return new Fields(this.#text, this.#marks.slice(0, this.#count * MARKS), this.#count, this.#kinds);
  }

  // ── looking ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Lines. */
  get size(): number {
    return this.#count;
  }

  /** More lines than may leave, once an edge or a forwarder has added its own? */
  get overfull(): boolean {
    return this.#count > FIELDS_MAX - FIELDS_ADDED;
  }

  /** Name of the line `i`, as it is written. */
  name(i: number): string {
    const start = this.#marks[i * MARKS]!;
    if (typeof start !== 'number') return start.name;
    return this.#text.slice(start, start + nameIn(this.#mark(i)));
  }

  nameLength(i: number): number {
    const start = this.#marks[i * MARKS]!;
    return typeof start === 'number' ? nameIn(this.#mark(i)) : start.name.length;
  }

  /** Value of the line `i`, without the space around it. */
  value(i: number): string {
    const start = this.#marks[i * MARKS]!;
    if (typeof start !== 'number') return start.value;
    const mark = this.#mark(i);
    return this.#text.slice(start + nameIn(mark) + 2, start + octetsIn(mark) - 2);
  }

  /** What the name of the line `i` says: see `names.ts`. */
  kind(i: number): number {
    return this.#mark(i) & KIND_MASK;
  }

  /** Is there perhaps a line of a kind with one of these bits? */
  mayHave(bits: number): boolean {
    return (this.#kinds & bits) !== 0;
  }

  /** The first line from `from` on whose field has this id, or -1. */
  find(id: number, from = 0): number {
    for (let i = from; i < this.#count; i++) if ((this.#mark(i) & ID_MASK) === id) return i;
    return -1;
  }

  /** The first line from `from` on that is called `name`, in any case, or -1. */
  indexOf(name: string, from = 0): number {
    const { length } = name;
    for (let i = from; i < this.#count; i++)
      if (this.nameLength(i) === length && this.#isCalled(i, name, SAME)) return i;
    return -1;
  }

  /**
   * As {@link indexOf}, with `_` read as `-`. Many programs behind a proxy cannot tell the two apart (RFC 3875 §4.1.18),
   * so what a rule looks for must not hide behind the other spelling.
   */
  indexOfTwin(name: string, from = 0): number {
    const { length } = name;
    for (let i = from; i < this.#count; i++)
      if (this.nameLength(i) === length && this.#isCalled(i, name, TWIN)) return i;
    return -1;
  }

  /** Does the name of the line `i` begin with `head` (lower case, `-` for `_`), in whatever case and with `_` read as `-`? */
  beginsLike(i: number, head: string): boolean {
    return this.nameLength(i) >= head.length && this.#isCalled(i, head, TWIN);
  }

  /** Value of the first line that is called `name`, or undefined. */
  get(name: string): string | undefined {
    const i = this.indexOf(name);
    return i < 0 ? undefined : this.value(i);
  }

  /** How many lines are called `name`. */
  countOf(name: string): number {
    let count = 0;
    for (let i = this.indexOf(name); i >= 0; i = this.indexOf(name, i + 1)) count++;
    return count;
  }

  /** Octets of all lines as HTTP/1.1 writes them. */
  get octets(): number {
    let octets = 0;
    for (let i = 0; i < this.#count; i++) {
      const start = this.#marks[i * MARKS]!;
      octets += typeof start === 'number' ? octetsIn(this.#mark(i)) : start.octets;
    }
    return octets;
  }

  /** Names and values in turn. */
  toPairs(): string[] {
    const pairs: string[] = [];
    for (let i = 0; i < this.#count; i++) pairs.push(this.name(i), this.value(i));
    return pairs;
  }

  // ── making ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Adds a line behind the others. Throws RangeError, as `checkField`. */
  add(name: string, value: string): void {
    this.addLine(Line.of(name, value));
  }

  /** Adds a line where such a one can be written; says whether it did. */
  tryAdd(name: string, value: string): boolean {
    const line = Line.tryOf(name, value);
    if (line !== null) this.addLine(line);
    return line !== null;
  }

  /** Adds names and values in turn. Throws RangeError, as `checkField`. */
  addAll(pairs: Pairs): void {
    for (let i = 0; i < pairs.length; i += 2) this.add(pairs[i]!, pairs[i + 1]!);
  }

  /** Adds a line that is ready. */
  addLine(line: Line): void {
    this.#put(this.#count++, line);
  }

  /** Puts a line before all others. Throws RangeError, as `checkField`. */
  addFirst(name: string, value: string): void {
    this.addLineFirst(Line.of(name, value));
  }

  /** As {@link addFirst}, with a line that is ready. */
  addLineFirst(line: Line): void {
    const marks = this.#marks;
    for (let at = this.#count * MARKS - 1; at >= 0; at--) marks[at + MARKS] = marks[at]!;
    this.#count++;
    this.#put(0, line);
  }

  /** Replaces the first line that is called so and removes the others; adds one where there was none. Throws RangeError. */
  set(name: string, value: string): void {
    const line = Line.of(name, value);
    const lower = name.toLowerCase();
    const first = this.indexOf(lower);
    if (first < 0) return this.addLine(line);
    for (let i = this.indexOf(lower, first + 1); i >= 0; i = this.indexOf(lower, i)) this.removeAt(i);
    this.#put(first, line);
  }

  /** Removes every line that is called `name`. */
  remove(name: string): void {
    for (let i = this.indexOf(name); i >= 0; i = this.indexOf(name, i)) this.removeAt(i);
  }

  removeAt(i: number): void {
    const marks = this.#marks;
    const end = --this.#count * MARKS;
    for (let at = i * MARKS; at < end; at++) marks[at] = marks[at + MARKS]!;
  }

  /** Removes every line whose kind has one of `bits`. */
  drop(bits: number): void {
    if ((this.#kinds & bits) === 0) return;
    let to = 0;
    for (let i = 0; i < this.#count; i++) if ((this.#mark(i) & bits) === 0) this.#move(i, to++);
    this.#count = to;
    this.#kinds &= ~bits;
  }

  /** Removes every line whose field has this id. */
  dropId(id: number): void {
    for (let i = this.find(id); i >= 0; i = this.find(id, i)) this.removeAt(i);
  }

  /** Removes the lines that `drops` says, one pass over all. */
  dropWhere(drops: (fields: Fields, i: number) => boolean): void {
    let to = 0;
    for (let i = 0; i < this.#count; i++) if (!drops(this, i)) this.#move(i, to++);
    this.#count = to;
  }

  /** Removes hop-by-hop fields and every field that `Connection` names (RFC 9110 §7.6.1). */
  dropHopByHop(): void {
    if ((this.#kinds & HOP_BY_HOP) === 0) return;
    let named: Set<string> | null = null;
    for (let i = this.find(CONNECTION); i >= 0; i = this.find(CONNECTION, i + 1))
      named = namedByConnection(this.value(i), named);
    this.drop(HOP_BY_HOP);
    if (named !== null) this.dropNamed(named);
  }

  /** Removes what would frame a body: a 1xx never has one (RFC 9110 §8.6, RFC 9112 §6.1). */
  dropFraming(): void {
    this.drop(FRAMING);
  }

  /** Removes what must not pass in trailers (RFC 9110 §6.5.1). Null where nothing is left. */
  passingTrailers(): Fields | null {
    this.drop(NOT_IN_TRAILERS);
    return this.#count === 0 ? null : this;
  }

  /** Removes the fields whose names, in lower case, are in `names`. */
  dropNamed(names: ReadonlySet<string>): void {
    this.dropWhere((fields, i) => names.has(fields.name(i).toLowerCase()));
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Writes the lines from `from` to `to`, a run of untouched ones as one text. */
  writeTo(sink: OctetSink, from = 0, to = this.#count): void {
    const marks = this.#marks;
    for (let i = from; i < to; ) {
      const start = marks[i * MARKS]!;
      if (typeof start !== 'number') {
        start.writeTo(sink);
        i++;
        continue;
      }
      let end = start + octetsIn(this.#mark(i++));
      while (i < to && marks[i * MARKS] === end) end += octetsIn(this.#mark(i++));
      sink.text(this.#text.slice(start, end));
    }
  }

  #mark(i: number): number {
    return this.#marks[i * MARKS + 1] as number;
  }

  #put(i: number, line: Line): void {
    this.#marks[i * MARKS] = line;
    this.#marks[i * MARKS + 1] = packed(0, 0, line.kind);
    this.#kinds |= line.kind;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    this.#marks[to * MARKS] = this.#marks[from * MARKS]!;
    this.#marks[to * MARKS + 1] = this.#marks[from * MARKS + 1]!;
  }

  /** Does the name of the line `i` begin with `lower`, in any case? `twin` says whether `_` is read as `-`. */
  #isCalled(i: number, lower: string, twin: boolean): boolean {
    const start = this.#marks[i * MARKS]!;
    return typeof start === 'number' ? begins(this.#text, start, lower, twin) : begins(start.name, 0, lower, twin);
  }
}

const SAME = false;
const TWIN = true;

/** Does `text` at `at` begin with `lower`, in whatever case, and with `_` read as `-` where `twin`? From the end, as names differ there. */
function begins(text: string, at: number, lower: string, twin: boolean): boolean {
  for (let i = lower.length - 1; i >= 0; i--) {
    const code = text.charCodeAt(at + i);
    const wanted = lower.charCodeAt(i);
    if (code === wanted) continue;
    if (code >= UPPER_A && code <= UPPER_Z && (code | 0x20) === wanted) continue;
    if (!twin || folded(code) !== folded(wanted)) return false;
  }
  return true;
}

const UPPER_A = 0x41;
const UPPER_Z = 0x5a;

function folded(code: number): number {
  if (code === 0x5f) return 0x2d;
  return code >= UPPER_A && code <= UPPER_Z ? code | 0x20 : code;
}
