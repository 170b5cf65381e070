/** Log lines into a file or a terminal: one write at a time, tried again where the disk is full. */
import { close as closeFile, write as writeFile } from 'node:fs';
import type { Lines } from '../types/threads.ts';
import { bounded, countLines, type LineSink, LostLines } from './line-sink.ts';

/** Milliseconds until a write that failed is tried again. */
const RETRY = 500;

/** As `fs.write`. */
export type Write = (
  fd: number,
  data: Buffer,
  offset: number,
  length: number,
  position: null,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

export interface FileSinkOptions {
  readonly fd: number;
  /** Characters kept before lines are dropped. */
  readonly maxBuffered: number;
  readonly write?: Write;
  /** Milliseconds between two tries. */
  readonly retry?: number;
}

/**
 * What cannot be written (ENOSPC, EFBIG, EIO) is kept up to the bound and tried again, so that a line is never torn by a
 * disk that is full for a while. A write that fails is no reason to stop serving, or not to end.
 */
export class FileSink implements LineSink {
  readonly #fd: number;
  readonly #max: number;
  readonly #write: Write;
  readonly #retryAfter: number;
  readonly #lost = new LostLines();
  /** Whole lines that wait for the write under way. */
  #waiting: Lines[] = [];
  /** Who is to be told when what waits, and what is being written, is needed no more. */
  #waitingFor: (() => void)[] = [];
  #batchFor: (() => void)[] = [];
  /** Characters in `#waiting`, and bytes of `#batch` that are not written yet. */
  #length = 0;
  /** What is being written, from `#at` on. */
  #batch: Buffer | null = null;
  #at = 0;
  #retry: NodeJS.Timeout | null = null;
  #closing: (() => void) | null = null;
  #closed = false;

  constructor({ fd, maxBuffered, write = writeFile, retry = RETRY }: FileSinkOptions) {
    this.#fd = fd;
    this.#max = maxBuffered;
    this.#write = write;
    this.#retryAfter = retry;
  }

  get dropped(): number {
    return this.#lost.count;
  }

  set onRecovered(tell: (lines: number) => void) {
    this.#lost.onRecovered = tell;
  }

  write(lines: Lines, written?: () => void): void {
    if (this.#closed || this.#length + lines.length > this.#max) {
      this.#lost.add(countLines(lines));
      return written?.();
    }
    this.#waiting.push(lines);
    if (written) this.#waitingFor.push(written);
    this.#length += lines.length;
    if (this.#batch === null) this.#next();
  }

  /** The file is closed too, unless it is a standard stream. */
  close(timeout: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return bounded(timeout, (done) => {
      this.#closing = done;
      // While a write is under way its end decides. Where the disk was full a moment ago, this is the last try.
      if (this.#batch === null) this.#end();
      else if (this.#retry) this.#again();
    });
  }

  #next(): void {
    if (this.#waiting.length === 0) {
      this.#batch = null;
      if (this.#closed) this.#end();
      return;
    }
    this.#batch = bytesOf(this.#waiting);
    this.#at = 0;
    this.#waiting = [];
    this.#batchFor = this.#waitingFor;
    this.#waitingFor = [];
    this.#length = this.#batch.length;
    this.#writeOn(this.#batch);
  }

  #writeOn(batch: Buffer): void {
    this.#write(this.#fd, batch, this.#at, batch.length - this.#at, null, (error, written) => {
      if (error) return this.#failed();
      this.#at += written;
      this.#length -= written;
      if (this.#at < batch.length) return this.#writeOn(batch);
      this.#batch = null;
      for (const written of this.#batchFor) written();
      this.#lost.recovered();
      // What is said of lost lines may have begun the next write already.
      if (this.#batch === null) this.#next();
    });
  }

  #failed(): void {
    if (this.#closed) return this.#end();
    this.#retry = setTimeout(() => this.#again(), this.#retryAfter);
    this.#retry.unref();
  }

  #again(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    if (this.#batch) this.#writeOn(this.#batch);
  }

  /** What is left is lost. */
  #end(): void {
    for (const lines of this.#waiting) this.#lost.add(countLines(lines));
    if (this.#batch) this.#lost.add(countLines(this.#batch.subarray(this.#at)));
    this.#batch = null;
    this.#waiting = [];
    if (this.#fd > 2) closeFile(this.#fd, () => this.#closing?.());
    else this.#closing?.();
  }
}

function bytesOf(lines: readonly Lines[]): Buffer {
  const all = lines.map((each) =>
    typeof each === 'string' ? Buffer.from(each) : Buffer.from(each.buffer, each.byteOffset, each.length),
  );
  return all.length === 1 ? all[0]! : Buffer.concat(all);
}
