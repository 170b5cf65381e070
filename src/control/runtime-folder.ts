/** Where a running Weir can be found by the one that takes over from it: Unix sockets in a folder of this user's own. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  // Who can write there could put a socket of his own in the way and be given the listeners, or give his.
  if (uid !== userId()) throw new Error(`${folder} belongs to another user`);
  if ((mode & 0o022) !== 0) throw new Error(`${folder} can be written to by others`);
  const name = createHash('sha256').update(configFile).digest('hex').slice(0, 16);
  const own = bounded(join(folder, `${name}.${process.pid}.sock`));
  return { shared: join(folder, `${name}.sock`), own };
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

function defaultFolder(env: Readonly<Record<string, string | undefined>>): string {
  // systemd lists several with colons.
  const [given] = (env.RUNTIME_DIRECTORY ?? '').split(':');
  if (given) return given;
  return env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'weir') : join(tmpdir(), `weir-${userId()}`);
}

function userId(): number {
  return process.getuid?.() ?? 0;
}
