/** Tells when something in a folder has changed and stands still again. */
import type { Stats } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { Files, OverdueError } from '../files/files.ts';
import { type Look, Stillness } from '../files/stillness.ts';
import type { Log } from '../types/policy.ts';

export interface FolderWatchOptions<T> {
  readonly folder: string;
  readonly log: Log;
  /** Milliseconds that names, sizes, times, inodes and what `read` reads must have stayed the same. */
  readonly settle: number;
  /** Reads what the folder is watched for. */
  readonly read: () => Promise<T>;
  /** Two things read with the same digest are the same. */
  readonly digest: (read: T) => string;
  /** Called once for a change that has settled, with what was read then, or why it could not be read. */
  readonly onChange: (read: T | Error) => void;
  /** The names in the folder that count; by default all but what editors leave. */
  readonly counts?: (name: string) => boolean;
  /** What to do where changes go unseen or are not taken, as the end of a log line: `; SIGHUP reloads`. */
  readonly remedy?: string;
  /** What looks at the folder; shared with `read`, so that a folder that does not answer is asked once. */
  readonly files?: Files;
  /** Milliseconds between looks at where the folder's path leads and what it holds; 2000 by default. */
  readonly poll?: number;
}

export interface FolderWatch<T> {
  /** Resolves when changes from now on are seen, or where the folder does not answer. */
  readonly ready: Promise<void>;
  /** What is there now, for somebody who does not wait: it is no change any more. Throws what `read` throws. */
  take(): Promise<T>;
  /** Never waits for a folder that does not answer. */
  close(): Promise<void>;
}

/** Milliseconds that a watcher may take to begin. */
const BEGIN = 5000;

/** What was seen of a folder: `entries` is its listing, `read` an error where it could not be read. */
interface FolderLook<T> extends Look {
  readonly entries: string;
  readonly read: T | Error;
}

/**
 * Watches the files of a folder: written in place, replaced by rename, added, removed, swapped behind a Kubernetes
 * ConfigMap's `..data` link, or the folder itself replaced, by another one or by turning a link on the way to it. A
 * system that cannot watch costs a warning, not the start: SIGHUP and the admin listener still reload.
 *
 * The watcher is quick but not sure: the system says nothing of a link that turns (`current → releases/42`), and on a
 * busy machine chokidar loses changes that follow one another quickly. So the folder is looked at now and then as well.
 */
export function watchFolder<T>(options: FolderWatchOptions<T>): FolderWatch<T> {
  const watched = new WatchedFolder(options);
  return { ready: watched.begin(), take: () => watched.take(), close: () => watched.close() };
}

class WatchedFolder<T> {
  readonly #folder: string;
  readonly #options: FolderWatchOptions<T>;
  readonly #files: Files;
  readonly #stillness: Stillness<FolderLook<T>>;
  #watcher: FSWatcher | null = null;
  #looks: NodeJS.Timeout | undefined;
  #leadsTo = '';
  #entries = '';
  #closed = false;

