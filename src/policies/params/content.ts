/** What the header fields say about a body: is it JSON that can be looked into? */
import type { Fields } from '../../fields/fields.ts';

/** `json`: no type given counts too, because upstreams parse such bodies anyway. `hidden`: nobody can tell. */
export type Content = 'json' | 'other' | 'hidden';

/** Reads `Content-Type` and `Content-Encoding`. A repeated field, another charset or an encoding hide the body. */
export function contentOf(headers: Fields): Content {
  const encoding = headers.indexOf('content-encoding');
  if (encoding >= 0) {
    const value = headers.value(encoding);
    if (value !== '' && value.toLowerCase() !== 'identity') return 'hidden';
    if (headers.indexOf('content-encoding', encoding + 1) >= 0) return 'hidden';
  }
  const type = headers.indexOf('content-type');
  if (type < 0) return 'json';
  if (headers.indexOf('content-type', type + 1) >= 0) return 'hidden';
  const value = headers.value(type);
  return value === 'application/json' ? 'json' : contentOfType(value.toLowerCase());
}

function contentOfType(value: string): Content {
  const semicolon = value.indexOf(';');
  const type = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  if (type !== 'application/json' && type !== 'text/json' && !type.endsWith('+json')) return 'other';
  // RFC 8259 §8.1: JSON is UTF-8, and says so nowhere; a charset that says otherwise would be read otherwise by some.
  if (semicolon < 0 || !value.includes('charset', semicolon)) return 'json';
  const charset = value.slice(value.indexOf('charset', semicolon));
  return /^charset\s*=\s*"?utf-?8"?\s*(;|$)/.test(charset) && charset.lastIndexOf('charset') === 0 ? 'json' : 'hidden';
}
