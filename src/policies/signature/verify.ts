/** The check itself: fields, time, signature, replay, in this order; each has its own code and none says more. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { ErrorCode } from '../../errors.ts';
import { type HeaderList, indexOfHeader } from '../../headers.ts';
import { type Seen, StoreGuard } from '../../store/guard.ts';
import type { Env, Exchange, Reply } from '../../types/policy.ts';
import { BOUNDS, type SignatureConfig } from './config.ts';
import { Mac, type MacKey, macKey, macSize } from './mac.ts';
import { hasLooseNonce, nonceDelimiter } from './sign-template.ts';
import { parseTimestamp } from './timestamp.ts';

const REASONS = {
  SIGNATURE_MISSING: 'missing',
  SIGNATURE_DUPLICATE: 'duplicate',
  SIGNATURE_OVERSIZED: 'oversized',
  SIGNATURE_TIMESTAMP: 'timestamp',
  SIGNATURE_EXPIRED: 'expired',
  SIGNATURE_INVALID: 'invalid',
  SIGNATURE_REPLAYED: 'replayed',
  STORE_UNAVAILABLE: 'store',
} as const satisfies Partial<Record<ErrorCode, string>>;

type Refusal = keyof typeof REASONS;

/** Clocks of machines that share a store may differ by this (ms): a nonce outlives its timestamp by as much. */
const SKEW = 5_000;

interface Key {
  readonly mac: MacKey;
  /** What its nonces and signatures are remembered under. */
  readonly nonces: string;
  readonly signatures: string;
}

/** Checks the requests of one policy instance. The fields with a request's values are only used within one call. */
export class Verifier {
  readonly #config: SignatureConfig;
  readonly #env: Env;
  readonly #guard: StoreGuard;
  readonly #mac: Mac;
  readonly #sent: Buffer;
  readonly #sentLength: number;
  readonly #keys: ReadonlyMap<string, Key>;
  /** Stands in for keys that do not exist, so that they cost what a wrong signature costs. */
  readonly #dummy: MacKey;
  readonly #onlyKey: string;
  readonly #signedHeaders: readonly string[];
  readonly #signsText: boolean;
  readonly #delimiter: number;
  readonly #byNonce: boolean;
  readonly #bySignature: boolean;
  readonly #provideKey: (x: Exchange, value: string) => void;
  readonly #refused: Readonly<Record<Refusal, { value: number }>>;
  readonly #replays: { value: number };

  #keyId = '';
  #timestamp = '';
  #nonce = '';
  #signature = '';
  #ttl = 0;
  #refusal: Refusal | '' = '';

