/** The check itself: fields, time, signature, replay, in this order; each has its own code and none says more. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ErrorCode } from '../../errors.ts';
import type { Fields } from '../../fields/fields.ts';
import { type Seen, StoreGuard } from '../../store/guard.ts';
import { NONCE_SKEW } from '../../store/nonces.ts';
import { Windows } from '../../store/windows.ts';
import type { Env, Exchange, Reply } from '../../types/policy.ts';
import { type Boundaries, findBoundaries } from './boundaries.ts';
import { BOUNDS, type SignatureConfig } from './config.ts';
import { Mac, type MacKey, macKey, macSize, textOf } from './mac.ts';
import { fits, type Piece } from './octets.ts';
import { EARLIEST, LATEST, parseTimestamp } from './timestamp.ts';

const REASONS = {
  SIGNATURE_MISSING: 'missing',
  SIGNATURE_DUPLICATE: 'duplicate',
  SIGNATURE_OVERSIZED: 'oversized',
  SIGNATURE_TIMESTAMP: 'timestamp',
  SIGNATURE_EXPIRED: 'expired',
  SIGNATURE_INVALID: 'invalid',
  SIGNATURE_AMBIGUOUS: 'ambiguous',
  SIGNATURE_BEFORE_START: 'before_start',
  SIGNATURE_REPLAYED: 'replayed',
  STORE_UNAVAILABLE: 'store',
} as const satisfies Partial<Record<ErrorCode, string>>;

type Refusal = keyof typeof REASONS;

interface Key {
  readonly mac: MacKey;
  /** What its nonces, or its signatures, are remembered under. */
  readonly prefix: string;
  /** Of its secret in {@link Windows}. */
  readonly bucket: number;
}

/** Checks the requests of one policy instance. The fields with a request's values are only used within one call. */
export class Verifier {
  readonly #config: SignatureConfig;
  readonly #env: Env;
  readonly #guard: StoreGuard;
  readonly #windows: Windows;
  readonly #mac: Mac;
  readonly #sent: Buffer;
  readonly #sentLength: number;
  readonly #keys: ReadonlyMap<string, Key>;
  /** Stands in for keys that do not exist, so that they cost what a wrong signature costs. */
  readonly #dummy: MacKey;
  readonly #onlyKey: string;
  readonly #signedHeaders: readonly string[];
  readonly #signsHost: boolean;
  readonly #boundaries: Boundaries;
  /** What is held to its grammar with each request; timestamps and bodies are looked at apart. */
  readonly #texts: readonly Piece[];
  readonly #provideKey: (x: Exchange, value: string) => void;
  readonly #refused: Readonly<Record<Refusal, { value: number }>>;
  readonly #replays: { value: number };

  #keyId = '';
  #timestamp = '';
  #nonce = '';
  #signature = '';
  /** How far the timestamp is ahead of the clock (ms); negative where it is in the past. */
  #ahead = 0;
  /** When the request says that it was signed (ms since the epoch). */
  #signedAt = 0;
  #refusal: Refusal | '' = '';

