/** Cases that once went wrong, or nearly did; each is run on every test run. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SEED_NOTE } from '../../../src/testing/seed.ts';
import type { Case } from './fuzz.ts';

const FOLDER = join(import.meta.dirname, 'seeds');
const FILES = 'test/fuzz/http1/seeds';

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

export function writeSeed(name: string, what: string, found: Case): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(seedOf(what, found), null, 2)}\n`);
}

/** What went wrong, and one line that is a seed's file, to be pasted. */
export function shown(what: string, found: Case): string {
  return `${what}\n${SEED_NOTE} found it. To keep it, write this to ${FILES}/<name>.json:\n${JSON.stringify(seedOf(what, found))}`;
}

/** Why it went wrong, without the traces. */
function seedOf(what: string, { asked, closes, bytes }: Case): SeedFile {
  return { why: what.split(': {')[0]!, asked, closes, bytes: bytes.toString('latin1') };
}
