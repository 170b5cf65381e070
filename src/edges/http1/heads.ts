/** Heads of replies: what the exchange gave, the edge's own framing, and nothing that could break out of a line. */
import type { Fields } from '../../fields/fields.ts';
import { CONNECTION_SPECIFIC, CONTENT_LENGTH, DATE } from '../../fields/names.ts';
import { lastChunk, responseHead } from '../../http1/write.ts';

/** How a reply's end is known: its length in bytes, or one of these. */
export const BY_CHUNKS = -1;
/** The status, the method, or the end of the connection says it. */
export const BY_NO_FIELD = -2;

/** Value of the `Date` field, made once a second. */
export class DateClock {
  readonly #now: () => number;
  #second = Number.NaN;
  #text = '';

  /** `now`: milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get text(): string {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}

/**
 * Head of a final reply; `date` is added where `headers` has none. Framing and connection fields in `headers` are left
 * out: those are the edge's own. Null where a field cannot be written, or `status` is none of a final reply.
 */
export function finalHead(
  status: number,
  headers: Fields,
  framing: number,
  connection: 'keep-alive' | 'close' | '',
  date: string,
): string | null {
  if (status < 200 || status > 599) return null;
  headers.drop(CONNECTION_SPECIFIC);
  headers.dropId(CONTENT_LENGTH);
  return written(status, headers, framing, connection, headers.find(DATE) < 0 ? date : '');
}

/** Head of a 1xx: no framing (RFC 9110 §8.6), no date. `headers` is changed. Null where a field cannot be written. */
export function interimHead(status: number, headers: Fields): string | null {
  headers.dropFraming();
  return written(status, headers, BY_NO_FIELD, '', '');
}

function written(
  status: number,
  headers: Fields,
  framing: number,
  connection: 'keep-alive' | 'close' | '',
  date: string,
): string | null {
  try {
    return responseHead(status, headers, framing, connection, date);
  } catch (error) {
    // An upstream's control character, say, must neither reach the wire nor take the process along.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The end of a chunked body. Trailers that would frame or route a message are left out. */
export function chunkedEnd(trailers: Fields | null): string {
  return lastChunk(trailers?.passingTrailers() ?? null);
}
