/** The rules folder: read at once where somebody asks for it, and when it stands still where it has changed by itself. */
import { createHash } from 'node:crypto';
import { Files } from '../files/files.ts';
import type { RuleFile } from '../plan/load.ts';
import { readRuleFiles } from '../plan/read.ts';
import type { Log } from '../types/policy.ts';
import { type FolderWatch, watchFolder } from './watch.ts';

export class RulesFolder {
  readonly #folder: string;
  readonly #settle: number;
  readonly #log: Log;
  /** One for all that looks at it: a folder that does not answer costs one thread of the pool, however often asked. */
  readonly #files = new Files();
  #watch: FolderWatch<readonly RuleFile[]> | null = null;

  /** `settle`: milliseconds that the folder must stand still before a change is told. */
  constructor(folder: string, settle: number, log: Log) {
    this.#folder = folder;
    this.#settle = settle;
    this.#log = log;
  }

  /** As it is now. @throws {WeirError} where it cannot be read */
  read(): Promise<readonly RuleFile[]> {
    // Through the watcher, which has to know what is used: rules that come back within its time are a change again.
    return this.#watch?.take() ?? this.#read();
  }

  /**
   * Tells of changes that have settled, with the very files that stood still: what is read later may be half written
   * again. An error says why they could not be read. Resolves when changes from now on are seen.
   */
  watch(onChange: (files: readonly RuleFile[] | Error) => void): Promise<void> {
    this.#watch = watchFolder<readonly RuleFile[]>({
      folder: this.#folder,
      log: this.#log,
      settle: this.#settle,
      files: this.#files,
      read: () => this.#read(),
      digest: digestOf,
      remedy: '; a reload by signal or call takes them as they are',
      onChange,
    });
    return this.#watch.ready;
  }

  async close(): Promise<void> {
    await this.#watch?.close();
  }

  #read(): Promise<readonly RuleFile[]> {
    return readRuleFiles(this.#folder, this.#files);
  }
}

/** Names count too: order of files is order of routes. Lengths keep two files from reading as one. */
export function digestOf(files: readonly RuleFile[]): string {
  const hash = createHash('sha256');
  for (const { file, text, unreadable = '', leftOut = '' } of files)
    for (const part of [file, text, unreadable, leftOut]) hash.update(`${part.length}:${part}`);
  return hash.digest('hex');
}
