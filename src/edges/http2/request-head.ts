/** What a request's field section says (RFC 9113 §8.3.1), as the flat head that HTTP/1.1 would have. Pure. */
import type { ErrorCode } from '../../errors.ts';
import { Fields, type Pairs } from '../../fields/fields.ts';
import { isFieldValue } from '../../fields/line.ts';
import { HOST } from '../../fields/names.ts';
import { METHODS } from '../../http1/request-line.ts';
import { examineHead } from './examine-head.ts';

/** What HTTP/1.1 writes around a field. */
const FIELD_FRAME = 4;

export class RequestHead {
  method = '';
  target = '';
  readonly version = '2';
  /** `host` first, then what was sent, in order. */
  headers: Fields = Fields.empty();
  /** 0 none, n known, -1 not known before its end. */
  bodyLength = 0;
  expectsContinue = false;
  /** Why this is no request to hand over, or ''. */
  readonly refusal: ErrorCode | '';

  /**
   * nghttp2 has seen to it that pseudo fields are there, once and first, names in lower case, nothing of a connection
   * among them, and one length at most. `whole`: no body follows. `limit`: octets, counted as for HTTP/1.1.
   */
  constructor(raw: Pairs, whole: boolean, limit: number) {
    let authority: string | null = null;
    let scheme = '';
    let octets = 0;
    let sound = true;
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!;
      const value = raw[i + 1]!;
      octets += name.length + value.length + FIELD_FRAME;
      if (name.charCodeAt(0) !== COLON) sound = this.headers.tryAdd(name, value) && sound;
      else if (name === ':method') this.method = value;
      else if (name === ':path') this.target = value;
      else if (name === ':authority') authority = value;
      else if (name === ':scheme') scheme = value;
    }
    if (octets > limit) this.refusal = this.#tooLarge(limit);
    else if (!sound) this.refusal = 'BAD_REQUEST';
    else this.refusal = this.#examine(authority, scheme, whole);
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
    if (refusal === '' && !whole && this.headers.indexOf('content-length') < 0) this.bodyLength = -1;
    return refusal;
  }

  /** RFC 9113 §8.3.1: `host` may repeat `:authority`, and must not contradict it; one of them is needed. */
  #addressed(authority: string | null): boolean {
    const host = this.headers.get('host');
    if (this.headers.countOf('host') > 1) return false;
    if (authority === null) return host !== undefined && host !== '';
    if (authority === '' || (host !== undefined && host.toLowerCase() !== authority.toLowerCase())) return false;
    this.headers.dropId(HOST);
    if (!isFieldValue(authority)) return false;
    this.headers.addFirst('host', authority);
    return true;
  }
}

/** What `:path` takes beside its value, counted like a field. */
const PATH_FRAME = ':path'.length + FIELD_FRAME;

const COLON = 0x3a;
const SLASH = 0x2f;

/** RFC 9113 §8.2.3: crumbs of a cookie become one field again before anything else than HTTP/2 sees them. */
function joinCookies(headers: Fields): void {
  const first = headers.indexOf('cookie');
  if (first < 0 || headers.indexOf('cookie', first + 1) < 0) return;
  const crumbs: string[] = [];
  for (let i = first; i >= 0; i = headers.indexOf('cookie', i + 1)) crumbs.push(headers.value(i));
  headers.set('cookie', crumbs.join('; '));
}