  constructor(config: SignatureConfig, env: Env) {
    this.#config = config;
    this.#env = env;
    this.#guard = new StoreGuard(env, config.onStoreError, 'once');
    this.#windows = new Windows(env.zone(Windows.identity, Windows.bytes), env.thread);
    this.#mac = new Mac(config.algorithm, config.sign);
    this.#sent = Buffer.alloc(macSize(config.algorithm));
    this.#sentLength = this.#sent.toString(config.encoding).length;
    this.#keys = new Map(
      Object.entries(config.keys).map(([id, { secret }]) => [id, makeKey(config, secret, this.#windows)]),
    );
    this.#dummy = macKey(config.algorithm, randomBytes(32).toString('base64'));
    this.#onlyKey = config.headers.key === null ? (Object.keys(config.keys)[0] ?? '') : '';
    this.#signedHeaders = [...new Set(config.sign.flatMap((part) => (part.is === 'header' ? [part.name] : [])))];
    this.#signsHost = config.sign.some((part) => part.is === 'host');
    this.#boundaries = boundariesOf(config);
    this.#texts = this.#boundaries.pieces.filter(({ part }) => !UNTESTED.has(part.is));
    this.#provideKey = env.provide('signature.key');
    this.#replays = env.counter('weir_replay_refused_total');
    this.#refused = Object.fromEntries(
      Object.entries(REASONS).map(([code, reason]) => [code, env.counter('weir_signature_refused_total', { reason })]),
    ) as Record<Refusal, { value: number }>;
  }

  admit(x: Exchange): Reply | undefined | Promise<Reply | undefined> {
    if (!this.#readFields(x) || !this.#checkTime() || !this.#checkSignature(x) || !this.#checkBody(x))
      return this.#refuse(x, this.#refusal || 'SIGNATURE_INVALID');
    const id = this.#keyId;
    const { replay } = this.#config;
    if (replay === 'off') return this.#pass(x, id);
    // The code itself, not its text: policies may write it differently.
    const what = replay === 'nonce' ? `n\n${this.#nonce}` : `s\n${this.#mac.digest.toString('latin1')}`;
    const seen = this.#once(this.#keys.get(id)!, what);
    if (typeof seen !== 'string') return seen.then((answer) => this.#consumed(x, id, answer));
    return this.#consumed(x, id, seen);
  }

  /** Remembers the request for as long as any policy with the same secret could accept it. */
  #once({ prefix, bucket }: Key, what: string): Seen | Promise<Seen> {
    const now = this.#env.now();
    const window = this.#windows.use(bucket, this.#config.window, now);
    if (!this.#windows.remembers(bucket, this.#signedAt, now))
      return this.#guard.unknown(this.#signedAt, 'before the window became longer');
    return this.#guard.once(prefix + what, window + Math.max(0, this.#ahead) + NONCE_SKEW, this.#signedAt);
  }

  #readFields(x: Exchange): boolean {
    const { headers } = x;
    const names = this.#config.headers;
    this.#refusal = '';
    this.#keyId = names.key === null ? this.#onlyKey : this.#read(headers, names.key, BOUNDS.key);
    this.#timestamp = this.#read(headers, names.timestamp, BOUNDS.timestamp);
    this.#nonce = names.nonce === null ? '' : this.#read(headers, names.nonce, BOUNDS.nonce);
    this.#signature = this.#read(headers, names.signature, BOUNDS.signature);
    for (const name of this.#signedHeaders) this.#read(headers, name, BOUNDS.header);
    if (this.#signsHost && x.authority === '') this.#refusal ||= 'SIGNATURE_MISSING';
    return this.#refusal === '';
  }

  /**
   * The only field called `name`; '' and a refusal where there is not exactly one of sensible length. A second one in the
   * spelling with `_` counts: upstream may not be able to tell the two apart, and only one of them is signed.
   */
  #read(headers: Fields, name: string, most: number): string {
    const i = headers.indexOf(name);
    const value = i < 0 ? '' : headers.value(i);
    if (value === '') this.#refusal ||= 'SIGNATURE_MISSING';
    else if (headers.indexOfTwin(name) < i || headers.indexOfTwin(name, i + 1) >= 0)
      this.#refusal ||= 'SIGNATURE_DUPLICATE';
    else if (value.length > most) this.#refusal ||= 'SIGNATURE_OVERSIZED';
    return value;
  }

  /**
   * Reads the clock now and not at the request's arrival: a body may take long to come, and a nonce must be remembered
   * until its timestamp is refused by whoever looks last.
   */
  #checkTime(): boolean {
    const { timestamp, window, beforeStart } = this.#config;
    const time = parseTimestamp(timestamp, this.#timestamp);
    const ahead = time - this.#env.now();
    if (Number.isNaN(time)) this.#refusal = 'SIGNATURE_TIMESTAMP';
    else if (Math.abs(ahead) > window || time < EARLIEST || time > LATEST) this.#refusal = 'SIGNATURE_EXPIRED';
    this.#ahead = ahead;
    this.#signedAt = beforeStart === 'accept' ? Number.POSITIVE_INFINITY : time;
    return this.#refusal === '';
  }

  /** True where the signature is right. All ways of being wrong look the same from outside. */
  #checkSignature(x: Exchange): boolean {
    const known = this.#keys.get(this.#keyId);
    const readable = this.#textsFit(x) && this.#decode();
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

  /** Is each part made of what it was taken for when the template was found certain? */
  #textsFit(x: Exchange): boolean {
    const { nonceLength } = this.#boundaries;
    if (nonceLength !== 0 && this.#nonce.length !== nonceLength) return false;
    const texts = this.#texts;
    for (let i = 0; i < texts.length; i++)
      if (!fits(texts[i]!, textOf(texts[i]!.part, this.#timestamp, this.#nonce, x))) return false;
    return true;
  }

  /** Asked last, since it tells more than that the request is refused. */
  #checkBody({ body }: Exchange): boolean {
    const { bodyStartsApart, bodyFirst } = this.#boundaries;
    if (!bodyStartsApart || body === null || body.length === 0 || bodyFirst[body[0]!] === 1) return true;
    this.#refusal = 'SIGNATURE_AMBIGUOUS';
    return false;
  }

  #consumed(x: Exchange, id: string, seen: Seen): Reply | undefined {
    if (seen === 'new') return this.#pass(x, id);
    if (seen === 'lost') return this.#refuse(x, 'STORE_UNAVAILABLE');
    if (seen === 'unknown') return this.#refuse(x, 'SIGNATURE_BEFORE_START');
    this.#replays.value++;
    return this.#refuse(x, 'SIGNATURE_REPLAYED');
  }

  #pass(x: Exchange, id: string): undefined {
    this.#provideKey(x, id);
  }

  #refuse(x: Exchange, code: Refusal): Reply {
    this.#refused[code].value++;
    return x.error(code);
  }
}

/** Literals are the template's own. */
const UNTESTED: ReadonlySet<string> = new Set(['literal', 'timestamp', 'body']);

function boundariesOf(config: SignatureConfig): Boundaries {
  const boundaries = findBoundaries(config.sign, config);
  if ('code' in boundaries) throw new Error(boundaries.message);
  return boundaries;
}

/**
 * Nonces belong to the secret alone, since whoever has a request signed with it can send that to any policy and under any
 * key id that has the same secret. A request that one of them let through is a replay to all.
 */
function makeKey(config: SignatureConfig, secret: string, windows: Windows): Key {
  const fingerprint = createHmac('sha256', secret).update('weir: nonces of this secret').digest();
  return {
    mac: macKey(config.algorithm, secret),
    prefix: `signature\n${fingerprint.toString('base64url')}\n`,
    bucket: windows.bucketOf(fingerprint.readUInt32LE()),
  };
}
