/** The last result of each section, in results.json: from these docs/performance.md is written. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Results, Stored } from './sections/types.ts';
import { BENCH } from './subjects/files.ts';

const FILE = join(BENCH, 'results.json');

export function readResults(): Results {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : {};
}

/** Keeps the other sections as they are. Returns all. */
export function keepResult(section: string, stored: Stored): Results {
  const results = { ...readResults(), [section]: stored };
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`);
  return results;
}
