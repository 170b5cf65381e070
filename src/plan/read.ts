/** Rule files from disk: the only thing in this folder that reads. */
import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '../errors.ts';
import { Files, IrregularError, OverdueError } from '../files/files.ts';
import type { ProblemCode } from './codes.ts';
import type { RuleFile } from './load.ts';
import { MAX_FILE_SIZE } from './parse.ts';
import type { Problem } from './problems.ts';

/** What editors leave beside a file while it is open, and what a ConfigMap keeps its versions in (`..data`). */
function isHidden(name: string): boolean {
  return name.startsWith('.') || name.startsWith('#');
}

function isRuleFile(name: string): boolean {
  return name.endsWith('.yaml') && !isHidden(name);
}

/** What may be mistaken for rules although nothing reads it. */
function looksLikeRules(name: string): boolean {
  return /\.ya?ml$/i.test(name) && !isHidden(name);
}

/**
 * Every `*.yaml` in `folder`, sorted by name, with its absolute path. Symbolic links are followed, as in a ConfigMap's
 * folder; sub-folders are not. A file that cannot be read says so in `unreadable`, and of one that is too large only
 * the beginning is read; what is left out although it looks like rules says why in `leftOut`: the loader makes problems
 * of all three. Only regular files are read.
 *
 * @throws {WeirError} where the folder itself cannot be read
 * @throws {OverdueError} where the folder or something in it does not answer
 */
export async function readRuleFiles(folder: string, files: Files = new Files()): Promise<RuleFile[]> {
  const found: RuleFile[] = [];
  for (const entry of await entriesOf(folder, files)) {
    const file = join(folder, entry.name);
    const leftOut = isHidden(entry.name) ? '' : await whyLeftOut(file, entry, files);
    if (leftOut !== '') found.push({ file, text: '', leftOut });
    else if (isRuleFile(entry.name)) found.push(await readOne(file, files));
  }
  return found;
}

/** What {@link readRuleFiles} threw, as a problem of the folder. */
export function unreadableFolder(folder: string, { message }: Error): Problem {
  const code = 'unreadable-file' satisfies ProblemCode;
  return { file: folder, line: 1, column: 1, severity: 'error', code, message, hint: 'see `rules` in the config' };
}

async function entriesOf(folder: string, files: Files): Promise<Dirent[]> {
  try {
    return await files.list(folder);
  } catch (error) {
    if (error instanceof OverdueError) throw error;
    throw new WeirError(`the rules folder cannot be read: ${(error as Error).message}`, 1, { cause: error });
  }
}

/** '' where it is read, or would not be expected to be. */
async function whyLeftOut(file: string, entry: Dirent, files: Files): Promise<string> {
  const { name } = entry;
  if (entry.isSymbolicLink()) {
    const leadsTo = await kindBehind(file, files);
    if (leadsTo === 'nothing') return whyLinkLeftOut(file, files);
    if (leadsTo === 'folder' && !isRuleFile(name)) return whyFolderLeftOut(file, files);
  }
  if (entry.isDirectory() && !isRuleFile(name)) return whyFolderLeftOut(file, files);
  return looksLikeRules(name) && !isRuleFile(name) ? 'does not end in .yaml' : '';
}

async function whyLinkLeftOut(link: string, files: Files): Promise<string> {
  const target = await files.readlink(link).catch(orElse(''));
  return `is a link that leads nowhere${target === '' ? '' : `, to ${target}`}`;
}

async function whyFolderLeftOut(folder: string, files: Files): Promise<string> {
  const inside = await files.list(folder).catch(orElse([]));
  const rules = inside.find(({ name }) => looksLikeRules(name));
  return rules ? `is a folder, so ${rules.name} in it is not read` : '';
}

async function kindBehind(link: string, files: Files): Promise<'nothing' | 'folder' | 'other'> {
  try {
    return (await files.stat(link)).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (error instanceof OverdueError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code) ? 'nothing' : 'other';
  }
}

/** What cannot be looked at is left alone, unless it is because nothing answers. */
function orElse<T>(value: T): (error: Error) => T {
  return (error) => {
    if (error instanceof OverdueError) throw error;
    return value;
  };
}

/** One file as the loaders take it; what keeps it from being read is in `unreadable`. Never rejects. */
export function readRuleFile(file: string, files: Files = new Files()): Promise<RuleFile> {
  return readOne(file, files).catch((error: Error) => ({ file, text: '', unreadable: error.message }));
}

/** @throws {OverdueError} where it does not answer */
async function readOne(file: string, files: Files): Promise<RuleFile> {
  try {
    // One octet more than is parsed, so that the loader sees that it is too much.
    return decoded(file, await files.read(file, MAX_FILE_SIZE + 1));
  } catch (error) {
    if (error instanceof OverdueError) throw error;
    const unreadable = whyUnreadable(error as Error);
    return { file, text: '', unreadable };
  }
}

function decoded(file: string, bytes: Buffer): RuleFile {
  // The mark is kept so that the text is never shorter than what was read; the parser knows it.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  // A character may be cut in two where the file is too large, which is then the problem to tell.
  if (bytes.length > MAX_FILE_SIZE) return { file, text };
  const wrong = firstDifference(Buffer.from(text), bytes);
  if (wrong < 0) return { file, text };
  const before = bytes.subarray(0, wrong).toString().split('\n');
  const unreadableAt = { line: before.length, column: before[before.length - 1]!.length + 1 };
  return { file, text: '', unreadable: 'it is not UTF-8 from here on', unreadableAt };
}

/** What is not UTF-8 was decoded to U+FFFD, whose octets are others. -1 where all are alike. */
function firstDifference(a: Buffer, b: Buffer): number {
  if (a.equals(b)) return -1;
  const at = b.findIndex((octet, i) => octet !== a[i]);
  return at < 0 ? b.length : at;
}

function whyUnreadable(error: Error): string {
  return error instanceof IrregularError ? `it is ${error.found}, not a regular file` : error.message;
}
