/** One file whose last good content stays in use whatever happens to the file. */
import { Files } from '../files/files.ts';
import { readShared, signature, UnsettledError } from './read.ts';

type Bytes = Uint8Array<SharedArrayBuffer>;

/** What became of a look at the file. `unsettled`: look again soon. */
export type LookResult = 'unchanged' | 'loaded' | 'failed' | 'unsettled';

export class WatchedFile<T> {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #accept: (bytes: Bytes) => T;
  readonly #files = new Files();
  /** Null before the first look. */
  #seen: string | null = null;
  #bytes: Bytes | null = null;
  /** What the last good content was turned into; null before there was any. */
  value: T | null = null;
  /** What is wrong with the file as it is now, or null. */
  problem: string | null = null;
  /** Good contents that replaced another one. */
  reloads = 0;
  /** Looks that found a missing or unusable file. */
  failures = 0;

  /** `accept` turns bytes into the value, or throws an error whose message says what is wrong. */
  constructor(path: string, maxBytes: number, accept: (bytes: Bytes) => T) {
    this.path = path;
    this.#maxBytes = maxBytes;
    this.#accept = accept;
  }

  /** What tells this version of the file from others without reading it; '' where there is none. Never throws. */
  signature(): Promise<string> {
    return signature(this.path, this.#files);
  }

  /** Reads the file if it looks different from the last time, or in any case with `force`. Never throws. */
  async look(force: boolean): Promise<LookResult> {
    const seen = await this.signature();
    if (!force && seen === this.#seen) return 'unchanged';
    try {
      const outcome = this.#take(await readShared(this.path, this.#maxBytes, this.#files));
      this.#seen = seen;
      this.problem = null;
      return outcome;
    } catch (error) {
      this.problem = `${this.path} ${(error as Error).message}`;
      if (error instanceof UnsettledError) return 'unsettled';
      this.#seen = seen;
      this.failures++;
      return 'failed';
    }
  }

  #take(bytes: Bytes): LookResult {
    if (this.#bytes !== null && Buffer.compare(this.#bytes, bytes) === 0) return 'unchanged';
    const value = this.#accept(bytes);
    if (this.#bytes !== null) this.reloads++;
    this.#bytes = bytes;
    this.value = value;
    return 'loaded';
  }
}
