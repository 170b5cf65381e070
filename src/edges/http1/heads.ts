/** Heads of replies: what the exchange gave, the edge's own framing, and nothing that could break out of a line. */
import type { Fields } from '../../fields/fields.ts';
import { CONNECTION_SPECIFIC, CONTENT_LENGTH, DATE } from '../../fields/names.ts';
import {
  type ConnectionOption,
  checkResponseHead,
  lastChunk,
  responseHead,
  responseHeadOctets,
  writeResponseHead,
} from '../../http1/write.ts';
import type { StreamSocket } from '../../sockets/stream-socket.ts';

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
 * Gathers the head of a final reply; `date` is added where `headers` has none. Framing and connection fields in `headers`
 * are left out: those are the edge's own. False where it cannot be written, or `status` is none of a final reply.
 */
export function gatherFinalHead(
  socket: StreamSocket,
  status: number,
  headers: Fields,
  framing: number,
  connection: ConnectionOption,
  date: string,
): boolean {
  if (status < 200) return false;
  headers.drop(CONNECTION_SPECIFIC);
  headers.dropId(CONTENT_LENGTH);
  const dated = headers.find(DATE) < 0 ? date : '';
  try {
    checkResponseHead(status, headers, framing, connection, dated);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
  const room = socket.place(responseHeadOctets(headers, dated));
  if (room === null) socket.text(responseHead(status, headers, framing, connection, dated));
  else writeResponseHead(room, status, headers, framing, connection, dated);
  return true;
}

/** Head of a 1xx: no framing (RFC 9110 §8.6), no date. `headers` is changed. Null where it cannot be written. */
export function interimHead(status: number, headers: Fields): string | null {
  headers.dropFraming();
  try {
    return responseHead(status, headers, BY_NO_FIELD, '', '');
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The end of a chunked body. Trailers that would frame or route a message are left out. */
export function chunkedEnd(trailers: Fields | null): string {
  return lastChunk(trailers?.passingTrailers() ?? null);
}
