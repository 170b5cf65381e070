/** Finding the bearer token in a request, and what was found out about it. */
import type { Fields } from '../../fields/fields.ts';

/** Longer ones are no tokens anybody issues; verifying costs time by length. */
const TOKEN_MAX = 16_384;
const SPACE = 0x20;
const SCHEME = 'bearer';

/** Why a request has no usable token. */
export type NoToken = 'missing' | 'repeated' | 'oversized';

export interface FoundToken {
  readonly token: string;
  readonly problem: NoToken | null;
}

const MISSING: FoundToken = Object.freeze({ token: '', problem: 'missing' });
const REPEATED: FoundToken = Object.freeze({ token: '', problem: 'repeated' });
const OVERSIZED: FoundToken = Object.freeze({ token: '', problem: 'oversized' });

/**
 * The token of the one `Authorization: Bearer` field (RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1). A second
 * `Authorization` of any scheme is refused: the upstream might read the other one. Tokens in a form or in the query are
 * not looked for, because they end in logs.
 */
export function bearerToken(headers: Fields): FoundToken {
  const at = headers.indexOf('authorization');
  if (at < 0) return MISSING;
  if (headers.indexOf('authorization', at + 1) >= 0) return REPEATED;
  const value = headers.value(at);
  if (value.charCodeAt(SCHEME.length) !== SPACE || value.slice(0, SCHEME.length).toLowerCase() !== SCHEME)
    return MISSING;
  const token = value.slice(SCHEME.length + 1).trim();
  if (token === '') return MISSING;
  return token.length > TOKEN_MAX ? OVERSIZED : { token, problem: null };
}

/** A claim as a fact: texts as they are, numbers and booleans as text, lists and objects as JSON, nothing as ''. */
export function claimText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
