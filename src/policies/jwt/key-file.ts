/** Keys from a JWKS file that may change, vanish or be half-written: the last good ones stay in use. */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import type { Log } from '../../types/policy.ts';
import { KEYS_MAX_BYTES, type KeySource, type Keys, parseKeySet } from './keys.ts';

/** Milliseconds between looks at the file: while all is well, and when a token names a key that is not there. */
const LOOK_EVERY = 2000;
const LOOK_FOR_KEY = 500;

/**
 * Looks at the file on a request's time, but rarely: a `stat` every two seconds, and a read of a few kilobytes when the
 * file has changed. One thread cannot see another's watcher, and this needs none.
 */
export class FileKeys implements KeySource {
  readonly #path: string;
  readonly #now: () => number;
  readonly #log: Log;
  #keys: Keys | null = null;
  #text = '';
  #signature = '';
  #problem = '';
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, now: () => number, log: Log) {
    this.#path = path;
    this.#now = now;
    this.#log = log;
  }

  current(): Keys | null {
    if (this.#now() - this.#lookedAt >= LOOK_EVERY) this.#look();
    return this.#keys;
  }

  async load(): Promise<Keys | null> {
    return this.current();
  }

  async renew(seen: Keys): Promise<Keys | null> {
    if (this.#now() - this.#lookedAt >= LOOK_FOR_KEY) this.#look();
    return this.#keys === seen ? null : this.#keys;
  }

  #look(): void {
    this.#lookedAt = this.#now();
    try {
      const stats = statSync(this.#path);
      if (!stats.isFile()) throw new Error('is not a regular file');
      const { ino, size, mtimeMs, ctimeMs } = stats;
      const signature = `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
      // A file that was bad is read again even so: it may have been read while it was being written.
      if (signature === this.#signature && this.#problem === '') return;
      if (size > KEYS_MAX_BYTES) throw new Error(`is larger than ${KEYS_MAX_BYTES} bytes`);
      this.#take(readRegular(this.#path));
      this.#signature = signature;
      this.#recovered();
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException);
    }
  }

  #take(text: string): void {
    if (this.#keys !== null && text === this.#text) return;
    this.#keys = parseKeySet(text);
    this.#text = text;
    if (this.#problem === '') this.#log.info({ file: this.#path }, 'jwt: keys loaded');
  }

  #recovered(): void {
    if (this.#problem !== '') this.#log.info({ file: this.#path }, 'jwt: the key file is good again');
    this.#problem = '';
  }

  /** One line per change of state. */
  #failed(error: NodeJS.ErrnoException): void {
    const problem = error.code === 'ENOENT' ? 'is missing' : (error.code ?? error.message);
    if (problem === this.#problem) return;
    this.#problem = problem;
    const consequence = this.#keys === null ? 'every request is refused' : 'the last good keys stay in use';
    this.#log.error({ file: this.#path, problem }, `jwt: the key file cannot be used, ${consequence}`);
  }
}

/** Not blocking, for a FIFO that took the file's place since it was looked at: the thread would wait for its writer. */
function readRegular(path: string): string {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(file).isFile()) throw new Error('is not a regular file');
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}
