/**
 * Lines that one thread gathers before it sends them. They stand in memory that the main thread can read: what a thread that
 * dies has gathered is not lost with it.
 */
import { JsonBytes } from './json-bytes.ts';

/** Bytes gathered before they leave the thread. A message and a write cost as much as twenty lines. */
const BATCH_BYTES = 65_536;
/** In front of the lines: how many bytes of them are whole. */
const HEADER_BYTES = 8;

/** Memory for the batches of a thread. */
export function batchMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + BATCH_BYTES);
}

/** A copy of the whole lines in it: none while its thread is alive, and writes there, is to be relied on. */
export function linesIn(memory: SharedArrayBuffer): Uint8Array<ArrayBuffer> {
  const length = new Int32Array(memory, 0, 1)[0]!;
  return new Uint8Array(memory, HEADER_BYTES, length).slice();
}

export class LineBatch {
  readonly #whole: Int32Array;
  readonly #shared: JsonBytes;
  readonly #send: (lines: Uint8Array<ArrayBuffer>) => void;
  /** Where a line that is longer than a whole batch is written. */
  #long: JsonBytes | null = null;

  /** `send` gets whole lines, in memory of their own. */
  constructor(memory: SharedArrayBuffer, send: (lines: Uint8Array<ArrayBuffer>) => void) {
    this.#whole = new Int32Array(memory, 0, 1);
    this.#shared = new JsonBytes(memory, HEADER_BYTES);
    this.#send = send;
  }

  /** Where the next line, of at most `bytes` bytes, is to be written; {@link end} follows. */
  begin(bytes: number): JsonBytes {
    if (this.#shared.room >= bytes) return this.#shared;
    this.flush();
    if (this.#shared.room >= bytes) return this.#shared;
    this.#long = new JsonBytes(new ArrayBuffer(bytes));
    return this.#long;
  }

  /** The line is whole. */
  end(): void {
    this.#whole[0] = this.#shared.at;
    if (this.#long === null) return;
    const { bytes, at } = this.#long;
    this.#long = null;
    this.#send(copyOf(bytes, at));
  }

  /** Sends what is gathered. */
  flush(): void {
    const lines = this.#shared;
    if (lines.at === 0) return;
    const sent = copyOf(lines.bytes, lines.at);
    // First: a thread that dies here must not leave lines that were sent.
    this.#whole[0] = 0;
    lines.at = 0;
    this.#send(sent);
  }
}

/** The first `length` bytes, in memory that can be transferred. */
function copyOf(bytes: Buffer, length: number): Uint8Array<ArrayBuffer> {
  const copy = Buffer.allocUnsafeSlow(length);
  bytes.copy(copy, 0, 0, length);
  return copy;
}
