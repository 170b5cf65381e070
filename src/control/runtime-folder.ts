/** Where a running Weir can be found by the one that takes over from it: Unix sockets in a folder of this user's own. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkOwnFolder, makeOwnFolder, userId } from './own-folder.ts';

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
  // A user who can write there could replace the socket, and receive the listeners or pass on others.
  makeOwnFolder(folder, 'runtime');
  return pathsIn(folder, configFile);
}

/**
 * Finds out whether `runtimePaths` would return, without making the folder.
 * @throws {Error} as it would.
 */
export function checkRuntimeFolder(...[configured, configFile, env]: Parameters<typeof runtimePaths>): void {
  const folder = configured ?? defaultFolder(env);
  checkOwnFolder(folder, 'runtime');
  pathsIn(folder, configFile);
}

function pathsIn(folder: string, configFile: string): RuntimePaths {
  const name = createHash('sha256').update(configFile).digest('hex').slice(0, 16);
  // Not the process id: in containers that share the folder all have the same.
  const own = bounded(join(folder, `${name}.${randomBytes(6).toString('hex')}.sock`));
  return { shared: join(folder, `${name}.sock`), own };
}

/** Where no folder can be shared, threads get their sockets from one with a random name. @throws {Error} as above. */
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

function defaultFolder(env: Readonly<Record<string, string | undefined>>): string {
  // systemd lists several with colons.
  const [given] = (env.RUNTIME_DIRECTORY ?? '').split(':');
  if (given) return given;
  return env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'weir') : join(tmpdir(), `weir-${userId()}`);
}
