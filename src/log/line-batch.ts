/**
 * Lines that one thread gathers for the main thread, in memory that both see: two segments, in turn one that the thread
 * fills and one that the main thread writes out of. Nothing is copied on the way, and what a thread that dies has gathered
 * is not lost with it.
 */
import { JsonBytes } from './json-bytes.ts';

/** Bytes gathered before they are handed over, which costs as much as a hundred lines. */
const SEGMENT_BYTES = 131_072;
const SEGMENTS = 2;
/** In front of the segments: for each, how many bytes of whole lines it has, and then whose it is. */
const HEADER_BYTES = 64;
/** Whose a segment is. */
const THREAD = 0;
const MAIN = 1;

/** Memory for the lines of a thread. */
export function batchMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + SEGMENTS * SEGMENT_BYTES);
}

function lengthsIn(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, 0, SEGMENTS);
}

function ownersIn(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, SEGMENTS * Int32Array.BYTES_PER_ELEMENT, SEGMENTS);
}

function startOf(segment: number): number {
  return HEADER_BYTES + segment * SEGMENT_BYTES;
}

/** Where the lines of a {@link LineBatch} go. */
export interface LineReceiver {
  /** The main thread can take a segment: see {@link GatheredLines}. */
  handOver(): void;
  /** Lines in memory of their own. They follow on what was handed over before. */
  send(lines: Uint8Array<ArrayBuffer>): void;
}

/** The thread's side. It waits for nobody: what the main thread has no segment for is copied and sent. */
export class LineBatch {
  readonly #lengths: Int32Array;
  readonly #owners: Int32Array;
  readonly #segments: readonly JsonBytes[];
  readonly #receiver: LineReceiver;
  #current = 0;
  /** The segment it fills. */
  #lines: JsonBytes;
  /** Where a line that is longer than a whole segment is written. */
  #long: JsonBytes | null = null;

  constructor(memory: SharedArrayBuffer, receiver: LineReceiver) {
    this.#lengths = lengthsIn(memory);
    this.#owners = ownersIn(memory);
    this.#segments = Array.from({ length: SEGMENTS }, (_, i) => new JsonBytes(memory, startOf(i), SEGMENT_BYTES));
    this.#receiver = receiver;
    this.#lines = this.#segments[0]!;
  }

  /** Where the next line, of at most `bytes` bytes, is to be written; {@link end} follows. */
  begin(bytes: number): JsonBytes {
    if (this.#lines.room >= bytes) return this.#lines;
    this.flush();
    if (this.#lines.room >= bytes) return this.#lines;
    this.#long = new JsonBytes(new ArrayBuffer(bytes), 0, bytes);
    return this.#long;
  }

  /** The line is whole. */
  end(): void {
    this.#lengths[this.#current] = this.#lines.at;
    if (this.#long === null) return;
    const { bytes, at } = this.#long;
    this.#long = null;
    this.#receiver.send(new Uint8Array(bytes.subarray(0, at)));
  }

  /** Hands over what is gathered. */
  flush(): void {
    const lines = this.#lines;
    if (lines.at === 0) return;
    const other = 1 - this.#current;
    if (Atomics.load(this.#owners, other) === MAIN) return this.#sendCopy(lines);
    Atomics.store(this.#owners, this.#current, MAIN);
    this.#current = other;
    this.#lines = this.#segments[other]!;
    this.#lines.at = 0;
    this.#receiver.handOver();
  }

  /** The main thread has not written out of the other segment yet. */
  #sendCopy(lines: JsonBytes): void {
    const copy = new Uint8Array(lines.bytes.subarray(0, lines.at));
    // First: a thread that dies here must not leave lines that were sent.
    this.#lengths[this.#current] = 0;
    lines.at = 0;
    this.#receiver.send(copy);
  }
}

/** Takes lines. `written` is called once they are needed no more: their memory is used again then. */
export type TakeLines = (lines: Uint8Array, written: () => void) => void;

/** The main thread's side. */
export class GatheredLines {
  readonly memory: SharedArrayBuffer = batchMemory();
  readonly #lengths = lengthsIn(this.memory);
  readonly #owners = ownersIn(this.memory);
  readonly #take: TakeLines;
  /** The segment that is handed over next. */
  #next = 0;
  #drained = false;

  constructor(take: TakeLines) {
    this.#take = take;
  }

  /** A segment was handed over. */
  receive(): void {
    if (!this.#drained) this.#takeNext();
  }

  /**
   * The thread has ended, or will never run JavaScript again: takes what it did not tell of any more, and what it still
   * gathered. At most one segment is not its own. Again is harmless.
   */
  drain(): void {
    if (this.#drained) return;
    this.#drained = true;
    if (Atomics.load(this.#owners, this.#next) === MAIN) this.#takeNext();
    const lines = this.#linesIn(this.#next);
    if (lines.length > 0) this.#take(lines, () => {});
  }

  #takeNext(): void {
    const segment = this.#next;
    this.#next = 1 - segment;
    this.#take(this.#linesIn(segment), () => {
      this.#lengths[segment] = 0;
      Atomics.store(this.#owners, segment, THREAD);
    });
  }

  #linesIn(segment: number): Uint8Array {
    return new Uint8Array(this.memory, startOf(segment), Atomics.load(this.#lengths, segment));
  }
}