  constructor(options: FolderWatchOptions<T>) {
    this.#folder = resolve(options.folder);
    this.#options = options;
    this.#files = options.files ?? new Files();
    this.#stillness = new Stillness({
      look: () => this.#look(),
      settle: options.settle,
      onStill: ({ read }) => options.onChange(read),
      onRestless: (before, now) => this.#complain(before.entries, now.entries),
      now: () => performance.now(),
    });
  }

  async begin(): Promise<void> {
    // First of all: to watch a folder that does not answer would stop this thread.
    await this.#stillness.take();
    this.#leadsTo = await this.#target();
    if (this.#closed) return;
    if (this.#leadsTo !== '') this.#watcher = this.#open();
    const again = (): void => void this.#lookAgain().finally(() => this.#looks?.refresh());
    this.#looks = setTimeout(again, this.#options.poll ?? 2000).unref();
    await this.#begun();
    // What changed while the watcher began.
    this.#stillness.trigger();
  }

  async take(): Promise<T> {
    const { read } = await this.#stillness.take();
    if (read instanceof Error) throw read;
    return read;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#looks);
    this.#looks = undefined;
    this.#stillness.close();
    await this.#watcher?.close();
  }

  #open(): FSWatcher {
    const { log, remedy = '' } = this.#options;
    const folder = this.#folder;
    const watcher = watch(folder, {
      ignoreInitial: true,
      // Entries of the folder, and one level below: with 0, chokidar 6 loses a folder that is moved away and made anew.
      depth: 1,
      // Its own debouncing of editors would only add to ours.
      atomic: false,
      ignorePermissionErrors: true,
      ignored: (path) => path !== folder && isNoise(basename(path)),
    });
    watcher.on('all', () => this.#stillness.trigger());
    watcher.on('error', (error) => {
      log.warn({ folder, err: error }, `changes in this folder may be detected late${remedy}`);
    });
    return watcher;
  }

  #begun(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#watcher === null) return Promise.resolve();
    const timer = setTimeout(resolve, BEGIN);
    this.#watcher.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
    return promise;
  }

  async #look(): Promise<FolderLook<T>> {
    const { read, digest } = this.#options;
    const entries = await this.#listing();
    this.#entries = entries;
    try {
      const found = await read();
      return { mark: `${entries}\n${digest(found)}`, entries, read: found };
    } catch (error) {
      return { mark: `${entries}\n${(error as Error).message}`, entries, read: error as Error };
    }
  }

  /** Where the path leads and what is there: cheap, since nothing is read. */
  async #lookAgain(): Promise<void> {
    const entries = await this.#listing();
    const target = await this.#target();
    if (this.#closed) return;
    if (target !== this.#leadsTo && target !== '') {
      this.#leadsTo = target;
      void this.#watcher?.close();
      this.#watcher = this.#open();
      this.#stillness.trigger();
    } else if (entries !== this.#entries) this.#stillness.trigger();
  }

  #listing(): Promise<string> {
    return listing(this.#folder, this.#files, this.#options.counts ?? ((name) => !isNoise(name)));
  }

  /** '' where there is no such folder. */
  async #target(): Promise<string> {
    return this.#files.realpath(this.#folder).catch(() => '');
  }

  #complain(before: string, now: string): void {
    const old = new Set(before.split('\n'));
    const changing = now.split('\n').filter((line) => !old.has(line));
    const names = changing.map((line) => line.slice(0, line.indexOf('\t')));
    const { log, settle, remedy = '' } = this.#options;
    log.warn(
      { folder: this.#folder, changing: names, settle },
      `this folder keeps changing, so its changes are not applied${remedy}`,
    );
  }
}

/** Names, sizes, times and inodes of what a folder holds, links followed: a line each, its name first. */
async function listing(folder: string, files: Files, counts: (name: string) => boolean): Promise<string> {
  try {
    const lines: string[] = [];
    for (const { name } of await files.list(folder)) {
      if (!counts(name)) continue;
      const stats = await files.stat(join(folder, name)).catch(orNothing);
      lines.push(`${name}\t${stats ? signature(stats) : ''}`);
    }
    return lines.join('\n');
  } catch (error) {
    return `\t${(error as Error).message}`;
  }
}

/** A link that leads nowhere, or to itself, is an entry like others. */
function orNothing(error: Error): null {
  if (error instanceof OverdueError) throw error;
  return null;
}

function signature({ size, mtimeMs, ctimeMs, ino }: Stats): string {
  return `${size} ${mtimeMs} ${ctimeMs} ${ino}`;
}

/** Dot files, editors' backups and probes, a ConfigMap's dated folders; but not its `..data` link. */
export function isNoise(name: string): boolean {
  if (name === '..data') return false;
  return name.startsWith('.') || name.endsWith('~') || name.endsWith('.tmp') || name === '4913' || /^#.*#$/.test(name);
}
