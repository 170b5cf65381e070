/**
 * Files that may be anything and may not answer: only regular ones are read, and no call is waited for without an end.
 *
 * What a mount does not answer cannot be taken back: the call keeps a thread of libuv's pool, which the whole process
 * shares. So each source of files has one `Files`, and while one of its calls is overdue it makes no further one: a
 * mount that hangs costs one thread for each source, and never more.
 */
import { constants, type Dirent, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { WeirError } from '../errors.ts';

/** Milliseconds that one call may take. A disk that spins up takes seconds, and so does a busy server for files. */
const TIMEOUT = 5000;

/** Octets that one call reads, so that a large file on a slow disk is not taken for one that does not answer. */
const CHUNK = 8 * 1024 ** 2;

/** A path that does not answer. Its file system may: later, or never. */
export class OverdueError extends WeirError {
  /** What follows the file's name. */
  readonly reason = 'does not answer: its disk or mount may hang';
  constructor(path: string) {
    super(path);
    this.message = `${path} ${this.reason}`;
  }
}

/** What is there is no file that can be read to its end. The message follows the file's name. */
export class IrregularError extends Error {
  /** What it is instead: `a FIFO`. */
  readonly found: string;
  constructor(found: string) {
    super('is not a regular file');
    this.found = found;
  }
}

/** The files of one source: a folder, or those that are read for one purpose. */
export class Files {
  readonly #timeout: number;
  readonly #overdue = new Set<OverdueError>();

  /** `timeout`: milliseconds that one call may take. */
  constructor(timeout: number = TIMEOUT) {
    this.#timeout = timeout;
  }

  /** Links are followed. @throws {OverdueError} and what the system says */
  stat(path: string): Promise<Stats> {
    return this.within(path, () => stat(path));
  }

  /** Where a path really leads. @throws {OverdueError} and what the system says */
  realpath(path: string): Promise<string> {
    return this.within(path, () => realpath(path));
  }

  /** What stands in a link. @throws {OverdueError} and what the system says */
  readlink(path: string): Promise<string> {
    return this.within(path, () => readlink(path));
  }

  /** By name. @throws {OverdueError} and what the system says */
  async list(folder: string): Promise<Dirent[]> {
    const entries = await this.within(folder, () => readdir(folder, { withFileTypes: true }));
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * The first `max` octets of a regular file.
   * @throws {OverdueError} where it does not answer
   * @throws {IrregularError} where it is no regular file; and what the system says
   */
  read(path: string, max: number): Promise<Buffer> {
    return this.open(path, async (handle, { size }) => {
      // One octet more than there seem to be: a file that grew is seen to, and one that did not is known to end.
      let bytes: Buffer = Buffer.allocUnsafe(Math.min(max, size + 1));
      let length = 0;
      for (;;) {
        const read = await this.fill(path, handle, bytes, length);
        length += read;
        if (read === 0 || length === max) return bytes.subarray(0, length);
        if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(max, length * 2 + CHUNK));
      }
    });
  }

  /** Opens a regular file for `use`, and closes it. Throws as {@link read} does. */
  async open<T>(path: string, use: (handle: FileHandle, stats: Stats) => Promise<T>): Promise<T> {
    // Before it is opened: that alone does things to some devices.
    requireRegular(await this.stat(path));
    // Not blocking, for what became a FIFO meanwhile: opening it would block until a writer opens it.
    const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
    const handle = await this.within(path, () => open(path, flags), close);
    try {
      const stats = await this.within(path, () => handle.stat());
      requireRegular(stats);
      return await use(handle, stats);
    } finally {
      // Not waited for: it comes behind a call that is overdue.
      close(handle);
    }
  }

  /** Reads on into `bytes` from `at`, which is the place in the file as well; gives how many octets, 0 at its end. */
  async fill(path: string, handle: FileHandle, bytes: Uint8Array, at: number): Promise<number> {
    const length = Math.min(CHUNK, bytes.length - at);
    const { bytesRead } = await this.within(path, () => handle.read(bytes, at, length, at));
    return bytesRead;
  }

  /**
   * Makes one call, unless an earlier one is overdue. `late` gets what it gives too late.
   * @throws {OverdueError} where it takes too long; and what `call` throws
   */
  within<T>(path: string, call: () => Promise<T>, late: (result: T) => void = () => {}): Promise<T> {
    for (const error of this.#overdue) return Promise.reject(error);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let mine: OverdueError | null = null;
    const timer = setTimeout(() => {
      mine = new OverdueError(path);
      this.#overdue.add(mine);
      reject(mine);
    }, this.#timeout);
    const ended = (): void => {
      clearTimeout(timer);
      if (mine) this.#overdue.delete(mine);
    };
    call().then(
      (result) => {
        ended();
        if (mine) late(result);
        else resolve(result);
      },
      (error) => {
        ended();
        reject(error);
      },
    );
    return promise;
  }
}

function close(handle: FileHandle): void {
  handle.close().catch(() => {});
}

/** @throws {IrregularError} */
function requireRegular(stats: Stats): void {
  if (!stats.isFile()) throw new IrregularError(kindOf(stats));
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
