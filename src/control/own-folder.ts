/** Folders that only the user of this process can write to. */
import { accessSync, constants, existsSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes `folder`, with mode 0700, where it is missing. `key` of the config names it, for messages.
 * @throws {Error} where it cannot be made or another user could write there; the message says why.
 */
export function makeOwnFolder(folder: string, key: string): void {
  makeFolder(folder);
  assertPrivate(folder, key);
  accessSync(folder, constants.W_OK | constants.X_OK);
}

/**
 * Finds out whether {@link makeOwnFolder} would return, without making the folder.
 * @throws {Error} as it would.
 */
export function checkOwnFolder(folder: string, key: string): void {
  if (!existsSync(folder)) return assertCanBeMade(folder);
  assertPrivate(folder, key);
  accessSync(folder, constants.W_OK | constants.X_OK);
}

export function userId(): number {
  return process.getuid?.() ?? 0;
}

/**
 * May what stands in `folder` be believed? It may be one that nobody can write to, on a disk that is read-only.
 * @throws {Error} where another user could write there; the message says why.
 */
export function assertPrivate(folder: string, key: string): void {
  const link = lstatSync(folder);
  if (link.isSymbolicLink() && !(key === 'state' && isTrusted(link.uid)))
    throw new Error(`${folder} is a symbolic link; set \`${key}\` to the folder itself`);
  const found = statSync(folder);
  if (!found.isDirectory()) throw new Error(`${folder} is not a folder`);
  if (found.uid !== userId()) throw new Error(`${folder} belongs to another user`);
  if ((found.mode & 0o022) !== 0) throw new Error(`${folder} is writable by others; run chmod 700 on it`);
}

/** systemd makes the state folder of a `DynamicUser=` such a link. Nobody else but this user can turn it. */
function isTrusted(owner: number): boolean {
  return owner === 0 || owner === userId();
}

/** Is the nearest folder above one in which it can be made? */
function assertCanBeMade(folder: string): void {
  let parent = dirname(folder);
  while (!existsSync(parent)) parent = dirname(parent);
  accessSync(parent, constants.W_OK | constants.X_OK);
  if (!statSync(parent).isDirectory()) throw new Error(`${parent} is not a folder`);
}

/** As `mkdirSync` with `recursive`, which never returns where the parent exists and takes nothing, in /proc for one. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}
