/**
 * TLS certificates of the listeners: read and checked at start, read again when a file changes. Threads only ever get
 * pairs that fit; a bad pair at run time leaves the old one in use.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
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

/** What is wrong with a file of a pair. */
export interface CertificateFault {
  readonly listener: number;
  /** Index in the listener's list. */
  readonly pair: number;
  readonly of: keyof Pair;
  /** A warning where the pair is used all the same. */
  readonly severity: 'error' | 'warning';
  /** Names the file. */
  readonly message: string;
}

/** A pair cannot be used because of one of its files. */
class PairError extends WeirError {
  readonly of: keyof Pair;
  constructor(of: keyof Pair, message: string, cause?: unknown) {
    super(message, 1, { cause });
    this.of = of;
  }
}

export class CertificateStore {
  readonly #options: CertificateOptions;
  /** By listener; null where it has no TLS. */
  readonly #current: (CertificateData | null)[];
  readonly #files = new Files();
  #watches: readonly FolderWatch<null>[] = [];
  #refreshing: Promise<void> = Promise.resolve();

  constructor(options: CertificateOptions) {
    this.#options = options;
    this.#current = options.listeners.map(() => null);
  }

  /** Reads all for the first time. Returns every fault; a listener with an error among its pairs gets none. */
  async load(): Promise<CertificateFault[]> {
    const faults: CertificateFault[] = [];
    for (const [listener, { tls }] of this.#options.listeners.entries()) {
      if (!tls) continue;
      const pairs: Pair[] = [];
      // One after the other, so that a mount that does not answer costs one thread of the pool.
      for (const [index, files] of tls.certificates.entries()) {
        const read = await readFirst(files, this.#files, { listener, pair: index });
        faults.push(...read.faults);
        if (read.pair) pairs.push(read.pair);
      }
      if (pairs.length === tls.certificates.length) this.#use(listener, tls.certificates, pairs);
    }
    return faults;
  }

  /** What to start threads with, by listener; null where a listener has no TLS. */
  current(): readonly (CertificateData | null)[] {
    return [...this.#current];
  }

  /** Follows changes of the files. Resolves when changes from now on are seen. */
  async watch(): Promise<void> {
    const files = this.#options.listeners.flatMap(({ tls }) => tls?.certificates ?? []);
    const paths = files.flatMap(({ cert, key }) => [resolve(cert), resolve(key)]);
    const { log, settle } = this.#options;
    const onChange = (): void => void this.refresh();
    // What counts is read from the files themselves, which may lie behind links to other folders.
    const nothing = { read: async () => null, digest: () => '' };
    this.#watches = [...new Set(paths.map((path) => dirname(path)))].map((folder) => {
      // Others may write beside them all the time.
      const counts = (name: string): boolean => paths.includes(join(folder, name));
      return watchFolder({ folder, log, settle, onChange, counts, ...nothing });
    });
    await Promise.all(this.#watches.map((watch) => watch.ready));
    // What came between the first read and this is no change to the watchers.
    await this.refresh();
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
      for (const [i, { cert }] of fresh.entries())
        for (const problem of lifetimeProblems(cert)) log.warn({ file: files[i]!.cert }, `this certificate ${problem}`);
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
    for (const pair of files) pairs.push(await readGood(pair, this.#files));
    return pairs;
  }

  /** As all metrics and log lines call it. */
  #name(listener: number): string {
    const { host, port } = this.#options.listeners[listener]!;
    return formatAddress(host, port);
  }

  #use(listener: number, files: readonly Pair[], data: CertificateData): void {
    const { registry } = this.#options;
    this.#current[listener] = data;
    for (const [i, { cert }] of data.entries()) {
      const expires = new X509Certificate(cert).validToDate.getTime();
      const labels = { listener: this.#name(listener), file: files[i]!.cert };
      registry.gauge('weir_certificate_expiry_timestamp_seconds', labels, () => expires / 1000);
    }
  }
}

/** One pair, or null, and what is wrong with it. */
async function readFirst(
  files: Pair,
  from: Files,
  at: Pick<CertificateFault, 'listener' | 'pair'>,
): Promise<{ pair: Pair | null; faults: CertificateFault[] }> {
  const pair = await readPair(files, from);
  if (Array.isArray(pair))
    return { pair: null, faults: pair.map(({ of, message }) => ({ ...at, of, severity: 'error', message })) };
  const faults = lifetimeProblems(pair.cert).map(
    (problem): CertificateFault => ({ ...at, of: 'cert', severity: 'warning', message: `${files.cert} ${problem}` }),
  );
  return { pair, faults };
}

/** One pair, and whether it was good. @throws {PairError} for the first fault. */
async function readGood(files: Pair, from: Files): Promise<Pair> {
  const pair = await readPair(files, from);
  if (Array.isArray(pair)) throw pair[0];
  return pair;
}

/** Reads one pair and makes sure TLS will take it; else gives what is wrong with it. */
async function readPair(files: Pair, from: Files): Promise<Pair | PairError[]> {
  const cert = await readPart(files, from, 'cert', 'holds no PEM certificate', (pem) => new X509Certificate(pem));
  const key = await readPart(files, from, 'key', 'holds no PEM private key that can be read', createPrivateKey);
  if (cert instanceof PairError || key instanceof PairError)
    return [cert, key].filter((part) => part instanceof PairError);
  const pair = { cert: cert.pem, key: key.pem };
  if (!cert.parsed.checkPrivateKey(key.parsed))
    return [new PairError('key', `${files.key} is not the key of ${files.cert}`)];
  try {
    createSecureContext(pair);
    return pair;
  } catch (error) {
    return [new PairError('cert', `${files.cert} cannot be used for TLS: ${(error as Error).message}`, error)];
  }
}

async function readPart<T>(
  files: Pair,
  from: Files,
  of: keyof Pair,
  complaint: string,
  parse: (pem: string) => T,
): Promise<{ pem: string; parsed: T } | PairError> {
  const pem = await readText(files, from, of);
  if (pem instanceof PairError) return pem;
  try {
    return { pem, parsed: parse(pem) };
  } catch (error) {
    return new PairError(of, `${files[of]} ${complaint}: ${(error as Error).message}`, error);
  }
}

/** Clients refuse such a certificate, but one that is served is easier to find than one that is not. */
function lifetimeProblems(pem: string): string[] {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  const now = Date.now();
  if (validToDate.getTime() < now) return [`has expired (${validToDate.toISOString()})`];
  return validFromDate.getTime() > now ? [`is not valid before ${validFromDate.toISOString()}`] : [];
}

async function readText(files: Pair, from: Files, of: keyof Pair): Promise<string | PairError> {
  try {
    return (await from.read(files[of], MAX_SIZE)).toString();
  } catch (error) {
    const { message } = error as Error;
    const isWhole = error instanceof OverdueError;
    return new PairError(of, isWhole ? message : `${files[of]} cannot be read: ${message}`, error);
  }
}
