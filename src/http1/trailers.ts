/** Which trailer fields go on (RFC 9110 §6.5.1). */
import type { HeaderList } from '../headers.ts';

/**
 * Fields that mean something only before the body: framing, routing, modifiers, authentication, content format, and
 * what proxies add. A later reader that merged them into the head could be fooled, so they are dropped.
 */
const DROPPED: ReadonlySet<string> = new Set(
  (
    'content-length transfer-encoding host connection keep-alive proxy-connection te trailer upgrade http2-settings ' +
    'cache-control expect max-forwards pragma range if-match if-none-match if-modified-since if-unmodified-since if-range ' +
    'authorization proxy-authorization proxy-authenticate www-authenticate authentication-info ' +
    'proxy-authentication-info cookie set-cookie age date expires location retry-after vary warning ' +
    'content-encoding content-type content-range content-location content-disposition ' +
    'forwarded via x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-real-ip'
  ).split(' '),
);

/** The trailers that may pass, or null where none is left. `list` is changed in place. */
export function passingTrailers(list: HeaderList): HeaderList | null {
  let to = 0;
  for (let i = 0; i < list.length; i += 2) {
    if (DROPPED.has(list[i]!.toLowerCase())) continue;
    list[to++] = list[i]!;
    list[to++] = list[i + 1]!;
  }
  list.length = to;
  return to > 0 ? list : null;
}
