/**
 * Where the country data comes from, on the control plane: reads the database and the overrides, verifies them, watches
 * both files and hands out what is good. Nothing that happens to the files throws or takes the last good data away.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type FSWatcher, watch } from 'chokidar';
import { Stillness } from '../files/stillness.ts';
import type { Log } from '../types/policy.ts';
import type { GeoData } from '../types/threads.ts';
import { type Overrides, parseOverrides } from './overrides.ts';
import { verifyDatabase } from './verify.ts';
import { WatchedFile } from './watched.ts';

const DATABASE_MAX = 1024 ** 3;
const OVERRIDES_MAX = 16 * 1024 ** 2;
const POLL_MS = 10_000;
const WATCH_TIMEOUT_MS = 5000;
/** Looks at a file that is being written when Weir starts. */
const FIRST_LOOKS = 8;
/** Between two of them, where `settle` is not less. */
const FIRST_PAUSE_MS = 250;

export interface GeoSourceOptions {
  /** Absolute path. */
  readonly database: string;
  /** Absolute path, or null where there are none. */
  readonly overrides: string | null;
  readonly log: Log;
  /** Called with each new good state after the one that `start` gave; never after `close`. */
  onChange(data: GeoData): void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Milliseconds of any origin that never go back. */
  readonly monotonic?: () => number;
  /** Milliseconds that both files must have looked the same before a change is taken: half a file can be good, too. */
  readonly settle: number;
  /** Milliseconds between looks at the files' times, by default 10,000, for what no watcher reports: NFS, symlinks further up. */
  readonly poll?: number;
}

export interface GeoStatus {
  /** Are both files, as they are now, in use? */
  readonly ok: boolean;
  /** When the data in use was read (milliseconds since the epoch), or null. */
  readonly loadedAt: number | null;
  /** When the database in use was made (ISO 8601), or null where there is none. */
  readonly build: string | null;
  /** What the database in use calls itself, or ''. */
  readonly type: string;
  /** Networks in the overrides. */
  readonly overrides: number;
  readonly reloads: number;
  readonly failures: number;
  /** What is wrong with the files as they are now, or null. */
  readonly problem: string | null;
}

/** A file that cannot be used as it is now. */
export interface GeoFault {
  readonly of: 'database' | 'overrides';
  /** Begins with the file's path. */
  readonly problem: string;
  /** What that means for requests. */
  readonly consequence: string;
}

interface DatabaseInUse {
  readonly bytes: SharedArrayBuffer;
  readonly build: string;
  readonly type: string;
}

interface OverridesInUse {
  readonly text: string;
  readonly overrides: Overrides;
}

function acceptDatabase(bytes: Uint8Array<SharedArrayBuffer>): DatabaseInUse {
  const database = verifyDatabase(bytes);
  return { bytes: bytes.buffer, build: database.buildTime.toISOString(), type: database.type };
}

/** All or nothing, like rules: a half-written file must not silently drop the networks it does not reach. */
function acceptOverrides(bytes: Uint8Array<SharedArrayBuffer>): OverridesInUse {
  const text = Buffer.from(bytes.buffer).toString('utf8');
  const { overrides, problems } = parseOverrides(text);
  if (problems.length > 0) {
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    throw new Error(`line ${problems[0]!.line}: ${problems[0]!.message}${more}`);
  }
  return { text, overrides };
}

export class GeoSource {
  readonly #options: GeoSourceOptions;
  readonly #now: () => number;
  readonly #database: WatchedFile<DatabaseInUse>;
  readonly #overrides: WatchedFile<OverridesInUse> | null;
  readonly #files: readonly WatchedFile<unknown>[];
  #watcher: FSWatcher | null = null;
  #polling: NodeJS.Timeout | null = null;
  readonly #stillness: Stillness<{ readonly mark: string }>;
  #working: Promise<unknown> = Promise.resolve();
  #loadedAt: number | null = null;
  #closed = false;
  /** A file was being written at the last look. */
  #unsettled = false;

