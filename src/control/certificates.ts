/**
 * TLS certificates of the listeners: read and checked at start, read again when a file changes. Threads only ever get
 * pairs that fit; a bad pair at run time leaves the old one in use.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { dirname } from 'node:path';
import { createSecureContext } from 'node:tls';
import { WeirError } from '../errors.ts';
import { Files, OverdueError } from '../files/files.ts';
import type { Registry } from '../metrics/registry.ts';
import { formatAddress } from '../net/address.ts';
import type { ListenerConfig } from '../types/config.ts';
import type { Log } from '../types/policy.ts';
import type { CertificateData } from '../types/threads.ts';
import { type FolderWatch, watchFolder } from './watch.ts';

export interface CertificateOptions {
  readonly listeners: readonly Pick<ListenerConfig, 'host' | 'port' | 'tls'>[];
  readonly log: Log;
  readonly registry: Registry;
  /** Milliseconds that the files must stand still before a change is looked at. */
  readonly settle: number;
  /** A listener's certificates changed and are good. */
  readonly onChange: (listener: number, certificates: CertificateData) => void;
}

/** Octets of a file that are read; a chain with its certificates has a few thousand. */
const MAX_SIZE = 1024 ** 2;

interface Pair {
  readonly cert: string;
  readonly key: string;
}

export class CertificateStore {
  readonly #options: CertificateOptions;
  /** By listener; null where it has no TLS. */
  readonly #current: (CertificateData | null)[];
  readonly #files = new Files();
  #watches: readonly FolderWatch[] = [];
  #refreshing: Promise<void> = Promise.resolve();

  constructor(options: CertificateOptions) {
    this.#options = options;
    this.#current = options.listeners.map(() => null);
  }

  /** Reads all for the first time. @throws {WeirError} that names the file that is no good. */
  async load(): Promise<void> {
    for (const [i, { tls }] of this.#options.listeners.entries()) {
      if (tls) this.#use(i, tls.certificates, await this.#readPairs(tls.certificates));
    }
  }

  /** What to start threads with, by listener; null where a listener has no TLS. */
  current(): readonly (CertificateData | null)[] {
    return [...this.#current];
  }

  /** Follows changes of the files. Resolves when changes from now on are seen. */
  async watch(): Promise<void> {
    const files = this.#options.listeners.flatMap(({ tls }) => tls?.certificates ?? []);
    const folders = new Set(files.flatMap(({ cert, key }) => [dirname(cert), dirname(key)]));
    const { log, settle } = this.#options;
    const onChange = (): void => void this.refresh();
    // What counts is read from the files themselves, which may lie behind links to other folders.
    const nothing = { read: async () => null, digest: () => '' };
    this.#watches = [...folders].map((folder) => watchFolder({ folder, log, settle, onChange, ...nothing }));
    await Promise.all(this.#watches.map((watch) => watch.ready));
  }

  /** Reads all files again; what changed and is good goes to the threads. Never rejects. */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing.then(async () => {
      for (const [i, { tls }] of this.#options.listeners.entries())
        if (tls) await this.#refreshOne(i, tls.certificates);
    });
    return this.#refreshing;
  }

  async close(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.close()));
  }

  async #refreshOne(listener: number, files: readonly Pair[]): Promise<void> {
    const { log, onChange } = this.#options;
    try {
      const fresh = await this.#readPairs(files);
      if (JSON.stringify(fresh) === JSON.stringify(this.#current[listener])) return;
      this.#use(listener, files, fresh);
      onChange(listener, fresh);
      log.info({ listener: this.#name(listener), files: files.map(({ cert }) => cert) }, 'new certificates are in use');
    } catch (error) {
      log.error(
        { listener: this.#name(listener), problem: (error as Error).message },
        'new certificates are refused; the old ones stay in use',
      );
    }
  }

  /** One after the other, so that a mount that does not answer costs one thread of the pool. @throws {WeirError} */
  async #readPairs(files: readonly Pair[]): Promise<Pair[]> {
    const pairs: Pair[] = [];
    for (const pair of files) pairs.push(await readPair(pair, this.#files));
    return pairs;
  }

  /** As all metrics and log lines call it. */
  #name(listener: number): string {
    const { host, port } = this.#options.listeners[listener];
    return formatAddress(host, port);
  }

  #use(listener: number, files: readonly Pair[], data: CertificateData): void {
    const { log, registry } = this.#options;
    this.#current[listener] = data;
    for (const [i, { cert }] of data.entries()) {
      const expires = new X509Certificate(cert).validToDate.getTime();
      const labels = { listener: this.#name(listener), file: files[i].cert };
      registry.gauge('weir_certificate_expiry_timestamp_seconds', labels, () => expires / 1000);
      if (expires < Date.now()) log.warn({ file: files[i].cert }, 'this certificate has expired');
    }
  }
}

/** Reads one pair and makes sure TLS will take it. @throws {WeirError} */
async function readPair(files: Pair, from: Files): Promise<Pair> {
  const pair = { cert: await readText(files.cert, from), key: await readText(files.key, from) };
  const leaf = attempt(files.cert, 'holds no PEM certificate', () => new X509Certificate(pair.cert));
  const key = attempt(files.key, 'holds no PEM private key that can be read', () => createPrivateKey(pair.key));
  if (!leaf.checkPrivateKey(key)) throw new WeirError(`${files.key} is not the key of ${files.cert}`);
  attempt(files.cert, 'cannot be used for TLS', () => createSecureContext(pair));
  return pair;
}

async function readText(file: string, from: Files): Promise<string> {
  try {
    return (await from.read(file, MAX_SIZE)).toString();
  } catch (error) {
    if (error instanceof OverdueError) throw error;
    throw new WeirError(`${file} cannot be read: ${(error as Error).message}`, 1, { cause: error });
  }
}

function attempt<T>(file: string, complaint: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new WeirError(`${file} ${complaint}: ${(error as Error).message}`, 1, { cause: error });
  }
}
