/** Rule files from disk: the only thing in this folder that reads. */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '../errors.ts';
import type { RuleFile } from './load.ts';
import { MAX_FILE_SIZE } from './parse.ts';

/** What editors leave beside a file while it is open, and what a ConfigMap keeps its versions in (`..data`). */
function isRuleFile(name: string): boolean {
  return name.endsWith('.yaml') && !name.startsWith('.') && !name.startsWith('#');
}

/**
 * Every `*.yaml` in `folder`, sorted by name, with its absolute path. Symbolic links are followed, as in a ConfigMap's
 * folder; sub-folders are not. A file that cannot be read says so in `unreadable`, and of one that is too large only
 * the beginning is read: the loader makes problems of both.
 *
 * @throws {WeirError} where the folder itself cannot be read
 */
export async function readRuleFiles(folder: string): Promise<RuleFile[]> {
  const names = (await namesIn(folder)).filter(isRuleFile).sort();
  const files: RuleFile[] = [];
  for (const name of names) files.push(await readRuleFile(join(folder, name)));
  return files;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw new WeirError(`the rules folder cannot be read: ${(error as Error).message}`, 1, { cause: error });
  }
}

/** One file as the loaders take it; what keeps it from being read is in `unreadable`. Never rejects. */
export async function readRuleFile(file: string): Promise<RuleFile> {
  try {
    return { file, text: await readText(file) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { file, text: '', unreadable: code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : message };
  }
}

async function readText(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    // One byte more than is parsed, so that the loader sees that it is too much.
    const buffer = Buffer.allocUnsafe(MAX_FILE_SIZE + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    // A character may be cut in two where the file is too large, which is then the problem to tell.
    const fatal = length <= MAX_FILE_SIZE;
    // The mark is kept so that the text is never shorter than what was read; the parser knows it.
    return new TextDecoder('utf-8', { fatal, ignoreBOM: true }).decode(buffer.subarray(0, length));
  } finally {
    await handle.close();
  }
}