  constructor(options: GeoSourceOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#database = new WatchedFile(options.database, DATABASE_MAX, acceptDatabase);
    this.#overrides =
      options.overrides === null ? null : new WatchedFile(options.overrides, OVERRIDES_MAX, acceptOverrides);
    this.#files = this.#overrides ? [this.#database, this.#overrides] : [this.#database];
    this.#stillness = new Stillness({
      look: () => this.#inTurn(() => this.#signatures()),
      settle: options.settle,
      onStill: () => void this.#inTurn(() => this.#check(true)),
      onRestless: () =>
        options.log.warn(
          { files: this.#files.map(({ path }) => path), settle: options.settle },
          'geoip: the files keep changing, so the changes are not applied',
        ),
      now: options.monotonic ?? (() => performance.now()),
    });
  }

  /** Starts watching, then reads. Without a readable database every country is unknown until there is one. */
  async start(): Promise<GeoData> {
    await this.#watch();
    await this.#stillness.take();
    await this.load();
    if (this.#unsettled) this.#stillness.again();
    const poll = () => this.#stillness.trigger();
    if (!this.#closed) this.#polling = setInterval(poll, this.#options.poll ?? POLL_MS).unref();
    return this.#data();
  }

  /** Reads both files for the first time. What is wrong with them is in {@link faults} and not logged. */
  async load(): Promise<void> {
    for (let looks = 1; ; looks++) {
      await this.#inTurn(() => this.#check(false));
      if (!this.#unsettled || this.#closed || looks === FIRST_LOOKS) return;
      await pause(Math.min(this.#options.settle, FIRST_PAUSE_MS));
    }
  }

  /** What is wrong with the files as they are now. */
  faults(): GeoFault[] {
    return this.#files.flatMap((file) => {
      if (file.problem === null) return [];
      const of = file === this.#database ? 'database' : 'overrides';
      return { of, problem: file.problem, consequence: this.#consequence(file) };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stillness.close();
    if (this.#polling) clearInterval(this.#polling);
    // A look that is under way is not waited for: its file may never answer.
    await this.#watcher?.close();
  }

  status(): GeoStatus {
    const database = this.#database.value;
    const problems = this.#files.flatMap((file) => file.problem ?? []);
    return {
      ok: problems.length === 0,
      loadedAt: this.#loadedAt,
      build: database?.build ?? null,
      type: database?.type ?? '',
      overrides: this.#overrides?.value?.overrides.size ?? 0,
      reloads: this.#files.reduce((sum, file) => sum + file.reloads, 0),
      failures: this.#files.reduce((sum, file) => sum + file.failures, 0),
      problem: problems.length === 0 ? null : problems.join('; '),
    };
  }

  #data(): GeoData {
    return { database: this.#database.value?.bytes ?? null, overrides: this.#overrides?.value?.text ?? '' };
  }

  /** Resolves when changes are seen from now on. Without a watcher, or until it is ready, files are polled. */
  #watch(): Promise<void> {
    const paths = this.#files.map((file) => file.path);
    return new Promise((resolve) => {
      const watcher = watch(paths, { ignoreInitial: true, depth: 0 });
      this.#watcher = watcher;
      // Where a file does not answer, its watcher is never ready.
      const waited = setTimeout(resolve, WATCH_TIMEOUT_MS);
      watcher.on('ready', () => {
        clearTimeout(waited);
        resolve();
      });
      watcher.on('all', () => this.#stillness.trigger());
      watcher.on('error', (error) => {
        this.#options.log.warn({ err: error }, 'geoip: watching files failed; polling them instead');
        resolve();
      });
    });
  }

  /** One after the other, so that a file that does not answer costs one thread of the pool. `work` never rejects. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#working.then(work);
    this.#working = turn;
    return turn;
  }

  async #signatures(): Promise<{ readonly mark: string }> {
    const marks: string[] = [];
    for (const file of this.#files) marks.push(await file.signature());
    return { mark: marks.join('\n') };
  }

  /** Reads what looks different from the last time, and what could not be used then. */
  async #check(tell: boolean): Promise<void> {
    let changed = false;
    this.#unsettled = false;
    for (const file of this.#files) {
      if (this.#closed) return;
      if (await this.#look(file, tell)) changed = true;
    }
    if (!changed) return;
    this.#loadedAt = this.#now();
    if (tell && !this.#closed) this.#tell();
  }

  #tell(): void {
    try {
      this.#options.onChange(this.#data());
    } catch (error) {
      this.#options.log.error({ err: error }, 'geoip: passing new country data to the threads failed');
    }
  }

  /** True where the file has new content. One log line per change of state, not per look. */
  async #look(file: WatchedFile<unknown>, tell: boolean): Promise<boolean> {
    const { log } = this.#options;
    const before = file.problem;
    const outcome = await file.look(before !== null);
    if (outcome === 'unsettled') this.#wait(tell);
    else if (outcome === 'loaded') log.info({ file: file.path, build: this.#database.value?.build }, 'geoip: loaded');
    else if (outcome === 'failed' && tell && file.problem !== before)
      log.warn({ file: file.path, problem: file.problem }, `geoip: ${this.#consequence(file)}`);
    else if (outcome === 'unchanged' && before !== null && file.problem === null)
      log.info({ file: file.path }, 'geoip: the file is back to what is in use');
    return outcome === 'loaded';
  }

  /** Looks again when the file has settled; `load` does so itself. */
  #wait(tell: boolean): void {
    this.#unsettled = true;
    if (tell) this.#stillness.again();
  }

  #consequence(file: WatchedFile<unknown>): string {
    if (file.value !== null) return 'the file cannot be used, the last good one stays in use';
    return file === this.#database
      ? 'no country database, so every country is unknown'
      : 'no overrides, so the database alone decides';
  }
}
