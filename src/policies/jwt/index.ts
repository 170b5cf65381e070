/** The policy kind `jwt`: what it does, when, and its options are in README.md beside this file. */
import { createHash } from 'node:crypto';
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import type { Env, Exchange, Hooks, PolicyKind, Reply } from '../../types/policy.ts';
import { TokenCache, type Verified } from './cache.ts';
import { type JwtConfig, type RawJwt, resolve, STANDARD_CLAIMS, schema } from './config.ts';
import { jose } from './jose.ts';
import { FileKeys } from './key-file.ts';
import { UrlKeys } from './key-url.ts';
import { KEYS_MAX_BYTES, type KeySource, type Keys, parseKeySet, SecretKeys } from './keys.ts';
import { bearerToken, claimText, type NoToken } from './token.ts';
import { type Reason, verifyToken } from './verify.ts';

/** Verified tokens remembered per policy, thread and generation; one is about a kilobyte. */
const CACHE_SIZE = 2048;
const REFUSED = 'weir_jwt_refused_total';
const ACCEPTED = 'weir_jwt_accepted_total';

/** RFC 6750 §3.1: a request without a token is told the scheme and no error. */
const CHALLENGE = ['www-authenticate', 'Bearer'];
const CHALLENGE_INVALID = ['www-authenticate', 'Bearer error="invalid_token"'];

export const jwt: PolicyKind<RawJwt, JwtConfig> = {
  kind: 'jwt',
  summary: 'Lets requests with a valid bearer token (a signed JWT) through and reads its claims.',
  schema,
  resolve,
  files: ({ keys }) =>
    keys.from === 'file'
      ? [{ path: keys.path, at: ['keys', 'file'], maxBytes: KEYS_MAX_BYTES, verify: (text) => void parseKeySet(text) }]
      : [],
  provides: (config) => claimsOf(config).map((claim) => `jwt.${claim}`),
  compile,
};

const claimsOf = (config: JwtConfig): readonly string[] => [...STANDARD_CLAIMS, ...config.claims];

function compile(config: JwtConfig, env: Env): Hooks {
  // Now, since no request may wait for it.
  jose();
  const identity = createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16);
  const source = keySource(config, env);
  const cache = env.state(`jwt:${env.name}:${identity}`, () => new TokenCache(CACHE_SIZE));
  const claims = claimsOf(config);
  const setters = claims.map((claim) => env.provide(`jwt.${claim}`));
  const refused = refusalCounters(env);
  const fromCache = env.counter(ACCEPTED, { from: 'cache' });
  const fromSignature = env.counter(ACCEPTED, { from: 'signature' });

  function refuse(x: Exchange, reason: NoToken | Reason | 'unavailable'): Reply {
    refused[reason].value++;
    if (reason === 'unavailable') return x.error('STORE_UNAVAILABLE');
    return reason === 'missing'
      ? x.error('TOKEN_MISSING', [...CHALLENGE])
      : x.error('TOKEN_INVALID', [...CHALLENGE_INVALID]);
  }

  function grant(x: Exchange, facts: readonly string[]): undefined {
    for (let i = 0; i < setters.length; i++) setters[i]!(x, facts[i]!);
    if (!config.forward) x.headers.remove('authorization');
  }

  async function admitUnknown(x: Exchange, token: string): Promise<Reply | undefined> {
    const verified = await verify(token);
    if (typeof verified === 'string') return refuse(x, verified);
    cache.put(token, verified);
    fromSignature.value++;
    return grant(x, verified.facts);
  }

  async function verify(token: string): Promise<Verified | Reason | 'unavailable'> {
    let keys = await source.load();
    if (keys === null) return 'unavailable';
    let result = await verifyToken(token, keys, verifyOptions(config, env.now()));
    if (result === 'key') {
      const newer = await source.renew(keys);
      if (newer === null) return 'key';
      keys = newer;
      result = await verifyToken(token, keys, verifyOptions(config, env.now()));
    }
    return typeof result === 'string' ? result : remembered(result, keys, config, claims);
  }

  return {
    admit(x) {
      const { token, problem } = bearerToken(x.headers);
      if (problem !== null) return refuse(x, problem);
      const keys = source.current();
      const known = keys === null ? undefined : cache.get(token, keys, env.now());
      if (known === undefined) return admitUnknown(x, token);
      fromCache.value++;
      return grant(x, known.facts);
    },
  };
}

/** One source per file or URL and thread, shared by the policies that name it. */
function keySource({ keys }: JwtConfig, env: Env): KeySource {
  const now = () => env.now();
  if (keys.from === 'secrets') {
    const texts = keys.secrets.map(({ secret }) => secret);
    const identity = createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16);
    return env.state(`jwt-secrets:${identity}`, () => new SecretKeys(texts));
  }
  if (keys.from === 'file') return env.state(`jwt-file:${keys.path}`, () => new FileKeys(keys.path, now, env.log));
  return env.state(`jwt-url:${keys.url}`, () => new UrlKeys(keys.url, now, env.log));
}

function verifyOptions(config: JwtConfig, now: number): JWTVerifyOptions {
  return {
    algorithms: [...config.algorithms],
    issuer: config.issuer,
    audience: [...config.audiences],
    clockTolerance: config.leeway / 1000,
    currentDate: new Date(now),
    // A token that never expires cannot be taken back.
    requiredClaims: ['exp'],
  };
}

function remembered(payload: JWTPayload, keys: Keys, config: JwtConfig, claims: readonly string[]): Verified {
  const until = payload.exp! * 1000 + config.leeway;
  return { until, keys, facts: claims.map((claim) => factOf(payload, claim, config)) };
}

/** Of a token's several audiences, the fact is the one that let it in. */
function factOf(payload: JWTPayload, claim: string, config: JwtConfig): string {
  if (claim === 'aud' && Array.isArray(payload.aud)) {
    const { aud } = payload;
    return config.audiences.find((audience) => aud.includes(audience)) ?? '';
  }
  return Object.hasOwn(payload, claim) ? claimText(payload[claim]) : '';
}

type Refused = Readonly<Record<NoToken | Reason | 'unavailable', { value: number }>>;

function refusalCounters(env: Env): Refused {
  const counter = (reason: string) => env.counter(REFUSED, { reason });
  return {
    missing: counter('missing'),
    repeated: counter('repeated'),
    oversized: counter('oversized'),
    malformed: counter('malformed'),
    algorithm: counter('algorithm'),
    key: counter('key'),
    signature: counter('signature'),
    issuer: counter('issuer'),
    audience: counter('audience'),
    expired: counter('expired'),
    early: counter('early'),
    claims: counter('claims'),
    unavailable: counter('unavailable'),
  };
}
