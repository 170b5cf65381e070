/**
 * What reading requests and reading replies have in common: bytes in, in any pieces; a head, then a body in one of its
 * framings, then the end. Every byte is looked at once; what cannot be used yet is kept and counted.
 */
import { Fields } from '../fields/fields.ts';
import { FieldSection } from '../fields/section.ts';
import { Backlog } from './backlog.ts';
import { ChunkLine } from './chunks.ts';
import { HeldOctets } from './held.ts';
import type { RuleCode } from './rules.ts';

/** How much a message may take; counts are octets but for `fields`. */
export interface HeadLimits {
  /** Start line, fields and the empty line together. */
  readonly headBytes: number;
  readonly targetBytes: number;
  /** Field lines in a head, and again in trailers. */
  readonly fields: number;
  readonly trailerBytes: number;
  /** A chunk's size with its extensions. */
  readonly chunkLineBytes: number;
}

/** What both kinds of reader tell. */
export interface MessageSink {
  /** A piece of the body: a view into what was pushed, or a copy where that was lent. */
  data(chunk: Buffer): void;
  /** The message is whole. Trailers that must not pass are gone (RFC 9110 §6.5.1); null where none is left. */
  end(trailers: Fields | null): void;
  /** The message breaks a rule. Nothing follows, and the connection cannot be used again. */
  refused(code: RuleCode): void;
}

/** Where a reader stands. `idle`: between messages; `ended`: the message is whole. */
export type ReaderState = 'idle' | 'head' | 'body' | 'ended' | 'refused';

export const IDLE = 0;
export const HEAD = 1;
export const LENGTH = 2;
export const CHUNK_LINE = 3;
export const CHUNK_DATA = 4;
export const TRAILERS = 5;
export const UNTIL_CLOSE = 6;
export const FINISH = 7;
export const ENDED = 8;
export const REFUSED = 9;
const TAKEN = 10;

const STATES: readonly ReaderState[] = [
  'idle',
  'head',
  'body',
  'body',
  'body',
  'body',
  'body',
  'body',
  'ended',
  'refused',
  'ended',
];

const NOTHING = Buffer.alloc(0);

/** The machine under `RequestReader` and `ResponseReader`. A sink may call any method from within an event. */
export abstract class MessageReader {
  protected readonly limits: HeadLimits;
  protected readonly fields: FieldSection;
  protected mode: number = IDLE;
  /** Why the head is refused, as far as `scanHead` has seen. */
  protected code: RuleCode | '' = '';
  /** Octets that the head, or the trailers, may still take. */
  protected room = 0;
  protected readonly backlog = new Backlog();

  readonly #to: MessageSink;
  readonly #chunk = new ChunkLine();
  #running = false;
  #paused = false;
  #hasBody = false;
  #chunked = false;
  /** Octets missing from a body of known length, or from a chunk. */
  #missing = 0;
  /** The line that is not whole yet. */
  readonly #held = new HeldOctets();
  /** What is worked through now, and how far the last event came. */
  #bytes: Buffer = NOTHING;
  /** They are somebody else's again when the push is over. */
  #lent = false;
  #at = 0;

  /** `spare`: lines that a message may get on its way. */
  constructor(limits: HeadLimits, to: MessageSink, spare: number) {
    this.limits = limits;
    this.fields = new FieldSection(spare);
    this.#to = to;
  }

  /** Scans the start line and the fields; `fields.done` or `code` says that it is over. */
  protected abstract scanHead(bytes: Buffer, at: number, end: number): number;
  /** As `FieldSection.unread` and `moved`, start line included. */
  protected abstract unread(end: number): number;
  protected abstract moved(by: number): void;
  /** The head has reached its limit: which rule does it break? */
  protected tooLarge(): RuleCode {
    return 'head-too-large';
  }
  /** The fields are there: judge them, call `startBody` and tell the sink. */
  protected abstract headRead(): void;
  /** The message is over; `surplus` octets follow it. */
  protected abstract ended(surplus: number): void;
  /** Everything that came is read. */
  protected settle(): void {}
  /** Octets come although no message is expected. Returns how many of them are taken. */
  protected abstract unexpected(octets: number): number;

