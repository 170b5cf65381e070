/** What a request's field section says (RFC 9113 §8.3.1), as the flat head that HTTP/1.1 would have. Pure. */
import type { ErrorCode } from '../../errors.ts';
import { countHeader, getHeader, type HeaderList, indexOfHeader, removeHeader } from '../../headers.ts';
import { METHODS } from '../../http1/request-line.ts';
import { examineHead } from './examine-head.ts';

/** What HTTP/1.1 writes around a field. */
const FIELD_FRAME = 4;

export class RequestHead {
  method = '';
  target = '';
  readonly version = '2';
  /** `host` first, then what was sent, in order. */
  readonly headers: HeaderList = [];
  /** 0 none, n known, -1 not known before its end. */
  bodyLength = 0;
  expectsContinue = false;
  /** Why this is no request to hand over, or ''. */
  readonly refusal: ErrorCode | '';

  /**
   * nghttp2 has seen to it that pseudo fields are there, once and first, names in lower case, nothing of a connection
   * among them, and one length at most. `whole`: no body follows. `limit`: octets, counted as for HTTP/1.1.
   */
  constructor(raw: HeaderList, whole: boolean, limit: number) {
    let authority: string | null = null;
    let scheme = '';
    let octets = 0;
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!;
      const value = raw[i + 1]!;
      octets += name.length + value.length + FIELD_FRAME;
      if (name.charCodeAt(0) !== COLON) this.headers.push(name, value);
      else if (name === ':method') this.method = value;
      else if (name === ':path') this.target = value;
      else if (name === ':authority') authority = value;
      else if (name === ':scheme') scheme = value;
    }
    this.refusal = octets > limit ? this.#tooLarge(limit) : this.#examine(authority, scheme, whole);
  }

  /** As in HTTP/1.1: where the target alone does not fit, it is at fault (RFC 9110 §15.5.15), and no field. */
  #tooLarge(limit: number): ErrorCode {
    return this.target.length + PATH_FRAME > limit ? 'URI_TOO_LONG' : 'HEADERS_TOO_LARGE';
  }

  #examine(authority: string | null, scheme: string, whole: boolean): ErrorCode | '' {
    if (this.method === 'CONNECT') return 'METHOD_NOT_ALLOWED';
    // The same ones as over HTTP/1.1 (RFC 9110 §9.1): what a rule knows of a method must not depend on the version.
    if (!METHODS.has(this.method)) return 'NOT_IMPLEMENTED';
    if (scheme !== 'https' && scheme !== 'http') return 'BAD_REQUEST';
    // There is no absolute form here: scheme and authority have fields of their own.
    if (this.target.charCodeAt(0) !== SLASH && this.target !== '*') return 'BAD_REQUEST';
    if (!this.#addressed(authority)) return 'BAD_REQUEST';
    joinCookies(this.headers);
    const refusal = examineHead(this);
    if (refusal === '' && !whole && indexOfHeader(this.headers, 'content-length') < 0) this.bodyLength = -1;
    return refusal;
  }

  /** RFC 9113 §8.3.1: `host` may repeat `:authority`, and must not contradict it; one of them is needed. */
  #addressed(authority: string | null): boolean {
    const host = getHeader(this.headers, 'host');
    if (countHeader(this.headers, 'host') > 1) return false;
    if (authority === null) return host !== undefined && host !== '';
    if (authority === '' || (host !== undefined && host.toLowerCase() !== authority.toLowerCase())) return false;
    removeHeader(this.headers, 'host');
    this.headers.unshift('host', authority);
    return true;
  }
}

/** What `:path` takes beside its value, counted like a field. */
const PATH_FRAME = ':path'.length + FIELD_FRAME;

const COLON = 0x3a;
const SLASH = 0x2f;

/** RFC 9113 §8.2.3: crumbs of a cookie become one field again before anything else than HTTP/2 sees them. */
function joinCookies(headers: HeaderList): void {
  const first = indexOfHeader(headers, 'cookie');
  if (first < 0 || indexOfHeader(headers, 'cookie', first + 2) < 0) return;
  const crumbs: string[] = [];
  for (let i = first; i >= 0; i = indexOfHeader(headers, 'cookie', i + 2)) crumbs.push(headers[i + 1]!);
  removeHeader(headers, 'cookie');
  headers.splice(first, 0, 'cookie', crumbs.join('; '));
}
