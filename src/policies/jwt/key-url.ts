/** Keys from an issuer's JWKS URL, fetched when needed and kept when the issuer is down. */
import type { Log } from '../../types/policy.ts';
import { KEYS_MAX_BYTES, type KeySource, type Keys, parseKeySet } from './keys.ts';

/** All in milliseconds; as in jose's `createRemoteJWKSet`, but for the retry. */
const TIMEOUT = 5000;
/** Keys older than this are fetched again, in the background. */
const MAX_AGE = 600_000;
/** Between fetches that have keys to fall back on: tokens that name made-up keys must not become a flood upstream. */
const COOLDOWN = 30_000;
/** Between fetches while there are no keys at all. */
const RETRY = 2000;

export class UrlKeys implements KeySource {
  readonly #url: string;
  readonly #now: () => number;
  readonly #log: Log;
  readonly #closed = new AbortController();
  #keys: Keys | null = null;
  #text = '';
  #problem = '';
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #pending: Promise<void> | null = null;

  constructor(url: string, now: () => number, log: Log) {
    this.#url = url;
    this.#now = now;
    this.#log = log;
  }

  /** Old keys are better than a request that waits, or none: a refresh that fails leaves them in use. */
  current(): Keys | null {
    if (this.#keys !== null && this.#now() - this.#fetchedAt >= MAX_AGE && this.#cooled(COOLDOWN)) void this.#fetch();
    return this.#keys;
  }

  async load(): Promise<Keys | null> {
    if (this.#keys === null && (this.#pending !== null || this.#cooled(RETRY))) await this.#fetch();
    return this.#keys;
  }

  async renew(seen: Keys): Promise<Keys | null> {
    if (this.#keys === seen && (this.#pending !== null || this.#cooled(COOLDOWN))) await this.#fetch();
    return this.#keys === seen ? null : this.#keys;
  }

  /** Stops a fetch that is under way. */
  close(): void {
    this.#closed.abort();
  }

  #cooled(wait: number): boolean {
    return this.#now() - this.#triedAt >= wait;
  }

  /** One fetch at a time; who comes meanwhile waits for it. */
  #fetch(): Promise<void> {
    this.#pending ??= this.#refresh().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  async #refresh(): Promise<void> {
    this.#triedAt = this.#now();
    try {
      this.#take(await this.#download());
      this.#fetchedAt = this.#now();
      if (this.#problem !== '') this.#log.info({ url: this.#url }, 'jwt: the issuer’s keys are there again');
      this.#problem = '';
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  async #download(): Promise<string> {
    const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT), this.#closed.signal]);
    const headers = { accept: 'application/jwk-set+json, application/json' };
    // Not followed: who can redirect us could give us keys, and an issuer has no need to.
    const response = await fetch(this.#url, { redirect: 'manual', signal, headers });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`answers with status ${response.status}`);
    }
    return bounded(response);
  }

  /** The same keys stay the same object, so that verified tokens stay verified. */
  #take(text: string): void {
    if (this.#keys !== null && text === this.#text) return;
    this.#keys = parseKeySet(text);
    this.#text = text;
    this.#log.info({ url: this.#url }, 'jwt: keys loaded');
  }

  /** One line per change of state. */
  #failed(error: Error): void {
    const cause = error.cause as NodeJS.ErrnoException | undefined;
    const problem = cause?.code ?? error.message;
    if (this.#closed.signal.aborted || problem === this.#problem) return;
    this.#problem = problem;
    const consequence = this.#keys === null ? 'every request is refused' : 'the last good keys stay in use';
    this.#log.error({ url: this.#url, problem }, `jwt: the issuer’s keys are not available, ${consequence}`);
  }
}

/** The body as text. @throws {Error} where it is larger than a key set can be */
async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > KEYS_MAX_BYTES) throw new Error(`is larger than ${KEYS_MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
