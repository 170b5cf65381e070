/** Cases that once went wrong, or nearly did; each is run on every test run. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './fuzz.ts';

const FOLDER = join(import.meta.dirname, 'seeds');

/** A seed as its file holds it. */
interface SeedFile {
  readonly why: string;
  readonly asked: string | null;
  readonly closes: boolean;
  /** One character to an octet. */
  readonly bytes: string;
}

export function readSeeds(): (Case & { readonly name: string; readonly why: string })[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const { why, asked, closes, bytes } = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as SeedFile;
      return { name, why, asked, closes, bytes: Buffer.from(bytes, 'latin1') };
    });
}

export function writeSeed(name: string, why: string, { asked, closes, bytes }: Case): void {
  mkdirSync(FOLDER, { recursive: true });
  const seed: SeedFile = { why, asked, closes, bytes: bytes.toString('latin1') };
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(seed, null, 2)}\n`);
}
