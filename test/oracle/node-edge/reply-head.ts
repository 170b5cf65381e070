/** Heads of replies as text. */

import http from 'node:http';
import type { Fields } from '../../../src/fields/fields.ts';

/** The `Date` line, made once a second. */
export class DateClock {
  readonly #now: () => number;
  #second = Number.NaN;
  #line = '';

  /** `now`: milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get line(): string {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#line = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
    }
    return this.#line;
  }
}

/**
 * Status line, `framing` (whole lines), `Date` where it is missing, fields, and the empty line. Framing and
 * connection fields in `headers` are left out: those are the edge's own. Null where `status` is none of a final reply, or
 * a field cannot be written: a control character or one beyond latin1 would end the head early or change its meaning.
 */
export function replyHead(status: number, headers: Fields, framing: string, clock: DateClock): string | null {
  if (status < 200 || status > 599) return null;
  let fields = '';
  let dated = false;
  for (let i = 0; i < headers.size; i++) {
    const name = headers.name(i);
    const value = headers.value(i);
    const own = ownField(name);
    if (own === 'framing') continue;
    if (own === 'date') dated = true;
    fields += `${name}: ${value}\r\n`;
  }
  return `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n${framing}${dated ? '' : clock.line}${fields}\r\n`;
}

/** Head of a 1xx: no framing (RFC 9110 §8.6), no date. `headers` is changed. Null as in {@link replyHead}. */
export function interimHead(status: number, headers: Fields): string | null {
  headers.dropFraming();
  const head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n`;
  let lines = '';
  for (let i = 0; i < headers.size; i++) lines += `${headers.name(i)}: ${headers.value(i)}\r\n`;
  return `${head}${lines}\r\n`;
}

/** Trailer fields that may be sent: RFC 9110 §6.5.1 forbids those that frame or route a message. */
export function sendableTrailers(trailers: Fields): [string, string][] {
  const kept: [string, string][] = [];
  for (let i = 0; i < trailers.size; i++)
    if (!FORBIDDEN_TRAILERS.has(trailers.name(i).toLowerCase())) kept.push([trailers.name(i), trailers.value(i)]);
  return kept;
}

const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function ownField(name: string): 'framing' | 'date' | '' {
  switch (name.length) {
    case 4:
      return name.toLowerCase() === 'date' ? 'date' : '';
    case 10: {
      const lower = name.toLowerCase();
      return lower === 'connection' || lower === 'keep-alive' ? 'framing' : '';
    }
    case 14:
      return name.toLowerCase() === 'content-length' ? 'framing' : '';
    case 17:
      return name.toLowerCase() === 'transfer-encoding' ? 'framing' : '';
    default:
      return '';
  }
}
