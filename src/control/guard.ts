/**
 * Who may use the admin listener. Three doors, each closed by itself: a bearer token where one is configured; without
 * one, a `Host` that a web page cannot forge; and no reload on behalf of a web page in any case.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { AdminConfig } from '../types/config.ts';

/** Is the bearer token of this request the one configured? True where none is. The time taken tells nothing of it. */
export function hasToken(headers: IncomingHttpHeaders, config: AdminConfig): boolean {
  if (config.token === null) return true;
  const match = /^Bearer +([^ ]+) *$/i.exec(headers.authorization ?? '');
  return timingSafeEqual(digest(match?.[1] ?? ''), digest(config.token.secret));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * DNS rebinding: a page on evil.example whose name now points to 127.0.0.1 sends `Host: evil.example`. Addresses,
 * `localhost` and the configured host itself cannot be such a name. With a token there is no need to look.
 */
export function isOwnHost(headers: IncomingHttpHeaders, config: AdminConfig): boolean {
  if (config.token !== null) return true;
  const host = (headers.host ?? '').toLowerCase();
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '');
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || name === config.host.toLowerCase();
}

/** Cross-site requests: browsers put `Origin` on every POST and `Sec-Fetch-Site` on all; nothing else sends either. */
export function isFromWebPage(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin !== undefined || (site !== undefined && site !== 'none');
}