  get state(): ReaderState {
    return STATES[this.mode]!;
  }

  /** Octets kept inside; whoever pushes should stop while this is large. */
  get buffered(): number {
    return this.backlog.size + this.#held.size;
  }

  /**
   * Takes what came from the connection. Events are told before it returns. `lent`: the octets are the reader's only until
   * then, so what is kept or told of them is a copy.
   */
  push(bytes: Buffer, lent = false): void {
    if (this.mode >= REFUSED || bytes.length === 0) return;
    if (this.#running || this.backlog.size > 0) {
      this.backlog.push(lent ? Buffer.from(bytes) : bytes);
      if (!this.#paused && this.mode !== ENDED) this.run();
    } else {
      this.#lent = lent;
      this.#run(bytes);
    }
  }

  /** Stops `data` and `end` of a message with a body; what comes is kept inside. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.run();
  }

  /** Nothing that came is left to be worked through. */
  protected get drained(): boolean {
    return !this.#running && this.backlog.size === 0;
  }

  /** Goes on with what is kept inside. */
  protected run(): void {
    if (!this.#running) this.#run(this.backlog.shift() ?? NOTHING);
  }

  #run(first: Buffer): void {
    this.#running = true;
    let bytes: Buffer | null = first;
    while (bytes !== null) {
      this.#bytes = bytes;
      const at = this.#consume(bytes);
      if (this.mode >= REFUSED) break;
      if (at < bytes.length) {
        this.backlog.unshift(this.#own(bytes, at, bytes.length));
        break;
      }
      this.#lent = false;
      bytes = this.backlog.shift();
    }
    this.#lent = false;
    this.#bytes = NOTHING;
    this.#running = false;
    if (bytes === null) this.settle();
  }

  /** Octets that may be kept. */
  #own(bytes: Buffer, from: number, to: number): Buffer {
    if (!this.#lent) return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
    const own = Buffer.allocUnsafe(to - from);
    bytes.copy(own, 0, from, to);
    return own;
  }

  /** Works through `bytes` and returns how far it came. */
  #consume(bytes: Buffer): number {
    const end = bytes.length;
    let at = 0;
    for (;;) {
      const { mode } = this;
      if (mode === HEAD) {
        if (at === end) return at;
        at = this.#lines(bytes, at);
      } else if (mode === FINISH) {
        if (this.#paused && this.#hasBody) return at;
        this.mode = ENDED;
        this.#at = at;
        this.ended(end - at + this.backlog.size);
        this.#to.end(this.#chunked ? Fields.read(this.fields).passingTrailers() : null);
      } else if (mode >= LENGTH && mode <= UNTIL_CLOSE) {
        if (at === end || this.#paused) return at;
        at = this.#body(bytes, at);
      } else {
        if (at === end || mode >= REFUSED) return at;
        const taken = this.unexpected(end - at);
        if (taken === 0) return at;
        at += taken;
      }
    }
  }

  // ── lines: heads and trailers ──────────────────────────────────────────────────────────────────────────────────

  /** Makes ready for a head. */
  protected startHead(): void {
    this.fields.reset();
    this.code = '';
    this.room = this.limits.headBytes;
    this.mode = HEAD;
    this.#paused = false;
  }

  #lines(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.room);
    if (this.#held.size > 0) return this.#onHeld(bytes, at, end);
    const stop = this.#scan(bytes, at, end);
    this.#at = stop;
    if (this.#isOver(stop - at)) {
      this.#over();
      return stop;
    }
    const from = this.unread(end);
    if (from < end) this.#held.add(bytes, from, end);
    this.moved(from);
    return end;
  }

  /** A line began in an earlier piece: what came is put behind it, so that the line is in one place. */
  #onHeld(bytes: Buffer, at: number, end: number): number {
    const held = this.#held;
    const before = held.size;
    held.add(bytes, at, end);
    const { size } = held;
    const stop = this.#scan(held.bytes, before, size);
    this.#at = at + stop - before;
    const over = this.#isOver(stop - before);
    const from = over ? size : this.unread(size);
    if (from > 0) {
      held.drop(from);
      this.moved(from);
    }
    if (over) this.#over();
    return at + stop - before;
  }

  #scan(bytes: Buffer, at: number, end: number): number {
    if (this.mode === HEAD) return this.scanHead(bytes, at, end);
    const stop = this.fields.scan(bytes, at, end, this.limits.fields);
    this.code = this.fields.code;
    return stop;
  }

  /** True where the section is whole or refused. */
  #isOver(octets: number): boolean {
    this.room -= octets;
    if (this.code !== '' || this.fields.done) return true;
    if (this.room > 0) return false;
    this.code = this.mode === HEAD ? this.tooLarge() : 'trailers-too-large';
    return true;
  }

