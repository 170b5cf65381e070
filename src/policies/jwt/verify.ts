/** Is this token genuine, meant for us, and valid now? */
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import { jose } from './jose.ts';
import type { Keys } from './keys.ts';

/** Why a token is refused: for the counter, never for the client. */
export type Reason =
  | 'malformed'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'early'
  | 'claims';

/**
 * A compact JWS (RFC 7515 §7.1). jose decodes more leniently (white space, padding, the standard alphabet); what is one
 * token should have one spelling where that is possible.
 */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Keys tried for one token that names none, so that a token cannot buy a thousand verifications. */
const KEYS_TRIED = 16;

/**
 * Verifies signature, then claims. `options.algorithms` decides what may be tried at all: a JWKS never verifies HS*, and
 * secrets never anything else, so a public key cannot be used as a secret; `none` is no algorithm here.
 * @returns the claims, or why the token is refused. Never rejects.
 */
export async function verifyToken(token: string, keys: Keys, options: JWTVerifyOptions): Promise<JWTPayload | Reason> {
  if (!COMPACT.test(token)) return 'malformed';
  try {
    return typeof keys === 'function' ? await withKeySet(token, keys, options) : await withEach(token, keys, options);
  } catch (error) {
    return reasonOf(error);
  }
}

type KeySet = Extract<Keys, (...args: never[]) => unknown>;

async function withKeySet(token: string, keys: KeySet, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jose().jwtVerify(token, keys, options)).payload;
  } catch (error) {
    // The token names no key (or the set names one twice), and several could be it.
    if (error instanceof jose().errors.JWKSMultipleMatchingKeys) return withEach(token, error, options);
    throw error;
  }
}

/** The first key whose signature fits decides. */
async function withEach(
  token: string,
  keys: Iterable<Uint8Array> | AsyncIterable<CryptoKey>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let failure: unknown = new (jose().errors.JWKSNoMatchingKey)();
  let tried = 0;
  for await (const key of keys) {
    if (tried++ === KEYS_TRIED) break;
    try {
      return (await jose().jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof jose().errors.JWSSignatureVerificationFailed)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function reasonOf(error: unknown): Reason {
  const { errors } = jose();
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return claimReason(error.claim);
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) return 'algorithm';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSInvalid) return 'key';
  // What is no error of jose's comes from importing or using a key: a modulus too short, a point off the curve.
  return error instanceof errors.JOSEError ? 'malformed' : 'key';
}

function claimReason(claim: string): Reason {
  if (claim === 'iss') return 'issuer';
  if (claim === 'aud') return 'audience';
  return claim === 'nbf' ? 'early' : 'claims';
}
