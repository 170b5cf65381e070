/** Options of the policy kind `signature`: as written, as resolved, and the checks between. */
import { isFieldName } from '../../fields/line.ts';
import { CLAIM, HOST, ID_MASK, kindOf, NOT_FORWARDED } from '../../fields/names.ts';
import type { OnStoreError } from '../../store/guard.ts';
import type { Secret } from '../../types/plan.ts';
import type { ConfigPath, ResolveContext } from '../../types/policy.ts';
import { parseDuration } from '../../units.ts';
import { findBoundaries } from './boundaries.ts';
import { type Algorithm, macSize } from './mac.ts';
import { KNOWN_PLACEHOLDERS, parseSignTemplate, type SignPart, type SignProblem } from './sign-template.ts';
import type { TimestampFormat } from './timestamp.ts';

export type Encoding = 'base64' | 'base64url' | 'hex';
export type Replay = 'nonce' | 'signature' | 'off';
export type BeforeStart = 'refuse' | 'accept';

/** What stands under `signature:`. */
export interface RawSignature {
  readonly keys: Readonly<Record<string, string>>;
  readonly allowShortSecrets?: boolean;
  readonly headers?: {
    readonly key?: string | false;
    readonly timestamp?: string;
    readonly nonce?: string;
    readonly signature?: string;
  };
  readonly sign: string;
  readonly algorithm?: Algorithm;
  readonly encoding?: Encoding;
  readonly timestamp?: TimestampFormat;
  readonly window?: string;
  readonly nonceLength?: number;
  readonly replay?: Replay;
  readonly beforeStart?: BeforeStart;
  readonly onStoreError?: OnStoreError;
}

export interface SignatureConfig {
  /** Key id → secret. */
  readonly keys: Readonly<Record<string, Secret>>;
  /** Lower case; `key` is null where requests carry none, `nonce` where none is signed. */
  readonly headers: {
    readonly key: string | null;
    readonly timestamp: string;
    readonly nonce: string | null;
    readonly signature: string;
  };
  readonly sign: readonly SignPart[];
  readonly algorithm: Algorithm;
  readonly encoding: Encoding;
  readonly timestamp: TimestampFormat;
  /** Milliseconds, in both directions. */
  readonly window: number;
  /** Exact length of a nonce; 0 where any will do. */
  readonly nonceLength: number;
  readonly replay: Replay;
  readonly beforeStart: BeforeStart;
  readonly onStoreError: OnStoreError;
}

/** The most characters of each field that is read; longer ones are refused with SIGNATURE_OVERSIZED. */
export const BOUNDS = Object.freeze({ key: 128, timestamp: 40, nonce: 128, signature: 256, header: 4096 });

const field = (what: string, fallback: string) => ({
  type: 'string',
  public: true,
  minLength: 1,
  default: fallback,
  description: `Header with the ${what}.`,
});

export const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['keys', 'sign'],
  properties: {
    keys: {
      type: 'object',
      description: 'Key id → shared secret (its UTF-8 bytes are the key). Take secrets from ${env:…}.',
      minProperties: 1,
      additionalProperties: { type: 'string', minLength: 1 },
    },
    allowShortSecrets: {
      type: 'boolean',
      default: false,
      description: 'Take secrets shorter than the hash (32, 48 or 64 bytes), which may be guessed from one request.',
    },
    headers: {
      type: 'object',
      description: 'Names of the header fields that carry the signature.',
      additionalProperties: false,
      properties: {
        key: {
          type: ['string', 'boolean'],
          public: true,
          not: { enum: [true, ''] },
          default: 'x-key-id',
          description: 'Header with the key id; `false` where there is only one key and requests do not name it.',
        },
        timestamp: field('timestamp', 'x-timestamp'),
        nonce: field('nonce', 'x-nonce'),
        signature: field('signature', 'x-signature'),
      },
    },
    sign: {
      type: 'string',
      minLength: 1,
      description: `What is signed: text with ${KNOWN_PLACEHOLDERS}, e.g. "{timestamp}:{body}". One must be able to tell where each part ends.`,
    },
    algorithm: { enum: ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'], default: 'hmac-sha256' },
    encoding: {
      enum: ['base64', 'base64url', 'hex'],
      default: 'base64',
      description: 'Of the signature: base64 padded, base64url unpadded, hex in lower case.',
    },
    timestamp: {
      enum: ['unix', 'unixMillis', 'rfc3339'],
      default: 'unix',
      description: 'Whole seconds, whole milliseconds, or `2026-01-31T12:00:00Z`.',
    },
    window: {
      type: 'string',
      public: true,
      default: '5m',
      description: 'A timestamp further than this from now, in either direction, is refused.',
    },
    nonceLength: {
      type: 'integer',
      minimum: 8,
      maximum: BOUNDS.nonce,
      description: 'Exact number of characters of a nonce; any length where it is not given.',
    },
    replay: {
      enum: ['nonce', 'signature', 'off'],
      description:
        'What is remembered so that a request passes once: its nonce (default where {nonce} is signed), its signature (default elsewhere), or nothing.',
    },
    beforeStart: {
      enum: ['refuse', 'accept'],
      default: 'refuse',
      description:
        'Requests signed before the store began to remember, which a process before this one may have let through already.',
    },
    onStoreError: {
      enum: ['deny', 'allow', 'local'],
      default: 'deny',
      description: 'When the store cannot answer: refuse, let pass unchecked, or check in this process alone.',
    },
  },
};

