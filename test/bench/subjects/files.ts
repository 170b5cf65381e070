/** Config files of subjects: templates in this folder with `__word__` gaps. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `test/bench`. */
export const BENCH = dirname(dirname(fileURLToPath(import.meta.url)));
/** The repository. */
export const ROOT = dirname(dirname(BENCH));
/** Of all subjects with TLS: ECDSA, P-256. */
export const CERTIFICATE = join(ROOT, 'test', 'tools', 'tls', 'exact.pem');
export const CERTIFICATE_KEY = join(ROOT, 'test', 'tools', 'tls', 'exact.key');

/**
 * Fills `__word__` gaps.
 * @throws {Error} where a gap has no word
 */
export function fill(template: string, words: Readonly<Record<string, string | number>>): string {
  return template.replace(/__([A-Za-z]+)__/g, (_, word: string) => {
    if (!(word in words)) throw new Error(`no word for __${word}__`);
    return String(words[word]);
  });
}

/** Fills every file of `from` (a folder) into `to`, made if needed. */
export function fillFolder(from: string, to: string, words: Readonly<Record<string, string | number>>): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) fillFolder(source, target, words);
    else writeFileSync(target, fill(readFileSync(source, 'utf8'), words));
  }
}
