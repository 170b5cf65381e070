/** Reads a file that another process may be writing. */
import type { BigIntStats } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import { Files, OverdueError } from '../files/files.ts';

/** The file changed while it was read: neither the old nor the new one was seen whole. Try again when it is quiet. */
export class UnsettledError extends Error {
  constructor() {
    super('is being written');
    this.name = 'UnsettledError';
  }
}

/** What tells two versions of a file apart without reading it; '' where there is none. Never throws. */
export async function signature(path: string, files: Files): Promise<string> {
  try {
    return signatureOf(await files.within(path, () => stat(path, { bigint: true })));
  } catch {
    return '';
  }
}

function signatureOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

/**
 * Reads a whole regular file into memory that threads can share.
 * @throws {UnsettledError} where it changed meanwhile
 * @throws {Error} with a message that follows the file's name: `is missing`, `is empty`…
 */
export async function readShared(
  path: string,
  maxBytes: number,
  files: Files = new Files(),
): Promise<Uint8Array<SharedArrayBuffer>> {
  try {
    return await files.open(path, (handle) => readSettled(path, handle, maxBytes, files));
  } catch (error) {
    throw explained(error as NodeJS.ErrnoException);
  }
}

async function readSettled(
  path: string,
  handle: FileHandle,
  maxBytes: number,
  files: Files,
): Promise<Uint8Array<SharedArrayBuffer>> {
  const before = await files.within(path, () => handle.stat({ bigint: true }));
  if (before.size === 0n) throw new Error('is empty');
  if (before.size > BigInt(maxBytes)) throw new Error(`is larger than ${maxBytes} bytes`);
  const bytes = new Uint8Array(new SharedArrayBuffer(Number(before.size)));
  for (let filled = 0; filled < bytes.length; ) {
    const read = await files.fill(path, handle, bytes, filled);
    if (read === 0) throw new UnsettledError();
    filled += read;
  }
  const after = await files.within(path, () => handle.stat({ bigint: true }));
  // Not ctime: a file replaced by rename loses its name while we read it, and its bytes stay what they were.
  if (before.size !== after.size || before.mtimeNs !== after.mtimeNs) throw new UnsettledError();
  return bytes;
}

function explained(error: NodeJS.ErrnoException): Error {
  if (error instanceof OverdueError) return new Error(error.reason, { cause: error });
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return new Error('is missing', { cause: error });
  if (error.code === 'EACCES') return new Error('may not be read', { cause: error });
  return error;
}