  constructor(config: SignatureConfig, env: Env) {
    this.#config = config;
    this.#env = env;
    this.#guard = new StoreGuard(env, config.onStoreError, 'once');
    this.#mac = new Mac(config.algorithm, config.sign);
    this.#sent = Buffer.alloc(macSize(config.algorithm));
    this.#sentLength = this.#sent.toString(config.encoding).length;
    this.#keys = new Map(
      Object.entries(config.keys).map(([id, { secret }]) => [id, makeKey(config, env.name, id, secret)]),
    );
    this.#dummy = macKey(config.algorithm, randomBytes(32).toString('base64'));
    this.#onlyKey = config.headers.key === null ? (Object.keys(config.keys)[0] ?? '') : '';
    this.#signedHeaders = [...new Set(config.sign.flatMap((part) => (part.is === 'header' ? [part.name] : [])))];
    this.#signsText = config.sign.some((part) => part.is === 'path' || part.is === 'query' || part.is === 'header');
    this.#delimiter = nonceDelimiter(config.sign).charCodeAt(0);
    this.#byNonce = config.replay === 'nonce';
    this.#bySignature =
      config.replay === 'signature' || (this.#byNonce && config.nonceLength === 0 && hasLooseNonce(config.sign));
    this.#provideKey = env.provide('signature.key');
    this.#replays = env.counter('weir_replay_refused_total');
    this.#refused = Object.fromEntries(
      Object.entries(REASONS).map(([code, reason]) => [code, env.counter('weir_signature_refused_total', { reason })]),
    ) as Record<Refusal, { value: number }>;
  }

  admit(x: Exchange): Reply | undefined | Promise<Reply | undefined> {
    if (!this.#readFields(x.headers) || !this.#checkTime() || !this.#checkSignature(x))
      return this.#refuse(x, this.#refusal || 'SIGNATURE_INVALID');
    const id = this.#keyId;
    if (!this.#byNonce && !this.#bySignature) return this.#pass(x, id);
    const key = this.#keys.get(id)!;
    const first = this.#byNonce ? key.nonces + this.#nonce : key.signatures + this.#signature;
    const second = this.#byNonce && this.#bySignature ? key.signatures + this.#signature : '';
    return this.#consume(x, id, first, second, this.#ttl);
  }

  #readFields(headers: HeaderList): boolean {
    const names = this.#config.headers;
    this.#refusal = '';
    this.#keyId = names.key === null ? this.#onlyKey : this.#read(headers, names.key, BOUNDS.key);
    this.#timestamp = this.#read(headers, names.timestamp, BOUNDS.timestamp);
    this.#nonce = names.nonce === null ? '' : this.#read(headers, names.nonce, BOUNDS.nonce);
    this.#signature = this.#read(headers, names.signature, BOUNDS.signature);
    for (const name of this.#signedHeaders) this.#read(headers, name, BOUNDS.header);
    return this.#refusal === '';
  }

  /** The only field called `name`; '' and a refusal where there is not exactly one of sensible length. */
  #read(headers: HeaderList, name: string, most: number): string {
    const i = indexOfHeader(headers, name);
    const value = i < 0 ? '' : headers[i + 1];
    if (value === '') this.#refusal ||= 'SIGNATURE_MISSING';
    else if (indexOfHeader(headers, name, i + 2) >= 0) this.#refusal ||= 'SIGNATURE_DUPLICATE';
    else if (value.length > most) this.#refusal ||= 'SIGNATURE_OVERSIZED';
    return value;
  }

  /**
   * Reads the clock now and not at the request's arrival: a body may take long to come, and a nonce must be remembered
   * until its timestamp is refused by whoever looks last.
   */
  #checkTime(): boolean {
    const { timestamp, window } = this.#config;
    const time = parseTimestamp(timestamp, this.#timestamp);
    const ahead = time - this.#env.now();
    if (Number.isNaN(time)) this.#refusal = 'SIGNATURE_TIMESTAMP';
    else if (Math.abs(ahead) > window) this.#refusal = 'SIGNATURE_EXPIRED';
    this.#ttl = window + Math.max(0, ahead) + SKEW;
    return this.#refusal === '';
  }

  /** True where the signature is right. All ways of being wrong look the same from outside. */
  #checkSignature(x: Exchange): boolean {
    const known = this.#keys.get(this.#keyId);
    const readable = this.#isNonce(this.#nonce) && (!this.#signsText || this.#isPlain(x)) && this.#decode();
    this.#mac.compute(known?.mac ?? this.#dummy, this.#timestamp, this.#nonce, x);
    const equal = timingSafeEqual(this.#mac.digest, this.#sent);
    return equal && readable && known !== undefined;
  }

  /** Reads the signature's text; encoding it again must give the same text, so that it has one spelling only. */
  #decode(): boolean {
    const { encoding } = this.#config;
    const text = this.#signature;
    if (text.length !== this.#sentLength) return false;
    return this.#sent.write(text, encoding) === this.#sent.length && this.#sent.toString(encoding) === text;
  }

  /** Visible ASCII, of the length asked for, without the character that ends it in the template. */
  #isNonce(nonce: string): boolean {
    const { nonceLength } = this.#config;
    if (nonceLength !== 0 && nonce.length !== nonceLength) return false;
    for (let i = 0; i < nonce.length; i++) {
      const code = nonce.charCodeAt(i);
      if (code < 0x21 || code > 0x7e || code === this.#delimiter) return false;
    }
    return true;
  }

  /** Signed texts are hashed one byte a character; a character that is none would be taken for another. */
  #isPlain(x: Exchange): boolean {
    if (!isLatin1(x.path) || !isLatin1(x.query)) return false;
    for (const name of this.#signedHeaders) if (!isLatin1(x.headers[indexOfHeader(x.headers, name) + 1])) return false;
    return true;
  }

  /**
   * Uses up the nonce, the signature, or both: where text could move between nonce and body, the same signature with
   * another nonce is a replay too.
   */
  #consume(
    x: Exchange,
    id: string,
    first: string,
    second: string,
    ttl: number,
  ): Reply | undefined | Promise<Reply | undefined> {
    const seen = this.#guard.once(first, ttl);
    if (typeof seen !== 'string') return seen.then((answer) => this.#consumed(x, id, answer, second, ttl));
    return this.#consumed(x, id, seen, second, ttl);
  }

  #consumed(
    x: Exchange,
    id: string,
    seen: Seen,
    second: string,
    ttl: number,
  ): Reply | undefined | Promise<Reply | undefined> {
    if (seen === 'seen') {
      this.#replays.value++;
      return this.#refuse(x, 'SIGNATURE_REPLAYED');
    }
    if (seen === 'lost') return this.#refuse(x, 'STORE_UNAVAILABLE');
    return second === '' ? this.#pass(x, id) : this.#consume(x, id, second, '', ttl);
  }

  #pass(x: Exchange, id: string): undefined {
    this.#provideKey(x, id);
  }

  #refuse(x: Exchange, code: Refusal): Reply {
    this.#refused[code].value++;
    return x.error(code);
  }
}

function makeKey(config: SignatureConfig, policy: string, id: string, secret: string): Key {
  // No header value has a line break, so these parts cannot run into one another.
  const prefix = `signature\n${policy}\n${id}\n`;
  return { mac: macKey(config.algorithm, secret), nonces: `${prefix}n\n`, signatures: `${prefix}s\n` };
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}
