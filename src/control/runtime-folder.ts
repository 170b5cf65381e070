/** Where a running Weir can be found by the one that takes over from it: Unix sockets in a folder of this user's own. */
import { createHash, randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Longest path that a Unix socket can have (unix(7): `sun_path`, with its final NUL). */
const PATH_MAX = 107;

export interface RuntimePaths {
  /** Of the running Weir; found by whoever starts with the same config file. */
  readonly shared: string;
  /** Of this process, until it is the running one. */
  readonly own: string;
}

/**
 * Paths for the Weir of `configFile`. The folder is the configured one, or systemd's `RuntimeDirectory=`, or the user's
 * own, or one below the temporary folder; it is made where it is missing.
 * @throws {Error} that says why the folder cannot be used.
 */
export function runtimePaths(
  configured: string | null,
  configFile: string,
  env: Readonly<Record<string, string | undefined>>,
): RuntimePaths {
  const folder = configured ?? defaultFolder(env);
  makeFolder(folder);
  assertPrivate(folder);
  return pathsIn(folder, configFile);
}

/**
 * Finds out whether `runtimePaths` would return, without making the folder.
 * @throws {Error} as it would.
 */
export function checkRuntimeFolder(...[configured, configFile, env]: Parameters<typeof runtimePaths>): void {
  const folder = configured ?? defaultFolder(env);
  if (existsSync(folder)) assertPrivate(folder);
  else assertCanBeMade(folder);
  pathsIn(folder, configFile);
}

function pathsIn(folder: string, configFile: string): RuntimePaths {
  const name = createHash('sha256').update(configFile).digest('hex').slice(0, 16);
  // Not the process id: in containers that share the folder all have the same.
  const own = bounded(join(folder, `${name}.${randomBytes(6).toString('hex')}.sock`));
  return { shared: join(folder, `${name}.sock`), own };
}

function assertPrivate(folder: string): void {
  const found = lstatSync(folder);
  if (found.isSymbolicLink()) throw new Error(`${folder} is a symbolic link; set \`runtime\` to the folder itself`);
  if (!found.isDirectory()) throw new Error(`${folder} is not a folder`);
  // Who can write there could put a socket of his own in the way and be given the listeners, or give his.
  if (found.uid !== userId()) throw new Error(`${folder} belongs to another user`);
  if ((found.mode & 0o022) !== 0) throw new Error(`${folder} is writable by others; run chmod 700 on it`);
  accessSync(folder, constants.W_OK | constants.X_OK);
}

/** Is the nearest folder above one in which it can be made? */
function assertCanBeMade(folder: string): void {
  let parent = dirname(folder);
  while (!existsSync(parent)) parent = dirname(parent);
  accessSync(parent, constants.W_OK | constants.X_OK);
  if (!statSync(parent).isDirectory()) throw new Error(`${parent} is not a folder`);
}

/** Where no folder can be shared threads still get their sockets, from one that nobody knows. @throws {Error} as above. */
export function privatePath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-'));
  try {
    return bounded(join(folder, 'sockets'));
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
}

function bounded(path: string): string {
  if (Buffer.byteLength(path) > PATH_MAX) throw new Error(`${path} is too long for a Unix socket`);
  return path;
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

function defaultFolder(env: Readonly<Record<string, string | undefined>>): string {
  // systemd lists several with colons.
  const [given] = (env.RUNTIME_DIRECTORY ?? '').split(':');
  if (given) return given;
  return env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'weir') : join(tmpdir(), `weir-${userId()}`);
}

function userId(): number {
  return process.getuid?.() ?? 0;
}
