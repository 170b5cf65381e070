/** Secrets of the demo's own: for every variable that the rules need and that is not set, a random value. */
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { WeirError } from '../errors.ts';

/** Makes a value for each name: 64 plain characters, as long as any signature wants. */
export function makeSecrets(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, randomBytes(48).toString('base64url')]));
}

/**
 * Writes the secrets where the printed commands read them, for this user alone. What stood there is the file of a demo
 * that was killed.
 * @throws {WeirError} where the file cannot be written.
 */
export function writeSecrets(file: string, secrets: Readonly<Record<string, string>>): void {
  const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`);
  try {
    rmSync(file, { force: true });
    writeFileSync(file, lines.join(''), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new WeirError(`${file} cannot be written: ${(error as Error).message}`, 1, { cause: error });
  }
}

export function removeSecrets(file: string): void {
  rmSync(file, { force: true });
}
