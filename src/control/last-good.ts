/** The last good rules on disk, as they were written, for a start that finds broken ones. */
import { createHash, randomBytes } from 'node:crypto';
import { constants, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { RuleFile } from '../plan/load.ts';
import type { Log } from '../types/policy.ts';
import { bounded } from './line-sink.ts';
import { assertPrivate, checkOwnFolder, makeOwnFolder, userId } from './own-folder.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface LastGoodOptions {
  /** The folder as configured; null: where the system keeps such. */
  readonly state: string | null;
  /** Absolute path of the config file. */
  readonly configFile: string;
  /** Absolute path of the rules folder. */
  readonly rules: string;
  readonly env: Env;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface KeptRules {
  /** What they were called when they were kept. */
  readonly revision: string;
  /** ISO 8601. */
  readonly keptAt: string;
  /** With the paths they had. */
  readonly files: readonly RuleFile[];
}

/** What stands in the file, but for the digest over it. */
interface Content {
  readonly format: typeof FORMAT;
  readonly config: string;
  readonly rules: string;
  readonly revision: string;
  readonly keptAt: string;
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

const FORMAT = 'weir rules 1';

/** Bytes: rules have 8 MiB at most, and JSON makes six characters of one at worst. */
const MAX_SIZE = 64 * 1024 ** 2;

export class LastGood {
  readonly #options: LastGoodOptions;
  readonly #folder: string;
  readonly #file: string;
  #written: Promise<void> = Promise.resolve();
  /** What is written next: only the newest counts, however long the disk takes. */
  #next: Content | null = null;
  /** It has been said that they cannot be kept, and still they cannot. */
  #warned = false;

  constructor(options: LastGoodOptions) {
    this.#options = options;
    this.#folder = options.state ?? defaultFolder(options.env);
    const name = createHash('sha256').update(options.configFile).digest('hex').slice(0, 16);
    this.#file = join(this.#folder, `${name}.rules`);
  }

  /**
   * What was kept by an earlier process with the same config file and rules folder; null where there is nothing.
   * @throws {Error} where there is something, but nothing that can be trusted.
   */
  async read(): Promise<KeptRules | null> {
    const text = await this.#readText();
    if (text === null) return null;
    const { config, rules, revision, keptAt, files } = parse(this.#file, text);
    const { configFile, rules: folder } = this.#options;
    if (config !== configFile || rules !== folder) throw new Error(`${this.#file} belongs to other rules (${rules})`);
    return { revision, keptAt, files: files.map(({ name, text }) => ({ file: join(folder, name), text })) };
  }

  /** Writes them down, one call after another. Where that cannot be done a warning says so, once until it can. */
  keep(files: readonly RuleFile[], revision: string): void {
    const { configFile, rules, now } = this.#options;
    const content: Content = {
      format: FORMAT,
      config: configFile,
      rules,
      revision,
      keptAt: new Date(now()).toISOString(),
      // What is no part of the rules has no text, and would be taken for an empty file of them.
      files: files
        .filter(({ leftOut }) => leftOut === undefined)
        .map(({ file, text }) => ({ name: basename(file), text })),
    };
    const waits = this.#next !== null;
    this.#next = content;
    if (!waits) this.#written = this.#written.then(() => this.#writeNext()).catch((error) => this.#warn(error));
  }

  /** Resolves when all is written, or could not be, or after `timeout` milliseconds: a disk may hang. */
  settled(timeout: number): Promise<void> {
    return bounded(timeout, (done) => void this.#written.then(done));
  }

  async #writeNext(): Promise<void> {
    const content = this.#next!;
    this.#next = null;
    await this.#write(content);
    this.#warned = false;
  }

  #warn({ message }: Error): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.log.warn({ problem: message }, 'the rules in use cannot be saved for a start with broken ones');
  }

  async #readText(): Promise<string | null> {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    let file: FileHandle;
    try {
      file = await open(this.#file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    try {
      assertPrivate(this.#folder, 'state');
      const found = await file.stat();
      const own = found.isFile() && found.uid === userId() && (found.mode & 0o022) === 0;
      if (!own || found.size > MAX_SIZE) throw new Error(`${this.#file} is not a file that Weir has written`);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  }

  /** Whole or not at all, whenever the machine stops: the new file is on the disk before it takes the old one's name. */
  async #write(content: Content): Promise<void> {
    makeOwnFolder(this.#folder, 'state');
    const temporary = `${this.#file}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(JSON.stringify({ ...content, digest: digestOf(content) }));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(this.#file));
  }
}

/**
 * Finds out whether rules could be kept in the folder, without making it.
 * @throws {Error} that says why not.
 */
export function checkStateFolder(configured: string | null, env: Env): void {
  checkOwnFolder(configured ?? defaultFolder(env), 'state');
}

/** @throws {Error} where `text` is torn, or not what this wrote. */
function parse(file: string, text: string): Content {
  try {
    const { digest, ...content } = JSON.parse(text) as Content & { digest: string };
    const named = content.files.every(({ name, text }) => basename(name) === name && typeof text === 'string');
    if (content.format === FORMAT && digest === digestOf(content) && named) return content;
  } catch {
    // As below.
  }
  throw new Error(`${file} is damaged`);
}

function digestOf({ format, config, rules, revision, keptAt, files }: Content): string {
  const parts = [format, config, rules, revision, keptAt, ...files.flatMap(({ name, text }) => [name, text])];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** One that survives a reboot: a runtime folder does not. */
function defaultFolder(env: Env): string {
  // systemd lists several with colons.
  const [given] = (env.STATE_DIRECTORY ?? '').split(':');
  if (given) return given;
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, 'weir');
  return env.HOME ? join(env.HOME, '.local', 'state', 'weir') : join(tmpdir(), `weir-state-${userId()}`);
}
