/** What stands under `jwt:`, and what it becomes. */
import { loopback } from '../../net/address.ts';
import type { Secret } from '../../types/plan.ts';
import type { ResolveContext } from '../../types/policy.ts';
import { parseDuration } from '../../units.ts';

export interface RawJwt {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  readonly keys: { readonly file?: string; readonly url?: string; readonly secrets?: readonly string[] };
  readonly allowShortSecrets?: boolean;
  readonly algorithms?: readonly string[];
  readonly leeway?: string;
  readonly claims?: readonly string[];
  readonly forward?: boolean;
}

export type KeysPlan =
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'url'; readonly url: string }
  | { readonly from: 'secrets'; readonly secrets: readonly Secret[] };

export interface JwtConfig {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys: KeysPlan;
  readonly algorithms: readonly string[];
  /** Milliseconds. */
  readonly leeway: number;
  /** Claims that become facts beside the standard four. */
  readonly claims: readonly string[];
  readonly forward: boolean;
}

const SYMMETRIC = ['HS256', 'HS384', 'HS512'] as const;
const ASYMMETRIC = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const;
const DEFAULT_ASYMMETRIC = ['RS256', 'ES256', 'EdDSA'] as const;
const DEFAULT_LEEWAY = 30_000;
/** More than this is no clock skew, but a longer life for stolen tokens. */
const LEEWAY_MAX = 600_000;

/** Claims that are facts always. */
export const STANDARD_CLAIMS = ['sub', 'iss', 'aud', 'jti'] as const;

const text = { type: 'string', minLength: 1 };

export const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['issuer', 'audience', 'keys'],
  properties: {
    issuer: { ...text, description: 'The `iss` a token must have, to the letter.' },
    audience: {
      description: 'The `aud` a token must have; of several, one.',
      if: { type: 'array' },
      // biome-ignore lint/suspicious/noThenProperty: the JSON Schema keyword
      then: { type: 'array', minItems: 1, uniqueItems: true, items: text },
      else: text,
    },
    keys: {
      type: 'object',
      description: 'Where keys come from; exactly one of the three.',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      properties: {
        file: {
          ...text,
          public: true,
          description: 'A JWKS file (public keys), read again when it changes. Its path starts at the rules folder.',
        },
        url: { ...text, description: 'The issuer’s JWKS; https, or http on this machine.' },
        secrets: { type: 'array', minItems: 1, items: text, description: 'Shared secrets for HS*; each is tried.' },
      },
    },
    allowShortSecrets: {
      type: 'boolean',
      default: false,
      description: 'Take secrets shorter than the hash (32, 48 or 64 bytes), which may be guessed from one token.',
    },
    algorithms: {
      type: 'array',
      description: 'Accepted `alg`s. By default RS256, ES256, EdDSA; with secrets HS256.',
      minItems: 1,
      uniqueItems: true,
      items: { enum: [...ASYMMETRIC, ...SYMMETRIC] },
    },
    leeway: { type: 'string', public: true, default: '30s', description: 'How far clocks may differ; at most 10m.' },
    claims: {
      type: 'array',
      description: 'More claims that become facts: `email` is read as `${jwt.email}`.',
      uniqueItems: true,
      items: { type: 'string', public: true, pattern: '^[^\\s{}$\\x00-\\x1f\\x7f]+$' },
    },
    forward: { type: 'boolean', default: false, description: 'Does the token go on to the upstream?' },
  },
};

export function resolve(raw: RawJwt, context: ResolveContext): JwtConfig {
  const keys = resolveKeys(raw.keys, context);
  const algorithms = raw.algorithms ?? (keys.from === 'secrets' ? ['HS256'] : DEFAULT_ASYMMETRIC);
  checkAlgorithms(algorithms, keys, context);
  if (keys.from === 'secrets' && raw.allowShortSecrets !== true) checkSecrets(keys.secrets, algorithms, context);
  return {
    issuer: raw.issuer,
    audiences: typeof raw.audience === 'string' ? [raw.audience] : raw.audience,
    keys,
    algorithms,
    leeway: resolveLeeway(raw.leeway, context),
    claims: (raw.claims ?? []).filter((claim) => !STANDARD_CLAIMS.some((standard) => standard === claim)),
    forward: raw.forward ?? false,
  };
}

function resolveKeys(raw: RawJwt['keys'], context: ResolveContext): KeysPlan {
  if (raw.file !== undefined) return { from: 'file', path: context.resolvePath(raw.file) };
  if (raw.secrets !== undefined) return { from: 'secrets', secrets: raw.secrets.map((secret) => ({ secret })) };
  const url = raw.url ?? '';
  checkUrl(url, context);
  return { from: 'url', url };
}

/** Keys over plain http are whoever's who sits on the wire. */
function checkUrl(text: string, context: ResolveContext): void {
  const url = URL.parse(text);
  if (!url) context.problem(['keys', 'url'], 'jwt-url', 'must be a URL such as https://issuer.example.com/jwks.json');
  else if (url.username !== '' || url.password !== '')
    context.problem(['keys', 'url'], 'jwt-url', 'must not have a user name or password in it');
  else if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback(url.hostname)))
    context.problem(['keys', 'url'], 'jwt-url', 'must be https: who can change the keys can make tokens');
}

/** A list that mixes both sorts, or the wrong one, is how public keys become secrets (RFC 8725 §3.1). */
function checkAlgorithms(algorithms: readonly string[], keys: KeysPlan, context: ResolveContext): void {
  const fitting: readonly string[] = keys.from === 'secrets' ? SYMMETRIC : ASYMMETRIC;
  algorithms.forEach((algorithm, i) => {
    if (fitting.includes(algorithm)) return;
    const hint = keys.from === 'secrets' ? 'secrets are for HS256, HS384 and HS512' : 'HS* is for `secrets`';
    context.problem(['algorithms', i], 'jwt-algorithm', `${algorithm} does not work with these keys`, hint);
  });
}

/** As long as the hash, the longest one that is accepted, or it can be guessed offline from one token (RFC 7518 §3.2). */
function checkSecrets(secrets: readonly Secret[], algorithms: readonly string[], context: ResolveContext): void {
  const bytes = Math.max(...algorithms.map((algorithm) => Number(algorithm.slice(2)) / 8 || 0));
  secrets.forEach(({ secret }, i) => {
    if (Buffer.byteLength(secret) >= bytes) return;
    const hint = `make one with \`openssl rand -base64 ${bytes}\`, or write \`allowShortSecrets: true\``;
    const message = `the secret is shorter than the ${bytes} bytes that HS${bytes * 8} needs`;
    context.problem(['keys', 'secrets', i], 'jwt-secret', message, hint);
  });
}

function resolveLeeway(text: string | undefined, context: ResolveContext): number {
  if (text === undefined) return DEFAULT_LEEWAY;
  const leeway = parseDuration(text);
  if (leeway !== undefined && leeway <= LEEWAY_MAX) return leeway;
  context.problem(['leeway'], 'jwt-leeway', 'must be a duration of at most 10m, such as 30s');
  return DEFAULT_LEEWAY;
}
