/** Heads of replies: what the exchange gave, the edge's own framing, and nothing that could break out of a line. */
import { type HeaderList, isFieldName, isFieldValue, removeFraming } from '../../headers.ts';
import { passingTrailers } from '../../http1/trailers.ts';
import { LAST_CHUNK, lastChunk, responseHead } from '../../http1/write.ts';

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
  headers: HeaderList,
  framing: number,
  connection: 'keep-alive' | 'close' | '',
  date: string,
): string | null {
  if (status < 200 || status > 599) return null;
  const own = ownFields(headers);
  const given = (own & FRAMED) === 0 ? headers : withoutFraming(headers);
  return written(status, given, framing, connection, (own & DATED) === 0 ? date : '');
}

/** Head of a 1xx: no framing (RFC 9110 §8.6), no date. `headers` is changed. Null where a field cannot be written. */
export function interimHead(status: number, headers: HeaderList): string | null {
  removeFraming(headers);
  return written(status, headers, BY_NO_FIELD, '', '');
}

function written(
  status: number,
  headers: HeaderList,
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

/** The end of a chunked body. Trailers that would frame or route a message, or cannot be written, are left out. */
export function chunkedEnd(trailers: HeaderList | null): string {
  if (trailers === null) return LAST_CHUNK;
  const sound: HeaderList = [];
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i]!;
    const value = trailers[i + 1]!;
    if (isFieldName(name) && isFieldValue(value)) sound.push(name, value);
  }
  return lastChunk(passingTrailers(sound));
}

const DATED = 1;
const FRAMED = 2;

/** Which fields in `headers` the edge would else write itself. The length of a name rules out nearly all. */
function ownFields(headers: HeaderList): number {
  let found = 0;
  for (let i = 0; i < headers.length; i += 2) found |= ownField(headers[i]!);
  return found;
}

function ownField(name: string): number {
  switch (name.length) {
    case 4:
      return name.toLowerCase() === 'date' ? DATED : 0;
    case 10: {
      const lower = name.toLowerCase();
      return lower === 'connection' || lower === 'keep-alive' ? FRAMED : 0;
    }
    case 14:
      return name.toLowerCase() === 'content-length' ? FRAMED : 0;
    case 17:
      return name.toLowerCase() === 'transfer-encoding' ? FRAMED : 0;
    default:
      return 0;
  }
}

function withoutFraming(headers: HeaderList): HeaderList {
  const kept: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2)
    if (ownField(headers[i]!) !== FRAMED) kept.push(headers[i]!, headers[i + 1]!);
  return kept;
}
