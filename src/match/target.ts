/** The request target (RFC 9112 §3.2) split: the path that is matched, the query, and the authority. */

/** A request target in its parts. One small object per request: two scans over the target would cost more. */
export interface RequestTarget {
  /** Raw, not yet in normal form; begins with `/`, or is `*`. */
  readonly path: string;
  /** With its `?`, or ''. */
  readonly query: string;
  /** `host[:port]` as sent in the absolute form, which then overrules `Host` (RFC 9112 §3.2.2); else ''. */
  readonly authority: string;
}

const ASTERISK: RequestTarget = Object.freeze({ path: '*', query: '', authority: '' });

/** `http://` or `https://`, then an authority without userinfo, which RFC 9110 §4.2.4 tells us to distrust. */
const ABSOLUTE = /^https?:\/\/((?:\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=-]+)(?::[0-9]*)?)(?=[/?]|$)/i;

/**
 * Splits a request target in origin form (`/a?b`), absolute form (`http://host/a?b`) or asterisk form (`*`).
 * Null for anything else: the authority form of CONNECT, a fragment or a character no URI can have in the query, a URL
 * with userinfo. The path is only cut out, not checked: that is `normalizePath`'s work. An absolute form without a path
 * and query has the path `/` (RFC 9110 §4.2.3), or `*` where `method` is OPTIONS (RFC 9112 §3.2.4).
 */
export function splitTarget(target: string, method = ''): RequestTarget | null {
  if (target.charCodeAt(0) === 0x2f) return split(target, 0, '');
  if (target === '*') return ASTERISK;
  const match = ABSOLUTE.exec(target);
  if (match === null) return null;
  const [start, authority] = match;
  if (start === target && method === 'OPTIONS') return { path: '*', query: '', authority: authority! };
  return split(target, start.length, authority!);
}

function split(target: string, from: number, authority: string): RequestTarget | null {
  const mark = target.indexOf('?', from);
  if (mark < 0) return { path: target.slice(from) || '/', query: '', authority };
  if (!isQuery(target, mark + 1)) return null;
  return { path: target.slice(from, mark) || '/', query: target.slice(mark), authority };
}

/** Queries go upstream as they are, so nothing that could end the request line or begin a fragment may be in them. */
function isQuery(target: string, from: number): boolean {
  for (let i = from; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f || code === 0x23) return false;
  }
  return true;
}