/** Checks the options and fills in what was left out. */
export function resolveSignature(raw: RawSignature, context: ResolveContext): SignatureConfig {
  const sign = parseSignTemplate(raw.sign);
  const parts = 'code' in sign ? [] : sign;
  const signsNonce = parts.some((part) => part.is === 'nonce');
  checkKeys(raw, context);
  if ('code' in sign) tell(sign, context);
  else {
    const boundaries = findBoundaries(parts, { timestamp: raw.timestamp ?? 'unix', nonceLength: raw.nonceLength ?? 0 });
    if ('code' in boundaries) tell(boundaries, context);
    checkSignedHeaders(raw, parts, context);
    checkTwins(raw, parts, signsNonce, context);
    checkNonce(raw, signsNonce, context);
  }
  return {
    keys: Object.fromEntries(Object.entries(raw.keys).map(([id, secret]) => [id, { secret }])),
    headers: resolveHeaders(raw, signsNonce, context),
    sign: parts,
    algorithm: raw.algorithm ?? 'hmac-sha256',
    encoding: raw.encoding ?? 'base64',
    timestamp: raw.timestamp ?? 'unix',
    window: resolveWindow(raw, context),
    nonceLength: raw.nonceLength ?? 0,
    replay: raw.replay ?? (signsNonce ? 'nonce' : 'signature'),
    beforeStart: raw.beforeStart ?? 'refuse',
    onStoreError: raw.onStoreError ?? 'deny',
  };
}

function tell({ code, message, hint }: SignProblem, context: ResolveContext): void {
  context.problem(['sign'], code, message, hint);
}

/** A field that no policy gets to see, or that holds the signature itself, could never be signed rightly. */
function checkSignedHeaders(raw: RawSignature, parts: readonly SignPart[], context: ResolveContext): void {
  const signature = namesOf(raw.headers).signature.toLowerCase();
  for (const part of parts) {
    if (part.is !== 'header') continue;
    if (part.name === signature) {
      const message = `{header.${part.name}} is the signature itself`;
      context.problem(['sign'], 'signature-header', message, 'leave it out');
    } else checkReaches(part.name, ['sign'], `{header.${part.name}}`, context);
  }
}

/** Of two fields whose names differ in nothing but `_` and `-`, each makes the other a duplicate. */
function checkTwins(
  { headers }: RawSignature,
  parts: readonly SignPart[],
  signsNonce: boolean,
  context: ResolveContext,
): void {
  const used = new Map<string, string>();
  const check = (name: string, at: ConfigPath): void => {
    const lower = name.toLowerCase();
    const folded = lower.replaceAll('_', '-');
    const other = used.get(folded);
    used.set(folded, other ?? lower);
    if (other === undefined || other === lower) return;
    const message = `"${lower}" and "${other}" make each other duplicates: many servers read "_" and "-" alike`;
    context.problem(at, 'signature-same-header', message, 'name another header');
  };
  const { key, timestamp, nonce, signature } = namesOf(headers);
  if (key !== false) check(key, ['headers', 'key']);
  check(timestamp, ['headers', 'timestamp']);
  check(signature, ['headers', 'signature']);
  if (signsNonce) check(nonce, ['headers', 'nonce']);
  for (const part of parts) if (part.is === 'header') check(part.name, ['sign']);
}

