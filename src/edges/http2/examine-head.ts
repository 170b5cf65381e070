/** What the head of an HTTP/2 request says about its body, and what a proxy must refuse in it. Pure. */
import type { ErrorCode } from '../../errors.ts';
import type { Fields } from '../../fields/fields.ts';
import { CONTENT_LENGTH, EXPECT, HOST, ID_MASK, TRANSFER_ENCODING } from '../../fields/names.ts';

/** A head with `host` in place of `:authority`; {@link examineHead} fills in the rest. */
export interface ExaminedHead {
  readonly method: string;
  /** In origin form, or `*`. */
  readonly target: string;
  readonly headers: Fields;
  /** Content-Length, or 0 where there is none. Must be 0 before. */
  bodyLength: number;
  /** Must be false before. */
  expectsContinue: boolean;
}

/** Characters a target can have (RFC 3986 §2, RFC 9113 §8.3.1), and some that clients send raw; above all no `#`. */
const TARGET = /^[!"$-~]+$/;
/** RFC 3986 §3.2.2 `host [ ":" port ]`. */
const VALID_HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z\-._~%!$&'()*+,;=]*)(?::[0-9]*)?$/;
const DIGITS = /^[0-9]{1,16}$/;

/** Reads length and expectation out of `head`. '' where all is well, else the row to refuse it with. */
export function examineHead(head: ExaminedHead): ErrorCode | '' {
  return isTarget(head) ? examineFields(head) : 'BAD_REQUEST';
}

function examineFields(head: ExaminedHead): ErrorCode | '' {
  const list = head.headers;
  let lengths = 0;
  let refusal: ErrorCode | '' = '';
  for (let i = 0; i < list.size; i++) {
    const id = list.kind(i) & ID_MASK;
    if (id === 0) continue;
    const value = list.value(i);
    switch (id) {
      case HOST:
        if (!VALID_HOST.test(value)) return 'BAD_REQUEST';
        break;
      case CONTENT_LENGTH:
        if (++lengths > 1 || !hasLength(head, value)) return 'BAD_REQUEST';
        break;
      case TRANSFER_ENCODING: // RFC 9113 §8.2.2
        return 'BAD_REQUEST';
      case EXPECT:
        head.expectsContinue = value.toLowerCase() === '100-continue';
        if (!head.expectsContinue) refusal = 'EXPECTATION_FAILED';
    }
  }
  return refusal;
}

/** RFC 9113 §8.3.1: the asterisk form is that of OPTIONS alone. */
function isTarget({ target, method }: ExaminedHead): boolean {
  return TARGET.test(target) && (target !== '*' || method === 'OPTIONS');
}

/** RFC 9110 §8.6: digits, nothing else; beyond 2^53 lengths would be counted wrongly. */
function hasLength(head: ExaminedHead, value: string): boolean {
  head.bodyLength = Number(value);
  return DIGITS.test(value) && head.bodyLength <= Number.MAX_SAFE_INTEGER;
}
