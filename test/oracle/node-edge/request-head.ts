/** What a request's head says about its framing, and what a proxy must refuse in it (RFC 9112 §3, §6). Pure. */
import type { ErrorCode } from '../../../src/errors.ts';
import type { Fields } from '../../../src/fields/fields.ts';
import { CONTENT_LENGTH, EXPECT, HOST, ID_MASK, TRANSFER_ENCODING } from '../../../src/fields/names.ts';

/** A head as a parser gives it; {@link examineHead} fills in the rest. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: Fields;
  /** 0 none, n known, -1 chunked. Must be 0 before. */
  bodyLength: number;
  /** Must be false before. */
  expectsContinue: boolean;
}

/** Characters a target can have (RFC 3986 §2, RFC 9112 §3.2), and some that clients send raw; above all no `#`. */
const TARGET = /^[!"$-~]+$/;
/** `http` or `https` with an authority; nothing else is a proxy's to fetch (RFC 9112 §3.2.2). */
const ABSOLUTE = /^https?:\/\/[^/?]/i;
/** RFC 3986 §3.2.2 `host [ ":" port ]`, or empty as RFC 9112 §3.2 allows for targets without an authority. */
const VALID_HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z\-._~%!$&'()*+,;=]*)(?::[0-9]*)?$/;
const DIGITS = /^[0-9]{1,16}$/;

/**
 * Reads framing and expectation out of `head`. '' where all is well, else the row to refuse it with. `limit`: bytes the
 * fields may take; parsers that count names and values alone would let many small ones through.
 */
export function examineHead(head: RequestHead, limit: number): ErrorCode | '' {
  return isTarget(head.target, head.method) ? examineFields(head, limit) : 'BAD_REQUEST';
}

function examineFields(head: RequestHead, limit: number): ErrorCode | '' {
  const list = head.headers;
  let hosts = 0;
  let framings = 0;
  let refusal: ErrorCode | '' = '';
  for (let i = 0; i < list.size; i++) {
    switch (list.kind(i) & ID_MASK) {
      case HOST:
        if (++hosts > 1 || !VALID_HOST.test(list.value(i))) return 'BAD_REQUEST';
        break;
      case EXPECT:
        if (!expects(head, list.value(i))) refusal = 'EXPECTATION_FAILED';
        break;
      case CONTENT_LENGTH:
        if (++framings > 1 || !hasLength(head, list.value(i))) return 'BAD_REQUEST';
        break;
      case TRANSFER_ENCODING:
        if (++framings > 1 || !isChunked(head, list.value(i))) return 'BAD_REQUEST';
    }
  }
  if (list.octets > limit) return 'HEADERS_TOO_LARGE';
  return hosts === 0 && head.version === '1.1' ? 'BAD_REQUEST' : refusal;
}

/** Origin form, `http(s)` absolute form, or the asterisk of OPTIONS. The authority form is CONNECT's alone. */
function isTarget(target: string, method: string): boolean {
  if (!TARGET.test(target)) return false;
  if (target.charCodeAt(0) === 0x2f) return true;
  return target === '*' ? method === 'OPTIONS' : ABSOLUTE.test(target);
}

/** RFC 9110 §8.6: digits, nothing else; beyond 2^53 lengths would be counted wrongly. */
function hasLength(head: RequestHead, value: string): boolean {
  head.bodyLength = Number(value);
  return DIGITS.test(value) && head.bodyLength <= Number.MAX_SAFE_INTEGER;
}

/** RFC 9112 §6.1: `chunked` is the one coding taken here, and HTTP/1.0 does not know it. */
function isChunked(head: RequestHead, value: string): boolean {
  head.bodyLength = -1;
  return head.version === '1.1' && (value === 'chunked' || value.toLowerCase() === 'chunked');
}

/** RFC 9110 §10.1.1: an HTTP/1.0 client's expectation is ignored. */
function expects(head: RequestHead, value: string): boolean {
  if (head.version === '1.0') return true;
  head.expectsContinue = value.toLowerCase() === '100-continue';
  return head.expectsContinue;
}
