/** `errors: map`: an upstream's error page becomes a JSON body with a code; what is JSON already stays as it is. */
import { errorBody, errorContentType, type Protocol } from '../../errors.ts';
import type { Fields } from '../../fields/fields.ts';

/** Bytes of an upstream's error body that are read to see whether it is JSON; a longer one is replaced. */
export const MAPPED_BODY_MAX = 65536;

const CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_SERVER_ERROR',
};

/** The code clients see for an upstream's error status. */
export function mappedCode(status: number): string {
  return CODES[status] ?? 'UNKNOWN_ERROR';
}

/** Does the reply call itself JSON? Then it passes as it came. */
export function saysJson(headers: Fields): boolean {
  const type = headers.get('content-type')?.toLowerCase();
  if (type === undefined) return false;
  const media = type.split(';', 1)[0]!.trim();
  return media === 'application/json' || media.endsWith('+json');
}

/** Is this text a JSON object or array, whatever its content type said? */
export function isJsonBody(body: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

const DESCRIBES_OLD_BODY = [
  'content-type',
  'content-encoding',
  'content-language',
  'etag',
  'last-modified',
  'content-md5',
];

/** The body that takes the place of an upstream's, and `headers` made to fit it. */
export function mapError(status: number, headers: Fields, protocol: Protocol, requestId: string): string {
  for (const name of DESCRIBES_OLD_BODY) headers.remove(name);
  headers.add('content-type', errorContentType(protocol));
  return errorBody(protocol, status, mappedCode(status), `The upstream answered ${status}.`, requestId);
}
