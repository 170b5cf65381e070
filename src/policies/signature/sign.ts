/** The other side of the check: makes the header fields of a signed request. Pure; `weir sign` and tests use it. */
import { Fields, type Pairs } from '../../fields/fields.ts';
import { findBoundaries } from './boundaries.ts';
import { BOUNDS, type SignatureConfig } from './config.ts';
import { Mac, macKey, type SignSource, textOf } from './mac.ts';
import { fits, type Piece } from './octets.ts';
import { writtenAs } from './sign-template.ts';
import { formatTimestamp } from './timestamp.ts';

/** A request as it will be sent: `authority` and `path` in normal form, `query` with its `?` or ''. */
export interface RequestToSign extends Partial<SignSource> {
  readonly method: string;
  readonly path: string;
}

export interface SignOptions {
  /** Key id; the first one configured where not given. */
  readonly key?: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Needed where the template signs one: unpredictable, and never used twice. */
  readonly nonce?: string;
}

/**
 * The fields to add to the request, name and value by turns.
 * @throws {Error} where the key does not exist, the nonce is missing, or a signed header is not in the request.
 */
export function signRequest(config: SignatureConfig, request: RequestToSign, options: SignOptions): Pairs {
  const id = options.key ?? Object.keys(config.keys)[0] ?? '';
  if (!Object.hasOwn(config.keys, id)) throw new Error(`there is no key "${id}"`);
  const nonce = options.nonce ?? '';
  if (config.headers.nonce !== null && nonce === '') throw new Error('this signature needs a nonce');
  const source = sourceOf(request);
  for (const part of config.sign) {
    if (part.is === 'host' && source.authority === '') throw new Error('the request lacks the signed host');
    if (part.is === 'header' && source.headers.indexOf(part.name) < 0)
      throw new Error(`the request lacks the signed header "${part.name}"`);
  }
  const timestamp = formatTimestamp(config.timestamp, options.now);
  const mac = new Mac(config.algorithm, config.sign);
  mac.compute(macKey(config.algorithm, config.keys[id]!.secret), timestamp, nonce, source);
  return fieldsOf(config, id, timestamp, nonce, mac.digest.toString(config.encoding));
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * A nonce of characters that the template lets nonces have, made of `random`: of the length asked for, or of 32
 * characters, with four bits each.
 */
export function makeNonce(config: SignatureConfig, random: (bytes: number) => Uint8Array): string {
  const boundaries = findBoundaries(config.sign, config);
  if ('code' in boundaries) throw new Error(boundaries.message);
  const allowed = [...ALPHABET].filter((char) => boundaries.nonce[char.charCodeAt(0)] === 1);
  return Array.from(random(config.nonceLength || 32), (byte) => allowed[byte & 15]).join('');
}

/**
 * Why the policy would refuse the request, whatever its signature; '' where it would not. Its headers are
 * those that it has beside the fields of the signature.
 */
export function faultOf(config: SignatureConfig, request: RequestToSign): string {
  const boundaries = findBoundaries(config.sign, config);
  if ('code' in boundaries) return boundaries.message;
  const source = sourceOf(request);
  for (const name of Object.values(config.headers))
    if (name !== null && source.headers.indexOfTwin(name) >= 0) return `the signature brings the field ${name} itself`;
  for (const piece of boundaries.pieces) {
    const fault = faultOfPiece(piece, source);
    if (fault !== '') return fault;
  }
  const first = source.body?.[0];
  if (first === undefined || boundaries.bodyFirst[first] === 1) return '';
  return `with this template a body cannot begin with ${JSON.stringify(String.fromCharCode(first))}, which may end a nonce`;
}

/** A field that is missing is for {@link signRequest} to tell. */
function faultOfPiece(piece: Piece, source: SignSource): string {
  const { part } = piece;
  if (part.is === 'header') {
    const at = source.headers.indexOf(part.name);
    if (at < 0) return '';
    if (source.headers.indexOfTwin(part.name) < at || source.headers.indexOfTwin(part.name, at + 1) >= 0)
      return `the signed header "${part.name}" is there more than once`;
    if (source.headers.value(at) === '') return `the signed header "${part.name}" is empty`;
    if (source.headers.value(at).length > BOUNDS.header)
      return `the signed header "${part.name}" has more than ${BOUNDS.header} octets`;
  }
  if (!HELD.has(part.is)) return '';
  const text = textOf(part, '', '', source);
  return text === '' || fits(piece, text) ? '' : `${JSON.stringify(text)} cannot be signed as ${writtenAs(part)}`;
}

/** Of the request itself, and text. */
const HELD: ReadonlySet<string> = new Set(['method', 'host', 'path', 'query', 'header']);

function sourceOf(request: RequestToSign): SignSource {
  return { authority: '', query: '', headers: Fields.empty(), body: null, ...request };
}

function fieldsOf(config: SignatureConfig, id: string, timestamp: string, nonce: string, signature: string): Pairs {
  const { headers } = config;
  const list: string[] = [];
  if (headers.key !== null) list.push(headers.key, id);
  list.push(headers.timestamp, timestamp);
  if (headers.nonce !== null) list.push(headers.nonce, nonce);
  list.push(headers.signature, signature);
  return list;
}
