/** What takes log lines, and what all of its kinds share. */

import type { Lines } from '../types/threads.ts';

const NEWLINE = 0x0a;

/** Takes whole lines. `write` never throws and never blocks. */
export interface LineSink {
  /**
   * `lines` is written whole or dropped whole. Every line in it ends with a newline. `written` is called when it is needed
   * no more, whatever became of it: until then its bytes stay as they are.
   */
  write(lines: Lines, written?: () => void): void;
  /** Lines lost so far, because the reader is too slow or gone, or nothing more can be written. */
  readonly dropped: number;
  /** Called when writing works again, with the number of lines lost meanwhile. It may write. */
  onRecovered: (lines: number) => void;
  /** Resolves when all is written, or cannot be, or after `timeout` milliseconds. What is still buffered then is lost. */
  close(timeout: number): Promise<void>;
}

/** Counts lost lines, and tells of them once for each time that lines were lost. */
export class LostLines {
  count = 0;
  onRecovered: (lines: number) => void = () => {};
  #told = 0;

  add(lines: number): void {
    this.count += lines;
  }

  /** Something was written. */
  recovered(): void {
    const lines = this.count - this.#told;
    if (lines === 0) return;
    this.#told = this.count;
    this.onRecovered(lines);
  }
}

/** Runs `run` until it says that it is done, for at most `timeout` milliseconds. */
export function bounded(timeout: number, run: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeout);
    run(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export function countLines(lines: Lines): number {
  const bytes = typeof lines === 'string' ? Buffer.from(lines) : lines;
  let count = 0;
  for (let i = bytes.indexOf(NEWLINE); i >= 0; i = bytes.indexOf(NEWLINE, i + 1)) count++;
  return count;
}