/** Reports a field of requests that never reaches policies; `shown` is how it is written there. */
function checkReaches(name: string, at: ConfigPath, shown: string, context: ResolveContext): void {
  const kind = kindOf(name);
  const claims = (kind & CLAIM) !== 0;
  if (claims ? context.passHeaders?.includes(name) : (kind & NOT_FORWARDED) === 0) return;
  const message = `${shown} never matches: policies do not see the field that the client sent`;
  const hint =
    (kind & ID_MASK) === HOST
      ? 'write {host}'
      : claims
        ? 'it is dropped unless `passHeaders` of the config lets it pass'
        : 'it belongs to one connection, or Weir writes its own; choose another field';
  context.problem(at, 'signature-header', message, hint);
}

function checkKeys(raw: RawSignature, context: ResolveContext): void {
  for (const id of Object.keys(raw.keys)) {
    if (id.length <= BOUNDS.key && /^[\x21-\x7e]+$/.test(id)) continue;
    const message = `the key id must be 1 to ${BOUNDS.key} visible ASCII characters, as it travels in a header`;
    context.problem(['keys', id], 'signature-key-id', message);
  }
  if (raw.allowShortSecrets !== true) checkSecrets(raw, context);
  if (raw.headers?.key === false && Object.keys(raw.keys).length > 1) {
    const message = 'with several keys, requests must name theirs';
    context.problem(['headers', 'key'], 'signature-key-header', message, 'give the header a name, or keep one key');
  }
}

/** A secret shorter than the hash's output can be guessed offline from one request (RFC 7518 §3.2, RFC 2104 §3). */
function checkSecrets({ keys, algorithm = 'hmac-sha256' }: RawSignature, context: ResolveContext): void {
  const least = macSize(algorithm);
  for (const [id, secret] of Object.entries(keys)) {
    if (Buffer.byteLength(secret) >= least) continue;
    const message = `the secret is shorter than the ${least} bytes that ${algorithm} needs`;
    const hint = `make one with \`openssl rand -base64 ${least}\`, or write \`allowShortSecrets: true\``;
    context.problem(['keys', id], 'signature-secret', message, hint);
  }
}

function checkNonce(raw: RawSignature, signsNonce: boolean, context: ResolveContext): void {
  if (signsNonce) return;
  if (raw.replay === 'nonce') {
    const message = 'the template has no {nonce}, and a nonce that is not signed protects nothing';
    context.problem(['replay'], 'replay-nonce', message, 'put {nonce} into `sign`, or write `replay: signature`');
  }
  for (const at of [['nonceLength'], ['headers', 'nonce']] as ConfigPath[])
    if (at.length === 1 ? raw.nonceLength !== undefined : raw.headers?.nonce !== undefined)
      context.problem(at, 'signature-no-nonce', 'has no effect: the template has no {nonce}', 'remove it');
}

function namesOf({
  key = 'x-key-id',
  timestamp = 'x-timestamp',
  nonce = 'x-nonce',
  signature = 'x-signature',
}: RawSignature['headers'] = {}) {
  return { key, timestamp, nonce, signature };
}

function resolveHeaders(raw: RawSignature, signsNonce: boolean, context: ResolveContext): SignatureConfig['headers'] {
  const { key, timestamp, nonce, signature } = namesOf(raw.headers);
  const seen = new Set<string>();
  const roles: [string, string | false][] = [
    ['key', key],
    ['timestamp', timestamp],
    ['signature', signature],
  ];
  if (signsNonce) roles.push(['nonce', nonce]);
  for (const [role, name] of roles) {
    if (name === false) continue;
    if (!isFieldName(name))
      context.problem(['headers', role], 'bad-header', `"${name}" is not a header name`, 'write it like x-signature');
    else checkReaches(name.toLowerCase(), ['headers', role], `"${name}"`, context);
    if (seen.has(name.toLowerCase()))
      context.problem(
        ['headers', role],
        'signature-same-header',
        `"${name}" already carries something else`,
        'name another header',
      );
    seen.add(name.toLowerCase());
  }
  return {
    key: key === false ? null : key.toLowerCase(),
    timestamp: timestamp.toLowerCase(),
    nonce: signsNonce ? nonce.toLowerCase() : null,
    signature: signature.toLowerCase(),
  };
}

function resolveWindow(raw: RawSignature, context: ResolveContext): number {
  const window = parseDuration(raw.window ?? '5m');
  if (window !== undefined && window > 0) return window;
  context.problem(
    ['window'],
    'bad-unit',
    `"${raw.window}" is not a duration above zero`,
    'write it like `5m` or `30s`',
  );
  return 300_000;
}
