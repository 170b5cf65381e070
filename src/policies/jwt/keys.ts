/** Where verification keys come from. */
import type { JSONWebKeySet, LocalJWKSet } from 'jose';
import { jose } from './jose.ts';

/**
 * One state of the keys: a JWKS (public keys only) or shared secrets. A new object whenever the keys change, and only
 * then: whatever was verified with other keys has to be verified again.
 */
export type Keys = LocalJWKSet | readonly Uint8Array[];

export interface KeySource {
  /** The keys to use now, or null where there are none (yet). At once; may start a refresh in the background. */
  current(): Keys | null;
  /** Like `current`, but waits for the first keys where that can help. Never rejects. */
  load(): Promise<Keys | null>;
  /** Other keys than `seen`, which do not have the one a token names, or null. Never rejects. */
  renew(seen: Keys): Promise<Keys | null>;
}

/** More is no key set (the longest in use have a few dozen keys of two kilobytes). */
export const KEYS_MAX_BYTES = 1024 * 1024;

/**
 * Reads the text of a JWKS (RFC 7517 §5). Sets with private or symmetric keys are refused: whoever can read such a file
 * could make tokens, so something has gone wrong where it was made.
 * @throws {Error} whose message says what is wrong, without anything of the content
 */
export function parseKeySet(text: string): LocalJWKSet {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('is not JSON');
  }
  const set = json as Partial<JSONWebKeySet> | null;
  if (typeof set !== 'object' || set === null || !Array.isArray(set.keys)) throw new Error('is no JSON Web Key Set');
  for (const key of set.keys as readonly unknown[]) {
    if (typeof key !== 'object' || key === null) throw new Error('is no JSON Web Key Set');
    if ('d' in key || 'priv' in key) throw new Error('holds a private key; only public keys belong there');
    if ('k' in key) throw new Error('holds a symmetric key; those belong under `secrets`');
  }
  try {
    return jose().createLocalJWKSet(set as JSONWebKeySet);
  } catch {
    throw new Error('is no JSON Web Key Set');
  }
}

/** Secrets from the rules: always there, never renewed. */
export class SecretKeys implements KeySource {
  readonly #keys: Keys;

  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => new TextEncoder().encode(secret));
  }

  current(): Keys {
    return this.#keys;
  }

  async load(): Promise<Keys> {
    return this.#keys;
  }

  async renew(): Promise<null> {
    return null;
  }
}