  #over(): void {
    if (this.code !== '') this.refuse(this.code);
    else if (this.mode === HEAD) this.headRead();
    else if (framesConnection(this.fields)) this.refuse('framing-in-trailers');
    else this.mode = FINISH;
  }

  // ── bodies ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What follows the head: `mode` is `LENGTH` with so many octets, `CHUNK_LINE`, `UNTIL_CLOSE`, or `FINISH`. */
  protected startBody(mode: number, octets: number): void {
    this.mode = mode;
    this.#missing = octets;
    this.#hasBody = mode !== FINISH;
    this.#chunked = mode === CHUNK_LINE;
    if (mode === CHUNK_LINE) this.#chunk.reset(false);
  }

  #body(bytes: Buffer, at: number): number {
    switch (this.mode) {
      case CHUNK_LINE:
        return this.#chunkLine(bytes, at);
      case TRAILERS:
        return this.#lines(bytes, at);
      case UNTIL_CLOSE:
        this.#to.data(this.#own(bytes, at, bytes.length));
        return bytes.length;
      default:
        return this.#counted(bytes, at);
    }
  }

  /** Octets of a body of known length, or of a chunk. */
  #counted(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing);
    this.#missing -= end - at;
    if (this.#missing === 0) {
      if (this.mode === CHUNK_DATA) {
        this.mode = CHUNK_LINE;
        this.#chunk.reset(true);
      } else this.mode = FINISH;
    }
    this.#to.data(this.#own(bytes, at, end));
    return end;
  }

  #chunkLine(bytes: Buffer, at: number): number {
    const chunk = this.#chunk;
    const stop = chunk.scan(bytes, at, bytes.length, this.limits.chunkLineBytes);
    if (chunk.code !== '') this.refuse(chunk.code);
    else if (chunk.done && chunk.size > 0) {
      this.mode = CHUNK_DATA;
      this.#missing = chunk.size;
    } else if (chunk.done) {
      this.fields.reset();
      this.room = this.limits.trailerBytes;
      this.mode = TRAILERS;
    }
    return stop;
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────────────────

  protected refuse(code: RuleCode): void {
    this.mode = REFUSED;
    this.backlog.clear();
    this.#held.drop(this.#held.size);
    this.#to.refused(code);
  }

  /** For upgrades and tunnels: what was read behind the head. The reader is done with it: it tells nothing more. */
  takeRest(): Buffer {
    if (this.#running) this.backlog.unshift(this.#own(this.#bytes, this.#at, this.#bytes.length));
    this.mode = TAKEN;
    return this.backlog.takeAll();
  }
}

/** Fields that some parsers, Node's among them, obey in trailers as well: to the length of what follows, or to its end. */
function framesConnection({ lengths, encodings, connections }: FieldSection): boolean {
  return lengths > 0 || encodings > 0 || connections > 0;
}
